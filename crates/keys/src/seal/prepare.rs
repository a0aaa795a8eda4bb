//! Preparing a seal: a new root key, the keyring wrapped under it, and what has to be delivered.
//!
//! Nothing takes effect here. Shares can be confirmed before the record is committed, so that nobody locks
//! a store with shares that were lost on their way.

use std::collections::BTreeSet;

use hybridge_crypto::{aead, random, shamir};
use hybridge_store::{Keyring, StoreId};
use zeroize::Zeroizing;

use super::root::{HolderV1, ProtectorV1, Root, RootKey, RootV1, share_digest};
use super::share::{self, Label};
use super::unseal::{Offer, Step, UnsealError, Unsealed, Unsealing};
use super::{NewHolder, Protector, SealError, key_file};
use crate::recipient::{Passphrase, passphrase};

const HOLDER_NAME_LEN_MAX: usize = 64;

/// What must reach somebody, or a file, before the record is committed.
#[derive(Debug)]
pub enum Delivery {
    /// The text of the key file; a secret.
    KeyFile(KeyFileText),
    /// The passphrase is known already.
    Nothing,
    Shares(Vec<SealedShare>),
}

/// The text of a key file, which does not print.
pub struct KeyFileText(Zeroizing<String>);

impl KeyFileText {
    /// The text, for the file.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for KeyFileText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyFileText(<redacted>)")
    }
}

/// One line for one holder.
pub struct SealedShare {
    pub index: u8,
    pub holder: String,
    /// False where the line is a secret in the clear.
    pub is_sealed: bool,
    line: Zeroizing<String>,
}

impl SealedShare {
    /// The line to hand over.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.line
    }
}

impl std::fmt::Debug for SealedShare {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "SealedShare({} of {:?}, <redacted>)",
            self.index, self.holder
        )
    }
}

/// A seal that is ready to be committed.
#[derive(Debug)]
pub struct Prepared {
    unsealed: Unsealed,
    delivery: Delivery,
    confirmation: Option<Unsealing>,
}

/// The first seal of a store, over a new keyring.
///
/// # Errors
/// [`SealError`] when the protector cannot be, or cryptography fails.
pub fn initialise(store: StoreId, protector: &Protector) -> Result<Prepared, SealError> {
    let keyring = Keyring::generate().map_err(|source| SealError::Crypto("the keyring", source.into()))?;
    prepare(store, 1, keyring, protector)
}

/// Seals a keyring that exists, for instance that of a backup, under a new protector.
///
/// # Errors
/// As [`initialise`].
pub fn prepare(
    store: StoreId,
    sealing: u32,
    keyring: Keyring,
    protector: &Protector,
) -> Result<Prepared, SealError> {
    let root_key = RootKey::generate().map_err(SealError::crypto("the random generator"))?;
    let draft = Draft {
        store,
        sealing,
        root_key: &root_key,
    };
    let (protector, delivery) = match protector {
        Protector::KeyFile => draft.key_file()?,
        Protector::Passphrase(words) => draft.passphrase(words)?,
        Protector::Shares { threshold, holders } => draft.shares(*threshold, holders)?,
    };
    let mut record = RootV1 {
        store: store.0,
        sealing,
        protector,
        keyring: Vec::new(),
    };
    record
        .wrap(&root_key, &keyring)
        .map_err(SealError::crypto("wrapping the keyring"))?;
    let root = Root(record);
    let confirmation = matches!(delivery, Delivery::Shares(_)).then(|| Unsealing::new(root.clone()));
    let unsealed = Unsealed {
        keyring,
        root,
        root_key,
    };
    Ok(Prepared {
        unsealed,
        delivery,
        confirmation,
    })
}

impl Prepared {
    /// What has to be delivered before it is committed.
    #[must_use]
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The record to be committed.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.unsealed.root
    }

    /// Takes one share back, as proof that it arrived.
    ///
    /// # Errors
    /// [`UnsealError`] as at unsealing.
    pub fn confirm(&mut self, offer: Offer<'_>) -> Result<Step, UnsealError> {
        match &mut self.confirmation {
            Some(confirmation) => confirmation.offer(offer),
            None => Err(UnsealError::Scheme {
                takes: "nothing: there are no shares to confirm",
            }),
        }
    }

    /// Forgets the shares that came back.
    pub(super) fn forget_confirmed(&mut self) {
        if let Some(confirmation) = &mut self.confirmation {
            confirmation.reset();
        }
    }

    /// What is unsealed once [`Prepared::root`] is committed, and not before.
    #[must_use]
    pub fn into_unsealed(self) -> Unsealed {
        self.unsealed
    }
}

