//! `hybridge seal-status`, `unseal`, `seal` and `rekey`: closed means closed, and a wrong share is named.
//! Every refusal is followed by the attempt that succeeds.

use crate::running::Running;

const SHARES: [&str; 11] = [
    "rekey", "--shares", "2/3", "--holder", "alice", "--holder", "bob", "--holder", "carol", "--output",
    "shares",
];

#[test]
fn shares_open_the_service_after_a_restart_and_a_wrong_one_is_named() {
    let service = Running::start();
    service.done(&["key", "create", "app/one", "--purpose", "sign"]);
    let status = service.done(&["seal-status"]);
    assert!(
        status.contains("unsealed") && status.contains("a key file"),
        "{status}"
    );
    let rekeyed = service.done(&SHARES);
    assert!(rekeyed.contains("2 of 3 shares"), "{rekeyed}");
    let said = service.refused(4, &SHARES);
    assert!(said.contains("shares in shares already"), "{said}");
    let bob = String::from_utf8(service.file("shares/share-2-bob.txt")).expect("text");

    let service = service.killed_and_restarted();
    let finished = service.run(&["seal-status"]);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stdout.contains("2 of 3 shares"), "{}", finished.stdout);
    let said = service.refused(6, &["key", "list"]);
    assert!(said.contains("(503 sealed)"), "{said}");

    let first = service.done(&["unseal", "--share-file", "shares/share-1-alice.txt"]);
    assert!(first.contains("alice; 1 of 2 shares"), "{first}");
    // Another character in the middle of the line: its checksum no longer matches.
    let at = bob.len() - 20;
    let other = if &bob[at..=at] == "A" { "B" } else { "A" };
    let wrong = format!("{}{other}{}", &bob[..at], &bob[at + 1..]);
    service.put("wrong.txt", wrong.as_bytes());
    let said = service.refused(2, &["unseal", "--share-file", "wrong.txt"]);
    assert!(
        said.contains("bob") && said.contains("(422 seal_refused)"),
        "{said}"
    );
    let said = service.refused(2, &["unseal", "--share-file", "shares/share-1-alice.txt"]);
    assert!(said.contains("alice") && said.contains("already"), "{said}");
    let last = service.done(&["unseal", "--share-file", "shares/share-3-carol.txt"]);
    assert!(last.contains("unsealed"), "{last}");
    let listed = service.done(&["key", "list"]);
    assert!(listed.contains("app/one"), "{listed}");
}

#[test]
fn a_share_for_a_recipient_is_opened_by_its_holder_alone() {
    let service = Running::start();
    let recipient = service.done(&["recipient", "create", "--output", "bob.identity"]);
    service.put("bob.recipient", recipient.as_bytes());
    let mut rekey = SHARES.to_vec();
    rekey[6] = "bob=@bob.recipient";
    service.done(&rekey);
    // Two sealed lines of three: digests confirm them.
    rekey[4] = "alice=@bob.recipient";
    rekey[10] = "others";
    let rekeyed = service.done(&rekey);
    assert!(rekeyed.contains("others/share-1-alice.txt"), "{rekeyed}");
    let service = service.restarted();
    let share = ["unseal", "--share-file", "others/share-2-bob.txt"];
    let said = service.refused(4, &share);
    assert!(said.contains("sealed to its holder"), "{said}");
    let opened = service.done(&[&share[..], &["--identity", "bob.identity"]].concat());
    assert!(opened.contains("bob; 1 of 2 shares"), "{opened}");
    service.done(&["unseal", "--share-file", "others/share-3-carol.txt"]);
    assert_eq!(service.run(&["seal-status"]).code, Some(0));
}

#[test]
fn a_closed_service_opens_with_its_passphrase_and_with_no_other() {
    let service = Running::start();
    service.put("words", b"correct horse battery staple\n");
    service.put("others", b"wrong horse battery staple\n");
    private(&service, "words");
    private(&service, "others");
    service.done(&["rekey", "--passphrase-file", "words"]);
    assert!(
        !service.data_directory().join("root.key").exists(),
        "the key file opens nothing any more"
    );
    service.done(&["seal"]);
    let said = service.refused(6, &["audit", "tail"]);
    assert!(said.contains("(503 sealed)"), "{said}");
    let said = service.refused(2, &["unseal", "--passphrase-file", "others"]);
    assert!(said.contains("the passphrase is wrong"), "{said}");
    let said = service.refused(2, &["unseal"]);
    assert!(said.contains("no terminal"), "{said}");
    service.done(&["unseal", "--passphrase-file", "words"]);
    service.done(&["rekey", "--key-file"]);
    let service = service.restarted();
    assert_eq!(
        service.run(&["seal-status"]).code,
        Some(0),
        "a key file opens it by itself"
    );
}

fn private(service: &Running, name: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = service.folder().join(name);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("our own file");
}
