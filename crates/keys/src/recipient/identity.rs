//! Identities: the private half of a recipient.
//!
//! Written as one line that fits a password store, or as PKCS#8 in PEM (RFC 5958, RFC 7468) where the KEM
//! has an object identifier. Read in both forms, and as DER. Printing one for debugging shows its algorithm and no key.

use hybridge_crypto::{Algorithm, encoding, kem};
use zeroize::Zeroizing;

use super::{Recipient, RecipientError, TextError, by_short_name, short_name, text};

const PREFIX: &str = "HYBRIDGE-IDENTITY-";

/// A post-quantum private key that opens what was sealed to its [`Recipient`].
pub struct Identity(kem::PrivateKey);

impl Identity {
    /// A new identity, X-Wing or MLKEM1024-P384.
    ///
    /// # Errors
    /// [`IdentityError`] for a KEM that is not accepted, or when the generator or its self-test fails.
    pub fn generate(algorithm: &'static Algorithm) -> Result<Self, IdentityError> {
        short_name(algorithm)?;
        kem::PrivateKey::generate(algorithm)
            .map(Self)
            .map_err(|source| failed(algorithm, source))
    }

    /// Takes a private key that exists.
    ///
    /// # Errors
    /// [`IdentityError::Algorithm`] for a KEM that is not accepted.
    pub fn new(key: kem::PrivateKey) -> Result<Self, IdentityError> {
        short_name(key.algorithm())?;
        Ok(Self(key))
    }

    /// Reads a file: PEM, DER, or the one line; lines of `#` and empty lines are skipped.
    ///
    /// # Errors
    /// [`IdentityError`] that says which part is wrong.
    pub fn parse(file: &[u8]) -> Result<Self, IdentityError> {
        match one_line(file) {
            Some(line) => Self::parse_line(line),
            None => Self::parse_pkcs8(file),
        }
    }

    /// What others seal to.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient {
            algorithm: self.0.algorithm(),
            public_key: self.0.public_key().to_vec(),
        }
    }

    /// The one line `HYBRIDGE-IDENTITY-X-WING:<base64url>`; a secret.
    #[must_use]
    pub fn to_line(&self) -> Zeroizing<String> {
        let name = short_name(self.0.algorithm()).expect("only accepted algorithms become identities");
        let prefix = format!("{PREFIX}{}", name.to_ascii_uppercase());
        text::write(&prefix, &self.0.to_bytes())
    }

    /// PKCS#8 in PEM; a secret. X-Wing has an object identifier for it, MLKEM1024-P384 has none yet.
    ///
    /// # Errors
    /// [`IdentityError::Pkcs8`] where the algorithm has no object identifier: use [`Identity::to_line`].
    pub fn to_pem(&self) -> Result<Zeroizing<String>, IdentityError> {
        let bytes = self.0.to_bytes();
        let copy = kem::PrivateKey::from_bytes(self.0.algorithm(), &bytes)
            .map_err(|source| failed(self.0.algorithm(), source))?;
        encoding::private_to_pem(&encoding::PrivateKey::Kem(copy)).map_err(IdentityError::Pkcs8)
    }

    /// The private key, for HPKE.
    pub(crate) fn key(&self) -> &kem::PrivateKey {
        &self.0
    }

    fn parse_line(line: &str) -> Result<Self, IdentityError> {
        let (prefix, bytes) = text::read(line)?;
        let name = prefix.strip_prefix(PREFIX).ok_or(IdentityError::NotAnIdentity)?;
        let algorithm = by_short_name(&name.to_ascii_lowercase())?;
        kem::PrivateKey::from_bytes(algorithm, &bytes)
            .map(Self)
            .map_err(|source| failed(algorithm, source))
    }

    fn parse_pkcs8(file: &[u8]) -> Result<Self, IdentityError> {
        match encoding::private_from(file).map_err(IdentityError::Pkcs8)? {
            encoding::PrivateKey::Kem(key) => Self::new(key),
            encoding::PrivateKey::Sign(key) => Err(IdentityError::Signs(key.algorithm().name)),
        }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Identity({}, <redacted>)", self.0.algorithm())
    }
}

/// The line of a text file that is the identity; `None` where no line looks like one.
fn one_line(file: &[u8]) -> Option<&str> {
    std::str::from_utf8(file)
        .ok()?
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with(PREFIX))
}

fn failed(algorithm: &'static Algorithm, source: kem::Error) -> IdentityError {
    IdentityError::Key {
        algorithm: algorithm.name,
        source,
    }
}

/// Why something is not an identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error(transparent)]
    Algorithm(#[from] RecipientError),
    #[error("an identity is PKCS#8 (PEM or DER) or one line that begins with `{PREFIX}`")]
    NotAnIdentity,
    #[error("{0} signs; an identity is the private key of a KEM")]
    Signs(&'static str),
    #[error("the identity cannot be read")]
    Text(#[from] TextError),
    #[error("the PKCS#8 encoding cannot be read or written")]
    Pkcs8(#[source] encoding::Error),
    #[error("the {algorithm} private key is not usable")]
    Key {
        algorithm: &'static str,
        #[source]
        source: kem::Error,
    },
}
