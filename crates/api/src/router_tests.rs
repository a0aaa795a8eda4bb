//! What holds for every endpoint: served, authorised, audited, defended, documented.
//!
//! Each test walks the table, so an endpoint that is added is tested before anybody writes a test for it.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use http::{HeaderValue, Method, StatusCode};
use hybridge_policy::access::Role;
use serde_json::Value;

use crate::endpoint::{BODY_BYTES_MAX, Door, Endpoint, endpoints};
use crate::harness::{Served, TOKENS, audited, busy, request};

const CHANGE: &str = r#"{"rung": "accept"}"#;
const PROBE: &str = r#"{"target": "example:443"}"#;

/// A request that the endpoint answers well.
fn good(endpoint: &Endpoint) -> Request {
    let path = endpoint.path.replace("{name}", "shop");
    let login = format!("token={}", TOKENS.of(Role::Admin).reveal());
    let (media_type, body) = match endpoint.path {
        "/v1/routes/{name}" if endpoint.method == Method::POST => ("application/json", CHANGE),
        "/v1/probe" => ("application/json", PROBE),
        "/console/routes/{name}" => ("application/x-www-form-urlencoded", "rung=upgrade"),
        "/console/login" if endpoint.method == Method::POST => {
            ("application/x-www-form-urlencoded", login.as_str())
        }
        "/console/logout" => ("application/x-www-form-urlencoded", "-"),
        _ if endpoint.method == Method::POST => ("application/json", "{}"),
        _ => ("", ""),
    };
    let mut request = request(endpoint.method.as_str(), &path, body);
    if !body.is_empty() {
        request
            .headers_mut()
            .insert("content-type", HeaderValue::from_static(media_type));
        request
            .headers_mut()
            .insert("origin", HeaderValue::from_static("http://127.0.0.1:8000"));
    }
    request
}

/// Whether it is answered by the key service, which the tests of this file have none of.
fn needs_keys(endpoint: &Endpoint) -> bool {
    let own = [
        "/health",
        "/metrics",
        "/openapi.json",
        "/v1/routes",
        "/v1/handshakes",
        "/v1/clients",
        "/v1/probe",
    ];
    let has_none =
        endpoint.path == "/" || endpoint.path.starts_with("/console") || endpoint.path == "/favicon.svg";
    !has_none && !own.iter().any(|path| endpoint.path.starts_with(path))
}

/// Sends one request and returns the answer's status with the audit events of the gate.
async fn watch(served: &Served, request: Request) -> (StatusCode, Vec<Value>) {
    let mut status = StatusCode::OK;
    let mut events = audited(async { status = served.send(request).await.status }).await;
    events.retain(|event| event["outcome"] != "begun");
    (status, events)
}

#[tokio::test]
async fn every_endpoint_is_served_with_its_method_and_audited_with_its_action() {
    for endpoint in endpoints() {
        let (status, events) = watch(&busy(), good(endpoint)).await;
        let good = status.is_success() || status.is_redirection();
        assert!(
            good || needs_keys(endpoint),
            "{} {}: {status}",
            endpoint.method,
            endpoint.path
        );
        let [event] = events.as_slice() else {
            panic!("{}: {events:?}", endpoint.path)
        };
        assert_eq!(event["event"], endpoint.event);
        assert_eq!(event["action"], endpoint.action.name());
        assert_eq!(event["route"], endpoint.path);
        let anonymous = endpoint.door != Door::Principal;
        let principal = event["principal"].as_str().unwrap_or_default();
        assert_eq!(
            principal == "anonymous",
            anonymous,
            "{}: {principal}",
            endpoint.path
        );
        assert!(anonymous || principal.starts_with("token:"), "{principal}");
        let (outcome, level) = match (good, endpoint.method == Method::GET) {
            (true, true) => ("done", "DEBUG"),
            (true, false) => ("done", "INFO"),
            (false, _) => ("failed", "INFO"),
        };
        assert_eq!(
            (&event["outcome"], &event["level"]),
            (&outcome.into(), &level.into())
        );
    }
}

