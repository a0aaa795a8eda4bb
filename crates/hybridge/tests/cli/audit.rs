//! `hybridge audit`: what was exported is verified without the service, and every change of it is found.
//! Each change is made to a copy, so that the original stays the control that passes.

use crate::hybridge::{Finished, run};
use crate::running::Running;

/// A service that was asked for a few things and killed in between, with its log and its key exported.
fn exported() -> Running {
    let service = Running::start();
    service.done(&["key", "create", "app/one", "--purpose", "mac"]);
    let service = service.killed_and_restarted();
    service.done(&["key", "create", "app/two", "--purpose", "mac"]);
    let pem = service.done(&["audit", "public-key"]);
    service.put("audit.pem", pem.as_bytes());
    service.done(&["audit", "export", "--output", "log.jsonl"]);
    service
}

/// Verifies a changed copy of the export.
fn verify(service: &Running, changed: &[u8]) -> Finished {
    service.put("changed.jsonl", changed);
    service.run(&["audit", "verify", "changed.jsonl", "--key", "audit.pem"])
}

#[test]
fn an_export_is_verified_with_the_public_key_alone() {
    let service = exported();
    let verified = service.done(&["audit", "verify", "log.jsonl", "--key", "audit.pem"]);
    assert!(
        verified.contains("nothing was changed, removed or cut off"),
        "{verified}"
    );
    let log = String::from_utf8(service.file("log.jsonl")).expect("text");
    assert!(log.contains("\"key\":\"app/one\"") && log.contains("\"key\":\"app/two\""));
}

#[test]
fn a_flipped_byte_a_missing_entry_and_a_cut_tail_are_found_and_located() {
    let service = exported();
    let log = service.file("log.jsonl");
    let text = String::from_utf8(log.clone()).expect("text");

    let flipped = text.replacen("app/one", "app/0ne", 1);
    let finished = verify(&service, flipped.as_bytes());
    assert_eq!(finished.code, Some(1));
    assert!(finished.stdout.contains("was changed"), "{}", finished.stdout);

    let lines: Vec<&str> = text.lines().collect();
    let mut removed = lines.clone();
    removed.remove(3);
    let finished = verify(&service, (removed.join("\n") + "\n").as_bytes());
    assert_eq!(finished.code, Some(1));
    assert!(finished.stdout.contains("entry 4"), "{}", finished.stdout);

    let cut = lines[..lines.len() - 2].join("\n") + "\n";
    let finished = verify(&service, cut.as_bytes());
    assert_eq!(finished.code, Some(1));
    assert!(
        finished.stdout.contains("the end is missing"),
        "{}",
        finished.stdout
    );

    let finished = verify(&service, &log[..log.len() - 10]);
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);

    let foreign = Running::start();
    let pem = foreign.done(&["audit", "public-key"]);
    service.put("foreign.pem", pem.as_bytes());
    let finished = service.run(&["audit", "verify", "log.jsonl", "--key", "foreign.pem"]);
    assert_eq!(finished.code, Some(1), "another service's key");
}

#[test]
fn the_log_of_a_stopped_store_is_verified_in_place() {
    let service = exported();
    let head = {
        let value = service.json(&["audit", "verify", "log.jsonl", "--key", "audit.pem"]);
        value["head"].as_str().expect("a head").to_owned()
    };
    let said = service.refused(4, &["audit", "verify", "--key", "audit.pem"]);
    assert!(said.contains("is in use"), "{said}");
    let (folder, data) = service.stopped();
    let (data, pem) = (data.to_str().expect("plain"), folder.path().join("audit.pem"));
    let pem = pem.to_str().expect("plain");
    let finished = run(&["audit", "verify", "--data", data, "--key", pem, "--expect", &head]);
    assert_eq!(finished.code, Some(0), "{} {}", finished.stdout, finished.stderr);
    let elsewhere = format!("2:{}", "00".repeat(32));
    let finished = run(&[
        "audit", "verify", "--data", data, "--key", pem, "--expect", &elsewhere,
    ]);
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
}

