//! Tokens, bindings and approvals as clients see them.
//!
//! Unknown members are refused. The secret of a token is in the answer to its creation and nowhere else.

use std::time::Duration;

use hybridge_keys::approval;
use hybridge_keys::token::Shown;
use hybridge_policy::access;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{Code, Problem};

/// What a role may do, on which keys, for which operations, and whether that is given or taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// `admin`, `operator`, `user` or `auditor`.
    pub role: String,
    /// Names of keys, as patterns with `*` and `?`; none means all.
    #[serde(default)]
    pub names: Vec<String>,
    /// Operations, as patterns such as `key.sign` or `key.*`; none means all that the role carries.
    #[serde(default)]
    pub operations: Vec<String>,
    /// Takes instead of gives.
    #[serde(default)]
    pub deny: bool,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenNew {
    /// For people; need not be unique.
    pub name: String,
    pub bindings: Vec<Binding>,
    /// Seconds, at most 366 days. Default 90 days.
    pub lifetime_seconds: Option<u64>,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Token {
    /// 24 hexadecimal digits; public.
    pub id: String,
    pub name: String,
    pub bindings: Vec<Binding>,
    /// The principal that made it, whose rights it never exceeds.
    pub made_by: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// To the minute or so.
    pub last_used_at: Option<Timestamp>,
}

/// A token right after it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenMade {
    #[serde(flatten)]
    pub token: Token,
    /// Shown once; null where the request was sent again under its `Idempotency-Key`.
    pub secret: Option<String>,
}

/// An approval to be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalNew {
    /// `destroy` or `export`.
    pub operation: String,
    /// The key's name.
    pub key: String,
    /// The version; as in the operation.
    pub version: Option<u32>,
    /// For `destroy`: as in the operation.
    pub wait_seconds: Option<u64>,
    /// For `export`: as in the operation.
    pub recipient: Option<String>,
}

/// An approval, asked for or given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Approval {
    /// 24 hexadecimal digits.
    pub id: String,
    pub operation: &'static str,
    pub key: String,
    /// What exactly is to be done, in words.
    pub arguments: String,
    pub requester: String,
    pub requested_at: Timestamp,
    pub expires_at: Timestamp,
    pub approved_by: Option<String>,
    pub approved_at: Option<Timestamp>,
}

impl TokenNew {
    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime_seconds.unwrap_or(90 * 24 * 3600))
    }

    pub(crate) fn held(&self) -> Result<Vec<access::Binding>, Problem> {
        let each = self.bindings.iter().enumerate();
        each.map(|(index, binding)| binding.held(index)).collect()
    }
}

impl Binding {
    fn held(&self, index: usize) -> Result<access::Binding, Problem> {
        let wrong = |field: &str, reason: String| {
            Problem::at(Code::FieldInvalid, format!("bindings[{index}].{field}"), reason)
        };
        let patterns = |field: &str, texts: &[String]| -> Result<Vec<access::Pattern>, Problem> {
            let each = texts.iter().map(|text| text.parse());
            each.collect::<Result<_, access::InvalidPattern>>()
                .map_err(|error| wrong(field, error.to_string()))
        };
        Ok(access::Binding {
            role: self
                .role
                .parse()
                .map_err(|error: access::InvalidBinding| wrong("role", error.to_string()))?,
            names: patterns("names", &self.names)?,
            operations: patterns("operations", &self.operations)?,
            effect: if self.deny {
                access::Effect::Deny
            } else {
                access::Effect::Allow
            },
        })
    }
}

impl From<&access::Binding> for Binding {
    fn from(held: &access::Binding) -> Self {
        let texts = |patterns: &[access::Pattern]| patterns.iter().map(ToString::to_string).collect();
        Self {
            role: held.role.name().to_owned(),
            names: texts(&held.names),
            operations: texts(&held.operations),
            deny: held.effect == access::Effect::Deny,
        }
    }
}

impl From<Shown> for Token {
    fn from(shown: Shown) -> Self {
        Self {
            id: shown.id.to_string(),
            bindings: shown.grant.rights.bindings().iter().map(Binding::from).collect(),
            name: shown.grant.name,
            made_by: shown.grant.made_by,
            created_at: shown.grant.created,
            expires_at: shown.grant.expires,
            last_used_at: shown.last_used,
        }
    }
}

impl From<approval::Approval> for Approval {
    fn from(held: approval::Approval) -> Self {
        let (approved_by, approved_at) = held.approved.unzip();
        Self {
            id: held.id,
            operation: held.deed.operation.name(),
            key: held.deed.key.to_string(),
            arguments: held.deed.arguments,
            requester: held.requester,
            requested_at: held.requested,
            expires_at: held.expires,
            approved_by,
            approved_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(member: &str) -> Result<Duration, serde_json::Error> {
        let body = format!(r#"{{"name":"one","bindings":[]{member}}}"#);
        serde_json::from_str::<TokenNew>(&body).map(|new| new.lifetime())
    }

    #[test]
    fn a_lifetime_is_in_seconds_as_its_name_says() {
        assert_eq!(
            lifetime(r#","lifetime_seconds":60"#).unwrap(),
            Duration::from_secs(60)
        );
        assert_eq!(lifetime("").unwrap(), Duration::from_secs(90 * 24 * 3600));
        assert!(lifetime(r#","lifetime_s":60"#).is_err(), "a name nobody reads");
    }
}
