//! `hybridge doctor` on a real service and on its data directory alone: what it finds, and how it ends.
//! What is damaged is damaged in the files, while nothing runs.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::hybridge::run;
use crate::running::Running;

/// The findings of one check that are in this state.
fn found(report: &Value, check: &str, state: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list");
    let wanted = findings
        .iter()
        .filter(|finding| finding["check"] == check && finding["state"] == state);
    wanted
        .map(|finding| finding["what"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn doctor(service: &Running, code: i32) -> Value {
    let finished = service.run(&["doctor", "--json"]);
    assert_eq!(
        finished.code,
        Some(code),
        "{}{}",
        finished.stdout,
        finished.stderr
    );
    serde_json::from_str(&finished.stdout).expect("JSON")
}

#[test]
fn a_service_with_strong_keys_and_a_backup_passes_with_advice() {
    let service = Running::start();
    service.done(&["key", "create", "app/one", "--purpose", "sign"]);
    service.done(&["backup", "create"]);
    let report = doctor(&service, 0);
    assert_eq!(report["passed"], true);
    assert_eq!(found(&report, "key", "ok").len(), 1, "{report}");
    assert_eq!(found(&report, "selftest", "ok"), ["passed"]);
    assert!(
        found(&report, "seal", "warn")[0].contains("a key file beside the data"),
        "{report}"
    );
    assert!(
        found(&report, "backup", "warn")[0].contains("backup.identity"),
        "{report}"
    );
    assert!(
        found(&report, "token", "warn")[0].contains("never expires"),
        "{report}"
    );
}

#[test]
fn weak_keys_and_missing_backups_are_named_with_their_remedy() {
    let service = Running::configured("[backup]\nevery = \"0s\"\n");
    let weak = [
        "key",
        "create",
        "old/kem",
        "--purpose",
        "kem",
        "--algorithm",
        "X25519",
    ];
    service.done(
        &[
            &weak[..],
            &["--lifetime", "10y", "--exportable", "--rotate-every", "never"],
        ]
        .concat(),
    );
    service.done(&[
        "key",
        "create",
        "old/small",
        "--purpose",
        "kem",
        "--algorithm",
        "ML-KEM-512",
    ]);
    let report = doctor(&service, 1);
    assert_eq!(report["passed"], false);
    assert_eq!(found(&report, "backup", "fail"), ["there is none"]);
    assert!(found(&report, "key", "fail")[0].starts_with("old/kem is classical alone (X25519)"));
    let warned = found(&report, "key", "warn").join("; ");
    for what in [
        "old/kem is never rotated",
        "old/kem may leave",
        "old/small is of category 1",
    ] {
        assert!(warned.contains(what), "{what}: {warned}");
    }
    let shown = service.run(&["doctor"]).stdout;
    assert!(
        shown.contains("-> hybridge key configure old/kem --rotate-every 90d"),
        "{shown}"
    );
}

#[test]
fn a_file_that_others_can_read_fails_while_the_service_is_stopped_too() {
    let service = Running::start();
    let (_folder, data) = service.stopped();
    let path = data.to_str().expect("plain name");
    let finished = run(&["doctor", "--data", path]);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    assert!(
        finished.stdout.contains("does not run here"),
        "{}",
        finished.stdout
    );
    assert!(
        finished.stdout.contains("no damage is known"),
        "{}",
        finished.stdout
    );
    let key = data.join("root.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).expect("our own file");
    let finished = run(&["doctor", "--data", path]);
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
    let remedy = format!("-> chmod 600 {}", key.display());
    assert!(finished.stdout.contains(&remedy), "{}", finished.stdout);
}

/// Flips one bit of each copy of what follows a mark; how many there were.
fn flip_after(path: &std::path::Path, mark: &[u8]) -> usize {
    let mut bytes = std::fs::read(path).expect("the store");
    let places: Vec<_> = bytes
        .windows(mark.len())
        .enumerate()
        .filter(|(_, window)| *window == mark)
        .map(|(at, _)| at + mark.len() + 40)
        .collect();
    for place in &places {
        bytes[*place] ^= 1;
    }
    let mut file = std::fs::File::create(path).expect("our own file");
    file.write_all(&bytes).expect("our own file");
    places.len()
}

#[test]
fn a_damaged_record_is_named_in_health_and_by_doctor_and_stops_no_other() {
    let service = Running::start();
    service.done(&["key", "create", "app/broken-one", "--purpose", "sign"]);
    service.done(&["key", "create", "app/whole", "--purpose", "sign"]);
    service.done(&["backup", "create"]);
    let (folder, data) = service.stopped();
    assert!(flip_after(&data.join("keys.db"), b"app/broken-one\0\0\0\0\x01") > 0);
    let service = Running::at(folder, data);
    let refused = service.run_with(&["key", "sign", "app/broken-one"], &[], b"x").0;
    assert_ne!(refused.code, Some(0));
    assert_eq!(
        service.run_with(&["key", "sign", "app/whole"], &[], b"x").0.code,
        Some(0)
    );
    let report = doctor(&service, 1);
    let named = found(&report, "store", "fail").join(" ");
    assert!(named.contains("version/app/broken-one version 1"), "{report}");
}
