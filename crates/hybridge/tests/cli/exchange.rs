//! `hybridge exchange`, `session` and `exception` against a running service.
//! What is agreed is compared between the two ends, not only looked at.

use snapbox::{assert_data_eq, str};

use crate::running::Running;

#[test]
fn a_hybrid_session_is_agreed_with_a_pinned_identity() {
    let service = Running::start();
    let first = service.run(&["exchange", "--identity", "service.pem", "--trust-on-first-use"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert_data_eq!(
        first.stdout,
        str![[r#"
session             [..]
suite               X-Wing/HKDF-SHA-256/AES-256-GCM
hybrid              yes
expires             [..]Z
identity            [..]
known as            token:[..]

"#]]
    );
    assert!(first.stderr.starts_with("warning: trusting "), "{}", first.stderr);
    assert!(
        first.stderr.contains("its identity is pinned in service.pem\n"),
        "{}",
        first.stderr
    );
    let api = format!("http://{}", service.up.api);
    let second = service.run(&["exchange", &api, "--identity", "service.pem", "--check"]);
    assert_eq!((second.code, second.stderr.as_str()), (Some(0), ""));
    assert!(
        second.stdout.contains("\nchecked             a message each way"),
        "{}",
        second.stdout
    );
    let agreed = service.json(&[
        "exchange",
        "--identity",
        "service.pem",
        "--suite",
        "MLKEM1024-P384",
    ]);
    assert_eq!(agreed["suite"], "MLKEM1024-P384/HKDF-SHA-384/AES-256-GCM");
    assert_eq!(agreed["hybrid"], true);
}

#[test]
fn another_identity_than_the_pinned_one_is_not_believed() {
    let (service, other) = (Running::start(), Running::start());
    other.done(&["exchange", "--identity", "service.pem", "--trust-on-first-use"]);
    service.put("other.pem", &other.file("service.pem"));
    let finished = service.run(&["exchange", "--identity", "other.pem", "--trust-on-first-use"]);
    assert_ne!(finished.code, Some(0));
    assert_eq!(finished.stdout, "");
    assert!(finished.stderr.contains("identity"), "{}", finished.stderr);
    let said = service.refused(2, &["exchange"]);
    assert!(said.starts_with("error: nobody said whom to believe\n"), "{said}");
    let said = service.refused(4, &["exchange", "--identity", "missing.pem"]);
    assert!(
        said.starts_with("error: the identity missing.pem does not exist\n"),
        "{said}"
    );
}

#[test]
fn both_ends_export_the_same_key_until_the_session_is_closed() {
    let service = Running::start();
    let export = [
        "exchange",
        "--trust-on-first-use",
        "--export",
        "backup",
        "--output",
        "ours",
    ];
    let finished = service.run(&export);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let session = finished
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("session "));
    let session = session.expect("it says which session").trim().to_owned();
    let theirs = [
        "session", "export", &session, "--label", "backup", "--output", "theirs",
    ];
    service.done(&theirs);
    assert_eq!(service.file("ours").len(), 32);
    assert_eq!(service.file("ours"), service.file("theirs"));
    service.done(&[
        "session", "export", &session, "--label", "other", "--output", "else",
    ]);
    assert_ne!(service.file("ours"), service.file("else"));
    service.put("reply", b"hello");
    service.done(&[
        "session", "seal", &session, "--input", "reply", "--output", "sealed",
    ]);
    assert_eq!(service.file("sealed").len(), 12 + 5 + 16);
    let said = service.refused(2, &["session", "open", &session, "--input", "sealed"]);
    assert!(said.contains("message_refused"), "what it sealed itself: {said}");
    service.done(&["session", "close", &session]);
    let said = service.refused(7, &theirs);
    assert!(said.contains("(404 session_unknown)"), "{said}");
    let said = service.refused(2, &["session", "close", "C2"]);
    assert!(said.contains("it is 32 lower-case hexadecimal digits"), "{said}");
}

#[test]
fn a_classical_suite_needs_an_open_exception() {
    let service = Running::start();
    let classical = ["exchange", "--trust-on-first-use", "--suite", "X25519"];
    let said = service.refused(2, &classical);
    assert!(said.contains("(422 suite_not_allowed)"), "{said}");
    let open = [
        "exception",
        "open",
        "old-partner",
        "--suite",
        "X25519",
        "--owner",
        "ops",
        "--lifetime",
        "1d",
    ];
    let opened = service.done(&[&open[..], &["--reason", "until May"]].concat());
    assert_data_eq!(
        opened,
        str![[r#"
open                old-partner
allows              X25519/HKDF-SHA-256/AES-256-GCM
owner               ops
reason              until May
expires             [..]Z

"#]]
    );
    let agreed = service.done(&classical);
    assert!(
        agreed.contains("\nhybrid              NO: classical, under the exception old-partner;"),
        "{agreed}"
    );
    assert!(
        service
            .done(&["exception", "list"])
            .contains("\nold-partner  ops    ")
    );
    service.done(&["exception", "close", "old-partner"]);
    service.refused(2, &classical);
    assert_eq!(service.json(&["exception", "list"]), serde_json::json!([]));
    let said = service.refused(2, &["exchange", "--trust-on-first-use", "--suite", "NULL"]);
    assert!(
        said.contains("it is one of X-Wing/HKDF-SHA-256/AES-256-GCM"),
        "{said}"
    );
}
