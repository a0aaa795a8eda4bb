//! The few DER structures that keys are made of (X.690 §8, RFC 5915 §3, RFC 8017 §A.1).
//!
//! Writing takes finished parts, so that a secret is copied once, into a buffer that is erased. Reading is
//! strict DER and borrows.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _, Header, Length, Reader, SliceReader, Tag, TagMode, TagNumber};
use pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

use super::identifier::Identifier;

/// Tag `[0]` around parts of its own.
pub(crate) const CONTEXT_0: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(0),
};
/// Tag `[1]` around parts of its own.
pub(crate) const CONTEXT_1: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(1),
};
/// Tag `[0]` in place of a primitive's own tag.
pub(crate) const CONTEXT_0_IMPLICIT: Tag = Tag::ContextSpecific {
    constructed: false,
    number: TagNumber(0),
};

/// One value with its tag and length, its content given in parts.
pub(crate) fn tlv(tag: Tag, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let content: usize = parts.iter().map(|part| part.len()).sum();
    let length = Length::try_from(content).expect("a key is far smaller than 256 MiB");
    let header = Header::new(tag, length)
        .to_der()
        .expect("a header always encodes");
    let mut out = Zeroizing::new(Vec::with_capacity(header.len() + content));
    out.extend_from_slice(&header);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// An object identifier with its tag, from its dotted form.
pub(crate) fn oid(dotted: &str) -> Zeroizing<Vec<u8>> {
    let oid = ObjectIdentifier::new(dotted).expect("the table's identifiers are well formed");
    tlv(Tag::ObjectIdentifier, &[oid.as_bytes()])
}

/// `AlgorithmIdentifier` with encoded parameters, or none (RFC 5280 §4.1.1.2).
pub(crate) fn algorithm_identifier(dotted: &str, parameters: &[u8]) -> Zeroizing<Vec<u8>> {
    tlv(Tag::Sequence, &[&oid(dotted), parameters])
}

/// What an `ECPrivateKey` says (RFC 5915 §3).
pub(crate) struct EcPrivateKey<'a> {
    pub(crate) scalar: &'a [u8],
    pub(crate) curve: Option<ObjectIdentifier>,
    pub(crate) public_key: Option<&'a [u8]>,
}

/// Writes an `ECPrivateKey`, with its curve and its public key where they are given.
pub(crate) fn ec_private_key(
    scalar: &[u8],
    curve: Option<&str>,
    public_key: Option<&[u8]>,
) -> Zeroizing<Vec<u8>> {
    let curve = curve.map(|curve| tlv(CONTEXT_0, &[&oid(curve)]));
    let public_key = public_key.map(|point| tlv(CONTEXT_1, &[&tlv(Tag::BitString, &[&[0], point])]));
    let optional = |part: &Option<Zeroizing<Vec<u8>>>| part.as_deref().cloned().unwrap_or_default();
    tlv(
        Tag::Sequence,
        &[
            &tlv(Tag::Integer, &[&[1]]),
            &tlv(Tag::OctetString, &[scalar]),
            &optional(&curve),
            &optional(&public_key),
        ],
    )
}

/// Reads an `ECPrivateKey`.
pub(crate) fn read_ec_private_key(bytes: &[u8]) -> der::Result<EcPrivateKey<'_>> {
    let mut reader = SliceReader::new(bytes)?;
    let key = reader.sequence(|fields| -> der::Result<_> {
        if fields.decode::<u8>()? != 1 {
            return Err(fields.error(Tag::Integer.value_error()));
        }
        let scalar = <&OctetStringRef>::decode(fields)?.as_bytes();
        let curve = fields.context_specific::<ObjectIdentifier>(TagNumber(0), TagMode::Explicit)?;
        let public_key = fields.context_specific::<BitStringRef<'_>>(TagNumber(1), TagMode::Explicit)?;
        Ok(EcPrivateKey {
            scalar,
            curve,
            public_key: public_key.and_then(|bits| bits.as_bytes()),
        })
    })?;
    reader.finish()?;
    Ok(key)
}

/// Reads an `RSAPublicKey` (RFC 8017 §A.1.1) and returns the length of its modulus in bits.
pub(crate) fn rsa_modulus_bits(bytes: &[u8]) -> der::Result<usize> {
    let mut reader = SliceReader::new(bytes)?;
    let bits = reader.sequence(|fields| -> der::Result<_> {
        let bits = uint_bits(fields)?;
        UintRef::decode(fields)?;
        Ok(bits)
    })?;
    reader.finish()?;
    Ok(bits)
}

/// The length in bits of the modulus of an `RSAPrivateKey`, of which nothing else is looked at.
pub(crate) fn rsa_private_modulus_bits(bytes: &[u8]) -> der::Result<usize> {
    let mut reader = SliceReader::new(bytes)?;
    let bits = reader.sequence(|fields| -> der::Result<_> {
        fields.decode::<u8>()?;
        let bits = uint_bits(fields)?;
        fields.drain(fields.remaining_len())?;
        Ok(bits)
    })?;
    reader.finish()?;
    Ok(bits)
}

fn uint_bits<'a>(fields: &mut impl Reader<'a>) -> der::Result<usize> {
    let bytes = UintRef::decode(fields)?.as_bytes();
    let zeros = bytes.first().map_or(0, |byte| byte.leading_zeros());
    Ok((bytes.len() * 8).saturating_sub(zeros.try_into().unwrap_or(0)))
}

/// The tag of the first value inside a SEQUENCE.
pub(crate) fn first_tag_inside(bytes: &[u8]) -> Option<Tag> {
    let (tag, content) = any(bytes).ok()?;
    let inside = SliceReader::new(content).ok()?;
    (tag == Tag::Sequence).then(|| Tag::peek(&inside).ok()).flatten()
}

/// An `RSAPrivateKey` (RFC 8017 §A.1.2) as PKCS#8.
pub(crate) fn rsa_pkcs8(rsa_private_key: &[u8]) -> Zeroizing<Vec<u8>> {
    pkcs8(&Identifier::Rsa.encode(), rsa_private_key)
}

/// `PrivateKeyInfo`, version 1 (RFC 5208 §5), from an encoded identifier and the content of the key.
pub(crate) fn pkcs8(identifier: &[u8], content: &[u8]) -> Zeroizing<Vec<u8>> {
    let version = tlv(Tag::Integer, &[&[0]]);
    let content = tlv(Tag::OctetString, &[content]);
    tlv(Tag::Sequence, &[&version, identifier, &content])
}

/// The content of the key inside PKCS#8; `None` when it is not PKCS#8.
pub(crate) fn pkcs8_content(bytes: &[u8]) -> Option<&[u8]> {
    let read = PrivateKeyInfoRef::try_from(bytes).ok()?;
    Some(read.private_key.as_bytes())
}

/// The content of one value that fills the input, whatever its tag.
pub(crate) fn any(bytes: &[u8]) -> der::Result<(Tag, &[u8])> {
    let any = AnyRef::from_der(bytes)?;
    Ok((any.header().tag(), any.value()))
}

/// The two OCTET STRINGs of a SEQUENCE that fills the input.
pub(crate) fn two_octet_strings(bytes: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(bytes)?;
    let pair = reader.sequence(|fields| -> der::Result<_> {
        let first = <&OctetStringRef>::decode(fields)?.as_bytes();
        Ok((first, <&OctetStringRef>::decode(fields)?.as_bytes()))
    })?;
    reader.finish()?;
    Ok(pair)
}
