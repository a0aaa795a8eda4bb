//! `hybridge recipient`, and keys that leave and come back sealed to one.
//! An identity that is not among the recipients opens nothing.

use std::os::unix::fs::PermissionsExt;

use crate::running::Running;

#[test]
fn an_identity_is_private_and_is_never_written_over() {
    let service = Running::start();
    for (name, algorithm) in [("one", "X-Wing"), ("two", "MLKEM1024-P384")] {
        let recipient = service.done(&["recipient", "create", "--algorithm", algorithm, "--output", name]);
        assert!(recipient.starts_with("hybridge-recipient:"), "{recipient}");
        let mode = std::fs::metadata(service.folder().join(name)).expect("it was written");
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        let shown = service.done(&["recipient", "show", name]);
        assert!(
            shown.starts_with(&format!("algorithm           {algorithm}\n")),
            "{shown}"
        );
        assert!(shown.ends_with(&recipient), "{shown}");
        service.put("public", recipient.as_bytes());
        assert_eq!(service.done(&["recipient", "show", "public"]), shown);
    }
    let before = service.file("one");
    let said = service.refused(4, &["recipient", "create", "--output", "one"]);
    assert_eq!(said, "error: one exists; an identity is never written over\n");
    assert_eq!(service.file("one"), before);
    let said = service.refused(
        2,
        &["recipient", "create", "--algorithm", "X25519", "--output", "x"],
    );
    assert!(said.contains("recipients are X-Wing or MLKEM1024-P384"), "{said}");
}

#[test]
fn an_exported_key_is_opened_and_brought_in_again() {
    let service = Running::start();
    let recipient = service.done(&["recipient", "create", "--output", "identity"]);
    service.put("recipient", recipient.as_bytes());
    service.done(&["recipient", "create", "--output", "stranger"]);
    let create = [
        "key",
        "create",
        "a",
        "--purpose",
        "sign",
        "--algorithm",
        "ML-DSA-65",
    ];
    service.done(&[&create[..], &["--exportable"]].concat());
    let export = [
        "key",
        "export",
        "a",
        "--recipient",
        "recipient",
        "--output",
        "sealed",
    ];
    service.done(&export);
    let open = |identity: &str| {
        service.run(&[
            "recipient",
            "open",
            "sealed",
            "--identity",
            identity,
            "--output",
            "opened",
        ])
    };
    let refused = open("stranger");
    assert_eq!(refused.code, Some(4));
    assert!(
        refused.stderr.contains("not among the 1 that it was sealed to"),
        "{}",
        refused.stderr
    );
    assert_eq!(open("identity").code, Some(0));
    service.done(&["key", "import", "b", "--purpose", "sign", "--from", "opened"]);
    let public = |name: &str| service.done(&["key", "show", name, "--public-key"]);
    assert_eq!(public("a"), public("b"));
}

#[test]
fn only_an_exportable_key_leaves_and_only_to_a_recipient() {
    let service = Running::start();
    let recipient = service.done(&["recipient", "create", "--output", "identity"]);
    service.done(&[
        "key",
        "create",
        "a",
        "--purpose",
        "sign",
        "--algorithm",
        "Ed25519",
    ]);
    let said = service.refused(7, &["key", "export", "a", "--recipient", recipient.trim()]);
    assert!(said.contains("not exportable"), "{said}");
    let said = service.refused(4, &["key", "export", "a", "--recipient", "missing"]);
    assert!(said.contains("cannot read missing"), "{said}");
    service.put(
        "rsa.pem",
        b"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
    );
    let said = service.refused(2, &["key", "export", "a", "--recipient", "rsa.pem"]);
    assert!(
        said.contains("hint: make one with: hybridge recipient create"),
        "{said}"
    );
}
