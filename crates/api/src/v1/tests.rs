//! What each endpoint of the API answers.
//!
//! Through the router and the gate, as a client would come; only the socket is left out.

use std::sync::Arc;

use axum::body::HttpBody;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use crate::dto::{ProbeReport, ProbeRequest};
use crate::harness::{Answer, Echo, Served, busy, now, request, served};
use crate::sample::Sample;
use crate::{ControlError, Prober, Probing};

fn check_problem(answer: &Answer, status: StatusCode, code: &str, field: Option<&str>) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status.as_u16());
    assert_eq!(problem["code"], code);
    assert_eq!(problem["field"].as_str(), field);
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty())
    );
}

#[tokio::test]
async fn routes_are_listed_and_shown() {
    let served = busy();
    let list = served.get("/v1/routes").await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(4));
    let shop = served.get("/v1/routes/shop").await.json();
    assert_eq!(shop, list[0]);
    assert_eq!(shop["canary"], json!({"rung": "require", "weight": 500}));
    assert_eq!(shop["totals"]["failures_by_stage"]["alert_in"], 185);
    assert_eq!(shop["certificates"][0]["expires_at"], "2027-02-12T12:00:00Z");
    assert_eq!(list[3]["rung"], json!(null));
}

#[tokio::test]
async fn an_unknown_route_is_a_problem_everywhere() {
    let served = busy();
    for path in [
        "/v1/routes/nowhere",
        "/v1/routes/nowhere/share",
        "/v1/routes/a%2Fb",
    ] {
        check_problem(
            &served.get(path).await,
            StatusCode::NOT_FOUND,
            "route_not_found",
            None,
        );
    }
    let answer = served.post_json("/v1/routes/nowhere", "{}").await;
    check_problem(&answer, StatusCode::NOT_FOUND, "route_not_found", None);
}

#[tokio::test]
async fn a_change_says_what_the_route_is_afterwards() {
    let served = busy();
    let answer = served
        .post_json("/v1/routes/shop", r#"{"rung": "classical"}"#)
        .await
        .json();
    assert_eq!(
        (&answer["rung"], &answer["canary"]["weight"]),
        (&json!("classical"), &json!(500))
    );
    let answer = served
        .post_json("/v1/routes/shop", r#"{"canary": null}"#)
        .await
        .json();
    assert_eq!(
        (&answer["rung"], &answer["canary"]),
        (&json!("classical"), &json!(null))
    );
    let canary = r#"{"canary": {"rung": "accept", "weight": 1}}"#;
    let answer = served.post_json("/v1/routes/shop", canary).await.json();
    assert_eq!(answer["canary"], json!({"rung": "accept", "weight": 1}));
    assert_eq!(served.get("/v1/routes/shop").await.json(), answer);
}

#[tokio::test]
async fn a_change_that_the_data_plane_refuses_names_the_field() {
    let served = busy();
    let body = r#"{"rung": "upgrade", "canary": {"rung": "advertise", "weight": 5}}"#;
    let answer = served.post_json("/v1/routes/shop", body).await;
    check_problem(
        &answer,
        StatusCode::UNPROCESSABLE_ENTITY,
        "field_invalid",
        Some("canary.rung"),
    );
    let body = r#"{"canary": {"rung": "require", "weight": 10001}}"#;
    let answer = served.post_json("/v1/routes/shop", body).await;
    check_problem(
        &answer,
        StatusCode::UNPROCESSABLE_ENTITY,
        "field_invalid",
        Some("canary.weight"),
    );
}

#[tokio::test]
async fn a_data_plane_that_takes_no_changes_is_unavailable() {
    let served = busy();
    served.sample.world().refusal = Some(ControlError::Unavailable {
        reason: "draining".to_owned(),
    });
    let answer = served.post_json("/v1/routes/shop", "{}").await;
    check_problem(
        &answer,
        StatusCode::SERVICE_UNAVAILABLE,
        "change_unavailable",
        None,
    );
}

#[tokio::test]
async fn the_share_of_a_route_is_listed_oldest_first() {
    let samples = busy().get("/v1/routes/shop/share").await.json();
    let samples = samples.as_array().expect("a list");
    assert_eq!(samples.len(), 168);
    assert!(samples.is_sorted_by_key(|sample| sample["at"].as_str()));
    assert_eq!(busy().get("/v1/routes/mail/share").await.json(), json!([]));
}

#[tokio::test]
async fn handshakes_are_listed_newest_first_and_limited() {
    let list = busy().get("/v1/handshakes?limit=2").await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    assert_eq!(list[0]["at"], "2026-11-21T12:00:00Z");
    assert!(list[0]["offered_groups"].is_array() && list[0]["time_to_hello_us"].is_u64());
    for limit in ["0", "1001", "many"] {
        let answer = busy().get(&format!("/v1/handshakes?limit={limit}")).await;
        check_problem(&answer, StatusCode::BAD_REQUEST, "query_invalid", Some("limit"));
    }
}

#[tokio::test]
async fn a_stream_brings_handshakes_as_they_happen_and_ends_with_the_service() {
    let served = busy();
    let mut request = request("GET", "/v1/handshakes", "");
    request
        .headers_mut()
        .insert("accept", HeaderValue::from_static("text/event-stream"));
    let response = served
        .router
        .clone()
        .oneshot(request)
        .await
        .expect("the router never fails");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    served.sample.happen(served.sample.next(1, now()));
    let mut body = Box::pin(response.into_body());
    let frame = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx))
        .await
        .expect("an event")
        .expect("no error");
    let text = String::from_utf8(frame.into_data().expect("data").to_vec()).expect("text");
    assert!(
        text.starts_with("event: handshake\ndata: {\"at\":\"2026-11-21T12:00:00Z\""),
        "{text}"
    );
    served.stop.send_replace(true);
    let end = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
    assert!(end.is_none());
}

