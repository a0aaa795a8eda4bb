//! Export: a key leaves the service sealed to post-quantum recipients, or not at all.
//!
//! What is inside is PKCS#8 (RFC 5958) for key pairs and the raw bytes for symmetric keys; the container is
//! that of `recipient`, under the purpose [`PURPOSE`]. There is no plain export and none to RSA.

use hybridge_crypto::{Algorithm, encoding};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::change::{ATTEMPTS, Wanted};
use crate::material::failed;
use crate::recipient::{self, Recipient};
use crate::record::Stored;
use crate::{Caller, Error, Key, KeyName, Keys, Purpose, State};

/// What the container is bound to; who opens it says the same.
pub const PURPOSE: &str = "hybridge-key-v1";

/// What to export, and to whom.
#[derive(Clone, Copy, Debug)]
pub struct Exporting<'a> {
    /// The version; `None` is the primary one.
    pub version: Option<u32>,
    /// Any of them can open it; at least one.
    pub recipients: &'a [Recipient],
}

/// A key that has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The version.
    pub version: u32,
    /// Its algorithm.
    pub algorithm: &'static Algorithm,
    /// Whether PKCS#8 is inside, or the raw bytes.
    pub is_pkcs8: bool,
    /// The container.
    pub sealed: Vec<u8>,
}

impl Keys {
    /// Seals a version to recipients. Recorded in the log with their fingerprints.
    ///
    /// # Errors
    /// [`Error::Refused`] where the key is not exportable, or needs a second administrator's approval;
    /// [`Error::State`] for compromised and destroyed versions.
    pub async fn export(
        &self,
        caller: &Caller,
        name: &KeyName,
        exporting: Exporting<'_>,
        now: Timestamp,
    ) -> Result<Exported, Error> {
        let wanted = Wanted::new(caller, name, "key.export", now);
        self.settled(&wanted, self.try_export(&wanted, exporting).await)
            .await
    }

    async fn try_export(&self, wanted: &Wanted<'_>, exporting: Exporting<'_>) -> Result<Exported, Error> {
        for _ in 0..ATTEMPTS {
            let mut draft = self.draft(wanted.name)?;
            check(&draft.key)?;
            self.check_dual_control(&draft.key)?;
            let number = exporting.version.unwrap_or(draft.key.primary);
            self.stored(wanted.name, number)?;
            let key = draft.key.clone();
            let version = draft.version(self, number)?;
            check_version(version, wanted.now)?;
            let (is_pkcs8, sealed) = seal(&key, version, exporting.recipients)?;
            let algorithm = version.algorithm;
            let mut event = wanted.done().version(number);
            for recipient in exporting.recipients {
                event = event.fact("recipient", recipient.fingerprint());
            }
            if self.save(draft, &event, wanted).await?.is_some() {
                return Ok(Exported {
                    version: number,
                    algorithm,
                    is_pkcs8,
                    sealed,
                });
            }
        }
        Err(Error::Conflict)
    }
}

fn check(key: &Key) -> Result<(), Error> {
    if key.name.is_internal() || !key.policy.exportable {
        let why = "the key is not exportable";
        return Err(Error::Refused { why });
    }
    if let Some(after) = key.destroy_after {
        return Err(Error::Destroying { after });
    }
    match key.disabled {
        Some(_since) => Err(Error::Disabled),
        None => Ok(()),
    }
}

fn check_version(version: &Stored, now: Timestamp) -> Result<(), Error> {
    if let Some(after) = version.destroy_after {
        return Err(Error::Destroying { after });
    }
    match version.times.state(now) {
        State::PreActivation | State::Active | State::Deactivated => Ok(()),
        state => Err(Error::State {
            version: version.number,
            state,
        }),
    }
}

/// Sealed, and whether PKCS#8 is inside.
fn seal(key: &Key, version: &Stored, recipients: &[Recipient]) -> Result<(bool, Vec<u8>), Error> {
    let encoded = match key.purpose {
        Purpose::Kem | Purpose::Sign => pkcs8(version)?,
        Purpose::Encrypt | Purpose::Mac | Purpose::Wrap => None,
    };
    let is_pkcs8 = encoded.is_some();
    let material = encoded.unwrap_or_else(|| version.secret.clone());
    let sealed = recipient::seal_to(recipients, PURPOSE, &material);
    let sealed = sealed.map_err(|error| Error::invalid("recipients", error))?;
    Ok((is_pkcs8, sealed))
}

/// PKCS#8, or none where the algorithm has no object identifier.
fn pkcs8(version: &Stored) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let pair = encoding::PrivateKey::from_bytes(version.algorithm, &version.secret);
    match pair.and_then(|pair| encoding::private_to_pkcs8(&pair)) {
        Ok(encoded) => Ok(Some(encoded)),
        Err(encoding::Error::NoEncoding { .. }) => Ok(None),
        Err(error) => Err(failed(version.algorithm)(error)),
    }
}
