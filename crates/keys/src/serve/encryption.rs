//! Encrypting, decrypting, moving ciphertexts to the newest version, and data keys.
//!
//! Ciphertexts name their version; the formats are in `envelope`.

use hybridge_crypto::{aead, random};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::envelope::{self, Bound, Kind};
use super::kem::other_purpose;
use super::{ATTEMPTS, Asked, Batch, Tally, check_items, check_len, one_version};
use crate::cache::Loaded;
use crate::material::{Material, failed};
use crate::version::Version;
use crate::{Caller, Error, KeyName, Keys, Operation};

/// Length of a data key in bytes.
const DATA_KEY_LEN: usize = 32;
/// What a ciphertext is longer than its plaintext, at most.
const OVERHEAD_MAX: usize = 128;

/// A payload to encrypt.
#[derive(Clone, Copy)]
pub struct Plaintext<'a> {
    /// At most 1 MiB.
    pub plaintext: &'a [u8],
    /// Bound to the ciphertext and needed again to open it.
    pub aad: &'a [u8],
}

/// A ciphertext and the version that opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// The version, which the ciphertext also names.
    pub version: u32,
    /// Self-describing bytes.
    pub ciphertext: Vec<u8>,
}

/// A ciphertext to open or to move, or a wrapped data key.
#[derive(Clone, Copy, Debug)]
pub struct Ciphertext<'a> {
    /// As it was given out.
    pub ciphertext: &'a [u8],
    /// As it was when it was made.
    pub aad: &'a [u8],
}

/// What was in a ciphertext.
pub struct Decrypted {
    /// The version that opened it.
    pub version: u32,
    /// The payload or the data key.
    pub plaintext: Zeroizing<Vec<u8>>,
}

/// A data key: 256 bits for the caller's own encryption.
pub struct DataKey {
    /// The version that unwraps it.
    pub version: u32,
    /// To use and then to forget.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// To keep beside what it encrypts; commits to the wrapping key.
    pub wrapped: Vec<u8>,
}

impl std::fmt::Debug for Plaintext<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Plaintext(<redacted>)")
    }
}

impl std::fmt::Debug for Decrypted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Decrypted({}, <redacted>)", self.version)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "DataKey({}, <redacted>)", self.version)
    }
}

