//! Message authentication (FIPS 198-1).
//!
//! A tag does not say which version made it: callers keep the number beside it.

use hybridge_crypto::mac;
use jiff::Timestamp;

use super::kem::other_purpose;
use super::{ATTEMPTS, Asked, Batch, Tally, check_items, check_len, one_version};
use crate::material::{Material, failed};
use crate::version::Version;
use crate::{Caller, Error, KeyName, Keys, Operation};

/// A tag and the version that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The version that verifies it.
    pub version: u32,
    /// The whole tag.
    pub tag: Vec<u8>,
}

/// A tag to verify.
#[derive(Clone, Copy, Debug)]
pub struct Tagged<'a> {
    /// The message, at most 1 MiB.
    pub message: &'a [u8],
    /// The whole tag.
    pub tag: &'a [u8],
    /// The version that made it; `None` is the primary one.
    pub version: Option<u32>,
}

impl Keys {
    /// Tags each message with the primary version.
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it.
    pub async fn mac(
        &self,
        caller: &Caller,
        name: &KeyName,
        items: &[&[u8]],
        now: Timestamp,
    ) -> Result<Batch<Tag>, Error> {
        let asked = Asked::new(caller, name, Operation::Mac, now);
        self.settle(&asked, self.try_mac(&asked, items).await).await
    }

    async fn try_mac(&self, asked: &Asked<'_>, items: &[&[u8]]) -> Result<Batch<Tag>, Error> {
        check_items(items)?;
        for _ in 0..ATTEMPTS {
            let (loaded, version) = self.primary(asked, items.len()).await?;
            let tags: Batch<_> = items.iter().map(|item| tag(&version, item)).collect();
            let tally = Tally::of(Some(version.number), &tags);
            if self.conclude(asked, &loaded, tally).await? {
                return Ok(tags);
            }
        }
        Err(Error::Conflict)
    }

    /// Says of each tag whether it is genuine, in constant time. A forged one is an answer, not an error.
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it.
    pub async fn mac_verify(
        &self,
        caller: &Caller,
        name: &KeyName,
        items: &[Tagged<'_>],
        now: Timestamp,
    ) -> Result<Batch<bool>, Error> {
        let asked = Asked::new(caller, name, Operation::MacVerify, now);
        self.settle(&asked, self.try_mac_verify(&asked, items).await)
            .await
    }

    async fn try_mac_verify(&self, asked: &Asked<'_>, items: &[Tagged<'_>]) -> Result<Batch<bool>, Error> {
        check_items(items)?;
        for _ in 0..ATTEMPTS {
            let loaded = self.opened(asked)?;
            let verified: Batch<_> = items
                .iter()
                .map(|item| verify(&*self.admitted(asked, &loaded, item.version)?, item))
                .collect();
            let versions = items
                .iter()
                .map(|item| item.version.unwrap_or(loaded.key.primary));
            let tally = Tally::of(one_version(versions), &verified);
            if self.conclude(asked, &loaded, tally).await? {
                return Ok(verified);
            }
        }
        Err(Error::Conflict)
    }
}

fn tag(version: &Version, message: &[u8]) -> Result<Tag, Error> {
    check_len("message", message)?;
    let Material::Mac(key) = version.material()? else {
        return Err(other_purpose(Operation::Mac));
    };
    let tag = key.tag(message).map_err(failed(version.algorithm))?;
    Ok(Tag {
        version: version.number,
        tag,
    })
}

fn verify(version: &Version, item: &Tagged<'_>) -> Result<bool, Error> {
    check_len("message", item.message)?;
    let Material::Mac(key) = version.material()? else {
        return Err(other_purpose(Operation::MacVerify));
    };
    match key.verify(item.message, item.tag) {
        Ok(()) => Ok(true),
        Err(mac::Error::Verify { .. }) => Ok(false),
        Err(other) => Err(failed(version.algorithm)(other)),
    }
}
