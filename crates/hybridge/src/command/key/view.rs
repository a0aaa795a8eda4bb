//! Keys and versions as a person reads them. Pure text from the service's answers.
//! What a key does not have gets no row.

use serde_json::Value;

use crate::layout::row;
use crate::service::answer::{is_there, items, line, span, table, text, time};

/// Columns of a list: wide enough for most names, so that pages line up.
const WIDTHS: [usize; 5] = [28, 8, 24, 8, 12];

/// One line about a change, then the key.
pub(super) fn key(done: &str, key: &Value) -> String {
    let said = format!("{} version {}", text(key, "name"), text(key, "primary"));
    row(done, &said) + &facts(key)
}

/// The key with a table of its versions.
pub(super) fn with_versions(key: &Value) -> String {
    let versions: Vec<_> = items(&key["versions"]).iter().map(version_row).collect();
    let header = ["VERSION", "STATE", "ALGORITHM", "CREATED", "ORIGIN"];
    format!(
        "{}{}\n{}",
        row("key", &text(key, "name")),
        facts(key),
        table(&header, &versions)
    )
}

fn facts(key: &Value) -> String {
    let mut rows = vec![
        ("purpose", text(key, "purpose")),
        ("algorithm", text(key, "algorithm")),
        ("state", state(key)),
        ("operations", text(key, "policy/operations")),
        ("exportable", text(key, "policy/exportable")),
        ("dual control", text(key, "policy/dual_control")),
    ];
    let period = |pointer| span(key, pointer);
    rows.push((
        "rotates every",
        or_never(period("policy/rotation_period_seconds")),
    ));
    let optional = [
        ("next rotation", "rotate_after", time(key, "rotate_after")),
        (
            "usage limit",
            "policy/usage_limit",
            text(key, "policy/usage_limit"),
        ),
        (
            "crypto-period",
            "policy/crypto_period_seconds",
            period("policy/crypto_period_seconds"),
        ),
        ("protects for", "lifetime_seconds", period("lifetime_seconds")),
    ];
    let there = optional.into_iter().filter(|(_, pointer, _)| {
        key.pointer(&format!("/{pointer}"))
            .is_some_and(|value| !value.is_null())
    });
    rows.extend(there.map(|(label, _, said)| (label, said)));
    rows.push(("labels", labels(&key["labels"])));
    rows.iter()
        .filter(|(_, said)| said != "-")
        .map(|(label, said)| row(label, said))
        .collect()
}

fn or_never(period: String) -> String {
    if period == "-" { "never".to_owned() } else { period }
}

/// Labels as `key=value`.
pub(super) fn labels(labels: &Value) -> String {
    let pairs = labels.as_object().into_iter().flatten();
    let each: Vec<_> = pairs
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if each.is_empty() {
        "-".to_owned()
    } else {
        each.join(" ")
    }
}

/// The state of the key as a whole, in words.
fn state(key: &Value) -> String {
    for (member, words) in [
        ("destroyed", "destroyed"),
        ("destroy_after", "to be destroyed at"),
        ("disabled", "disabled since"),
    ] {
        if is_there(key, member) {
            return format!("{words} {}", time(key, member));
        }
    }
    "enabled".to_owned()
}

/// The state in one word, for a list.
fn state_word(key: &Value) -> &'static str {
    if is_there(key, "destroyed") {
        "destroyed"
    } else if is_there(key, "destroy_after") {
        "destroying"
    } else if is_there(key, "disabled") {
        "disabled"
    } else {
        "enabled"
    }
}

fn version_row(version: &Value) -> Vec<String> {
    let quarantined = version["quarantined"].as_bool() == Some(true);
    let state = if quarantined {
        format!("{}, quarantined", text(version, "state"))
    } else {
        text(version, "state")
    };
    vec![
        text(version, "number"),
        state,
        text(version, "algorithm"),
        time(version, "created"),
        text(version, "origin"),
    ]
}

/// A page of a list, with the header before the first one.
pub(super) fn list(keys: &[Value], is_first: bool) -> String {
    let header = ["NAME", "PURPOSE", "ALGORITHM", "PRIMARY", "STATE"].map(str::to_owned);
    let header = if is_first && !keys.is_empty() {
        line(&header, &WIDTHS)
    } else {
        String::new()
    };
    keys.iter().fold(header, |text, key| text + &list_line(key))
}

fn list_line(key: &Value) -> String {
    let cells = [
        text(key, "name"),
        text(key, "purpose"),
        text(key, "algorithm"),
        text(key, "primary"),
        state_word(key).to_owned(),
    ];
    line(&cells, &WIDTHS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_after_the_first_has_no_header() {
        let keys = [json!({"name": "a", "purpose": "sign", "algorithm": "Ed25519", "primary": 2})];
        let first = list(&keys, true);
        let second = list(&keys, false);
        assert!(first.starts_with("NAME "));
        assert_eq!(first.lines().nth(1), second.lines().next());
        assert_eq!(list(&[], true), "");
    }

    #[test]
    fn what_ends_a_key_is_its_state() {
        assert_eq!(state(&json!({"disabled": null})), "enabled");
        let both = json!({"disabled": "2026-01-02T00:00:00Z", "destroy_after": "2026-01-03T00:00:00Z"});
        assert_eq!(state(&both), "to be destroyed at 2026-01-03 00:00:00Z");
        assert_eq!(state_word(&both), "destroying");
    }

    #[test]
    fn labels_stand_in_one_line() {
        assert_eq!(labels(&json!({"b": "2", "a": "1"})), "a=1 b=2");
        assert_eq!(labels(&json!({})), "-");
    }
}
