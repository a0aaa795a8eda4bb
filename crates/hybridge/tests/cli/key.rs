//! `hybridge key` against a running service: making, using, rotating and ending keys.
//! Every result is used again, by the command that undoes or checks it.

use snapbox::{assert_data_eq, str};

use crate::running::Running;

#[test]
fn a_key_is_made_shown_and_listed() {
    let service = Running::start();
    let made = service.done(&[
        "key",
        "create",
        "app/signing",
        "--purpose",
        "sign",
        "--label",
        "team=payments",
        "--lifetime",
        "10y",
    ]);
    assert_data_eq!(
        made,
        str![[r#"
made                app/signing version 1
purpose             sign
algorithm           MLDSA65-Ed25519-SHA512
state               enabled
operations          sign, verify
exportable          no
dual control        no
rotates every       90 d
next rotation       [..]Z
protects for        10 y
labels              team=payments

"#]]
    );
    let shown = service.done(&["key", "show", "app/signing"]);
    assert!(
        shown.contains("\n1        active  MLDSA65-Ed25519-SHA512  "),
        "{shown}"
    );
    let pem = service.done(&["key", "show", "app/signing", "--public-key"]);
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
    assert!(pem.ends_with("\n-----END PUBLIC KEY-----\n"), "{pem}");
    assert_data_eq!(
        service.done(&["key", "list"]),
        str![[r#"
NAME                          PURPOSE   ALGORITHM                 PRIMARY   STATE
app/signing                   sign      MLDSA65-Ed25519-SHA512    1         enabled

"#]]
    );
    let said = service.refused(7, &["key", "create", "app/signing", "--purpose", "sign"]);
    assert!(said.contains("(409 exists)"), "{said}");
    let said = service.refused(7, &["key", "show", "app/other"]);
    assert!(said.contains("(404 not_found)"), "{said}");
}

#[test]
fn a_list_goes_through_all_pages() {
    let service = Running::start();
    for number in 0..5 {
        service.done(&["key", "create", &format!("many/{number}"), "--purpose", "mac"]);
    }
    service.done(&["key", "create", "other", "--purpose", "mac"]);
    let list = ["key", "list", "--prefix", "many/", "--page", "2"];
    let shown = service.done(&list);
    let names = shown
        .lines()
        .map(|line| line.split(' ').next().unwrap_or_default());
    let expected = ["NAME", "many/0", "many/1", "many/2", "many/3", "many/4"];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let lines = service.done(&[&list[..], &["--json"]].concat());
    let objects = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an object in each line"));
    assert_eq!(
        objects.map(|key| key["name"].clone()).collect::<Vec<_>>(),
        expected[1..]
    );
}

#[test]
fn a_signature_is_genuine_for_its_message_alone() {
    let service = Running::start();
    service.done(&[
        "key",
        "create",
        "app/s",
        "--purpose",
        "sign",
        "--algorithm",
        "ML-DSA-65",
    ]);
    service.put("message", b"pay 10");
    service.put("other", b"pay 99");
    let sign = [
        "key",
        "sign",
        "app/s",
        "--input",
        "message",
        "--context",
        "invoice",
    ];
    service.done(&[&sign[..], &["--output", "signature"]].concat());
    assert_eq!(service.file("signature").len(), 3309);
    let verify = |input: &str, context: &str| {
        let input = [
            "key",
            "verify",
            "app/s",
            "--input",
            input,
            "--signature",
            "signature",
        ];
        let finished = service.run(&[&input[..], &["--context", context]].concat());
        (finished.code, finished.stdout)
    };
    assert_eq!(
        verify("message", "invoice"),
        (Some(0), "signature           genuine\n".to_owned())
    );
    assert_eq!(
        verify("other", "invoice"),
        (Some(1), "signature           not genuine\n".to_owned())
    );
    assert_eq!(verify("message", "offer").0, Some(1));
}

#[test]
fn what_is_encrypted_through_pipes_comes_back_after_a_rotation() {
    let service = Running::start();
    service.done(&["key", "create", "app/data", "--purpose", "encrypt"]);
    let plain = [0_u8, 159, 146, 150, 10];
    let aad = ["--associated-data", "row 7"];
    let (_, sealed) = service.run_with(&[&["key", "encrypt", "app/data"], &aad[..]].concat(), &[], &plain);
    assert!(sealed.len() > plain.len());
    service.done(&["key", "rotate", "app/data"]);
    let (opened, bytes) = service.run_with(
        &[&["key", "decrypt", "app/data"], &aad[..]].concat(),
        &[],
        &sealed,
    );
    assert_eq!((opened.code, bytes.as_slice()), (Some(0), plain.as_slice()));
    assert_eq!(opened.stderr, "plaintext: 5 bytes, version 1\n");
    let (moved, newest) =
        service.run_with(&[&["key", "rewrap", "app/data"], &aad[..]].concat(), &[], &sealed);
    assert_eq!(
        moved.stderr,
        format!("ciphertext: {} bytes, version 2\n", newest.len())
    );
    let (refused, bytes) = service.run_with(&["key", "decrypt", "app/data"], &[], &newest);
    assert!(bytes.is_empty());
    assert_ne!(refused.code, Some(0), "the associated data is missing");
}

#[test]
fn a_data_key_and_a_shared_secret_come_back() {
    let service = Running::start();
    service.done(&["key", "create", "w", "--purpose", "wrap"]);
    service.done(&[
        "key",
        "data-key",
        "w",
        "--wrapped",
        "wrapped",
        "--output",
        "plain",
    ]);
    service.done(&["key", "decrypt", "w", "--input", "wrapped", "--output", "again"]);
    assert_eq!(service.file("plain").len(), 32);
    assert_eq!(service.file("plain"), service.file("again"));
    service.done(&["key", "create", "k", "--purpose", "kem"]);
    service.done(&["key", "encapsulate", "k", "--ciphertext", "ct", "--output", "one"]);
    service.done(&["key", "decapsulate", "k", "--input", "ct", "--output", "two"]);
    assert_eq!(service.file("one").len(), 32);
    assert_eq!(service.file("one"), service.file("two"));
    let answer = service.json(&["key", "encapsulate", "k"]);
    assert!(answer["ciphertext"].is_string() && answer["shared_secret"].is_string());
    let said = service.refused(2, &["key", "data-key", "w"]);
    assert!(said.contains("--wrapped <FILE>"), "{said}");
}

#[test]
fn files_with_results_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let service = Running::start();
    service.done(&["key", "create", "m", "--purpose", "mac"]);
    service.put("body", b"{}");
    service.done(&["key", "mac", "m", "--input", "body", "--output", "tag"]);
    let mode = std::fs::metadata(service.folder().join("tag")).expect("it is there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    let verify = ["key", "mac-verify", "m", "--tag", "tag", "--input"];
    assert_eq!(
        service.done(&[&verify[..], &["body"]].concat()),
        "tag                 genuine\n"
    );
    assert_eq!(service.run(&[&verify[..], &["tag"]].concat()).code, Some(1));
}

#[test]
fn a_key_is_put_aside_and_taken_back() {
    let service = Running::start();
    service.done(&[
        "key",
        "create",
        "app/s",
        "--purpose",
        "sign",
        "--algorithm",
        "Ed25519",
    ]);
    let disabled = service.done(&["key", "disable", "app/s"]);
    assert!(
        disabled.contains("\nstate               disabled since "),
        "{disabled}"
    );
    let said = service.refused(7, &["key", "sign", "app/s"]);
    assert!(said.contains("(409 key_disabled)"), "{said}");
    service.done(&["key", "enable", "app/s"]);
    service.done(&["key", "sign", "app/s"]);
    let said = service.refused(7, &["key", "configure", "app/s", "--exportable"]);
    assert!(said.contains("cannot become exportable"), "{said}");
    let changed = service.done(&[
        "key",
        "configure",
        "app/s",
        "--rotate-every",
        "never",
        "--usage-limit",
        "1000",
    ]);
    assert!(changed.contains("\nusage limit         1000\n"), "{changed}");
    assert!(changed.contains("\nrotates every       never\n"), "{changed}");
    let said = service.refused(2, &["key", "configure", "app/s"]);
    assert!(said.starts_with("error: nothing to change was given\n"), "{said}");
}

#[test]
fn limits_are_lifted_and_a_kem_key_is_marked_for_the_key_exchange() {
    let service = Running::start();
    let made = [
        "key",
        "create",
        "app/k",
        "--purpose",
        "kem",
        "--exchange",
        "--crypto-period",
        "30d",
    ];
    let made = service.json(&[&made[..], &["--usage-limit", "9"]].concat());
    assert_eq!(made["policy"]["exchange"], true);
    assert_eq!(made["policy"]["usage_limit"], 9);
    let kept = service.json(&["key", "configure", "app/k", "--no-usage-limit"]);
    assert_eq!(kept["policy"]["usage_limit"], serde_json::Value::Null);
    assert_eq!(kept["policy"]["crypto_period_seconds"], 30 * 24 * 3600);
    let lifted = service.json(&["key", "configure", "app/k", "--no-crypto-period", "--no-exchange"]);
    assert_eq!(lifted["policy"]["crypto_period_seconds"], serde_json::Value::Null);
    assert_eq!(lifted["policy"]["exchange"], false);
}

#[test]
fn a_destruction_is_confirmed_and_can_be_cancelled() {
    let service = Running::start();
    service.done(&[
        "key",
        "create",
        "app/s",
        "--purpose",
        "sign",
        "--algorithm",
        "Ed25519",
    ]);
    let said = service.refused(2, &["key", "destroy", "app/s"]);
    assert_data_eq!(
        said,
        str![[r#"
error: nobody is there to confirm it; nothing was destroyed
hint: in a script, say --yes

"#]]
    );
    let announced = service.done(&["key", "destroy", "app/s", "--yes", "--wait", "30d"]);
    assert_data_eq!(
        announced,
        str![[r#"
to be destroyed     app/s at [..]Z
until then          hybridge key cancel-destroy app/s

"#]]
    );
    let said = service.refused(7, &["key", "sign", "app/s"]);
    assert!(said.contains("(409 key_destroying)"), "{said}");
    service.done(&["key", "cancel-destroy", "app/s"]);
    service.done(&["key", "sign", "app/s"]);
}

#[test]
fn a_compromise_says_what_is_at_risk_and_is_quarantined() {
    let service = Running::start();
    service.done(&[
        "key",
        "create",
        "app/data",
        "--purpose",
        "encrypt",
        "--label",
        "table=users",
    ]);
    service.put("plain", b"x");
    service.done(&[
        "key", "encrypt", "app/data", "--input", "plain", "--output", "sealed",
    ]);
    let told = service.done(&["key", "compromise", "app/data"]);
    assert_data_eq!(
        told,
        str![[r#"
compromised         app/data version 1, now in quarantine
now primary         version 2
it protected        at most [..] times
data keys           at most 0 wrapped
from                [..]Z
until               [..]Z
labels              table=users

"#]]
    );
    let decrypt = ["key", "decrypt", "app/data", "--input", "sealed"];
    let said = service.refused(7, &decrypt);
    assert!(said.contains("(409 key_quarantined)"), "{said}");
    assert_eq!(
        service.done(&["quarantine", "list"]),
        "KEY       VERSION\napp/data  1\n"
    );
    service.done(&["quarantine", "release", "app/data", "--version", "1"]);
    assert_eq!(service.done(&decrypt), "x");
    assert_eq!(service.json(&["quarantine", "list"]), serde_json::json!([]));
}

#[test]
fn many_keys_are_rotated_one_by_one() {
    let service = Running::start();
    for name in ["a/one", "a/two", "b/one"] {
        service.done(&["key", "create", name, "--purpose", "mac"]);
    }
    service.done(&["key", "disable", "a/two"]);
    let finished = service.run(&["key", "rotate", "--all", "--prefix", "a/"]);
    assert_eq!(finished.stdout, "version 2           a/one\n");
    assert_eq!(finished.stderr, "1 rotated, 0 failed\n");
    let one = service.json(&["key", "rotate", "b/one"]);
    assert_eq!(one["new"]["number"], 2);
    let said = service.refused(2, &["key", "rotate"]);
    assert!(said.contains("<NAME|--all>"), "{said}");
}
