//! The policy of one key: what it may be used for, how often and how long.
//!
//! A policy only ever narrows what the purpose and the state allow.

use std::time::Duration;

use crate::{Operation, Purpose};

/// How often keys rotate that agree session keys (24 h).
const EXCHANGE_ROTATION: Duration = Duration::from_secs(24 * 3600);
/// How often other keys rotate (90 days).
const ROTATION: Duration = Duration::from_secs(90 * 24 * 3600);
/// A rotation period below this is a mistake (one minute).
const ROTATION_MIN: Duration = Duration::from_secs(60);

/// What a key may be used for. The default rotates every 90 days and allows all that the purpose does,
/// export excepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// May leave the service, sealed to a post-quantum recipient.
    pub exportable: bool,
    /// Destroying and exporting need a second administrator.
    pub dual_control: bool,
    /// A KEM key that agrees session keys: rotates every 24 h where no period is given.
    pub exchange: bool,
    /// What it may be asked for.
    pub operations: Operations,
    /// How many protections one version may apply (OASIS KMIP, Usage Limits): signatures, encryptions,
    /// tags, encapsulations, data keys. `None` leaves the algorithm's own limit.
    pub usage_limit: Option<u64>,
    /// How often it rotates by itself; `None` is the purpose's default, zero is never.
    pub rotation_period: Option<Duration>,
    /// How long after its activation a version may be used at all (SP 800-57 Part 1 §5.3, cryptoperiod).
    pub crypto_period: Option<Duration>,
    /// Versions below this one are refused for everything.
    pub minimum_version: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            exportable: false,
            dual_control: false,
            exchange: false,
            operations: Operations::ALL,
            usage_limit: None,
            rotation_period: None,
            crypto_period: None,
            minimum_version: 1,
        }
    }
}

impl Policy {
    /// How often the key rotates by itself; `None` is never.
    #[must_use]
    pub fn rotation(&self) -> Option<Duration> {
        let default = if self.exchange {
            EXCHANGE_ROTATION
        } else {
            ROTATION
        };
        let period = self.rotation_period.unwrap_or(default);
        (!period.is_zero()).then_some(period)
    }

    /// Checks that the policy makes sense for a key of this purpose with this newest version.
    ///
    /// # Errors
    /// [`PolicyError`] names the field.
    pub fn check(&self, purpose: Purpose, latest: u32) -> Result<(), PolicyError> {
        if self.exchange && purpose != Purpose::Kem {
            return Err(PolicyError::Exchange);
        }
        if self
            .rotation_period
            .is_some_and(|period| !period.is_zero() && period < ROTATION_MIN)
        {
            return Err(PolicyError::RotationPeriod);
        }
        if self.crypto_period.is_some_and(|period| period.is_zero()) {
            return Err(PolicyError::CryptoPeriod);
        }
        if self.usage_limit == Some(0) {
            return Err(PolicyError::UsageLimit);
        }
        if self.minimum_version == 0 || self.minimum_version > latest {
            return Err(PolicyError::MinimumVersion { latest });
        }
        let useful = purpose.operations();
        if !useful
            .iter()
            .any(|operation| self.operations.contains(*operation))
        {
            return Err(PolicyError::Operations);
        }
        Ok(())
    }
}

/// Why a policy makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Marked for the key exchange without being a KEM key.
    #[error("only kem keys can be marked for the key exchange")]
    Exchange,
    /// Shorter than a minute.
    #[error("a rotation period is at least 60 s, or 0 for never")]
    RotationPeriod,
    /// Zero.
    #[error("a crypto-period is more than 0 s")]
    CryptoPeriod,
    /// Zero.
    #[error("a usage limit is at least 1")]
    UsageLimit,
    /// Zero, or above the newest version.
    #[error("the minimum version is between 1 and the newest version, {latest}")]
    MinimumVersion {
        /// The newest version.
        latest: u32,
    },
    /// Nothing that the purpose offers is allowed.
    #[error("allows none of the operations of its purpose")]
    Operations,
}

impl PolicyError {
    /// The field that is wrong.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Exchange => "policy.exchange",
            Self::RotationPeriod => "policy.rotation_period",
            Self::CryptoPeriod => "policy.crypto_period",
            Self::UsageLimit => "policy.usage_limit",
            Self::MinimumVersion { .. } => "policy.minimum_version",
            Self::Operations => "policy.operations",
        }
    }
}

/// A set of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operations(u16);

impl Operations {
    /// Every operation there is or will be.
    pub const ALL: Self = Self(u16::MAX);

    /// True where the set has the operation.
    #[must_use]
    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & (1 << operation as u16) != 0
    }

    /// The operations of the set, in their own order.
    pub fn iter(self) -> impl Iterator<Item = Operation> {
        Operation::ALL
            .into_iter()
            .filter(move |operation| self.contains(*operation))
    }

    /// The set as it is on disk: one bit for each operation, in the order of their declaration.
    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// The set from what is on disk.
    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}

impl FromIterator<Operation> for Operations {
    fn from_iter<I: IntoIterator<Item = Operation>>(operations: I) -> Self {
        Self(
            operations
                .into_iter()
                .fold(0, |bits, operation| bits | 1 << operation as u16),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{EXCHANGE_ROTATION, Operations, Policy, PolicyError, ROTATION};
    use crate::{Operation, Purpose};

    fn check(change: impl FnOnce(&mut Policy), purpose: Purpose, expect: Result<(), PolicyError>) {
        let mut policy = Policy::default();
        change(&mut policy);
        assert_eq!(policy.check(purpose, 3), expect);
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        check(|_policy| (), Purpose::Sign, Ok(()));
        check(|policy| policy.exchange = true, Purpose::Kem, Ok(()));
        check(
            |policy| policy.exchange = true,
            Purpose::Sign,
            Err(PolicyError::Exchange),
        );
        check(
            |policy| policy.rotation_period = Some(Duration::from_secs(59)),
            Purpose::Sign,
            Err(PolicyError::RotationPeriod),
        );
        check(
            |policy| policy.crypto_period = Some(Duration::ZERO),
            Purpose::Sign,
            Err(PolicyError::CryptoPeriod),
        );
        check(
            |policy| policy.usage_limit = Some(0),
            Purpose::Mac,
            Err(PolicyError::UsageLimit),
        );
        check(|policy| policy.minimum_version = 3, Purpose::Mac, Ok(()));
        for wrong in [0, 4] {
            check(
                |policy| policy.minimum_version = wrong,
                Purpose::Mac,
                Err(PolicyError::MinimumVersion { latest: 3 }),
            );
        }
        check(
            |policy| policy.operations = [Operation::Sign].into_iter().collect(),
            Purpose::Mac,
            Err(PolicyError::Operations),
        );
    }

    #[test]
    fn rotates_exchange_keys_daily_and_others_every_90_days() {
        assert_eq!(Policy::default().rotation(), Some(ROTATION));
        let exchange = Policy {
            exchange: true,
            ..Policy::default()
        };
        assert_eq!(exchange.rotation(), Some(EXCHANGE_ROTATION));
        let never = Policy {
            rotation_period: Some(Duration::ZERO),
            ..Policy::default()
        };
        assert_eq!(never.rotation(), None);
    }

    #[test]
    fn a_set_has_what_was_put_in() {
        let set: Operations = [Operation::Sign, Operation::MacVerify].into_iter().collect();
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [Operation::Sign, Operation::MacVerify]
        );
        assert_eq!(Operations::from_bits(set.bits()), set);
        assert_eq!(Operations::ALL.iter().count(), Operation::ALL.len());
    }
}
