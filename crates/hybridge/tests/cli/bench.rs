//! `hybridge bench`, very briefly, against `hybridge up`: that it measures, not what.
//! No number of a busy test machine is compared with anything but zero or another of its kind.

use std::os::unix::fs::PermissionsExt;

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

/// Loads the key service of an `up` of its own with one operation after another.
fn bench_keys(up: &Up, data: &std::path::Path, options: &[&str]) -> Value {
    let api = format!("http://{}", up.api);
    let token = data.join("admin.token");
    let token = token.to_str().expect("plain name");
    let all = [
        &["bench", "keys", "--api", &api, "--token-file", token, "--json"],
        &["--clients", "2", "--duration", "60s"][..],
        options,
    ];
    let finished = run(&all.concat());
    assert_eq!(finished.code, Some(0), "{options:?}: {}", finished.stderr);
    json(&finished.stdout)
}

#[test]
fn every_operation_of_the_key_service_is_measured() {
    let (_folder, data) = directory();
    let up = Up::start(&data, &[]);
    for operation in ["create", "show", "sign", "decapsulate", "encrypt", "exchange"] {
        let report = bench_keys(&up, &data, &["--operation", operation, "--count", "5"]);
        assert!(report["requests"].as_u64() > Some(0), "{report}");
        assert!(report["p99_us"].as_u64() > Some(0), "{report}");
        assert_eq!(report["failures"], serde_json::json!({}), "{report}");
        let statuses = report["statuses"].as_object().expect("by status");
        assert!(statuses.keys().all(|status| status.starts_with('2')), "{report}");
    }
}

#[test]
fn as_many_keys_are_made_and_rotated_as_were_asked_for() {
    let (_folder, data) = directory();
    let up = Up::start(&data, &[]);
    let many = ["--prefix", "many/", "--count", "20"];
    let made = bench_keys(&up, &data, &[&["--operation", "create"], &many[..]].concat());
    assert_eq!(made["statuses"], serde_json::json!({"201": 20}));
    let rotate = [&["--operation", "rotate", "--keys", "20"], &many[..]].concat();
    assert_eq!(
        bench_keys(&up, &data, &rotate)["statuses"],
        serde_json::json!({"200": 20})
    );
    let batch = [
        "--operation",
        "sign",
        "--batch",
        "3",
        "--rate",
        "10",
        "--count",
        "4",
    ];
    let signed = bench_keys(&up, &data, &batch);
    assert_eq!(
        (&signed["batch"], &signed["rate"]),
        (&3.into(), &10.into()),
        "{signed}"
    );
}

#[test]
fn the_load_of_keys_goes_to_this_machine_and_nowhere_else() {
    let (folder, _data) = directory();
    let token = folder.path().join("token");
    std::fs::File::create(&token)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"hyb_x\n"))
        .expect("a directory of our own");
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&token, private).expect("a file of our own");
    let token = token.to_str().expect("plain name");
    for api in ["http://192.0.2.1:8000", "https://127.0.0.1:8000"] {
        let options = ["--api", api, "--token-file", token, "--operation", "show"];
        let finished = run(&[&["bench", "keys"], &options[..]].concat());
        assert_eq!(finished.code, Some(2), "{api}: {}", finished.stderr);
        assert!(
            finished.stderr.contains("is not plain HTTP on this machine"),
            "{}",
            finished.stderr
        );
    }
}

#[test]
fn the_library_alone_is_measured() {
    let options = [
        "--algorithm",
        "X-Wing",
        "--operation",
        "decapsulate",
        "--duration",
        "20ms",
        "--json",
    ];
    let finished = run(&[&["bench", "crypto"], &options[..]].concat());
    let report = json(&finished.stdout);
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(1), "{report}");
    assert!(report["rows"][0]["cpu_us"].as_f64() > Some(0.0), "{report}");
    assert_eq!(run(&["bench", "crypto", "--algorithm", "ROT13"]).code, Some(2));
}