impl Keys {
    /// Encrypts each payload with the primary version.
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it; [`Error::Limit`] after 2^32 messages.
    pub async fn encrypt(
        &self,
        caller: &Caller,
        name: &KeyName,
        items: &[Plaintext<'_>],
        now: Timestamp,
    ) -> Result<Batch<Encrypted>, Error> {
        let asked = Asked::new(caller, name, Operation::Encrypt, now);
        self.settle(&asked, self.try_encrypt(&asked, items).await).await
    }

    async fn try_encrypt(
        &self,
        asked: &Asked<'_>,
        items: &[Plaintext<'_>],
    ) -> Result<Batch<Encrypted>, Error> {
        check_items(items)?;
        for _ in 0..ATTEMPTS {
            let (loaded, version) = self.primary(asked, items.len()).await?;
            let encrypted: Batch<_> = items.iter().map(|item| encrypt(asked, &version, item)).collect();
            let tally = Tally::of(Some(version.number), &encrypted);
            if self.conclude(asked, &loaded, tally).await? {
                return Ok(encrypted);
            }
        }
        Err(Error::Conflict)
    }

    /// Opens each ciphertext, or wrapped data key, with the version that it names.
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it; [`Error::Rejected`] where it is not
    /// genuine.
    pub async fn decrypt(
        &self,
        caller: &Caller,
        name: &KeyName,
        items: &[Ciphertext<'_>],
        now: Timestamp,
    ) -> Result<Batch<Decrypted>, Error> {
        let asked = Asked::new(caller, name, Operation::Decrypt, now);
        self.settle(&asked, self.try_decrypt(&asked, items).await).await
    }

    async fn try_decrypt(
        &self,
        asked: &Asked<'_>,
        items: &[Ciphertext<'_>],
    ) -> Result<Batch<Decrypted>, Error> {
        check_items(items)?;
        for _ in 0..ATTEMPTS {
            let loaded = self.opened(asked)?;
            let opened = items.iter().map(|item| self.decrypt_one(asked, &loaded, item));
            let decrypted: Batch<_> = opened.map(|item| item.map(|(_, opened)| opened)).collect();
            let versions = decrypted.iter().flatten().map(|item| item.version);
            let tally = Tally::of(one_version(versions), &decrypted);
            if self.conclude(asked, &loaded, tally).await? {
                return Ok(decrypted);
            }
        }
        Err(Error::Conflict)
    }

    /// Moves each ciphertext, or wrapped data key, to the primary version; no plaintext leaves.
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it; [`Error::Rejected`] where it is not
    /// genuine.
    pub async fn rewrap(
        &self,
        caller: &Caller,
        name: &KeyName,
        items: &[Ciphertext<'_>],
        now: Timestamp,
    ) -> Result<Batch<Encrypted>, Error> {
        let asked = Asked::new(caller, name, Operation::Rewrap, now);
        self.settle(&asked, self.try_rewrap(&asked, items).await).await
    }

    async fn try_rewrap(
        &self,
        asked: &Asked<'_>,
        items: &[Ciphertext<'_>],
    ) -> Result<Batch<Encrypted>, Error> {
        check_items(items)?;
        for _ in 0..ATTEMPTS {
            let (loaded, newest) = self.primary(asked, items.len()).await?;
            let moved: Batch<_> = items
                .iter()
                .map(|item| {
                    let (kind, opened) = self.decrypt_one(asked, &loaded, item)?;
                    protect(asked, &newest, kind, (&opened.plaintext, item.aad))
                })
                .collect();
            let tally = Tally::of(Some(newest.number), &moved);
            if self.conclude(asked, &loaded, tally).await? {
                return Ok(moved);
            }
        }
        Err(Error::Conflict)
    }

    /// Makes a data key for each item, which is the associated data to bind it to.
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it.
    pub async fn data_key(
        &self,
        caller: &Caller,
        name: &KeyName,
        items: &[&[u8]],
        now: Timestamp,
    ) -> Result<Batch<DataKey>, Error> {
        let asked = Asked::new(caller, name, Operation::DataKey, now);
        self.settle(&asked, self.try_data_key(&asked, items).await).await
    }

    async fn try_data_key(&self, asked: &Asked<'_>, items: &[&[u8]]) -> Result<Batch<DataKey>, Error> {
        check_items(items)?;
        for _ in 0..ATTEMPTS {
            let (loaded, version) = self.primary(asked, items.len()).await?;
            let made: Batch<_> = items.iter().map(|aad| data_key(asked, &version, aad)).collect();
            let tally = Tally::of(Some(version.number), &made);
            if self.conclude(asked, &loaded, tally).await? {
                return Ok(made);
            }
        }
        Err(Error::Conflict)
    }

    /// Opens a ciphertext with the version that it names, which must still process.
    fn decrypt_one(
        &self,
        asked: &Asked<'_>,
        loaded: &Loaded,
        item: &Ciphertext<'_>,
    ) -> Result<(Kind, Decrypted), Error> {
        if item.ciphertext.len() > super::MESSAGE_LEN_MAX + OVERHEAD_MAX {
            return Err(Error::Rejected { what: "ciphertext" });
        }
        let (kind, number) = envelope::head(item.ciphertext)?;
        let processing = Asked {
            operation: Operation::Decrypt,
            ..*asked
        };
        let version = self.admitted(&processing, loaded, Some(number))?;
        let (key, bound) = (aead_key(&version)?, bound(asked, &version, item.aad));
        let plaintext = match kind {
            Kind::Payload => envelope::open(key, bound, item.ciphertext),
            Kind::DataKey => envelope::unwrap(key, bound, item.ciphertext),
        }?;
        let version = version.number;
        Ok((kind, Decrypted { version, plaintext }))
    }
}

fn bound<'a>(asked: &Asked<'a>, version: &Version, aad: &'a [u8]) -> Bound<'a> {
    Bound {
        name: asked.name,
        version: version.number,
        aad,
    }
}

fn aead_key(version: &Version) -> Result<&aead::Key, Error> {
    match version.material()? {
        Material::Aead(key) => Ok(key),
        _ => Err(other_purpose(Operation::Encrypt)),
    }
}

fn encrypt(asked: &Asked<'_>, version: &Version, item: &Plaintext<'_>) -> Result<Encrypted, Error> {
    check_len("plaintext", item.plaintext)?;
    check_len("aad", item.aad)?;
    protect(asked, version, Kind::Payload, (item.plaintext, item.aad))
}

fn protect(
    asked: &Asked<'_>,
    version: &Version,
    kind: Kind,
    (plaintext, aad): (&[u8], &[u8]),
) -> Result<Encrypted, Error> {
    let (key, bound) = (aead_key(version)?, bound(asked, version, aad));
    let ciphertext = match kind {
        Kind::Payload => envelope::seal(key, bound, plaintext),
        Kind::DataKey => envelope::wrap(key, bound, plaintext),
    }?;
    let version = version.number;
    Ok(Encrypted { version, ciphertext })
}

fn data_key(asked: &Asked<'_>, version: &Version, aad: &[u8]) -> Result<DataKey, Error> {
    check_len("aad", aad)?;
    let mut plaintext = Zeroizing::new(vec![0; DATA_KEY_LEN]);
    random::fill(&mut plaintext).map_err(failed(version.algorithm))?;
    let wrapped = protect(asked, version, Kind::DataKey, (&plaintext, aad))?;
    Ok(DataKey {
        version: wrapped.version,
        plaintext,
        wrapped: wrapped.ciphertext,
    })
}
