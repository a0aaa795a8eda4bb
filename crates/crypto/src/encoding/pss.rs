//! `RSASSA-PSS-params` (RFC 8017 §A.2.3): which hash a key is restricted to.
//!
//! Only what `sign` does passes: SHA-2, the same hash in the mask, a salt as long as the hash. The defaults
//! of the structure are SHA-1 throughout, so every field has to be there.

use der::asn1::AnyRef;
use der::{Reader as _, TagMode, TagNumber};
use spki::AlgorithmIdentifierRef;

const MGF1: &str = "1.2.840.113549.1.1.8";
/// Identifier, name and length of the hashes (RFC 5754 §2).
const HASHES: [(&str, &str, u8); 3] = [
    ("2.16.840.1.101.3.4.2.1", "SHA256", 32),
    ("2.16.840.1.101.3.4.2.2", "SHA384", 48),
    ("2.16.840.1.101.3.4.2.3", "SHA512", 64),
];

/// The hash in the form names have it; `None` when `sign` cannot do what the parameters ask for.
pub(super) fn hash(parameters: AnyRef<'_>) -> Option<&'static str> {
    let (hash, mask, salt) = fields(parameters).ok()?;
    let (oid, name, length) = *HASHES.iter().find(|(oid, ..)| hash.oid.to_string() == *oid)?;
    let inner = mask.parameters?.decode_as::<AlgorithmIdentifierRef<'_>>().ok()?;
    let ours = mask.oid.to_string() == MGF1 && inner.oid.to_string() == oid && salt == length;
    ours.then_some(name)
}

type Fields<'a> = (AlgorithmIdentifierRef<'a>, AlgorithmIdentifierRef<'a>, u8);

fn fields(parameters: AnyRef<'_>) -> der::Result<Fields<'_>> {
    parameters.sequence(|fields| {
        let absent = || der::ErrorKind::Failed;
        let hash = fields.context_specific(TagNumber(0), TagMode::Explicit)?;
        let mask = fields.context_specific(TagNumber(1), TagMode::Explicit)?;
        let salt = fields.context_specific(TagNumber(2), TagMode::Explicit)?;
        let _trailer = fields.context_specific::<u8>(TagNumber(3), TagMode::Explicit)?;
        Ok((
            hash.ok_or_else(absent)?,
            mask.ok_or_else(absent)?,
            salt.ok_or_else(absent)?,
        ))
    })
}
