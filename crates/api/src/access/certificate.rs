//! Client certificates, as our own edge verified them.
//!
//! The edge says the certificate's names in a field that it takes away from everybody else, and proves that it
//! is ours; without that proof the field is not looked at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName};
use hybridge_keys::token::Rate;
use hybridge_policy::access::{Pace, Rights};

use crate::admission::Way;
use crate::config::IdentityRule;
use crate::principal::Identity;

/// The names in the client's certificate, separated by commas.
const NAMES: HeaderName = HeaderName::from_static("hybridge-tls-client");
/// Principals whose pace is remembered.
const KNOWN_MAX: usize = 4096;

/// Who the holders of certificates are.
#[derive(Debug)]
pub(crate) struct Certificates {
    rules: Vec<(IdentityRule, Rights)>,
    rate: Rate,
    known: Mutex<HashMap<String, Arc<Identity>>>,
}

/// What a request says of its client's certificate.
#[derive(Debug)]
pub(crate) enum Shown {
    /// None was shown.
    Nothing,
    /// It was verified, but nobody said who its names are.
    Stranger,
    Known(Arc<Identity>),
}

impl Certificates {
    pub(crate) fn new(rules: &[IdentityRule], rate: Rate) -> Self {
        let with_rights = |rule: &IdentityRule| (rule.clone(), Rights::new(rule.bindings.clone()));
        Self {
            rules: rules.iter().map(with_rights).collect(),
            rate,
            known: Mutex::default(),
        }
    }

    /// Who asks, by their certificate. The first rule that matches any of its names counts.
    pub(crate) fn find(&self, headers: &HeaderMap, way: Way) -> Shown {
        let Way::Edge(_) = way else { return Shown::Nothing };
        let mut fields = headers.get_all(NAMES).iter();
        let (Some(names), None) = (fields.next(), fields.next()) else {
            return Shown::Nothing;
        };
        let names = names.to_str().unwrap_or_default().split(',');
        for (rule, rights) in &self.rules {
            if let Some(name) = names.clone().find(|name| rule.name.matches(name)) {
                return Shown::Known(self.known(name, rights));
            }
        }
        Shown::Stranger
    }

    fn known(&self, name: &str, rights: &Rights) -> Arc<Identity> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = known.get(name) {
            return Arc::clone(identity);
        }
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        let identity = Arc::new(Identity {
            name: name.to_owned(),
            rights: rights.clone(),
            pace: Pace::new(self.rate.per_second, self.rate.burst),
        });
        known.insert(name.to_owned(), Arc::clone(&identity));
        identity
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use hybridge_keys::token::Rate;
    use hybridge_policy::access::Role;

    use super::{Certificates, NAMES, Shown};
    use crate::admission::Way;
    use crate::config::Config;

    fn certificates() -> Certificates {
        let config = r#"{"identity": [
            {"name": "spiffe://example.org/pay", "binding": [{"role": "user", "names": ["pay/*"]}]},
            {"name": "spiffe://example.org/*", "binding": [{"role": "auditor"}]},
            {"name": "dns:ops.example", "binding": [{"role": "operator"}]}
        ]}"#;
        let config: Config = serde_json::from_str(config).expect("a configuration");
        config.validate().expect("sound");
        let rate = Rate {
            per_second: 0,
            burst: 1,
        };
        Certificates::new(&config.identities, rate)
    }

    fn found(names: &[&str], way: Way) -> Shown {
        let mut headers = HeaderMap::new();
        for names in names {
            headers.append(NAMES, HeaderValue::from_str(names).expect("ASCII"));
        }
        certificates().find(&headers, way)
    }

    fn check(names: &str, name: &str, role: Role) {
        match found(&[names], Way::Edge(None)) {
            Shown::Known(identity) => {
                assert_eq!(identity.name, name);
                assert_eq!(identity.rights.bindings()[0].role, role);
            }
            other => panic!("{names}: {other:?}"),
        }
    }

    #[test]
    fn the_first_rule_that_matches_says_who_it_is() {
        check("spiffe://example.org/pay", "spiffe://example.org/pay", Role::User);
        check(
            "spiffe://example.org/web",
            "spiffe://example.org/web",
            Role::Auditor,
        );
        check(
            "dns:other.example,dns:ops.example",
            "dns:ops.example",
            Role::Operator,
        );
    }

    #[test]
    fn who_is_not_known_is_a_stranger() {
        for names in [
            "dns:example.org",
            "spiffe://example.orgx/pay",
            "dns:ops.example.evil",
            "",
        ] {
            assert!(
                matches!(found(&[names], Way::Edge(None)), Shown::Stranger),
                "{names}"
            );
        }
    }

    #[test]
    fn nobody_but_the_edge_is_believed() {
        let direct = Way::Direct(([127, 0, 0, 1], 1).into());
        assert!(matches!(found(&["dns:ops.example"], direct), Shown::Nothing));
        let twice = ["dns:ops.example", "dns:ops.example"];
        assert!(matches!(found(&twice, Way::Edge(None)), Shown::Nothing));
    }

    #[test]
    fn a_rule_that_would_match_by_accident_is_refused() {
        for name in [
            "*",
            "ops.example",
            "dns:*.example",
            "spiffe://*/pay",
            "dns:a,dns:b",
        ] {
            let rule = serde_json::json!({"identity": [{"name": name, "binding": []}]});
            let config: Config = serde_json::from_value(rule).expect("a configuration");
            assert!(config.validate().is_err(), "{name}");
        }
    }
}
