//! Unsealing: takes what people bring until the keyring opens, and names what does not belong.
//!
//! States: sealed, `given` of `threshold` shares, unsealed. A refused offer changes nothing, so one wrong
//! share does not cost the others their way to the keyboard.

use hybridge_crypto::{constant_time, kdf, shamir};
use hybridge_store::Keyring;
use zeroize::Zeroizing;

use super::prepare::{Prepared, prepare};
use super::root::{Failure, HolderV1, ProtectorV1, Root, RootKey, RootV1, share_digest};
use super::share::{self, Label, ShareError};
use super::{Protector, SealError, key_file};
use crate::recipient::{Identity, Passphrase, passphrase};

/// Something that may open the seal.
#[derive(Clone, Copy, Debug)]
pub enum Offer<'a> {
    /// The text of a key file.
    KeyFile(Secret<'a>),
    Passphrase(&'a Passphrase),
    /// The line of a share.
    Share(Secret<'a>),
    /// The line of a sealed share, and the identity of its holder.
    SealedShare(&'a str, &'a Identity),
}

/// Text that is not printed.
#[derive(Clone, Copy)]
pub struct Secret<'a>(pub &'a str);

impl std::fmt::Debug for Secret<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(<redacted>)")
    }
}

/// What an offer led to.
#[derive(Debug)]
pub enum Step {
    /// A good share; more are needed.
    Counted {
        holder: String,
        given: u8,
        threshold: u8,
    },
    Unsealed(Box<Unsealed>),
}

/// A seal that is being opened.
#[derive(Debug)]
pub struct Unsealing {
    root: Root,
    given: Vec<shamir::Share>,
}

impl Unsealing {
    /// Begins with nothing given.
    #[must_use]
    pub fn new(root: Root) -> Self {
        Self {
            root,
            given: Vec::new(),
        }
    }

    /// The record that is being opened.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Indices of the shares that were counted.
    pub fn given(&self) -> impl Iterator<Item = u8> {
        self.given.iter().map(|share| share.index)
    }

    /// Forgets the shares that were given.
    pub fn reset(&mut self) {
        self.given.clear();
    }

    /// Takes one offer.
    ///
    /// # Errors
    /// [`UnsealError`] that names what is wrong; the progress stays as it was.
    pub fn offer(&mut self, offer: Offer<'_>) -> Result<Step, UnsealError> {
        let protector = &self.root.0.protector;
        match (protector, offer) {
            (ProtectorV1::KeyFile { check }, Offer::KeyFile(text)) => {
                let key = self.read_key_file(text.0)?;
                self.open(key, check, UnsealError::WrongKeyFile)
            }
            (ProtectorV1::Passphrase { .. }, Offer::Passphrase(words)) => self.try_passphrase(words),
            (ProtectorV1::Shares { .. }, Offer::Share(line)) => self.count(line.0),
            (ProtectorV1::Shares { .. }, Offer::SealedShare(line, identity)) => {
                let line = share::open(line, identity).map_err(|source| self.refused(line, source))?;
                self.count(&line)
            }
            (ProtectorV1::KeyFile { .. }, _) => Err(UnsealError::Scheme {
                takes: "its key file",
            }),
            (ProtectorV1::Passphrase { .. }, _) => Err(UnsealError::Scheme {
                takes: "a passphrase",
            }),
            (ProtectorV1::Shares { .. }, _) => Err(UnsealError::Scheme { takes: "shares" }),
        }
    }

    fn read_key_file(&self, text: &str) -> Result<RootKey, UnsealError> {
        let file = key_file::read(text)?;
        self.check_origin(&file.store, file.sealing)?;
        Ok(RootKey(file.key))
    }

    fn check_origin(&self, store: &str, sealing: u32) -> Result<(), UnsealError> {
        let (ours, current) = (self.root.store().to_string(), self.root.sealing());
        if store != ours {
            return Err(UnsealError::OtherStore {
                theirs: store.to_owned(),
                ours,
            });
        }
        if sealing != current {
            return Err(UnsealError::OtherSealing {
                theirs: sealing,
                ours: current,
            });
        }
        Ok(())
    }

