//! `hybridge token` and `approval`: rights that are given, used up and taken away.
//! Rights are tried with the tokens that were made, not read from a table.

use std::os::unix::fs::PermissionsExt;

use snapbox::{assert_data_eq, str};

use crate::running::Running;

#[test]
fn a_token_may_what_its_bindings_say_until_it_is_revoked() {
    let service = Running::start();
    for name in ["ci/key", "prod/key"] {
        service.done(&["key", "create", name, "--purpose", "mac"]);
    }
    let create = [
        "token",
        "create",
        "ci",
        "--role",
        "user",
        "--key",
        "ci/*",
        "--lifetime",
        "30d",
    ];
    let made = service.done(&[&create[..], &["--output", "ci.token"]].concat());
    assert_data_eq!(
        &made,
        str![[r#"
id                  [..]
name                ci
bindings            user:ci/*
made by             token:[..]
expires             [..]Z
last used           -
secret              in ci.token

"#]]
    );
    let path = service.folder().join("ci.token");
    let mode = std::fs::metadata(path)
        .expect("it was written")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mac = |key: &str| service.run(&["key", "mac", key, "--token-file", "ci.token"]);
    assert_eq!(mac("ci/key").code, Some(0));
    let refused = mac("prod/key");
    assert_eq!(refused.code, Some(7));
    assert!(refused.stderr.contains("(403 not_allowed)"), "{}", refused.stderr);
    let id = made
        .lines()
        .next()
        .and_then(|line| line.split_whitespace().nth(1));
    let id = id.expect("the first row is the id");
    assert_eq!(
        service.done(&["token", "revoke", id]),
        format!("revoked             {id}\n")
    );
    assert_eq!(mac("ci/key").code, Some(7));
    assert!(!service.done(&["token", "list"]).contains(id));
}

#[test]
fn a_secret_is_shown_once() {
    let service = Running::start();
    let made = service.json(&[
        "token",
        "create",
        "ops",
        "--binding",
        "operator",
        "--binding",
        "!operator:prod/*",
    ]);
    let secret = made["secret"].as_str().expect("the secret");
    assert!(secret.starts_with("hyb_"));
    let id = made["id"].as_str().expect("an id");
    let shown = service.done(&["token", "show", id]);
    assert!(
        shown.contains("bindings            operator !operator:prod/*\n"),
        "{shown}"
    );
    assert!(!shown.contains(secret));
    assert!(!service.done(&["token", "list", "--json"]).contains(secret));
    let create = [
        "token",
        "create",
        "lost",
        "--role",
        "user",
        "--output",
        "missing/token",
    ];
    let said = service.refused(4, &create);
    assert!(said.contains("revoke it: hybridge token revoke "), "{said}");
    let said = service.refused(2, &["token", "create", "nobody"]);
    assert!(
        said.starts_with("error: a token without a binding may do nothing\n"),
        "{said}"
    );
    let said = service.refused(2, &["token", "create", "x", "--role", "root"]);
    assert!(said.contains("it is admin, operator, user or auditor"), "{said}");
}

#[test]
fn two_administrators_destroy_what_one_may_not() {
    let service = Running::start();
    for name in ["first", "second"] {
        service.done(&["token", "create", name, "--role", "admin", "--output", name]);
    }
    service.done(&[
        "key",
        "create",
        "app/archive",
        "--purpose",
        "encrypt",
        "--dual-control",
    ]);
    let destroy = [
        "key",
        "destroy",
        "app/archive",
        "--yes",
        "--wait",
        "30d",
        "--token-file",
        "first",
    ];
    let said = service.refused(7, &destroy);
    assert!(said.contains("(403 approval_needed)"), "{said}");
    assert!(
        said.contains("hint: ask for one with: hybridge approval request\n"),
        "{said}"
    );
    let request = [
        "approval",
        "request",
        "destroy",
        "app/archive",
        "--wait",
        "30d",
        "--token-file",
        "first",
    ];
    let asked = service.json(&request);
    let id = asked["id"].as_str().expect("an id");
    let said = service.refused(7, &["approval", "approve", id, "--token-file", "first"]);
    assert!(said.contains("whoever asked cannot approve"), "{said}");
    let approved = service.done(&["approval", "approve", id, "--token-file", "second"]);
    assert!(approved.contains("\napproved            by token:"), "{approved}");
    assert!(service.done(&["approval", "list"]).contains(id));
    let other = [
        "key",
        "destroy",
        "app/archive",
        "--yes",
        "--approval",
        id,
        "--token-file",
        "first",
    ];
    assert_ne!(
        service.run(&other).code,
        Some(0),
        "other arguments than the approved ones"
    );
    let announced = service.done(&[&destroy[..], &["--approval", id]].concat());
    assert!(
        announced.starts_with("to be destroyed     app/archive at "),
        "{announced}"
    );
}