#[tokio::test]
async fn every_endpoint_refuses_another_machine_and_audits_that() {
    for endpoint in endpoints() {
        let mut request = good(endpoint);
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 50_000))));
        let (status, events) = watch(&busy(), request).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{}", endpoint.path);
        let [event] = events.as_slice() else {
            panic!("{}: {events:?}", endpoint.path)
        };
        assert_eq!(
            (&event["outcome"], &event["principal"]),
            (&"denied".into(), &"nobody".into())
        );
        assert_eq!(
            (&event["code"], &event["peer"]),
            (&"peer_not_local".into(), &"192.0.2.7:50000".into())
        );
        assert_eq!(event["level"], "INFO");
    }
}

#[tokio::test]
async fn every_endpoint_refuses_a_rebound_host() {
    for endpoint in endpoints() {
        let mut request = good(endpoint);
        request
            .headers_mut()
            .insert("host", HeaderValue::from_static("evil.example"));
        let answer = busy().send(request).await;
        assert_eq!(
            answer.status,
            StatusCode::MISDIRECTED_REQUEST,
            "{}",
            endpoint.path
        );
        assert_eq!(answer.json()["code"], "host_not_local");
    }
}

#[tokio::test]
async fn every_change_refuses_a_foreign_page_and_leaves_the_route_alone() {
    for endpoint in endpoints().filter(|endpoint| endpoint.method == Method::POST) {
        let served = busy();
        let before = served.get("/v1/routes").await.json();
        let mut request = good(endpoint);
        request
            .headers_mut()
            .insert("origin", HeaderValue::from_static("https://evil.example"));
        let answer = served.send(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", endpoint.path);
        assert_eq!(answer.json()["code"], "cross_site");
        assert_eq!(served.get("/v1/routes").await.json(), before);
    }
}

#[tokio::test]
async fn a_change_is_in_the_audit_log_before_it_takes_effect() {
    for endpoint in endpoints().filter(|endpoint| endpoint.event == "route.set") {
        let served = busy();
        let events = audited(async { drop(served.send(good(endpoint)).await) }).await;
        let outcomes = Vec::from_iter(
            events
                .iter()
                .map(|event| event["outcome"].as_str().unwrap_or_default()),
        );
        assert_eq!(outcomes, ["begun", "done"], "{}", endpoint.path);
        assert_eq!(events[0]["name"], "shop");
        assert!(
            events[0]["change"]
                .as_str()
                .is_some_and(|change| change.contains("rung")),
            "{:?}",
            events[0]
        );
    }
}

#[tokio::test]
async fn the_document_describes_exactly_the_endpoints_of_the_api() {
    let document: Value = serde_json::from_str(&crate::openapi()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let described = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("a path item").keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    // What the console needs, and an alias.
    let assets = ["/console/", "/favicon.svg", "/api/"];
    let served =
        endpoints().filter(|e| e.path != "/" && !assets.iter().any(|asset| e.path.starts_with(asset)));
    let served = served.map(|endpoint| format!("{} {}", endpoint.method, endpoint.path));
    assert_eq!(BTreeSet::from_iter(described), BTreeSet::from_iter(served));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    for path in ["/", "/v1/routes", "/nowhere", "/console/console.js"] {
        let answer = busy().get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    for (method, path, status, code) in [
        ("GET", "/v2", 404, "not_found"),
        ("DELETE", "/v1/routes", 405, "method_not_allowed"),
    ] {
        let answer = busy().send(request(method, path, "")).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(
            (&problem["code"], &problem["status"]),
            (&code.into(), &status.into())
        );
        assert_eq!(problem["type"], "about:blank");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let padded = format!("{}{}", CHANGE, " ".repeat(BODY_BYTES_MAX - CHANGE.len()));
    assert_eq!(
        busy().post_json("/v1/routes/shop", &padded).await.status,
        StatusCode::OK
    );
    let answer = busy().post_json("/v1/routes/shop", &(padded + " ")).await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, Some("body_too_large"))
    );
}
