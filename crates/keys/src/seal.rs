//! The seal: the keyring that opens records lies in the root record, wrapped under a root key that a
//! [`Protector`] keeps.
//!
//! The protector is a key file, a passphrase, or shares of which a number is needed. Nothing here touches
//! the store: [`initialise`] and [`Unsealed::rekey`] prepare a root record, [`Unsealing`] takes what people
//! bring, one piece at a time, and says by name what does not belong. `rekey` puts the steps in an order
//! in which a crash at any point leaves a store that opens.

mod confirm;
pub mod key_file;
mod prepare;
pub mod rekey;
mod root;
mod share;
mod unseal;

pub use confirm::{ConfirmError, Proof};
pub use prepare::{Delivery, KeyFileText, Prepared, SealedShare, initialise, prepare};
pub use root::{Holder, Root, RootError, Scheme};
pub use share::ShareError;
pub use unseal::{Offer, Secret, Step, UnsealError, Unsealed, Unsealing};

use zeroize::Zeroizing;

use crate::recipient::{Identity, Passphrase, Recipient};

/// Opens the line of a share that was sealed to a holder: gives the plain line, which is a secret.
///
/// # Errors
/// [`ShareError`] when the line is none, was not sealed, or was sealed to somebody else.
pub fn open_share(line: &str, identity: &Identity) -> Result<Zeroizing<String>, ShareError> {
    share::open(line, identity)
}

/// What shall keep the root key.
#[derive(Clone, Debug)]
pub enum Protector {
    /// A file beside the store, for one machine.
    KeyFile,
    /// Argon2id over a passphrase, with the cost that it carries.
    Passphrase(Passphrase),
    /// `threshold` of the holders together; 2 ≤ threshold ≤ holders ≤ 255.
    Shares { threshold: u8, holders: Vec<NewHolder> },
}

/// What proves that shares arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofKind {
    /// Enough shares in the clear.
    Shares,
    /// Digests of all lines, because too few are in the clear.
    Digests,
}

/// Somebody who shall hold a share.
#[derive(Clone, Debug)]
pub struct NewHolder {
    /// How the holder is called when a share is asked for or refused; at most 64 characters.
    pub name: String,
    /// Where given, the share is sealed to it, and travels as that.
    pub recipient: Option<Recipient>,
}

/// Why a store was not given a seal.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(
        "{threshold} of {holders} shares cannot be: at least 2 are needed, and no more than there are (255 at most)"
    )]
    Bounds { threshold: u8, holders: usize },
    #[error("the holder's name {0:?} is empty, too long, or used twice")]
    HolderName(String),
    #[error("the cost of the passphrase is out of bounds (RFC 9106 §3.1)")]
    Cost,
    #[error("no further sealing or epoch is left")]
    Exhausted,
    #[error("a share could not be sealed to {holder}")]
    Share {
        holder: String,
        #[source]
        source: crate::recipient::SealError,
    },
    #[error("{0} failed")]
    Crypto(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SealError {
    fn crypto(what: &'static str) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> Self {
        move |source| Self::Crypto(what, source)
    }
}

#[cfg(test)]
mod tests;