#[test]
fn the_log_of_a_stopped_service_is_shown_and_exported_without_a_signed_end() {
    let service = exported();
    let shown = service.done(&["audit", "tail", "-n", "1000", "--json"]);
    let (folder, data) = service.stopped();
    let at = |name: &str| folder.path().join(name).to_str().expect("plain").to_owned();
    let (data, pem, log) = (
        data.to_str().expect("plain"),
        at("audit.pem"),
        at("offline.jsonl"),
    );

    let tail = run(&["audit", "tail", "-n", "1000", "--json", "--data", data]);
    assert_eq!(tail.code, Some(0), "{}", tail.stderr);
    assert!(
        tail.stdout.starts_with(&shown),
        "the same entries, then those of the end"
    );
    let follow = run(&["audit", "tail", "-f", "--data", data]);
    assert_eq!(follow.code, Some(2), "{}", follow.stderr);

    let export = run(&["audit", "export", "--output", &log, "--data", data]);
    assert_eq!(export.code, Some(0), "{}", export.stderr);
    assert!(export.stderr.contains("is not signed"), "{}", export.stderr);
    let verify = ["audit", "verify", &log, "--key", &pem];
    let strict = run(&[&verify[..], &["--json"]].concat());
    assert_eq!(strict.code, Some(1), "{}", strict.stdout);
    assert!(
        strict.stdout.contains("checkpoints sign it up to entry"),
        "{}",
        strict.stdout
    );
    let found = run(&[&verify[..], &["--unsigned-end", "--json"]].concat());
    assert_eq!(found.code, Some(0), "{}", found.stdout);
    let found: serde_json::Value = serde_json::from_str(&found.stdout).expect("JSON");
    let in_place = run(&["audit", "verify", "--data", data, "--key", &pem, "--json"]);
    let in_place: serde_json::Value = serde_json::from_str(&in_place.stdout).expect("JSON");
    assert_eq!(
        (&found["head"], &found["unsigned"]),
        (&in_place["head"], &in_place["unsigned"])
    );
    assert_eq!(found["end_signed"], false);

    let part = run(&["audit", "export", "--from", "3", "--output", &log, "--data", data]);
    assert_eq!(part.code, Some(0), "{}", part.stderr);
    let found = run(&[&verify[..], &["--unsigned-end"]].concat());
    assert_eq!(found.code, Some(0), "{}", found.stdout);
    assert!(found.stdout.contains("is not signed"), "{}", found.stdout);
}

#[test]
fn the_tail_shows_what_happened_and_to_whom() {
    let service = Running::start();
    service.done(&["key", "create", "app/one", "--purpose", "mac"]);
    let tail = service.done(&["audit", "tail", "-n", "1"]);
    assert!(
        tail.contains(" done key.create token:") && tail.contains("key=app/one"),
        "{tail}"
    );
    service.refused(7, &["key", "create", "app/one", "--purpose", "mac"]);
    let tail = service.done(&["audit", "tail", "-n", "1", "--json"]);
    let entry: serde_json::Value = serde_json::from_str(&tail).expect("one object in one line");
    assert_eq!(entry["entry"]["outcome"], "refused");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "damage need not be written safely")]
fn an_older_image_and_a_flipped_byte_of_a_store_are_found_in_place() {
    let service = exported();
    let (folder, data) = service.stopped();
    let database = data.join("keys.db");
    let older = std::fs::read(&database).expect("the store");
    let service = Running::at(folder, data);
    service.done(&["key", "create", "app/three", "--purpose", "mac"]);
    let (folder, data) = service.stopped();
    let newer = std::fs::read(&database).expect("the store");
    let pem = folder.path().join("audit.pem");
    let (at, pem) = (data.to_str().expect("plain"), pem.to_str().expect("plain"));
    let verify = || run(&["audit", "verify", "--data", at, "--key", pem]);
    assert_eq!(verify().code, Some(0));

    std::fs::write(&database, &older).expect("our own file");
    let found = verify();
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    assert!(found.stdout.contains("older"), "{}", found.stdout);
    let refused = run(&["serve", "--api", "127.0.0.1:0", "--data", at]);
    assert_eq!(refused.code, Some(4), "an older image is not served");
    assert!(refused.stderr.contains("--accept-rollback"), "{}", refused.stderr);

    let mut flipped = newer.clone();
    let mark = b"\"key\":\"app/two\"";
    let places = (0..newer.len() - mark.len()).filter(|&place| newer[place..].starts_with(mark));
    for place in places {
        flipped[place + 10] ^= 1;
    }
    assert_ne!(flipped, newer, "the log is in the file as it is exported");
    std::fs::write(&database, &flipped).expect("our own file");
    let found = verify();
    assert_eq!(found.code, Some(1), "{} {}", found.stdout, found.stderr);
    assert!(found.stdout.contains("TAMPERED"), "{}", found.stdout);
}