    fn try_passphrase(&self, words: &Passphrase) -> Result<Step, UnsealError> {
        let ProtectorV1::Passphrase {
            salt,
            memory_kib,
            passes,
            lanes,
            check,
            root_key,
        } = &self.root.0.protector
        else {
            return Err(UnsealError::Scheme {
                takes: "something else",
            });
        };
        let cost = kdf::Cost {
            memory_kib: *memory_kib,
            passes: *passes,
            lanes: *lanes,
        };
        if !passphrase::is_acceptable(cost) {
            return Err(UnsealError::Damaged(
                "the cost in the root record is out of bounds".into(),
            ));
        }
        let derived = words.derive(salt, cost).map_err(damaged)?;
        let derived = RootKey(Zeroizing::new(derived.to_vec()));
        self.check(&derived, check, UnsealError::WrongPassphrase)?;
        let associated = RootV1::passphrase_associated(self.root.0.store, self.root.0.sealing);
        let wrapping = derived.wrapping().map_err(UnsealError::Damaged)?;
        let opened = wrapping.open_random(&associated, root_key).map_err(damaged)?;
        self.unsealed(RootKey(opened))
    }

    fn count(&mut self, line: &str) -> Result<Step, UnsealError> {
        let (label, bytes) = share::read(line).map_err(|source| self.refused(line, source))?;
        self.check_origin(&label.store, label.sealing)?;
        let ProtectorV1::Shares {
            threshold,
            check,
            holders,
        } = &self.root.0.protector
        else {
            return Err(UnsealError::Scheme {
                takes: "something else",
            });
        };
        let holder = holder(holders, label.index)?;
        let digest = share_digest(self.root.0.store, label.sealing, label.index, &bytes);
        if !constant_time::eq(&digest, &holder.digest) {
            return Err(UnsealError::WrongShare {
                index: label.index,
                holder: holder.name.clone(),
            });
        }
        if self.given().any(|index| index == label.index) {
            return Err(UnsealError::AlreadyGiven {
                index: label.index,
                holder: holder.name.clone(),
            });
        }
        let (threshold, check, holder) = (*threshold, *check, holder.name.clone());
        self.given.push(shamir::Share {
            index: label.index,
            bytes,
        });
        let given = u8::try_from(self.given.len()).unwrap_or(u8::MAX);
        if given < threshold {
            return Ok(Step::Counted {
                holder,
                given,
                threshold,
            });
        }
        let shares = std::mem::take(&mut self.given);
        let key = shamir::combine(&shares).map_err(damaged)?;
        self.open(
            RootKey(key),
            &check,
            UnsealError::Damaged("the shares do not give the root key".into()),
        )
    }

    /// Names the holder of a share that could not be read, as far as its label can.
    fn refused(&self, line: &str, source: ShareError) -> UnsealError {
        let ProtectorV1::Shares { holders, .. } = &self.root.0.protector else {
            return UnsealError::Share(source);
        };
        let Some((_, label)) = Label::read(line) else {
            return UnsealError::Share(source);
        };
        if let Err(foreign) = self.check_origin(&label.store, label.sealing) {
            return foreign;
        }
        match holder(holders, label.index) {
            Ok(holder) => UnsealError::UnreadableShare {
                index: label.index,
                holder: holder.name.clone(),
                source,
            },
            Err(unknown) => unknown,
        }
    }

    fn check(&self, key: &RootKey, expected: &[u8; 32], wrong: UnsealError) -> Result<(), UnsealError> {
        let value = key.check(self.root.0.store).map_err(UnsealError::Damaged)?;
        if constant_time::eq(&value, expected) {
            Ok(())
        } else {
            Err(wrong)
        }
    }

