//! Recipients: who can open what is sealed here, and nobody else.
//!
//! A [`Recipient`] is a public key, an [`Identity`] its private half, a [`Passphrase`] stands for both.
//! All of them are post-quantum: a classical KEM is refused by name, because what is sealed today must
//! stay closed for as long as it is kept. The container (`docs/backup.md`) has one encryption path: HPKE
//! (RFC 9180) carries a random file key to each recipient, and the body is AES-256-GCM in chunks.

mod container;
mod derive;
mod header;
mod identity;
pub(crate) mod passphrase;
pub(crate) mod text;

pub use container::{Reader, Writer};
pub use identity::{Identity, IdentityError};
pub use passphrase::{Cost, DEFAULT_COST, Passphrase};
pub use text::TextError;

use std::io::{Read as _, Write as _};

use hybridge_crypto::{Algorithm, digest, kem};
use zeroize::Zeroizing;

const PREFIX: &str = "hybridge-recipient";

/// KEMs that a recipient may have, with their names in text forms.
const ACCEPTED: &[(&str, &str)] = &[("X-Wing", "x-wing"), ("MLKEM1024-P384", "mlkem1024-p384")];

/// A post-quantum public key that something can be sealed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    algorithm: &'static Algorithm,
    public_key: Vec<u8>,
}

impl Recipient {
    /// Takes a raw public key (X-Wing 1216 bytes, MLKEM1024-P384 1665 bytes).
    ///
    /// # Errors
    /// [`RecipientError`] for a KEM that is not accepted, and for a key that is not valid.
    pub fn new(algorithm: &'static Algorithm, public_key: Vec<u8>) -> Result<Self, RecipientError> {
        short_name(algorithm)?;
        kem::check_public_key(algorithm, &public_key).map_err(|source| RecipientError::Key {
            algorithm: algorithm.name,
            source,
        })?;
        Ok(Self {
            algorithm,
            public_key,
        })
    }

    /// Reads the line `hybridge-recipient:x-wing:<base64url>`.
    ///
    /// # Errors
    /// [`RecipientError`] that says which part is wrong.
    pub fn parse(line: &str) -> Result<Self, RecipientError> {
        let (prefix, bytes) = text::read(line)?;
        let name = prefix
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_prefix(':'))
            .ok_or(RecipientError::NotARecipient)?;
        Self::new(by_short_name(name)?, bytes.to_vec())
    }

    /// Its KEM.
    #[must_use]
    pub fn algorithm(&self) -> &'static Algorithm {
        self.algorithm
    }

    /// The raw public key.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// SHA-256 of the text form, as 64 hexadecimal digits: what a manifest names a recipient by.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        text::hex(&digest::sha256(self.to_string().as_bytes()))
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = short_name(self.algorithm).expect("only accepted algorithms become recipients");
        formatter.write_str(&text::write(&format!("{PREFIX}:{name}"), &self.public_key))
    }
}

/// What closes a container.
#[derive(Clone, Debug)]
pub enum Lock {
    /// Each of these can open it alone; at least one.
    Recipients(Vec<Recipient>),
    /// Stands alone: beside a recipient, the weaker of the two would decide.
    Passphrase(Passphrase),
}

/// What opens a container.
#[derive(Clone, Copy, Debug)]
pub enum Opener<'a> {
    Identity(&'a Identity),
    Passphrase(&'a Passphrase),
}

/// Seals bytes to every one of the recipients. `purpose` is bound in: what was sealed as one thing does
/// not open as another.
///
/// # Errors
/// [`SealError`] when there is no recipient or cryptography fails.
pub fn seal_to(recipients: &[Recipient], purpose: &str, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
    let lock = Lock::Recipients(recipients.to_vec());
    let mut writer = Writer::begin(Vec::new(), &lock, purpose)?;
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// Opens what [`seal_to`] sealed, for the same purpose.
///
/// # Errors
/// [`OpenError`] when this identity is not among the recipients, or the bytes are not as they were sealed.
pub fn open_with(identity: &Identity, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let mut reader = Reader::open(sealed, Opener::Identity(identity), purpose)?;
    let mut opened = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader.read_to_end(&mut opened).map_err(OpenError::from_io)?;
    Ok(opened)
}

/// The name of an accepted KEM in text forms.
fn short_name(algorithm: &Algorithm) -> Result<&'static str, RecipientError> {
    let accepted = ACCEPTED.iter().find(|(name, _)| algorithm.is_called(name));
    match accepted {
        Some((_, short)) => Ok(short),
        None => Err(refusal(algorithm)),
    }
}

fn by_short_name(short: &str) -> Result<&'static Algorithm, RecipientError> {
    let unknown = || RecipientError::Unknown(short.to_owned());
    let name = ACCEPTED
        .iter()
        .find(|(_, accepted)| *accepted == short)
        .map(|(name, _)| *name);
    let algorithm = Algorithm::by_name(name.unwrap_or(short)).ok_or_else(unknown)?;
    short_name(algorithm).map(|_accepted| algorithm)
}

fn refusal(algorithm: &Algorithm) -> RecipientError {
    if algorithm.status.resists_quantum() {
        RecipientError::NotAccepted(algorithm.name)
    } else {
        RecipientError::Classical(algorithm.name)
    }
}

/// Why something is not a recipient.
#[derive(Debug, thiserror::Error)]
pub enum RecipientError {
    #[error("{0} is classical; recipients are post-quantum only (x-wing, mlkem1024-p384)")]
    Classical(&'static str),
    #[error("{0} is not accepted for recipients; use x-wing or mlkem1024-p384")]
    NotAccepted(&'static str),
    #[error("unknown algorithm {0:?}; recipients are x-wing or mlkem1024-p384")]
    Unknown(String),
    #[error("a recipient is one line that begins with `{PREFIX}:`")]
    NotARecipient,
    #[error("the recipient cannot be read")]
    Text(#[from] TextError),
    #[error("the {algorithm} public key is not valid")]
    Key {
        algorithm: &'static str,
        #[source]
        source: kem::Error,
    },
}

/// Why something could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("nobody was named who could open it")]
    NoRecipient,
    #[error("more than {} recipients", header::RECIPIENTS_MAX)]
    TooMany,
    #[error("{0} failed")]
    Crypto(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("it could not be written")]
    Io(#[from] std::io::Error),
}

/// Why a container did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("this is not a container of this version: {0}")]
    Format(&'static str),
    #[error(
        "this identity is not among the {recipients} that it was sealed to (or it was sealed for another purpose)"
    )]
    NotARecipient { recipients: usize },
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    #[error("it was sealed to a passphrase; give that, not an identity")]
    NeedsPassphrase,
    #[error("it was sealed to recipients; give an identity, not a passphrase")]
    NeedsIdentity,
    #[error("the header was changed after it was sealed")]
    HeaderChanged,
    #[error("chunk {chunk} is damaged or out of its place")]
    Damaged { chunk: u64 },
    #[error("it ends after chunk {chunk}, which is not its last: the rest is missing")]
    Truncated { chunk: u64 },
    #[error("something follows its last chunk, {chunk}")]
    Trailing { chunk: u64 },
    #[error(
        "the cost of its passphrase (Argon2id, {memory_kib} KiB, {passes} passes, {lanes} lanes) is out of bounds"
    )]
    Cost {
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    #[error("{0} failed")]
    Crypto(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("it could not be read")]
    Io(#[source] std::io::Error),
}

impl OpenError {
    /// The error that [`Reader`] wrapped, for those who read it through `std::io::Read`.
    #[must_use]
    pub fn from_io(error: std::io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(inner) => inner,
            Err(error) => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests;
