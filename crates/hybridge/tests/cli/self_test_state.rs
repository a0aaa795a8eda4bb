//! A self-test that fails at the start of the real service: what it then refuses, and who is told.
//! The failure is rehearsed: one bit is changed before the test, the rest is what every failure does.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::hybridge::{Serve, directory, run};

/// One request over HTTP/1.1, and the status with the body.
fn ask(address: &str, method: &str, path: &str, token: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

fn health(address: &str) -> (u16, Value) {
    let (status, body) = ask(address, "GET", "/health", "-");
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[test]
fn a_failed_self_test_switches_the_service_off_and_says_so_everywhere() {
    let (_folder, data) = directory();
    let path = data.to_str().expect("plain name");
    let well = Serve::start(&data, &[]);
    assert_eq!(health(&well.api).0, 200);
    assert_eq!(
        run(&["key", "create", "app/one", "--purpose", "sign", "--data", path]).code,
        Some(0)
    );
    assert_eq!(run(&["selftest", "--running", "--data", path]).code, Some(0));
    well.stop();

    let ill = Serve::start(&data, &["--fail-selftest", "X-Wing"]);
    let token = std::fs::read_to_string(data.join("admin.token")).expect("the first start made it");
    let (status, health) = health(&ill.api);
    assert_eq!(
        (status, &health["live"], &health["ready"]),
        (503, &true.into(), &false.into())
    );
    assert_eq!(health["codes"][0], "selftest_failed");
    assert_eq!(health["keys"]["self_test"], "failed");
    let reason = health["reasons"][0].as_str().expect("a reason");
    assert!(
        reason.contains("the known answer test of X-Wing failed"),
        "{reason}"
    );
    for (method, path) in [
        ("GET", "/v1/keys"),
        ("POST", "/v1/keys"),
        ("POST", "/v1/keys/app%2Fone/sign"),
        ("POST", "/v1/key-exchange"),
        ("POST", "/v1/tokens"),
        ("POST", "/v1/seal/unseal"),
        ("POST", "/v1/backups"),
    ] {
        let (status, body) = ask(&ill.api, method, path, token.trim());
        assert_eq!(status, 503, "{path}: {body}");
        assert!(body.contains("\"code\":\"selftest_failed\""), "{path}: {body}");
    }
    let (_, metrics) = ask(&ill.api, "GET", "/metrics", "-");
    assert!(metrics.contains("\nhybridge_selftest_failed 1\n"), "{metrics}");
    let shown = run(&["selftest", "--running", "--data", path]);
    assert_eq!(shown.code, Some(1), "{}", shown.stderr);
    assert!(
        shown.stdout.contains("the known answer test of X-Wing failed"),
        "{}",
        shown.stdout
    );
    ill.stop();

    let again = Serve::start(&data, &[]);
    let signed = run(&["audit", "tail", "--data", path]).stdout;
    assert!(signed.contains("selftest.failed"), "{signed}");
    assert!(signed.contains("selftest.passed"), "{signed}");
    let listed = run(&["key", "list", "--data", path]);
    assert!(
        listed.stdout.contains("app/one"),
        "nothing is lost: {}",
        listed.stderr
    );
    again.stop();
}

#[test]
fn a_rehearsal_names_an_algorithm_that_there_is() {
    let finished = run(&["serve", "--fail-selftest", "ROT13"]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stderr.contains("no algorithm of this name"),
        "{}",
        finished.stderr
    );
}

#[test]
fn health_names_what_an_anonymous_reader_may_know_and_no_key() {
    let (_folder, data) = directory();
    let path = data.to_str().expect("plain name");
    let well = Serve::start(&data, &[]);
    assert_eq!(
        run(&[
            "key",
            "create",
            "secret-name",
            "--purpose",
            "sign",
            "--data",
            path
        ])
        .code,
        Some(0)
    );
    let (status, health) = health(&well.api);
    assert_eq!((status, &health["keys"]["seal"]), (200, &"unsealed".into()));
    assert!(!health.to_string().contains("secret-name"), "{health}");
    let (_, metrics) = ask(&well.api, "GET", "/metrics", "-");
    assert!(
        metrics.contains("hybridge_key_operations_total{operation=\"key.create\",outcome=\"done\"}"),
        "{metrics}"
    );
    assert!(!metrics.contains("secret-name"), "{metrics}");
    assert_eq!(metrics.matches("# EOF").count(), 1);
}
