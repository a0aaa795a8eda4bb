//! Signing and verifying.
//!
//! A signature does not say which version made it: callers keep the number beside it.

use std::sync::Arc;

use hybridge_crypto::sign;
use jiff::Timestamp;

use super::kem::other_purpose;
use super::{ATTEMPTS, Asked, Batch, Tally, check_items, check_len, one_version};
use crate::material::{Material, aside, failed, is_slow};
use crate::version::Version;
use crate::{Caller, Error, KeyName, Keys, Operation};

/// A message to sign.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The message itself, at most 1 MiB.
    pub message: &'a [u8],
    /// Context string (FIPS 204 §5.2), at most 255 bytes; empty where the algorithm has none.
    pub context: &'a [u8],
}

/// A signature and the version that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The version that verifies it.
    pub version: u32,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A signature to verify.
#[derive(Clone, Copy, Debug)]
pub struct SignedMessage<'a> {
    /// The message and its context.
    pub message: Message<'a>,
    /// The signature.
    pub signature: &'a [u8],
    /// The version that made it; `None` is the primary one.
    pub version: Option<u32>,
}

impl Keys {
    /// Signs each message with the primary version. Each signature is verified before it is returned.
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it.
    pub async fn sign(
        &self,
        caller: &Caller,
        name: &KeyName,
        items: &[Message<'_>],
        now: Timestamp,
    ) -> Result<Batch<Signed>, Error> {
        let asked = Asked::new(caller, name, Operation::Sign, now);
        self.settle(&asked, self.try_sign(&asked, items).await).await
    }

    async fn try_sign(&self, asked: &Asked<'_>, items: &[Message<'_>]) -> Result<Batch<Signed>, Error> {
        check_items(items)?;
        for _ in 0..ATTEMPTS {
            let (loaded, version) = self.primary(asked, items.len()).await?;
            let signed = sign_each(&version, items).await;
            let tally = Tally::of(Some(version.number), &signed);
            if self.conclude(asked, &loaded, tally).await? {
                return Ok(signed);
            }
        }
        Err(Error::Conflict)
    }

    /// Says of each signature whether it is genuine. A forged one is an answer, not an error.
    ///
    /// # Errors
    /// [`Error`] for the request as a whole, and for each item of it.
    pub async fn verify(
        &self,
        caller: &Caller,
        name: &KeyName,
        items: &[SignedMessage<'_>],
        now: Timestamp,
    ) -> Result<Batch<bool>, Error> {
        let asked = Asked::new(caller, name, Operation::Verify, now);
        self.settle(&asked, self.try_verify(&asked, items).await).await
    }

    async fn try_verify(&self, asked: &Asked<'_>, items: &[SignedMessage<'_>]) -> Result<Batch<bool>, Error> {
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

async fn sign_each(version: &Arc<Version>, items: &[Message<'_>]) -> Batch<Signed> {
    if !is_slow(version.algorithm) {
        return items
            .iter()
            .map(|item| sign_one(version, item.message, item.context))
            .collect();
    }
    let mut signed = Vec::with_capacity(items.len());
    for item in items {
        let version = Arc::clone(version);
        let (message, context) = (item.message.to_vec(), item.context.to_vec());
        signed.push(aside(move || sign_one(&version, &message, &context)).await);
    }
    signed
}

fn sign_one(version: &Version, message: &[u8], context: &[u8]) -> Result<Signed, Error> {
    check_len("message", message)?;
    let Material::Sign(key) = version.material()? else {
        return Err(other_purpose(Operation::Sign));
    };
    let signature = key.sign(message, context).map_err(|error| match error {
        sign::Error::Context { why, .. } => Error::invalid("context", why),
        other => failed(version.algorithm)(other),
    })?;
    Ok(Signed {
        version: version.number,
        signature,
    })
}

fn verify(version: &Version, item: &SignedMessage<'_>) -> Result<bool, Error> {
    check_len("message", item.message.message)?;
    let Material::Sign(key) = version.material()? else {
        return Err(other_purpose(Operation::Verify));
    };
    let Message { message, context } = item.message;
    match sign::verify(
        version.algorithm,
        key.public_key(),
        message,
        context,
        item.signature,
    ) {
        Ok(()) => Ok(true),
        Err(sign::Error::Signature { .. }) => Ok(false),
        Err(sign::Error::Context { why, .. }) => Err(Error::invalid("context", why)),
        Err(other) => Err(failed(version.algorithm)(other)),
    }
}
