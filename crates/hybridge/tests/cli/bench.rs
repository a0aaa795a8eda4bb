//! `hybridge bench`, very briefly, against `hybridge up`: that it measures, not what.
//! No number of a busy test machine is compared with anything but zero or another of its kind.

use serde_json::Value;

use crate::hybridge::{Up, directory, run};

/// Runs a bench against an edge of its own, and gives what it printed.
fn bench(arguments: &[&str]) -> String {
    let (_folder, data) = directory();
    let up = Up::start(&data, &[]);
    let (kind, options) = arguments.split_first().expect("the kind of bench");
    let all: Vec<_> = ["bench", kind, &up.edge]
        .into_iter()
        .chain(options.iter().copied())
        .collect();
    let finished = run(&all);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    finished.stdout
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn handshakes_are_measured_for_each_group() {
    let groups = "X25519,X25519MLKEM768,x25519+X25519MLKEM768";
    let report = json(&bench(&[
        "tls",
        "--duration",
        "200ms",
        "--concurrency",
        "2",
        "--groups",
        groups,
        "--json",
    ]));
    let group = |index: usize| &report["groups"][index];
    for index in 0..3 {
        assert!(
            group(index)["handshakes_per_second"].as_f64() > Some(0.0),
            "{report}"
        );
        assert!(group(index)["latency"]["p50_us"].as_u64() > Some(0), "{report}");
        assert_eq!(group(index)["failures"], serde_json::json!({}));
    }
    assert_eq!(group(0)["negotiated"]["group"], "X25519");
    assert_eq!(group(1)["negotiated"]["group"], "X25519MLKEM768");
    assert_eq!(group(1)["hello_retry_requests"], 0);
    assert_eq!(
        group(2)["hello_retry_requests"],
        group(2)["handshakes"],
        "a retry each: {report}"
    );
    let sent = |index: usize| {
        group(index)["bytes_sent_per_handshake"]
            .as_u64()
            .expect("a count")
    };
    assert!(
        sent(1) > sent(0) + 1100,
        "the hybrid's share is in the hello: {report}"
    );
}

#[test]
fn what_a_rate_beyond_the_server_leaves_undone_is_a_failure_and_ends_in_time() {
    let options = [
        "--groups",
        "X25519",
        "--duration",
        "100ms",
        "--rate",
        "1000000",
        "--json",
    ];
    let report = json(&bench(&[&["tls"][..], &options].concat()));
    let late = &report["groups"][0]["failures"]["not begun in time"];
    assert!(late.as_u64() > Some(0), "{report}");
}

#[test]
fn sessions_are_resumed_when_asked_for() {
    let report = json(&bench(&[
        "tls",
        "--duration",
        "200ms",
        "--concurrency",
        "2",
        "--resume",
        "--json",
    ]));
    for group in report["groups"].as_array().expect("a list") {
        let (all, resumed) = (group["handshakes"].as_u64(), group["resumed"].as_u64());
        assert!(resumed.expect("a count") * 2 > all.expect("a count"), "{group}");
    }
}

#[test]
fn requests_and_bytes_are_counted() {
    let report = json(&bench(&[
        "http",
        "--duration",
        "200ms",
        "--concurrency",
        "2",
        "--json",
    ]));
    assert!(report["requests"].as_u64() > Some(0), "{report}");
    assert_eq!(report["statuses"]["200"], report["requests"]);
    assert_eq!(report["connections"], 2, "{report}");
    let report = json(&bench(&[
        "bulk",
        "--duration",
        "200ms",
        "--concurrency",
        "1",
        "--json",
    ]));
    assert!(report["megabytes_per_second"].as_f64() > Some(0.0), "{report}");
}

#[test]
fn idle_connections_are_opened_and_held() {
    let said = bench(&["idle", "--connections", "20", "--hold", "100ms", "--json"]);
    let events: Vec<_> = said.lines().map(json).collect();
    assert_eq!(
        (&events[0]["event"], &events[0]["connections"]),
        (&"open".into(), &20.into())
    );
    assert_eq!(
        (&events[1]["event"], &events[1]["closed_by_server"]),
        (&"held".into(), &0.into())
    );
}

#[test]
fn a_server_that_takes_no_handshake_is_a_peer_error() {
    let (_folder, data) = directory();
    let up = Up::start(&data, &[]);
    let finished = run(&["bench", "tls", &up.api, "--duration", "200ms"]);
    assert_eq!(finished.code, Some(6), "the API speaks plain HTTP");
    assert!(
        finished
            .stderr
            .contains("hint: see what the server can do: hybridge probe"),
        "{}",
        finished.stderr
    );
    assert_eq!(
        run(&["bench", "tls", &up.edge, "--concurrency", "0"]).code,
        Some(2)
    );
}
