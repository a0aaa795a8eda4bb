//! From the key service's nouns to the shapes that cross the wire, and back.
//! What is optional in a request keeps what the key has; what a domain type does not say is `null`.

use std::time::Duration;

use hybridge_crypto::{Algorithm, encoding};
use hybridge_keys as keys;
use hybridge_keys::change::{Compromised, Quarantined, Rotated};
use hybridge_keys::{NewKey, Operation, Operations, Policy, Purpose};

use super::{
    Key, KeyCompromised, KeyCreate, KeyImport, KeyPolicy, KeyPolicyRequest, KeyProtected, KeyRotated,
    KeyVersion, QuarantineEntry,
};
use crate::problem::{Code, Problem};

impl From<&keys::Key> for Key {
    fn from(key: &keys::Key) -> Self {
        Self {
            name: key.name.to_string(),
            purpose: key.purpose.name(),
            algorithm: key.algorithm.name,
            policy: policy(key),
            lifetime_seconds: key.lifetime.map(|lifetime| lifetime.as_secs()),
            labels: key.labels.clone(),
            primary: key.primary,
            created: key.created,
            disabled: key.disabled,
            destroy_after: key.destroy_after,
            destroyed: key.destroyed,
            rotate_after: key.rotate_after,
            versions: None,
            damaged: Vec::new(),
        }
    }
}

impl From<keys::Shown> for Key {
    fn from(shown: keys::Shown) -> Self {
        Self {
            versions: Some(shown.versions.iter().map(KeyVersion::from).collect()),
            damaged: shown.damaged,
            ..Self::from(&shown.key)
        }
    }
}

fn policy(key: &keys::Key) -> KeyPolicy {
    let policy = &key.policy;
    let useful = key.purpose.operations();
    KeyPolicy {
        exportable: policy.exportable,
        dual_control: policy.dual_control,
        exchange: policy.exchange,
        operations: useful
            .iter()
            .filter(|operation| policy.operations.contains(**operation))
            .map(|operation| operation.name())
            .collect(),
        usage_limit: policy.usage_limit,
        rotation_period_seconds: policy.rotation().map(|period| period.as_secs()),
        crypto_period_seconds: policy.crypto_period.map(|period| period.as_secs()),
        minimum_version: policy.minimum_version,
    }
}

impl From<&keys::KeyVersion> for KeyVersion {
    fn from(version: &keys::KeyVersion) -> Self {
        let times = &version.times;
        Self {
            number: version.number,
            algorithm: version.algorithm.name,
            state: version.state.name(),
            created: times.created,
            activated: times.activated,
            suspended: times.suspended,
            deactivated: times.deactivated,
            compromised: times.compromised,
            destroyed: times.destroyed,
            quarantined: version.quarantined,
            destroy_after: version.destroy_after,
            origin: match version.origin {
                keys::Origin::Generated => "generated",
                keys::Origin::Imported => "imported",
            },
            public_key: public_key(version),
            public_key_raw: (!version.public_key.is_empty()).then(|| version.public_key.as_slice().into()),
        }
    }
}

fn public_key(version: &keys::KeyVersion) -> Option<String> {
    if version.public_key.is_empty() {
        return None;
    }
    encoding::public_to_pem(version.algorithm, &version.public_key).ok()
}

impl From<Rotated> for KeyRotated {
    fn from(rotated: Rotated) -> Self {
        Self {
            key: (&rotated.key).into(),
            old: (&rotated.old).into(),
            new: (&rotated.new).into(),
        }
    }
}

impl From<Compromised> for KeyCompromised {
    fn from(compromised: Compromised) -> Self {
        let protected = compromised.protected;
        Self {
            key: (&compromised.key).into(),
            version: (&compromised.version).into(),
            protected: KeyProtected {
                protections: protected.protections,
                data_keys: protected.data_keys,
                labels: protected.labels,
                lifetime_seconds: protected.lifetime.map(|lifetime| lifetime.as_secs()),
                from: protected.from,
                until: protected.until,
            },
        }
    }
}

impl From<Quarantined> for QuarantineEntry {
    fn from(entry: Quarantined) -> Self {
        Self {
            key: entry.name.to_string(),
            version: entry.version,
        }
    }
}

impl KeyCreate {
    /// What the key service is asked for.
    pub(crate) fn wanted(&self) -> Result<NewKey, Problem> {
        let mut new = new_key(&self.purpose, self.algorithm.as_deref())?;
        new.policy = self.policy.applied(Policy::default())?;
        new.lifetime = self.lifetime_seconds.map(Duration::from_secs);
        new.labels.clone_from(&self.labels);
        new.activate_at = self.activate_at;
        Ok(new)
    }
}

impl KeyImport {
    /// What the key service is asked for; the material decides the algorithm where it can and nobody said.
    pub(crate) fn wanted(&self) -> Result<NewKey, Problem> {
        let found = encoding::private_from(&self.material).ok();
        let found = found.map(|key| key.algorithm().name);
        let mut new = new_key(&self.purpose, self.algorithm.as_deref().or(found))?;
        new.policy = self.policy.applied(Policy::default())?;
        new.lifetime = self.lifetime_seconds.map(Duration::from_secs);
        new.labels.clone_from(&self.labels);
        Ok(new)
    }
}

/// A new key by the words for its purpose and algorithm.
fn new_key(purpose: &str, algorithm: Option<&str>) -> Result<NewKey, Problem> {
    let purpose = Purpose::by_name(purpose).ok_or_else(|| {
        let known = Purpose::ALL.map(Purpose::name).join(", ");
        Problem::at(
            Code::FieldInvalid,
            "purpose",
            format!("not a purpose; known: {known}"),
        )
    })?;
    let mut new = NewKey::for_purpose(purpose);
    if let Some(name) = algorithm {
        let known = Algorithm::by_name(name).filter(|algorithm| purpose.allows(algorithm));
        new.algorithm = known.ok_or_else(|| {
            let names: Vec<_> = purpose.algorithms().map(|algorithm| algorithm.name).collect();
            let reason = format!(
                "not an algorithm for {}; known: {}",
                purpose.name(),
                names.join(", ")
            );
            Problem::at(Code::FieldInvalid, "algorithm", reason)
        })?;
    }
    Ok(new)
}

impl KeyPolicyRequest {
    /// A policy with these opinions in it.
    pub(crate) fn applied(&self, policy: Policy) -> Result<Policy, Problem> {
        let operations = self.operations.as_deref().map(operations).transpose()?;
        let seconds = Duration::from_secs;
        Ok(Policy {
            exportable: self.exportable.unwrap_or(policy.exportable),
            dual_control: self.dual_control.unwrap_or(policy.dual_control),
            exchange: self.exchange.unwrap_or(policy.exchange),
            operations: operations.unwrap_or(policy.operations),
            usage_limit: self.usage_limit.unwrap_or(policy.usage_limit),
            rotation_period: self
                .rotation_period_seconds
                .map(seconds)
                .or(policy.rotation_period),
            crypto_period: self
                .crypto_period_seconds
                .map_or(policy.crypto_period, |period| period.map(seconds)),
            minimum_version: self.minimum_version.unwrap_or(policy.minimum_version),
        })
    }
}

fn operations(names: &[String]) -> Result<Operations, Problem> {
    names
        .iter()
        .map(|name| {
            Operation::by_name(name).ok_or_else(|| {
                let reason = format!("{name:?} is not an operation");
                Problem::at(Code::FieldInvalid, "policy.operations", reason)
            })
        })
        .collect()
}
