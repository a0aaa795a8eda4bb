//! A binding: a role, on which keys, for which operations, and whether that is given or taken.
//!
//! Names and operations are patterns; none written means all. Nothing is decided here: a binding only
//! says whether it covers a case.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::Resource;
use super::action::{Action, Concern};
use super::pattern::Pattern;

/// What a principal is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Admin,
    /// Runs the service: routes, the life of keys, backups; neither uses keys nor destroys or exports them.
    Operator,
    /// Uses keys.
    User,
    /// Reads everything, secrets aside; changes and uses nothing.
    Auditor,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Admin, Self::Operator, Self::User, Self::Auditor];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::User => "user",
            Self::Auditor => "auditor",
        }
    }
}

/// Whether a binding gives or takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    #[default]
    Allow,
    Deny,
}

impl Effect {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// One rule about one principal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    pub role: Role,
    /// Names of keys, as patterns; empty means all.
    #[serde(default)]
    pub names: Vec<Pattern>,
    /// Names of actions, as patterns such as `key.sign` or `key.*`; empty means all that the role carries.
    #[serde(default)]
    pub operations: Vec<Pattern>,
    #[serde(default)]
    pub effect: Effect,
}

/// Why a binding makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBinding {
    #[error("there is no role {0:?}; there are admin, operator, user and auditor")]
    Role(String),
    #[error("the role {role} has no operation {operation:?}", role = .role.name())]
    Operation { role: Role, operation: String },
}

impl Binding {
    /// All that a role may do, on all keys.
    pub const fn of(role: Role) -> Self {
        Self {
            role,
            names: Vec::new(),
            operations: Vec::new(),
            effect: Effect::Allow,
        }
    }

    /// Whether the binding has a say in this case.
    ///
    /// Where no key is named yet, a binding that allows speaks for any name, and one that denies only if
    /// it is about all names: the decision is taken again for each name.
    pub fn covers(&self, action: Action, resource: Resource<'_>) -> bool {
        action.is_of(self.role) && self.is_about(action) && self.reaches(action, resource)
    }

    /// Every operation must be one that the role carries: a slip of the pen would otherwise deny nothing.
    ///
    /// # Errors
    /// The first operation that is not.
    pub fn validate(&self) -> Result<(), InvalidBinding> {
        let carried = |pattern: &&Pattern| {
            let mut actions = Action::ALL.iter().filter(|action| action.is_of(self.role));
            actions.any(|action| pattern.matches(action.name()))
        };
        match self.operations.iter().find(|pattern| !carried(pattern)) {
            None => Ok(()),
            Some(unknown) => Err(InvalidBinding::Operation {
                role: self.role,
                operation: unknown.to_string(),
            }),
        }
    }

    pub(super) fn is_about(&self, action: Action) -> bool {
        self.operations.is_empty()
            || self
                .operations
                .iter()
                .any(|pattern| pattern.matches(action.name()))
    }

    pub(super) fn is_about_all_names(&self) -> bool {
        self.names.is_empty() || self.names.iter().any(Pattern::is_any)
    }

    fn reaches(&self, action: Action, resource: Resource<'_>) -> bool {
        match (action.concern(), resource) {
            (Concern::Nothing, _) => self.effect == Effect::Allow || self.is_about_all_names(),
            (Concern::Service, _) | (Concern::Keys, Resource::Service) => self.is_about_all_names(),
            (Concern::Keys, Resource::SomeKey) => self.effect == Effect::Allow || self.is_about_all_names(),
            (Concern::Keys, Resource::Key(name)) => {
                self.names.is_empty() || self.names.iter().any(|pattern| pattern.matches(name))
            }
        }
    }
}

impl FromStr for Role {
    type Err = InvalidBinding;

    fn from_str(text: &str) -> Result<Self, InvalidBinding> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| InvalidBinding::Role(text.to_owned()))
    }
}

/// `deny user on prod-* for key.sign`.
impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.effect.name(), self.role.name())?;
        list(f, " on ", &self.names)?;
        list(f, " for ", &self.operations)
    }
}

fn list(f: &mut fmt::Formatter<'_>, before: &str, patterns: &[Pattern]) -> fmt::Result {
    for (index, pattern) in patterns.iter().enumerate() {
        f.write_str(if index == 0 { before } else { ", " })?;
        f.write_str(pattern.as_str())?;
    }
    Ok(())
}
