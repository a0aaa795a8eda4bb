//! A token as its holder has it, and the digest that everybody else has.
//!
//! The text is `hyb_` and the base64url of 36 bytes: 32 random ones and the last 4 of their digest, by which
//! a mistyped or truncated token is told without a look into the store. SHA-256 is right here, and a slow
//! password hash is not: 256 random bits cannot be guessed whatever a guess costs, and the check is made
//! for every request.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hybridge_crypto::random::{self, RandomError};
use hybridge_crypto::{constant_time, digest};
use zeroize::Zeroizing;

/// What every token begins with, for secret scanners and people.
pub const PREFIX: &str = "hyb_";
/// Characters of a token.
pub const TEXT_LEN: usize = PREFIX.len() + 48;

const RANDOM_LEN: usize = 32;
const CHECK_LEN: usize = 4;
const DOMAIN: &[u8; 16] = b"hybridge-token-1";

/// A token in its holder's form; shown once, never kept by us.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Makes a token of 256 random bits.
    ///
    /// # Errors
    /// The provider's random generator failed.
    pub fn generate() -> Result<Self, RandomError> {
        let random = Zeroizing::new(random::bytes::<RANDOM_LEN>()?);
        let hash = Digest::of(&*random);
        let mut bytes = Zeroizing::new([0; RANDOM_LEN + CHECK_LEN]);
        bytes[..RANDOM_LEN].copy_from_slice(&*random);
        bytes[RANDOM_LEN..].copy_from_slice(hash.check());
        let mut text = Zeroizing::new(String::with_capacity(TEXT_LEN));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
        Ok(Self(text))
    }

    /// The text to hand over.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept instead.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::parse(&self.0).expect("a token that was made here is well-formed")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(<redacted>)")
    }
}

/// The public name of a token: the first 12 bytes of its digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId([u8; Self::LEN]);

impl TokenId {
    /// Its length in bytes.
    pub const LEN: usize = 12;

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Takes an id back from the store.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads the 24 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut id = [0; Self::LEN];
        if text.len() != 2 * Self::LEN || !text.is_ascii() {
            return None;
        }
        for (index, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

/// The SHA-256 of a token's random bytes, as it is kept.
#[derive(Clone)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Its length in bytes.
    pub const LEN: usize = 32;

    /// Reads a token as a client sends it. One SHA-256, and no look into the store.
    ///
    /// # Errors
    /// The text is no token, or not a whole one.
    pub fn parse(text: &str) -> Result<Self, MalformedToken> {
        let coded = text.strip_prefix(PREFIX).filter(|_coded| text.len() == TEXT_LEN);
        let mut bytes = Zeroizing::new([0; RANDOM_LEN + CHECK_LEN]);
        let decoded = coded.and_then(|coded| URL_SAFE_NO_PAD.decode_slice(coded, &mut *bytes).ok());
        if decoded != Some(RANDOM_LEN + CHECK_LEN) {
            return Err(MalformedToken);
        }
        let hash = Self::of(&bytes[..RANDOM_LEN]);
        if constant_time::eq(hash.check(), &bytes[RANDOM_LEN..]) {
            Ok(hash)
        } else {
            Err(MalformedToken)
        }
    }

    /// The token's public name.
    #[must_use]
    pub fn id(&self) -> TokenId {
        let mut id = [0; TokenId::LEN];
        id.copy_from_slice(&self.0[..TokenId::LEN]);
        TokenId(id)
    }

    /// Whether both are of the same token, in constant time.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        constant_time::eq(&self.0, &other.0)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    pub(crate) const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    fn of(random: &[u8]) -> Self {
        let mut message = Zeroizing::new([0; DOMAIN.len() + RANDOM_LEN]);
        message[..DOMAIN.len()].copy_from_slice(DOMAIN);
        message[DOMAIN.len()..].copy_from_slice(random);
        Self(digest::sha256(&*message))
    }

    fn check(&self) -> &[u8] {
        &self.0[Self::LEN - CHECK_LEN..]
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({}, ..)", self.id())
    }
}

/// The text is no token, or was cut or mistyped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no whole token: one is hyb_ and 48 characters")]
pub struct MalformedToken;

#[cfg(test)]
mod tests {
    use super::{Digest, MalformedToken, PREFIX, Secret, TEXT_LEN, TokenId};

    #[test]
    fn a_token_is_known_by_its_digest_alone() {
        let secret = Secret::generate().expect("random bytes");
        assert_eq!(secret.reveal().len(), TEXT_LEN);
        let digest = Digest::parse(secret.reveal()).expect("whole");
        assert!(digest.is_same(&secret.digest()));
        assert_eq!(TokenId::parse(&digest.id().to_string()), Some(digest.id()));
        let other = Secret::generate().expect("random bytes");
        assert!(!digest.is_same(&other.digest()));
        assert_ne!(digest.id(), other.digest().id());
    }

    #[test]
    fn a_slip_in_any_place_is_noticed() {
        let secret = Secret::generate().expect("random bytes");
        for place in PREFIX.len()..TEXT_LEN {
            let mut text = secret.reveal().to_owned().into_bytes();
            text[place] = if text[place] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(text).expect("ASCII");
            assert_eq!(Digest::parse(&text).err(), Some(MalformedToken), "{place}");
        }
        let text = secret.reveal();
        for wrong in [
            "",
            "hyb_",
            &text[1..],
            &text[..TEXT_LEN - 1],
            &format!("{text}A"),
            &text.replace("hyb_", "HYB_"),
        ] {
            assert_eq!(Digest::parse(wrong).err(), Some(MalformedToken), "{wrong}");
        }
    }

    #[test]
    fn nothing_prints_the_secret() {
        let secret = Secret::generate().expect("random bytes");
        let shown = format!("{secret:?} {:?} {}", secret.digest(), secret.digest().id());
        assert!(
            !shown.contains(&secret.reveal()[PREFIX.len()..PREFIX.len() + 8]),
            "{shown}"
        );
    }
}