struct Draft<'a> {
    store: StoreId,
    sealing: u32,
    root_key: &'a RootKey,
}

impl Draft<'_> {
    fn check(&self) -> Result<[u8; 32], SealError> {
        self.root_key
            .check(self.store.0)
            .map_err(SealError::crypto("HKDF"))
    }

    fn key_file(&self) -> Result<(ProtectorV1, Delivery), SealError> {
        let text = key_file::write(self.store, self.sealing, &self.root_key.0);
        Ok((
            ProtectorV1::KeyFile { check: self.check()? },
            Delivery::KeyFile(KeyFileText(text)),
        ))
    }

    fn passphrase(&self, words: &Passphrase) -> Result<(ProtectorV1, Delivery), SealError> {
        let cost = words.cost();
        if !passphrase::is_acceptable(cost) {
            return Err(SealError::Cost);
        }
        let salt = random::bytes::<{ passphrase::SALT_LEN }>()
            .map_err(|source| SealError::Crypto("the random generator", source.into()))?;
        let derived = words
            .derive(&salt, cost)
            .map_err(|source| SealError::Crypto("Argon2id", source.into()))?;
        let derived = RootKey(Zeroizing::new(derived.to_vec()));
        let protector = ProtectorV1::Passphrase {
            salt: salt.to_vec(),
            memory_kib: cost.memory_kib,
            passes: cost.passes,
            lanes: cost.lanes,
            check: derived.check(self.store.0).map_err(SealError::crypto("HKDF"))?,
            root_key: self.under(&derived)?,
        };
        Ok((protector, Delivery::Nothing))
    }

    /// The root key, sealed under the key of a passphrase.
    fn under(&self, derived: &RootKey) -> Result<Vec<u8>, SealError> {
        let associated = RootV1::passphrase_associated(self.store.0, self.sealing);
        let wrapping = derived.wrapping().map_err(SealError::crypto("HKDF"))?;
        wrapping
            .seal_random(&associated, &self.root_key.0)
            .map_err(|source: aead::Error| SealError::Crypto("AES-256-GCM", source.into()))
    }

    fn shares(&self, threshold: u8, holders: &[NewHolder]) -> Result<(ProtectorV1, Delivery), SealError> {
        let bounds = || SealError::Bounds {
            threshold,
            holders: holders.len(),
        };
        let number = u8::try_from(holders.len()).map_err(|_too_many| bounds())?;
        check_names(holders)?;
        if threshold < 2 || threshold > number {
            return Err(bounds());
        }
        let shares = shamir::split(&self.root_key.0, threshold, number)
            .map_err(|source| SealError::Crypto("splitting the root key", source.into()))?;
        let pairs = || shares.iter().zip(holders);
        let protector = ProtectorV1::Shares {
            threshold,
            check: self.check()?,
            holders: pairs()
                .map(|(share, holder)| self.holder(share, holder))
                .collect(),
        };
        let lines: Result<_, _> = pairs()
            .map(|(share, holder)| self.line(threshold, share, holder))
            .collect();
        Ok((protector, Delivery::Shares(lines?)))
    }

    fn holder(&self, share: &shamir::Share, holder: &NewHolder) -> HolderV1 {
        HolderV1 {
            index: share.index,
            name: holder.name.clone(),
            digest: share_digest(self.store.0, self.sealing, share.index, &share.bytes),
            recipient: holder
                .recipient
                .as_ref()
                .map(crate::recipient::Recipient::fingerprint),
        }
    }

    fn line(
        &self,
        threshold: u8,
        part: &shamir::Share,
        holder: &NewHolder,
    ) -> Result<SealedShare, SealError> {
        let label = Label::new(self.store, self.sealing, part.index, threshold);
        let line = match &holder.recipient {
            None => share::write(&label, part),
            Some(recipient) => {
                share::write_sealed(&label, part, recipient).map_err(|source| SealError::Share {
                    holder: holder.name.clone(),
                    source,
                })?
            }
        };
        Ok(SealedShare {
            index: part.index,
            holder: holder.name.clone(),
            is_sealed: holder.recipient.is_some(),
            line,
        })
    }
}

fn check_names(holders: &[NewHolder]) -> Result<(), SealError> {
    let mut seen = BTreeSet::new();
    for NewHolder { name, .. } in holders {
        let fits = !name.trim().is_empty() && name.chars().count() <= HOLDER_NAME_LEN_MAX;
        if !fits || !seen.insert(name) {
            return Err(SealError::HolderName(name.clone()));
        }
    }
    Ok(())
}
