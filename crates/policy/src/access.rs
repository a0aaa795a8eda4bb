//! Access: who may do what to which key, and why.
//!
//! A principal has bindings; a binding gives or takes what a role may do, on the keys whose names match,
//! limited to the operations that match. Rules: a binding that denies wins over all that allow; what no
//! binding allows is denied; rights that were handed on never exceed those of whoever handed them on.
//! Who a principal is, and how it proved that, is not our business.

mod action;
mod binding;
mod pace;
mod pattern;
mod rights;

pub use action::{Action, Concern};
pub use binding::{Binding, Effect, InvalidBinding, Role};
pub use pace::Pace;
pub use pattern::{InvalidPattern, Pattern};
pub use rights::{Rights, TooWide};

use std::fmt;

/// What an action is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The key of this name, which need not exist.
    Key(&'a str),
    /// Keys that are not named yet: a list that is filtered by name, a creation whose body was not read.
    SomeKey,
    /// The service as a whole.
    Service,
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(name) => write!(f, "key {name:?}"),
            Self::SomeKey => f.write_str("any key"),
            Self::Service => f.write_str("the service"),
        }
    }
}

/// Whether an action may be done, with the binding that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// This binding allows it, and none denies it.
    Allowed(&'a Binding),
    /// This binding denies it, whatever others allow.
    Forbidden(&'a Binding),
    /// No binding allows it.
    NotGranted,
}

impl Decision<'_> {
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// In words, as part of a sentence: `denied: no binding allows it`.
impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(binding) => write!(f, "allowed: {binding}"),
            Self::Forbidden(binding) => write!(f, "denied: {binding}"),
            Self::NotGranted => f.write_str("denied: no binding allows it"),
        }
    }
}

/// Decides about one action on one resource: deny wins, and the default is to deny.
pub fn decide<'a>(bindings: &'a [Binding], action: Action, resource: Resource<'_>) -> Decision<'a> {
    let mut decision = Decision::NotGranted;
    for binding in bindings.iter().filter(|binding| binding.covers(action, resource)) {
        match binding.effect {
            Effect::Deny => return Decision::Forbidden(binding),
            Effect::Allow => decision = Decision::Allowed(binding),
        }
    }
    decision
}

#[cfg(test)]
mod tests;