    fn open(&self, key: RootKey, check: &[u8; 32], wrong: UnsealError) -> Result<Step, UnsealError> {
        self.check(&key, check, wrong)?;
        self.unsealed(key)
    }

    fn unsealed(&self, root_key: RootKey) -> Result<Step, UnsealError> {
        let keyring = self.root.0.unwrap(&root_key).map_err(UnsealError::Damaged)?;
        let root = self.root.clone();
        Ok(Step::Unsealed(Box::new(Unsealed {
            keyring,
            root,
            root_key,
        })))
    }
}

fn holder(holders: &[HolderV1], index: u8) -> Result<&HolderV1, UnsealError> {
    holders
        .iter()
        .find(|holder| holder.index == index)
        .ok_or(UnsealError::UnknownShare { index })
}

fn damaged(source: impl Into<Failure>) -> UnsealError {
    UnsealError::Damaged(source.into())
}

/// An open seal: the keyring, and what is needed to seal it again.
#[derive(Debug)]
pub struct Unsealed {
    pub(super) keyring: Keyring,
    pub(super) root: Root,
    pub(super) root_key: RootKey,
}

impl Unsealed {
    /// The record that was opened.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The keys of the records, by epoch.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// A copy of the keyring, for the store or a backup.
    #[must_use]
    pub fn keyring_copy(&self) -> Keyring {
        Keyring::from_bytes(&self.keyring.to_bytes()).expect("a keyring reads back from its own bytes")
    }

    /// Prepares a new root key under a protector, and a keyring with a new epoch on top of all old ones.
    ///
    /// # Errors
    /// [`SealError`] when the protector cannot be, or cryptography fails.
    pub fn rekey(&self, protector: &Protector) -> Result<Prepared, SealError> {
        let sealing = self.root.sealing().checked_add(1).ok_or(SealError::Exhausted)?;
        let keyring = self
            .keyring_copy()
            .with_new_epoch()
            .map_err(|source| SealError::Crypto("the keyring", source.into()))?;
        prepare(self.root.store(), sealing, keyring, protector)
    }

    /// The same seal with only the current epoch in its keyring: for when no record of an older one is left.
    ///
    /// # Errors
    /// [`SealError::Crypto`] when cryptography fails.
    pub fn trimmed(&self) -> Result<Self, SealError> {
        let keyring = self.keyring_copy().without_old_epochs();
        let mut root = self.root.clone();
        root.0
            .wrap(&self.root_key, &keyring)
            .map_err(SealError::crypto("wrapping the keyring"))?;
        Ok(Self {
            keyring,
            root,
            root_key: self.root_key.clone(),
        })
    }
}

/// Why an offer did not open the seal.
#[derive(Debug, thiserror::Error)]
pub enum UnsealError {
    #[error("this store is opened with something else; it takes {takes}")]
    Scheme { takes: &'static str },
    #[error("it belongs to another store ({theirs}; this one is {ours})")]
    OtherStore { theirs: String, ours: String },
    #[error("it belongs to sealing {theirs}; the store was sealed anew since and is at {ours}")]
    OtherSealing { theirs: u32, ours: u32 },
    #[error("the key file cannot be read")]
    KeyFile(#[from] key_file::KeyFileError),
    #[error("the key file does not hold this store's root key")]
    WrongKeyFile,
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    #[error("share {index} ({holder}) is wrong: it is not the one that was handed out")]
    WrongShare { index: u8, holder: String },
    #[error("share {index} ({holder}) was given already")]
    AlreadyGiven { index: u8, holder: String },
    #[error("there is no share {index}")]
    UnknownShare { index: u8 },
    #[error("share {index} ({holder}) cannot be read")]
    UnreadableShare {
        index: u8,
        holder: String,
        #[source]
        source: ShareError,
    },
    #[error("the share cannot be read")]
    Share(#[source] ShareError),
    #[error("what was given is right, but the root record is damaged")]
    Damaged(#[source] Failure),
}
