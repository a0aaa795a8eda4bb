//! The audit log as the oracle wants it: without gaps, never rewritten, with an entry for each thing that
//! was acknowledged. The hashes are recomputed by `hybridge audit verify`, from an export and offline.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::PoisonError;

use anyhow::Context as _;
use serde_json::Value;

use super::ledger::Deed;
use super::model::Model;
use super::oracle::Oracle;
use super::service::Service;

/// Entries in one answer.
const PAGE: usize = 1000;

/// Reads the whole log and compares it with the ledger; returns how many entries there are.
pub(super) fn check(oracle: &mut Oracle<'_>, model: &Model) -> anyhow::Result<u64> {
    let Some(entries) = read(oracle)? else {
        return Ok(0);
    };
    check_chain(oracle, &entries);
    let by_request: BTreeMap<&str, &Value> = entries
        .iter()
        .map(|entry| &entry["entry"])
        .filter_map(|entry| Some((entry["request"].as_str()?, entry)))
        .collect();
    for (request, deed) in &model.acknowledged {
        match by_request.get(request.as_str()) {
            Some(entry) if is_of(entry, deed) => {}
            Some(entry) => oracle.find(format!("{deed:?} ({request}) is in the audit log as {entry}")),
            None => oracle.find(format!(
                "{deed:?} ({request}) was acknowledged and is not in the audit log"
            )),
        }
    }
    Ok(entries.len() as u64)
}

fn read(oracle: &mut Oracle<'_>) -> anyhow::Result<Option<Vec<Value>>> {
    let mut entries: Vec<Value> = Vec::new();
    loop {
        let from = entries.len() + 1;
        let reply = oracle
            .client
            .get(&format!("/v1/audit?from={from}&limit={PAGE}"))?;
        let page = reply.body.get("entries").and_then(Value::as_array);
        let Some(page) = page.filter(|_page| reply.is_done()) else {
            oracle.fault("the audit log", &reply);
            return Ok(None);
        };
        entries.extend(page.iter().cloned());
        if page.len() < PAGE {
            return Ok(Some(entries));
        }
    }
}

/// Numbers without gaps, and the same hashes as last time.
fn check_chain(oracle: &Oracle<'_>, entries: &[Value]) {
    for (index, entry) in entries.iter().enumerate() {
        if entry["sequence"].as_u64() != Some(index as u64 + 1) {
            oracle.find(format!("entry {} of the audit log is {entry}", index + 1));
            return;
        }
    }
    let hashes: Vec<String> = entries
        .iter()
        .map(|entry| entry["hash"].as_str().unwrap_or_default().to_owned())
        .collect();
    let mut known = oracle.stage.hashes.lock().unwrap_or_else(PoisonError::into_inner);
    if hashes.len() < known.len() || hashes[..known.len()] != known[..] {
        let (before, after) = (known.len(), hashes.len());
        oracle.find(format!(
            "the audit log was rewritten: {before} entries before, {after} now"
        ));
        return;
    }
    *known = hashes;
}

fn is_of(entry: &Value, deed: &Deed) -> bool {
    entry["event"] == deed.event()
        && entry["outcome"] == "done"
        && deed.key().is_none_or(|key| entry["key"] == key)
}

/// What `hybridge audit verify` says of an export of the log, with the public keys alone.
#[derive(Debug)]
pub(super) enum Verified {
    Sound,
    Wrong(String),
    /// The binary has no such command.
    NotThere,
}

/// Exports the log and verifies it offline.
pub(super) fn verify(service: &Service) -> anyhow::Result<Verified> {
    let place = service.place();
    let folder = place.disk.with_file_name("export");
    std::fs::create_dir_all(&folder)?;
    let (log, keys) = (folder.join("audit.jsonl"), folder.join("keys.pem"));
    let run = |words: &[&str]| {
        let mut command = Command::new(&place.binary);
        command.args(words).env("HYBRIDGE_DATA", place.home());
        command.output().context("cannot run hybridge audit")
    };
    if !run(&["audit", "--help"])?.status.success() {
        return Ok(Verified::NotThere);
    }
    let exported = run(&["audit", "export", "--output", &log.to_string_lossy()])?;
    if !exported.status.success() {
        let said = String::from_utf8_lossy(&exported.stderr).into_owned();
        return Ok(Verified::Wrong(format!("audit export: {said}")));
    }
    let public = run(&["audit", "public-key"])?;
    std::io::Write::write_all(&mut std::fs::File::create(&keys)?, &public.stdout)?;
    let verified = run(&[
        "audit",
        "verify",
        &log.to_string_lossy(),
        "--key",
        &keys.to_string_lossy(),
    ])?;
    let _removed = std::fs::remove_dir_all(&folder);
    if verified.status.success() {
        return Ok(Verified::Sound);
    }
    let said = [verified.stdout, verified.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok(Verified::Wrong(format!("audit verify: {said}")))
}
