//! What a key may be used for, how often and how long, as flags. Left out, the purpose's default holds.
//! Only what was given is sent.

use std::collections::BTreeMap;

use clap::Args;
use hybridge_keys::{Operation, Purpose};
use serde_json::{Map, Value, json};

use crate::service::period;

/// What makes a key, beside its material.
#[derive(Args, Debug)]
pub(crate) struct NewKey {
    /// What it is for: kem, sign, encrypt, mac or wrap
    #[arg(long, value_name = "PURPOSE", value_parser = parse_purpose)]
    purpose: String,

    /// Algorithm by its standard name [default: the purpose's: X-Wing, MLDSA65-Ed25519-SHA512, AES-256-GCM,
    /// HMAC-SHA-256]
    #[arg(long, value_name = "NAME")]
    algorithm: Option<String>,

    #[command(flatten)]
    policy: Policy,

    #[command(flatten)]
    labels: Labels,
}

/// The policy as far as somebody has an opinion.
#[derive(Args, Debug)]
pub(crate) struct Policy {
    /// It may be exported, sealed to a post-quantum recipient
    #[arg(long, overrides_with = "not_exportable")]
    exportable: bool,

    /// It may not be exported
    #[arg(long)]
    not_exportable: bool,

    /// Destroying and exporting it need a second administrator
    #[arg(long, overrides_with = "single_control")]
    dual_control: bool,

    /// One administrator is enough for everything
    #[arg(long)]
    single_control: bool,

    /// It agrees session keys; such a kem key rotates every 24 hours where no period is given
    #[arg(long, overrides_with = "no_exchange")]
    exchange: bool,

    /// It agrees no session keys
    #[arg(long)]
    no_exchange: bool,

    /// An operation that may be asked for; may be repeated [default: all of the purpose]
    #[arg(long = "operation", value_name = "OPERATION", value_parser = parse_operation)]
    operations: Vec<String>,

    /// How often one version may protect something [default: the algorithm's own limit]
    #[arg(long, value_name = "N")]
    usage_limit: Option<u64>,

    /// How often the service rotates it, or never
    #[arg(long, value_name = "PERIOD", value_parser = period::parse_or_never)]
    rotate_every: Option<u64>,

    /// How long a version may be used at all
    #[arg(long, value_name = "PERIOD", value_parser = period::parse)]
    crypto_period: Option<u64>,

    /// Versions below this one are refused
    #[arg(long, value_name = "VERSION")]
    minimum_version: Option<u32>,
}

/// What is said about a key and what it protects.
#[derive(Args, Debug)]
pub(crate) struct Labels {
    /// How long what it protects must stay protected, like 10y
    #[arg(long, value_name = "PERIOD", value_parser = period::parse)]
    lifetime: Option<u64>,

    /// A label of the key; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = parse_label)]
    labels: Vec<(String, String)>,
}

fn parse_purpose(text: &str) -> Result<String, String> {
    match Purpose::ALL.iter().find(|purpose| purpose.name() == text) {
        Some(purpose) => Ok(purpose.name().to_owned()),
        None => Err("it is kem, sign, encrypt, mac or wrap".to_owned()),
    }
}

fn parse_operation(text: &str) -> Result<String, String> {
    match Operation::ALL.iter().find(|operation| operation.name() == text) {
        Some(operation) => Ok(operation.name().to_owned()),
        None => {
            let names: Vec<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
            Err(format!("it is one of {}", names.join(", ")))
        }
    }
}

fn parse_label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

impl NewKey {
    /// The members of the request.
    pub(crate) fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("purpose".to_owned(), json!(self.purpose));
        put(&mut body, "algorithm", self.algorithm.as_deref());
        body.insert("policy".to_owned(), Value::Object(self.policy.body()));
        self.labels.put(&mut body);
        body
    }
}

impl Policy {
    /// Only what was said.
    pub(crate) fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        let operations = (!self.operations.is_empty()).then_some(self.operations.as_slice());
        put(
            &mut body,
            "exportable",
            choice(self.exportable, self.not_exportable),
        );
        put(
            &mut body,
            "dual_control",
            choice(self.dual_control, self.single_control),
        );
        put(&mut body, "exchange", choice(self.exchange, self.no_exchange));
        put(&mut body, "operations", operations);
        put(&mut body, "usage_limit", self.usage_limit);
        put(&mut body, "rotation_period_seconds", self.rotate_every);
        put(&mut body, "crypto_period_seconds", self.crypto_period);
        put(&mut body, "minimum_version", self.minimum_version);
        body
    }
}

impl Labels {
    /// Only what was said; labels as they shall be, all of them.
    pub(crate) fn put(&self, body: &mut Map<String, Value>) {
        put(body, "lifetime_seconds", self.lifetime);
        if !self.labels.is_empty() {
            let labels: BTreeMap<_, _> = self.labels.iter().cloned().collect();
            body.insert("labels".to_owned(), json!(labels));
        }
    }
}

const fn choice(yes: bool, no: bool) -> Option<bool> {
    match (yes, no) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// Puts a member that has a value.
pub(crate) fn put(body: &mut Map<String, Value>, member: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body.insert(member.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        key: NewKey,
    }

    fn body(arguments: &[&str]) -> Value {
        let all = ["x", "--purpose", "sign"]
            .into_iter()
            .chain(arguments.iter().copied());
        Value::Object(Line::try_parse_from(all).unwrap().key.body())
    }

    #[test]
    fn nothing_is_said_that_nobody_said() {
        assert_eq!(body(&[]), json!({"purpose": "sign", "policy": {}}));
    }

    #[test]
    fn flags_become_members() {
        let said = body(&[
            "--exportable",
            "--dual-control",
            "--operation",
            "sign",
            "--rotate-every",
            "never",
            "--usage-limit",
            "7",
            "--lifetime",
            "10y",
            "--label",
            "team=a",
            "--label",
            "stage=",
        ]);
        let expected = json!({
            "purpose": "sign",
            "policy": {
                "exportable": true, "dual_control": true, "operations": ["sign"],
                "rotation_period_seconds": 0, "usage_limit": 7,
            },
            "lifetime_seconds": 315_360_000,
            "labels": {"stage": "", "team": "a"},
        });
        assert_eq!(said, expected);
    }

    #[test]
    fn the_last_of_two_opposites_holds() {
        assert_eq!(
            body(&["--not-exportable", "--exportable"])["policy"]["exportable"],
            true
        );
        assert_eq!(body(&["--not-exportable"])["policy"]["exportable"], false);
        assert_eq!(body(&["--exchange"])["policy"]["exchange"], true);
        assert_eq!(body(&["--no-exchange"])["policy"]["exchange"], false);
    }

    #[test]
    fn what_is_no_label_or_operation_is_refused() {
        assert!(parse_label("team").is_err());
        assert!(parse_label("=x").is_err());
        assert!(parse_operation("fly").unwrap_err().contains("decapsulate"));
        assert!(parse_purpose("party").is_err());
    }
}