#[tokio::test]
async fn a_slow_reader_is_told_how_many_handshakes_it_missed() {
    let served = busy();
    let mut request = request("GET", "/v1/handshakes", "");
    request
        .headers_mut()
        .insert("accept", HeaderValue::from_static("text/event-stream"));
    let response = served
        .router
        .clone()
        .oneshot(request)
        .await
        .expect("the router never fails");
    for seed in 0..20 {
        served.sample.happen(served.sample.next(seed, now()));
    }
    let mut body = Box::pin(response.into_body());
    let frame = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx))
        .await
        .expect("an event")
        .expect("no error");
    assert_eq!(
        frame.into_data().expect("data").as_ref(),
        b"event: missed\ndata: 4\n\n"
    );
}

#[tokio::test]
async fn streams_are_bounded_and_a_closed_one_makes_room() {
    let served = busy();
    let stream = async || {
        let mut request = request("GET", "/v1/handshakes", "");
        request
            .headers_mut()
            .insert("accept", HeaderValue::from_static("text/event-stream"));
        served
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router never fails")
    };
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(stream().await);
    }
    assert_eq!(stream().await.status(), StatusCode::TOO_MANY_REQUESTS);
    open.pop();
    assert_eq!(stream().await.status(), StatusCode::OK);
}

#[tokio::test]
async fn clients_are_narrowed_and_limited() {
    let served = busy();
    let everyone = served.get("/v1/clients").await.json();
    assert_eq!(everyone.as_array().map(Vec::len), Some(64));
    let laggards = served.get("/v1/clients?state=never_offers&limit=5").await.json();
    let laggards = laggards.as_array().expect("a list");
    assert_eq!(laggards.len(), 5);
    assert!(
        laggards
            .iter()
            .all(|client| client["post_quantum"] == "never_offers")
    );
    for (query, field) in [
        ("state=slow", "state"),
        ("limit=10001", "limit"),
        ("sort=ja4", "sort"),
    ] {
        let answer = served.get(&format!("/v1/clients?{query}")).await;
        check_problem(&answer, StatusCode::BAD_REQUEST, "query_invalid", Some(field));
    }
}

#[tokio::test]
async fn a_probe_reports_or_says_why_not() {
    let served = busy();
    let answer = served
        .post_json("/v1/probe", r#"{"target": "example:443", "sni": "example"}"#)
        .await;
    assert_eq!(
        (answer.status, answer.json()["target"].as_str()),
        (StatusCode::OK, Some("example:443"))
    );
    let answer = served.post_json("/v1/probe", r#"{"target": "down:1"}"#).await;
    check_problem(&answer, StatusCode::BAD_GATEWAY, "target_unreachable", None);
    for (body, field) in [
        (r#"{"target": ""}"#, "target"),
        ("{}", "target"),
        (r#"{"target": "a:1", "tls": 1}"#, "tls"),
    ] {
        let answer = served.post_json("/v1/probe", body).await;
        check_problem(
            &answer,
            StatusCode::UNPROCESSABLE_ENTITY,
            "field_invalid",
            Some(field),
        );
    }
}

/// Holds every probe until it is let go.
struct Held(Arc<Semaphore>);

impl Prober for Held {
    fn probe(&self, request: ProbeRequest) -> Probing<'_> {
        Box::pin(async move {
            let _permit = self.0.acquire().await;
            let report: ProbeReport = Echo.probe(request).await?;
            Ok(report)
        })
    }
}

async fn post_probe(served: Arc<Served>, body: &str) -> Answer {
    served.post_json("/v1/probe", body).await
}

#[tokio::test]
async fn a_fifth_probe_at_once_is_refused() {
    let gate = Arc::new(Semaphore::new(0));
    let served = Arc::new(served(Sample::empty(), Arc::new(Held(gate.clone()))));
    let body = r#"{"target": "example:443"}"#;
    let start = || tokio::spawn(post_probe(served.clone(), body));
    let running = [start(), start(), start(), start()];
    tokio::task::yield_now().await;
    let refused = served.post_json("/v1/probe", body).await;
    check_problem(&refused, StatusCode::TOO_MANY_REQUESTS, "probes_busy", None);
    assert_eq!(refused.header("retry-after"), "5");
    gate.add_permits(4);
    for probe in running {
        assert_eq!(probe.await.expect("no panic").status, StatusCode::OK);
    }
    assert_eq!(served.post_json("/v1/probe", body).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_never_ends_times_out() {
    let served = served(Sample::empty(), Arc::new(Held(Arc::new(Semaphore::new(0)))));
    let answer = served
        .post_json("/v1/probe", r#"{"target": "example:443"}"#)
        .await;
    check_problem(&answer, StatusCode::SERVICE_UNAVAILABLE, "timed_out", None);
}

#[tokio::test]
async fn health_tells_ready_from_live() {
    let served = busy();
    assert_eq!(served.get("/health").await.status, StatusCode::OK);
    served.sample.world().health.ready = false;
    let answer = served.get("/health").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["reasons"].as_array().map(Vec::len), Some(1));
    assert_eq!(served.get("/health?live").await.status, StatusCode::OK);
    served.sample.world().health.live = false;
    assert_eq!(
        served.get("/health?live=1").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn metrics_are_open_metrics() {
    let answer = busy().get("/metrics").await;
    assert_eq!(
        answer.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(
        answer
            .body
            .contains("hybridge_handshakes_total{route=\"shop\"} 184023"),
        "{}",
        answer.body
    );
    assert!(answer.body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_document_is_served_as_it_is_checked_in() {
    let answer = busy().get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body, crate::openapi());
}
