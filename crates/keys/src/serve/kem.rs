//! Encapsulation and decapsulation (SP 800-227).
//!
//! A KEM ciphertext does not say for which version it is: callers keep the number beside it.

use hybridge_crypto::SharedSecret;
use hybridge_crypto::kem;
use jiff::Timestamp;

use super::{ATTEMPTS, Asked, Batch, Tally, check_items, one_version};
use crate::cache::Loaded;
use crate::material::{Material, failed};
use crate::version::Version;
use crate::{Caller, Error, KeyName, Keys, Operation};

/// A fresh secret for a key's public half.
#[derive(Debug)]
pub struct Encapsulation {
    /// The version that decapsulates it.
    pub version: u32,
    /// Goes to whoever holds the key.
    pub ciphertext: Vec<u8>,
    /// Stays here.
    pub shared_secret: SharedSecret,
}

/// A ciphertext to decapsulate.
#[derive(Clone, Copy, Debug)]
pub struct Encapsulated<'a> {
    /// The bytes of the KEM.
    pub ciphertext: &'a [u8],
    /// The version that it is for; `None` is the primary one.
    pub version: Option<u32>,
}

impl Keys {
    /// Makes that many fresh secrets for the primary version (FIPS 203 §7.2 and the hybrids' documents).
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it.
    pub async fn encapsulate(
        &self,
        caller: &Caller,
        name: &KeyName,
        count: usize,
        now: Timestamp,
    ) -> Result<Batch<Encapsulation>, Error> {
        let asked = Asked::new(caller, name, Operation::Encapsulate, now);
        self.settle(&asked, self.try_encapsulate(&asked, count).await)
            .await
    }

    async fn try_encapsulate(&self, asked: &Asked<'_>, count: usize) -> Result<Batch<Encapsulation>, Error> {
        check_items(&vec![(); count])?;
        for _ in 0..ATTEMPTS {
            let (loaded, version) = self.primary(asked, count).await?;
            let items: Batch<_> = (0..count).map(|_| encapsulate(&version)).collect();
            let tally = Tally::of(Some(version.number), &items);
            if self.conclude(asked, &loaded, tally).await? {
                return Ok(items);
            }
        }
        Err(Error::Conflict)
    }

    /// Recovers secrets. A forged ciphertext of the right length gives a pseudo-random secret for ML-KEM and
    /// its hybrids (FIPS 203 §7.3), not an error.
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it.
    pub async fn decapsulate(
        &self,
        caller: &Caller,
        name: &KeyName,
        items: &[Encapsulated<'_>],
        now: Timestamp,
    ) -> Result<Batch<SharedSecret>, Error> {
        let asked = Asked::new(caller, name, Operation::Decapsulate, now);
        self.settle(&asked, self.try_decapsulate(&asked, items).await)
            .await
    }

    async fn try_decapsulate(
        &self,
        asked: &Asked<'_>,
        items: &[Encapsulated<'_>],
    ) -> Result<Batch<SharedSecret>, Error> {
        check_items(items)?;
        for _ in 0..ATTEMPTS {
            let loaded = self.opened(asked)?;
            let secrets: Batch<_> = items
                .iter()
                .map(|item| self.decapsulate_one(asked, &loaded, item))
                .collect();
            let versions = items
                .iter()
                .map(|item| item.version.unwrap_or(loaded.key.primary));
            let tally = Tally::of(one_version(versions), &secrets);
            if self.conclude(asked, &loaded, tally).await? {
                return Ok(secrets);
            }
        }
        Err(Error::Conflict)
    }

    fn decapsulate_one(
        &self,
        asked: &Asked<'_>,
        loaded: &Loaded,
        item: &Encapsulated<'_>,
    ) -> Result<SharedSecret, Error> {
        let version = self.admitted(asked, loaded, item.version)?;
        let Material::Kem(key) = version.material()? else {
            return Err(other_purpose(asked.operation));
        };
        key.decapsulate(item.ciphertext).map_err(|error| match error {
            kem::Error::Ciphertext { .. } => Error::Rejected { what: "ciphertext" },
            other => failed(version.algorithm)(other),
        })
    }
}

fn encapsulate(version: &Version) -> Result<Encapsulation, Error> {
    let Material::Kem(key) = version.material()? else {
        return Err(other_purpose(Operation::Encapsulate));
    };
    let (ciphertext, shared_secret) =
        kem::encapsulate(version.algorithm, key.public_key()).map_err(failed(version.algorithm))?;
    Ok(Encapsulation {
        version: version.number,
        ciphertext,
        shared_secret,
    })
}

/// What the material says when it is not of the operation's kind.
pub(super) const fn other_purpose(operation: Operation) -> Error {
    let why = "it is for another purpose";
    Error::NotAllowed { operation, why }
}
