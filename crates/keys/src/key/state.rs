//! The states of a version (SP 800-57 Part 1 §7) and the changes between them: pure functions.
//!
//! The state is not stored: it follows from the times at which things happened, so the two cannot
//! disagree. What a state allows is one table, and what it can become is another.

use jiff::Timestamp;

use crate::Operation;

/// The state of a version (SP 800-57 Part 1 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Made, and not yet to be used.
    PreActivation,
    /// Protects, and processes what it protected.
    Active,
    /// Put aside for a while: neither protects nor processes.
    Suspended,
    /// Processes what it protected, and protects nothing new.
    Deactivated,
    /// Known or feared to be in other hands.
    Compromised,
    /// The material is gone; what is left is the record that it was.
    Destroyed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::PreActivation,
        Self::Active,
        Self::Suspended,
        Self::Deactivated,
        Self::Compromised,
        Self::Destroyed,
    ];

    /// The word in the API, the command line and the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreActivation => "pre-activation",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deactivated => "deactivated",
            Self::Compromised => "compromised",
            Self::Destroyed => "destroyed",
        }
    }

    /// True where a version in this state may do that. A compromised version processes only after its
    /// release from quarantine, which is the caller's check.
    #[must_use]
    pub const fn permits(self, operation: Operation) -> bool {
        match self {
            Self::Active => true,
            Self::Deactivated | Self::Compromised => !operation.protects(),
            Self::PreActivation | Self::Suspended | Self::Destroyed => false,
        }
    }

    /// True where a version in this state can be changed so.
    #[must_use]
    pub const fn admits(self, change: Change) -> bool {
        match self {
            Self::PreActivation => matches!(change, Change::Activate | Change::Compromise | Change::Destroy),
            Self::Active => matches!(
                change,
                Change::Suspend | Change::Deactivate | Change::Compromise | Change::Destroy
            ),
            Self::Suspended => matches!(
                change,
                Change::Resume | Change::Deactivate | Change::Compromise | Change::Destroy
            ),
            Self::Deactivated => matches!(change, Change::Suspend | Change::Compromise | Change::Destroy),
            Self::Compromised => matches!(change, Change::Destroy),
            Self::Destroyed => false,
        }
    }
}

/// What can happen to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Comes into use.
    Activate,
    /// Is put aside.
    Suspend,
    /// Comes back to what it was before it was put aside.
    Resume,
    /// Protects no more.
    Deactivate,
    /// Is known or feared to be in other hands.
    Compromise,
    /// Loses its material.
    Destroy,
}

impl Change {
    /// Every change.
    pub const ALL: [Self; 6] = [
        Self::Activate,
        Self::Suspend,
        Self::Resume,
        Self::Deactivate,
        Self::Compromise,
        Self::Destroy,
    ];
}

/// When a version came into each state; the state follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it was made.
    pub created: Timestamp,
    /// When it comes or came into use.
    pub activated: Timestamp,
    /// Since when it is put aside.
    pub suspended: Option<Timestamp>,
    /// Since when it protects no more.
    pub deactivated: Option<Timestamp>,
    /// When its compromise was recorded.
    pub compromised: Option<Timestamp>,
    /// When its material was erased.
    pub destroyed: Option<Timestamp>,
}

impl Times {
    /// Made now, in use from `activated` on.
    #[must_use]
    pub const fn new(created: Timestamp, activated: Timestamp) -> Self {
        Self {
            created,
            activated,
            suspended: None,
            deactivated: None,
            compromised: None,
            destroyed: None,
        }
    }

