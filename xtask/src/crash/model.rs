//! What the service must be: the oracle's own account of keys and tokens, from the ledger alone.
//!
//! The transitions are those of SP 800-57 Part 1 §7, written here once more: nothing is asked of the
//! service to know what an acknowledged change has done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ledger::{Deed, Event, Made, Purpose};

/// Everything that was acknowledged, and what was asked for and not answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) keys: BTreeMap<String, Key>,
    /// By id.
    pub(super) tokens: BTreeMap<String, Token>,
    /// Asked for, and neither acknowledged nor refused.
    pub(super) open: BTreeMap<u64, Deed>,
    /// Acknowledged: the request's id and what was done.
    pub(super) acknowledged: Vec<(String, Deed)>,
    pub(super) last: u64,
}

/// A key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) purpose: Purpose,
    pub(super) shape: Shape,
    pub(super) canaries: Vec<Canary>,
}

/// What of a key changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) primary: u32,
    pub(super) disabled: bool,
    /// Its destruction is announced.
    pub(super) doomed: bool,
    pub(super) destroyed: bool,
    pub(super) versions: BTreeMap<u32, Version>,
}

/// What happened to a version.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a time that was or was not; the state follows from them"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) suspended: bool,
    pub(super) deactivated: bool,
    pub(super) compromised: bool,
    pub(super) destroyed: bool,
    pub(super) quarantined: bool,
    pub(super) doomed: bool,
}

/// Something that a version protected, with what must come out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Canary {
    pub(super) version: u32,
    /// The plaintext, or the message that was signed, in base64.
    pub(super) content: String,
    /// The ciphertext or the signature, in base64.
    pub(super) protected: String,
}

/// A token of the test.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) secret: String,
    pub(super) revoked: bool,
    /// The number of the acknowledgement that changed it last.
    pub(super) touched: usize,
}

impl Shape {
    /// A key with one version.
    pub(super) fn new() -> Self {
        let versions = BTreeMap::from([(1, Version::default())]);
        Self {
            primary: 1,
            versions,
            ..Self::default()
        }
    }

    /// What the service shows of a key.
    pub(super) fn shown(key: &Value) -> Option<Self> {
        let is = |of: &Value, name: &str| of.get(name).is_some_and(|value| !value.is_null());
        let mut versions = BTreeMap::new();
        for version in key.get("versions")?.as_array()? {
            let shown = Version {
                suspended: is(version, "suspended"),
                deactivated: is(version, "deactivated"),
                compromised: is(version, "compromised"),
                destroyed: is(version, "destroyed"),
                quarantined: version.get("quarantined")?.as_bool()?,
                doomed: is(version, "destroy_after"),
            };
            versions.insert(u32::try_from(version.get("number")?.as_u64()?).ok()?, shown);
        }
        Some(Self {
            primary: u32::try_from(key.get("primary")?.as_u64()?).ok()?,
            disabled: is(key, "disabled"),
            doomed: is(key, "destroy_after"),
            destroyed: is(key, "destroyed"),
            versions,
        })
    }

    /// The shape after a deed.
    pub(super) fn after(&self, deed: &Deed) -> Self {
        let mut after = self.clone();
        match deed {
            Deed::Rotate { .. } => {
                let old = after.add_primary();
                after.change(old, |version| version.deactivated = true);
            }
            Deed::Compromise { .. } => {
                let old = after.add_primary();
                after.change(old, |version| {
                    version.compromised = true;
                    version.quarantined = true;
                });
            }
            Deed::Disable { version: None, .. } => after.disabled = true,
            Deed::Enable { version: None, .. } => after.disabled = false,
            Deed::Destroy { version: None, .. } => after.doomed = true,
            Deed::Cancel { version: None, .. } => after.doomed = false,
            Deed::Disable {
                version: Some(number),
                ..
            } => after.change(*number, |version| version.suspended = true),
            Deed::Enable {
                version: Some(number),
                ..
            } => after.change(*number, |version| version.suspended = false),
            Deed::Destroy {
                version: Some(number),
                ..
            } => after.change(*number, |version| version.doomed = true),
            Deed::Cancel {
                version: Some(number),
                ..
            } => after.change(*number, |version| version.doomed = false),
            Deed::Create { .. }
            | Deed::Protect { .. }
            | Deed::TokenCreate { .. }
            | Deed::TokenRevoke { .. } => {}
        }
        after
    }

    /// The shape after the window of what is announced has ended.
    pub(super) fn reaped(&self) -> Self {
        let mut after = self.clone();
        let all = after.doomed;
        for version in after.versions.values_mut() {
            if (all || version.doomed) && !version.destroyed {
                version.destroyed = true;
                version.quarantined = false;
                version.doomed = false;
            }
        }
        after.destroyed |= all;
        after.doomed = false;
        after
    }

    fn add_primary(&mut self) -> u32 {
        let old = self.primary;
        self.primary = self.versions.keys().next_back().map_or(1, |newest| newest + 1);
        self.versions.insert(self.primary, Version::default());
        old
    }

    fn change(&mut self, number: u32, change: impl FnOnce(&mut Version)) {
        if let Some(version) = self.versions.get_mut(&number) {
            change(version);
        }
    }

