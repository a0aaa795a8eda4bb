//! The two arms of a route (control and canary) and who is in which.
//!
//! Rungs and weight live in one atomic word, so that they change at run time for every core at
//! once, without a lock and without touching a connection. Assignment is a sticky keyed hash: the
//! same client (network prefix and stable JA4) lands in the same arm, a retry included.

use std::hash::Hasher;
use std::sync::atomic::{AtomicU32, Ordering};

use hybridge_hello::Ja4;
use hybridge_policy::Rung;
use siphasher::sip::SipHasher13;

use crate::prefix::Prefix;

/// One of a route's two populations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Arm {
    /// The clients that get the route's own rung.
    Control,
    /// The clients that get the canary's rung.
    Canary,
}

impl Arm {
    /// Both, control first.
    pub const ALL: [Self; 2] = [Self::Control, Self::Canary];

    /// The name in API, metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Canary => "canary",
        }
    }
}

/// Rungs and weight of a route, as one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arms {
    /// The rung of the control arm.
    pub control: Rung,
    /// The rung of the canary arm; without a canary it is the control's.
    pub canary: Rung,
    /// Share of clients in the canary arm, in parts per ten thousand.
    pub weight: u16,
}

impl Arms {
    /// Every client in the control arm.
    pub const fn uniform(rung: Rung) -> Self {
        Self {
            control: rung,
            canary: rung,
            weight: 0,
        }
    }

    /// The rung of an arm.
    pub const fn rung(&self, arm: Arm) -> Rung {
        match arm {
            Arm::Control => self.control,
            Arm::Canary => self.canary,
        }
    }

    /// The arm of a client; its place is drawn once from `salt`, prefix and fingerprint.
    pub fn assign(&self, salt: &Salt, prefix: Prefix, fingerprint: Option<&Ja4>) -> Arm {
        if salt.draw(prefix, fingerprint) < self.weight {
            Arm::Canary
        } else {
            Arm::Control
        }
    }

    fn pack(self) -> u32 {
        u32::from(self.weight) << 16 | (self.control as u32) << 8 | self.canary as u32
    }

    fn unpack(word: u32) -> Self {
        let [weight_high, weight_low, control, canary] = word.to_be_bytes();
        let rung = |index: u8| {
            Rung::ALL
                .get(usize::from(index))
                .copied()
                .unwrap_or(Rung::Classical)
        };
        Self {
            control: rung(control),
            canary: rung(canary),
            weight: u16::from_be_bytes([weight_high, weight_low]),
        }
    }
}

/// The arms in force, shared by all cores.
#[derive(Debug)]
pub struct LiveArms(AtomicU32);

impl LiveArms {
    /// Starts with these.
    pub fn new(arms: Arms) -> Self {
        Self(AtomicU32::new(arms.pack()))
    }

    /// What is in force now.
    pub fn load(&self) -> Arms {
        Arms::unpack(self.0.load(Ordering::Relaxed))
    }

    /// Puts new arms in force for the next ClientHello on every core.
    pub fn store(&self, arms: Arms) {
        self.0.store(arms.pack(), Ordering::Relaxed);
    }
}

/// The key of the assignment hash: a configured salt together with the route's name.
#[derive(Clone, Copy, Debug)]
pub struct Salt(u64, u64);

impl Salt {
    /// Two routes with the same salt still draw different populations.
    pub fn new(salt: &str, route: &str) -> Self {
        let half = |tweak: u64| {
            let mut hasher = SipHasher13::new_with_keys(tweak, 0x6879_6272_6964_6765);
            hasher.write(salt.as_bytes());
            hasher.write_u8(0);
            hasher.write(route.as_bytes());
            hasher.finish()
        };
        Self(half(1), half(2))
    }

    /// A client's place, 0 to 9999.
    fn draw(&self, prefix: Prefix, fingerprint: Option<&Ja4>) -> u16 {
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        hasher.write(prefix.as_bytes());
        hasher.write(fingerprint.map_or(&[], |ja4| ja4.as_str().as_bytes()));
        u16::try_from(hasher.finish() % 10_000).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_survive_the_word_they_are_packed_in() {
        for control in Rung::ALL {
            for (canary, weight) in Rung::ALL.into_iter().zip([0, 1, 99, 5000, 9999, 10_000]) {
                let arms = Arms {
                    control,
                    canary,
                    weight,
                };
                assert_eq!(LiveArms::new(arms).load(), arms);
            }
        }
    }

    fn share_of_canary(weight: u16, salt: &Salt) -> usize {
        let arms = Arms {
            control: Rung::Accept,
            canary: Rung::Upgrade,
            weight,
        };
        let clients = (0..20_000u32).map(|n| Prefix::of(std::net::Ipv4Addr::from(n << 8).into()));
        clients
            .filter(|prefix| arms.assign(salt, *prefix, None) == Arm::Canary)
            .count()
    }

    #[test]
    fn the_weight_is_the_share_of_clients() {
        let salt = Salt::new("salt", "shop");
        assert_eq!(share_of_canary(0, &salt), 0);
        assert_eq!(share_of_canary(10_000, &salt), 20_000);
        let tenth = share_of_canary(1000, &salt);
        assert!((1800..2200).contains(&tenth), "{tenth}");
    }

    #[test]
    fn assignment_is_sticky_and_grows_with_the_weight() {
        let salt = Salt::new("salt", "shop");
        let at = |weight, n: u32| {
            let arms = Arms {
                control: Rung::Accept,
                canary: Rung::Upgrade,
                weight,
            };
            arms.assign(&salt, Prefix::of(std::net::Ipv4Addr::from(n << 8).into()), None)
        };
        for n in 0..2000 {
            assert_eq!(at(300, n), at(300, n));
            assert!(
                at(300, n) == Arm::Control || at(600, n) == Arm::Canary,
                "raising the weight moves nobody back"
            );
        }
    }

    #[test]
    fn another_salt_or_route_draws_another_population() {
        let draws = |salt: Salt| {
            (0..64u32).map(move |n| salt.draw(Prefix::of(std::net::Ipv4Addr::from(n << 8).into()), None))
        };
        let first: Vec<_> = draws(Salt::new("a", "shop")).collect();
        assert!(draws(Salt::new("b", "shop")).ne(first.iter().copied()));
        assert!(draws(Salt::new("a", "till")).ne(first.iter().copied()));
    }
}