    /// The state at that time.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        if self.destroyed.is_some() {
            State::Destroyed
        } else if self.compromised.is_some() {
            State::Compromised
        } else if self.suspended.is_some() {
            State::Suspended
        } else if self.deactivated.is_some() {
            State::Deactivated
        } else if self.activated > now {
            State::PreActivation
        } else {
            State::Active
        }
    }

    /// The times after a change, or the state that does not admit it.
    ///
    /// # Errors
    /// The state at that time, where [`State::admits`] says no.
    pub fn after(mut self, change: Change, now: Timestamp) -> Result<Self, State> {
        let state = self.state(now);
        if !state.admits(change) {
            return Err(state);
        }
        match change {
            Change::Activate => self.activated = now,
            Change::Suspend => self.suspended = Some(now),
            Change::Resume => self.suspended = None,
            Change::Deactivate => self.deactivated = Some(now),
            Change::Compromise => self.compromised = Some(now),
            Change::Destroy => self.destroyed = Some(now),
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Change, State, Times};
    use crate::Operation;

    const fn at(second: i64) -> Timestamp {
        Timestamp::constant(second, 0)
    }

    /// Times that give the state at second 10.
    fn times(state: State) -> Times {
        let mut times = Times::new(at(0), at(0));
        match state {
            State::PreActivation => times.activated = at(20),
            State::Active => {}
            State::Suspended => times.suspended = Some(at(5)),
            State::Deactivated => times.deactivated = Some(at(5)),
            State::Compromised => times.compromised = Some(at(5)),
            State::Destroyed => times.destroyed = Some(at(5)),
        }
        times
    }

    #[test]
    fn every_state_and_change_has_one_outcome() {
        use Change::{Activate, Compromise, Deactivate, Destroy, Resume, Suspend};
        use State::{Active, Compromised, Deactivated, Destroyed, PreActivation, Suspended};
        let table = [
            (PreActivation, Activate, Some(Active)),
            (PreActivation, Suspend, None),
            (PreActivation, Resume, None),
            (PreActivation, Deactivate, None),
            (PreActivation, Compromise, Some(Compromised)),
            (PreActivation, Destroy, Some(Destroyed)),
            (Active, Activate, None),
            (Active, Suspend, Some(Suspended)),
            (Active, Resume, None),
            (Active, Deactivate, Some(Deactivated)),
            (Active, Compromise, Some(Compromised)),
            (Active, Destroy, Some(Destroyed)),
            (Suspended, Activate, None),
            (Suspended, Suspend, None),
            (Suspended, Resume, Some(Active)),
            (Suspended, Deactivate, Some(Suspended)),
            (Suspended, Compromise, Some(Compromised)),
            (Suspended, Destroy, Some(Destroyed)),
            (Deactivated, Activate, None),
            (Deactivated, Suspend, Some(Suspended)),
            (Deactivated, Resume, None),
            (Deactivated, Deactivate, None),
            (Deactivated, Compromise, Some(Compromised)),
            (Deactivated, Destroy, Some(Destroyed)),
            (Compromised, Activate, None),
            (Compromised, Suspend, None),
            (Compromised, Resume, None),
            (Compromised, Deactivate, None),
            (Compromised, Compromise, None),
            (Compromised, Destroy, Some(Destroyed)),
            (Destroyed, Activate, None),
            (Destroyed, Suspend, None),
            (Destroyed, Resume, None),
            (Destroyed, Deactivate, None),
            (Destroyed, Compromise, None),
            (Destroyed, Destroy, None),
        ];
        assert_eq!(table.len(), State::ALL.len() * Change::ALL.len());
        for (state, change, expect) in table {
            let after = times(state).after(change, at(10));
            assert_eq!(
                after.map(|times| times.state(at(10))),
                expect.ok_or(state),
                "{state:?} {change:?}"
            );
        }
    }

    #[test]
    fn every_state_and_operation_has_one_answer() {
        for state in State::ALL {
            for operation in Operation::ALL {
                let expect = match state {
                    State::Active => true,
                    State::Deactivated | State::Compromised => matches!(
                        operation,
                        Operation::Decapsulate
                            | Operation::Verify
                            | Operation::Decrypt
                            | Operation::MacVerify
                    ),
                    State::PreActivation | State::Suspended | State::Destroyed => false,
                };
                assert_eq!(state.permits(operation), expect, "{state:?} {operation:?}");
            }
        }
    }

    #[test]
    fn a_resumed_version_is_what_it_was_before() {
        let deactivated = times(State::Deactivated);
        let suspended = deactivated
            .after(Change::Suspend, at(10))
            .expect("deactivated versions suspend");
        assert_eq!(suspended.state(at(11)), State::Suspended);
        assert_eq!(suspended.after(Change::Resume, at(11)), Ok(deactivated));
    }

    #[test]
    fn comes_into_use_by_itself_when_its_time_has_come() {
        let times = times(State::PreActivation);
        assert_eq!(times.state(at(19)), State::PreActivation);
        assert_eq!(times.state(at(20)), State::Active);
    }

    #[test]
    fn nothing_leaves_destroyed() {
        for change in Change::ALL {
            assert_eq!(
                times(State::Destroyed).after(change, at(10)),
                Err(State::Destroyed)
            );
        }
    }
}
