//! `hybridge probe` against `hybridge up`, and against nobody.
//! The exit code is the verdict's: scripts have nothing else.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::hybridge::{Up, directory, run};

#[test]
fn our_own_edge_passes_and_the_table_is_narrow() {
    let (_folder, data) = directory();
    let up = Up::start(&data, &[]);
    let finished = run(&["probe", &up.edge]);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    let has = |what: &str| finished.stdout.contains(what);
    assert!(
        has("  X25519MLKEM768        supported by share"),
        "{}",
        finished.stdout
    );
    assert!(
        has("gets X25519MLKEM768 by HelloRetryRequest") && has("\nVerdict: PASS\n"),
        "{}",
        finished.stdout
    );
    for line in finished.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert_eq!(finished.stderr, "", "no progress without a terminal");
}

#[test]
fn json_has_the_verdict_and_every_group() {
    let (_folder, data) = directory();
    let up = Up::start(&data, &[]);
    let finished = run(&["probe", &up.edge, "--sni", "localhost", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["tls"]["chain"]["name_matches"], true);
    assert!(report["tls"]["groups"].as_array().expect("a list").len() > 8);
}

#[test]
fn an_edge_without_post_quantum_fails_with_exit_code_1() {
    let (_folder, data) = directory();
    let up = Up::start(&data, &[]);
    let token = std::fs::read_to_string(data.join("admin.token")).expect("the first start made it");
    let set = set_rung(&up.api, token.trim(), "classical");
    assert!(set.starts_with("HTTP/1.1 200"), "{set}");
    let finished = run(&["probe", &up.edge]);
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
    assert!(
        finished.stdout.contains("\nVerdict: FAIL\n"),
        "{}",
        finished.stdout
    );
    assert!(
        finished
            .stdout
            .contains("           remedy: enable X25519MLKEM768"),
        "{}",
        finished.stdout
    );
}

/// Changes the rung of the route by the API, and gives its answer.
fn set_rung(api: &str, token: &str, rung: &str) -> String {
    let body = format!("{{\"rung\":\"{rung}\"}}");
    let request = format!(
        "POST /v1/routes/up HTTP/1.1\r\nHost: {api}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(api).expect("the API listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn a_server_that_is_not_there_is_a_peer_error() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port");
    let finished = run(&["probe", &closed.to_string()]);
    assert_eq!(finished.code, Some(6));
    assert_eq!(
        finished.stderr,
        format!(
            "error: cannot connect to {closed}: the connection was refused\n\
             hint: nothing listens on that port; is the service running?\n"
        )
    );
}

#[test]
fn plain_http_is_recognised() {
    let (_folder, data) = directory();
    let up = Up::start(&data, &[]);
    let finished = run(&["probe", &up.api]);
    assert_eq!(finished.code, Some(6));
    assert!(
        finished.stderr.contains("hint: that port speaks plain HTTP"),
        "{}",
        finished.stderr
    );
}

#[test]
fn a_target_without_a_port_is_a_usage_error() {
    let finished = run(&["probe", "localhost"]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stderr.contains("the port is missing; write HOST:PORT"),
        "{}",
        finished.stderr
    );
    assert_eq!(
        run(&["probe", "ssh://localhost", "--starttls", "smtp"]).code,
        Some(2)
    );
}
