//! `LabeledExtract` and `LabeledExpand` (RFC 9180 §4): HKDF bound to a suite and to a label.
//!
//! It is inside a KEM (§4.1) and in the key schedule (§5.1); inputs that may be secret are erased after use.

use zeroize::Zeroizing;

use crate::kdf::{self, Hash};

const VERSION: &[u8] = b"HPKE-v1";

/// HKDF for one suite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labeled<'a> {
    hash: Hash,
    suite: &'a [u8],
}

impl<'a> Labeled<'a> {
    /// `suite` is `"KEM" ‖ kem_id` inside a KEM and `"HPKE" ‖ kem_id ‖ kdf_id ‖ aead_id` in the key schedule.
    pub(crate) const fn new(hash: Hash, suite: &'a [u8]) -> Self {
        Self { hash, suite }
    }

    /// A pseudo-random key of the hash's length.
    pub(crate) fn extract(
        self,
        salt: &[u8],
        label: &[u8],
        input: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, kdf::Error> {
        let labeled = Zeroizing::new([VERSION, self.suite, label, input].concat());
        kdf::hkdf_extract(self.hash, salt, &labeled)
    }

    /// `len` bytes, at most 255 hashes.
    pub(crate) fn expand(
        self,
        key: &[u8],
        label: &[u8],
        info: &[u8],
        len: usize,
    ) -> Result<Zeroizing<Vec<u8>>, kdf::Error> {
        let prefix = u16::try_from(len).map_err(|_too_long| kdf::Error::Length {
            hash: self.hash.hkdf_name(),
        })?;
        let labeled = [&prefix.to_be_bytes(), VERSION, self.suite, label, info].concat();
        kdf::hkdf_expand(self.hash, key, &labeled, len)
    }
}
