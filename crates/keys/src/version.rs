//! One version, loaded: its state, its material and its meter; and what decides whether it may be used.
//!
//! The decision is pure: purpose, policy, the key's and the version's state, and the time in; yes or the
//! reason out. It is made anew for every use.

use std::time::Duration;

use hybridge_crypto::Algorithm;
use jiff::{SignedDuration, Timestamp};

use crate::material::Material;
use crate::meter::{Counted, Meter};
use crate::record::Stored;
use crate::{Error, Key, Operation, State, Times};

/// A version that is ready for use, or known to have nothing to use.
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) algorithm: &'static Algorithm,
    pub(crate) protections: Meter,
    pub(crate) data_keys: Meter,
    times: Times,
    quarantined: bool,
    destroy_after: Option<Timestamp>,
    material: Option<Material>,
}

impl Version {
    /// Expands a stored version; a destroyed one has no material.
    pub(crate) fn load(key: &Key, stored: &Stored) -> Result<Self, Error> {
        let material = if stored.secret.is_empty() {
            None
        } else {
            Some(Material::read(key.purpose, stored.algorithm, &stored.secret)?)
        };
        Ok(Self {
            number: stored.number,
            algorithm: stored.algorithm,
            protections: Meter::new(Counted::Protections, &key.name, stored.number),
            data_keys: Meter::new(Counted::DataKeys, &key.name, stored.number),
            times: stored.times,
            quarantined: stored.quarantined,
            destroy_after: stored.destroy_after,
            material,
        })
    }

    /// The material of a version that was admitted.
    pub(crate) fn material(&self) -> Result<&Material, Error> {
        self.material.as_ref().ok_or(Error::State {
            version: self.number,
            state: State::Destroyed,
        })
    }

    /// Passes where the version may be used so at that time.
    pub(crate) fn admit(&self, key: &Key, operation: Operation, now: Timestamp) -> Result<(), Error> {
        let version = self.number;
        if version < key.policy.minimum_version {
            let why = "below the policy's minimum version";
            return Err(Error::Retired { version, why });
        }
        let state = self.times.state(now);
        if !state.permits(operation) {
            return Err(Error::State { version, state });
        }
        if self.quarantined {
            return Err(Error::Quarantined { version });
        }
        if let Some(after) = self.destroy_after {
            return Err(Error::Destroying { after });
        }
        if is_past(self.times.activated, key.policy.crypto_period, now) {
            let why = "past its crypto-period";
            return Err(Error::Retired { version, why });
        }
        Ok(())
    }
}

/// Passes where the key as a whole may be used so.
pub(crate) fn admit(key: &Key, operation: Operation) -> Result<(), Error> {
    if !key.purpose.operations().contains(&operation) {
        let why = "it is for another purpose";
        return Err(Error::NotAllowed { operation, why });
    }
    if !key.policy.operations.contains(operation) {
        let why = "its policy does not list it";
        return Err(Error::NotAllowed { operation, why });
    }
    if key.destroyed.is_some() {
        return Err(Error::State {
            version: key.primary,
            state: State::Destroyed,
        });
    }
    if let Some(after) = key.destroy_after {
        return Err(Error::Destroying { after });
    }
    if key.disabled.is_some() {
        return Err(Error::Disabled);
    }
    Ok(())
}

fn is_past(start: Timestamp, period: Option<Duration>, now: Timestamp) -> bool {
    let allowed = |period| SignedDuration::try_from(period).unwrap_or(SignedDuration::MAX);
    period.is_some_and(|period| now.duration_since(start) > allowed(period))
}
