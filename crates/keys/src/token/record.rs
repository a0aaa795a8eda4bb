//! The record of a token, version 1; id is the token's own id.
//!
//! The digest stands in the record whole: the id, its beginning, is public and proves nothing.

use std::str::FromStr;

use hybridge_policy::access::{Binding, Effect, Pattern, Rights, Role};
use hybridge_store::{Id, Table};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::live::Grant;
use super::secret::{Digest, TokenId};
use crate::Error;
use crate::record::{damaged, decode, encode, from_millis, maybe_from_millis, to_millis};

pub(super) const TOKEN: Table = Table("token");
/// When a token was last used; apart from the token's record, whose version must not change by use.
pub(super) const TOKEN_USE: Table = Table("token-use");

#[derive(Serialize, Deserialize)]
struct TokenV1 {
    digest: [u8; 32],
    name: String,
    made_by: String,
    lineage: Vec<String>,
    layers: Vec<Vec<BindingV1>>,
    created: i64,
    expires: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct BindingV1 {
    role: u8,
    deny: bool,
    names: Vec<String>,
    operations: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct UseV1 {
    last_s: i64,
}

pub(super) fn token_id(id: &TokenId) -> Id {
    Id::new(TOKEN, *id.as_bytes())
}

pub(super) fn use_id(id: &TokenId) -> Id {
    Id::new(TOKEN_USE, *id.as_bytes())
}

pub(super) fn write(digest: &Digest, grant: &Grant) -> Result<Zeroizing<Vec<u8>>, Error> {
    let layers = grant.rights.layers().iter();
    encode(&TokenV1 {
        digest: *digest.as_bytes(),
        name: grant.name.clone(),
        made_by: grant.made_by.clone(),
        lineage: grant.lineage.clone(),
        layers: layers
            .map(|layer| layer.iter().map(BindingV1::from).collect())
            .collect(),
        created: to_millis(grant.created),
        expires: grant.expires.map(to_millis),
    })
}

pub(super) fn read(id: &Id, bytes: &[u8]) -> Result<(Digest, Grant), Error> {
    let token: TokenV1 = decode(id, bytes)?;
    let layers = token.layers.iter();
    let layers = layers.map(|layer| layer.iter().map(|binding| binding.read(id)).collect());
    let grant = Grant {
        name: token.name,
        made_by: token.made_by,
        lineage: token.lineage,
        rights: Rights::from_layers(layers.collect::<Result<_, Error>>()?),
        created: from_millis(id, token.created)?,
        expires: maybe_from_millis(id, token.expires)?,
    };
    Ok((Digest::from_bytes(token.digest), grant))
}

pub(super) fn write_use(last_s: i64) -> Result<Zeroizing<Vec<u8>>, Error> {
    encode(&UseV1 { last_s })
}

pub(super) fn read_use(id: &Id, bytes: &[u8]) -> Result<i64, Error> {
    decode::<UseV1>(id, bytes).map(|used| used.last_s)
}

impl From<&Binding> for BindingV1 {
    fn from(binding: &Binding) -> Self {
        let texts = |patterns: &[Pattern]| patterns.iter().map(Pattern::to_string).collect();
        Self {
            role: role_number(binding.role),
            deny: binding.effect == Effect::Deny,
            names: texts(&binding.names),
            operations: texts(&binding.operations),
        }
    }
}

impl BindingV1 {
    fn read(&self, id: &Id) -> Result<Binding, Error> {
        let patterns = |texts: &[String]| -> Result<Vec<Pattern>, Error> {
            let each = texts.iter().map(|text| Pattern::from_str(text));
            each.collect::<Result<_, _>>().map_err(|_unknown| damaged(id))
        };
        let role = Role::ALL.into_iter().find(|role| role_number(*role) == self.role);
        Ok(Binding {
            role: role.ok_or_else(|| damaged(id))?,
            names: patterns(&self.names)?,
            operations: patterns(&self.operations)?,
            effect: if self.deny { Effect::Deny } else { Effect::Allow },
        })
    }
}

/// Numbers are never given again.
const fn role_number(role: Role) -> u8 {
    match role {
        Role::Admin => 1,
        Role::Operator => 2,
        Role::User => 3,
        Role::Auditor => 4,
    }
}

#[cfg(test)]
mod tests {
    use hybridge_policy::access::{Binding, Effect, Rights, Role};
    use jiff::Timestamp;

    use super::super::secret::Secret;
    use super::{Grant, read, token_id, write};

    #[test]
    fn what_is_written_is_read() {
        let digest = Secret::generate().expect("random bytes").digest();
        let denied = Binding {
            names: vec!["prod-*".parse().expect("a pattern")],
            operations: vec!["key.sign".parse().expect("a pattern")],
            effect: Effect::Deny,
            ..Binding::of(Role::User)
        };
        let layers = vec![
            vec![Binding::of(Role::User), denied],
            vec![Binding::of(Role::Admin)],
        ];
        let grant = Grant {
            name: "ci".to_owned(),
            made_by: "token:aa".to_owned(),
            lineage: vec!["token:aa".to_owned()],
            rights: Rights::from_layers(layers),
            created: Timestamp::constant(7, 0),
            expires: Some(Timestamp::constant(9, 0)),
        };
        let id = token_id(&digest.id());
        let bytes = write(&digest, &grant).expect("small");
        let (found, kept) = read(&id, &bytes).expect("just written");
        assert!(found.is_same(&digest));
        assert_eq!(kept, grant);
        assert!(read(&id, &bytes[..bytes.len() - 1]).is_err());
    }
}
