//! A service that runs, asked through its API with the token of the data directory.
//! What one question does not get an answer to is a warning, and the others are asked all the same.

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::finding::Finding;
use super::{keys, stopped};
use crate::command_error::CommandError;
use crate::service::answer::{items, text};
use crate::service::{Service, ServiceArgs, path, segment};

/// A backup older than this, in seconds, is a failure.
const BACKUP_AGE_MAX: i64 = 24 * 3600;
/// Keys on one page.
const PAGE: usize = 500;

pub(super) fn check(args: &ServiceArgs, folder: &Path, now: Timestamp) -> Vec<Finding> {
    let service = match args.open() {
        Ok(service) => service,
        Err(error) => return vec![unanswered(&error)],
    };
    let health = match service.read("/health?live") {
        Ok(health) => health,
        Err(error) => return vec![unanswered(&error)],
    };
    let mut findings = of_health(&health);
    findings.push(beyond_loopback(&service));
    if text(&health, "keys/seal") == "unsealed" && text(&health, "keys/self_test") == "passed" {
        findings.extend(asked(&service, "seal", |service| {
            Ok(seal(&service.read("/v1/seal")?, folder))
        }));
        findings.extend(asked(&service, "backup", |service| {
            Ok(backups(&service.read("/v1/backups")?, now))
        }));
        findings.extend(asked(&service, "token", |service| {
            Ok(tokens(&service.read("/v1/tokens")?))
        }));
        findings.extend(asked(&service, "key", |service| every_key(service, now)));
    }
    findings
}

fn unanswered(error: &CommandError) -> Finding {
    Finding::fail("service", error.line()).mend("hybridge serve")
}

type Asked = Result<Vec<Finding>, CommandError>;

fn asked(service: &Service, check: &'static str, ask: impl FnOnce(&Service) -> Asked) -> Vec<Finding> {
    ask(service)
        .unwrap_or_else(|error| vec![Finding::warn(check, format!("not looked at: {}", error.line()))])
}

/// Self-test, seal, store and damage, as anybody may know them.
fn of_health(health: &Value) -> Vec<Finding> {
    let reasons = items(&health["reasons"]).iter().filter_map(Value::as_str);
    let mut findings: Vec<_> = reasons
        .filter_map(|reason| reason.strip_prefix("keys: "))
        .zip(items(&health["codes"]))
        .map(|(reason, code)| judged(code.as_str().unwrap_or_default(), reason))
        .collect();
    if text(health, "keys/self_test") == "passed" {
        findings.push(Finding::ok("selftest", "passed"));
    }
    if items(&health["keys"]["damaged"]).is_empty() {
        findings.push(Finding::ok("store", "no damage is known"));
    }
    findings
}

fn judged(code: &str, reason: &str) -> Finding {
    match code {
        "selftest_failed" => Finding::fail("selftest", reason).mend("docs/runbook.md, P0"),
        "sealed" => Finding::warn("seal", reason).mend("hybridge unseal"),
        "store_failed" | "seal_unreadable" | "records_damaged" => {
            Finding::fail("store", reason).mend("docs/runbook.md, P1")
        }
        "rotations_overdue" => Finding::fail("key", reason).mend("hybridge key rotate --all"),
        "backup_old" => Finding::fail("backup", reason).mend("hybridge backup create"),
        "fallback_open" => Finding::warn("exchange", reason).mend("hybridge exception list"),
        _ => Finding::warn("service", reason),
    }
}

fn beyond_loopback(service: &Service) -> Finding {
    if service.is_loopback() {
        Finding::ok("service", "its API answers on loopback")
    } else {
        Finding::warn(
            "service",
            "its API is reached beyond loopback: everybody there may read /health",
        )
    }
}

fn seal(seal: &Value, folder: &Path) -> Vec<Finding> {
    vec![match seal["scheme"].as_str() {
        Some("key_file") => stopped::key_file(folder),
        Some(scheme) => Finding::ok("seal", format!("opened by {scheme}")),
        None => Finding::warn("seal", "what opens it is not known"),
    }]
}

fn backups(list: &Value, now: Timestamp) -> Vec<Finding> {
    let backups = items(&list["backups"]);
    let age = |backup: &Value| {
        let taken: Timestamp = backup.pointer("/manifest/taken_at")?.as_str()?.parse().ok()?;
        Some(now.as_second() - taken.as_second())
    };
    let newest = backups.iter().filter_map(age).min();
    let mut findings = vec![match newest {
        None => Finding::fail("backup", "there is none").mend("hybridge backup create"),
        Some(age) if age > BACKUP_AGE_MAX => {
            Finding::fail("backup", format!("the newest is {} hours old", age / 3600))
                .mend("hybridge backup create")
        }
        Some(age) => Finding::ok(
            "backup",
            format!("{} of them, the newest {} minutes old", backups.len(), age / 60),
        ),
    }];
    for bad in backups.iter().filter(|backup| backup["problem"].is_string()) {
        let what = format!("{}: {}", text(bad, "name"), text(bad, "problem"));
        findings.push(Finding::fail("backup", what).mend("hybridge backup verify"));
    }
    findings
}

fn tokens(tokens: &Value) -> Vec<Finding> {
    let tokens = if tokens.is_array() {
        items(tokens)
    } else {
        items(&tokens["tokens"])
    };
    let forever = tokens.iter().filter(|token| token["expires_at"].is_null());
    let findings: Vec<_> = forever
        .map(|token| {
            let what = format!("{} ({}) never expires", text(token, "name"), text(token, "id"));
            let remedy = format!(
                "hybridge token create NAME --lifetime 90d; hybridge token revoke {}",
                text(token, "id")
            );
            Finding::warn("token", what).mend(remedy)
        })
        .collect();
    if findings.is_empty() {
        return vec![Finding::ok("token", format!("all {} expire", tokens.len()))];
    }
    findings
}

fn every_key(service: &Service, now: Timestamp) -> Asked {
    let mut findings = Vec::new();
    let mut count = 0;
    let mut after = String::new();
    loop {
        let page = service.read(&format!("/v1/keys?limit={PAGE}{after}"))?;
        let keys = items(&page["keys"]);
        count += keys.len();
        findings.extend(keys.iter().flat_map(|key| keys::judge(key, now)));
        for key in keys
            .iter()
            .filter(|key| key["policy"]["crypto_period_seconds"].is_u64())
        {
            let shown = service.read(&path("keys", &text(key, "name"), ""))?;
            findings.extend(keys::expired(&shown, now));
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={}", segment(next)),
            None => break,
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "key",
            format!("none of {count} is weak, overdue or without rotation"),
        ));
    }
    Ok(findings)
}