    /// True where nothing stands against any use of the key as a whole.
    pub(super) fn is_usable(&self) -> bool {
        !self.disabled && !self.doomed && !self.destroyed
    }

    /// True where the version must open what it protected; where not, it must refuse.
    pub(super) fn opens(&self, number: u32) -> bool {
        let version = self.versions.get(&number).copied().unwrap_or_default();
        let is_aside = version.suspended || version.destroyed || version.quarantined || version.doomed;
        self.is_usable() && self.versions.contains_key(&number) && !is_aside
    }

    /// True where the primary version must protect something new.
    pub(super) fn protects(&self) -> bool {
        let primary = self.versions.get(&self.primary).copied().unwrap_or_default();
        self.opens(self.primary) && !primary.deactivated && !primary.compromised
    }
}

impl Model {
    /// Takes one line of the ledger.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Sent { id, deed } => {
                self.last = self.last.max(*id);
                self.open.insert(*id, deed.clone());
            }
            Event::Done { id, request, made } => {
                if let Some(deed) = self.open.remove(id) {
                    self.happened(&deed, made.as_ref());
                    self.acknowledged.push((request.clone(), deed));
                }
            }
            Event::Refused { id, .. } => {
                self.open.remove(id);
            }
            Event::Settled { id, happened, made } => {
                if let Some(deed) = self.open.remove(id).filter(|_deed| *happened) {
                    self.happened(&deed, made.as_ref());
                }
            }
            Event::Reaped { key } => {
                if let Some(key) = self.keys.get_mut(key) {
                    key.shape = key.shape.reaped();
                }
            }
        }
    }

    fn happened(&mut self, deed: &Deed, made: Option<&Made>) {
        match (deed, made) {
            (Deed::Create { key, purpose, .. }, _) => {
                let fresh = Key {
                    purpose: *purpose,
                    shape: Shape::new(),
                    canaries: Vec::new(),
                };
                self.keys.insert(key.clone(), fresh);
            }
            (Deed::Protect { key, .. }, Some(Made::Canary(canary))) => {
                if let Some(key) = self.keys.get_mut(key) {
                    key.canaries.push(canary.clone());
                }
            }
            (Deed::TokenCreate { .. }, Some(Made::Token { id, secret })) => {
                let token = Token {
                    secret: secret.clone(),
                    revoked: false,
                    touched: self.acknowledged.len(),
                };
                self.tokens.insert(id.clone(), token);
            }
            (Deed::TokenRevoke { id }, _) => {
                if let Some(token) = self.tokens.get_mut(id) {
                    token.revoked = true;
                    token.touched = self.acknowledged.len();
                }
            }
            _ => {
                if let Some(key) = deed.key().and_then(|name| self.keys.get_mut(name)) {
                    key.shape = key.shape.after(deed);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(deeds: &[Deed]) -> Shape {
        deeds.iter().fold(Shape::new(), |shape, deed| shape.after(deed))
    }

    fn key() -> String {
        "k".to_owned()
    }

    #[test]
    fn a_rotation_leaves_one_version_that_protects_and_the_old_one_opens() {
        let shape = after(&[Deed::Rotate { key: key() }]);
        assert_eq!(shape.primary, 2);
        assert!(shape.opens(1) && shape.protects());
    }

    #[test]
    fn what_is_compromised_disabled_or_doomed_does_not_open() {
        let shape = after(&[Deed::Compromise { key: key() }]);
        assert!(!shape.opens(1) && shape.opens(2));
        let version = None;
        assert!(!after(&[Deed::Disable { key: key(), version }]).opens(1));
        assert!(!after(&[Deed::Destroy { key: key(), version }]).opens(1));
        let version = Some(1);
        let shape = after(&[Deed::Rotate { key: key() }, Deed::Destroy { key: key(), version }]);
        assert!(!shape.opens(1) && shape.opens(2));
        assert!(shape.reaped().versions[&1].destroyed);
        assert!(!shape.reaped().destroyed);
    }

    #[test]
    fn what_the_service_shows_is_read_into_the_same_terms() {
        let text = r#"{"primary": 1, "disabled": null, "destroy_after": "t", "destroyed": null, "versions": [
            {"number": 1, "suspended": null, "deactivated": null, "compromised": null, "destroyed": null,
             "quarantined": false, "destroy_after": null}]}"#;
        let shown = Shape::shown(&serde_json::from_str(text).unwrap()).unwrap();
        let version = None;
        assert_eq!(shown, after(&[Deed::Destroy { key: key(), version }]));
    }

    #[test]
    fn what_was_never_answered_changes_nothing_until_it_is_settled() {
        let mut model = Model::default();
        let deed = Deed::Create {
            key: key(),
            purpose: Purpose::Encrypt,
            once: String::new(),
        };
        model.apply(&Event::Sent { id: 1, deed });
        assert!(model.keys.is_empty() && model.open.len() == 1);
        model.apply(&Event::Settled {
            id: 1,
            happened: true,
            made: None,
        });
        assert!(model.keys.contains_key("k") && model.open.is_empty());
        assert!(model.acknowledged.is_empty());
    }
}
