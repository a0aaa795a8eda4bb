//! Every endpoint against every credential: what is not good stays out, whoever holds it.
//!
//! The tests walk the table, so an endpoint that is added is tested before anybody writes a test for it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use http::{HeaderValue, StatusCode, header};
use hybridge_keys::token::{Rate, Secret};
use hybridge_policy::access::{Binding, Concern, Resource, Role, decide};

use crate::endpoint::{Door, Endpoint, endpoints};
use crate::harness::{Answer, Echo, Served, TOKENS, bearer, behind, busy, now, request};
use crate::sample::Sample;

/// A request with this credential, and a body that no handler would take amiss.
fn knock(endpoint: &Endpoint, credential: Option<HeaderValue>) -> Request {
    let path = endpoint.path.replace("{name}", "shop").replace(['{', '}'], "");
    let mut request = request(endpoint.method.as_str(), &path, "");
    let headers = request.headers_mut();
    headers.remove(header::AUTHORIZATION);
    if let Some(credential) = credential {
        headers.insert(header::AUTHORIZATION, credential);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

fn guarded() -> impl Iterator<Item = &'static Endpoint> {
    endpoints().filter(|endpoint| endpoint.door == Door::Principal)
}

async fn check_refused(served: &Served, endpoint: &Endpoint, credential: Option<HeaderValue>, code: &str) {
    let answer = served.send(knock(endpoint, credential)).await;
    let what = format!("{} {}", endpoint.method, endpoint.path);
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
    assert_eq!(answer.json()["code"], code, "{what}");
    assert_eq!(
        answer.header("www-authenticate"),
        "Bearer realm=\"hybridge\"",
        "{what}"
    );
    let refusals = served.refusals.taken();
    let [refusal] = refusals.as_slice() else {
        panic!("{what}: {refusals:?}")
    };
    assert_eq!((refusal.event, refusal.why), (endpoint.event, code));
    assert_eq!(refusal.request, answer.header("x-request-id"), "{what}");
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_credential() {
    for endpoint in guarded() {
        check_refused(&busy(), endpoint, None, "unauthenticated").await;
    }
}

#[tokio::test]
async fn a_bad_credential_gets_nowhere() {
    let stranger = Secret::generate().expect("random bytes");
    let good = TOKENS.of(Role::Admin).reveal();
    let bad = [
        bearer(stranger.reveal()),
        bearer(TOKENS.expired.reveal()),
        bearer(&good[..good.len() - 1]),
        bearer(&format!("{good}A")),
        bearer(""),
        HeaderValue::from_static("Bearer"),
        HeaderValue::from_static(""),
        format!("Basic {good}").parse().expect("ASCII"),
        good.parse().expect("ASCII"),
        HeaderValue::from_bytes(b"Bearer \xff").expect("opaque bytes"),
    ];
    for endpoint in guarded() {
        let served = busy();
        for credential in &bad {
            check_refused(&served, endpoint, Some(credential.clone()), "credential_refused").await;
        }
    }
}

#[tokio::test]
async fn two_credentials_are_not_better_than_one() {
    let good = bearer(TOKENS.of(Role::Admin).reveal());
    for endpoint in guarded() {
        let mut request = knock(endpoint, Some(good.clone()));
        request.headers_mut().append(header::AUTHORIZATION, good.clone());
        let answer = busy().send(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", endpoint.path);
    }
}

#[tokio::test]
async fn a_role_gets_exactly_where_its_actions_are() {
    for role in Role::ALL {
        for endpoint in guarded() {
            check_role(role, endpoint).await;
        }
    }
}

async fn check_role(role: Role, endpoint: &Endpoint) {
    let served = busy();
    let held = [Binding::of(role)];
    let resource = match endpoint.action.concern() {
        Concern::Keys => Resource::SomeKey,
        Concern::Service | Concern::Nothing => Resource::Service,
    };
    let may = decide(&held, endpoint.action, resource).is_allowed();
    let credential = bearer(TOKENS.of(role).reveal());
    let answer = served.send(knock(endpoint, Some(credential))).await;
    let what = format!("{role:?}: {} {}", endpoint.method, endpoint.path);
    assert_eq!(
        answer.status == StatusCode::FORBIDDEN,
        !may,
        "{what}: {}",
        answer.status
    );
    assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
    if !may {
        assert_eq!(answer.json()["code"], "not_allowed", "{what}");
        let refusals = served.refusals.taken();
        assert!(
            refusals[0].principal.starts_with("token:"),
            "{what}: {refusals:?}"
        );
    }
}

#[tokio::test]
async fn only_what_a_stranger_needs_is_open() {
    let open = endpoints().filter(|endpoint| endpoint.door != Door::Principal);
    let open = Vec::from_iter(open.map(|endpoint| format!("{} {}", endpoint.method, endpoint.path)));
    assert_eq!(
        open,
        [
            "GET /health",
            "GET /metrics",
            "GET /console/login",
            "POST /console/login",
            "GET /console/console.css",
            "GET /console/console.js",
            "GET /favicon.svg"
        ]
    );
}

#[tokio::test]
async fn a_browser_is_shown_the_way_to_log_in() {
    for path in ["/", "/v1/routes"] {
        let mut request = request("GET", path, "");
        request.headers_mut().remove(header::AUTHORIZATION);
        request
            .headers_mut()
            .insert(header::ACCEPT, HeaderValue::from_static("text/html,*/*;q=0.8"));
        let served = busy();
        let answer = served.send(request).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::SEE_OTHER, "/console/login")
        );
        assert_eq!(served.refusals.taken().len(), 1);
    }
}

async fn log_in(served: &Served, token: &str) -> Answer {
    let mut request = request("POST", "/console/login", &format!("token={token}"));
    let headers = request.headers_mut();
    headers.remove(header::AUTHORIZATION);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    headers.insert(header::ORIGIN, HeaderValue::from_static("http://127.0.0.1:8000"));
    served.send(request).await
}

async fn with_cookie(served: &Served, method: &str, path: &str, cookie: &str) -> Answer {
    let mut request = request(method, path, "");
    let headers = request.headers_mut();
    headers.remove(header::AUTHORIZATION);
    headers.insert(header::COOKIE, cookie.parse().expect("ASCII"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    served.send(request).await
}

#[tokio::test]
async fn a_token_opens_a_session_and_logging_out_ends_it() {
    let served = busy();
    let answer = log_in(&served, TOKENS.of(Role::Auditor).reveal()).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/")
    );
    let cookie = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    assert_eq!(
        with_cookie(&served, "GET", "/v1/routes", &cookie).await.status,
        StatusCode::OK
    );
    let change = with_cookie(&served, "POST", "/v1/routes/shop", &cookie).await;
    assert_eq!(change.json()["code"], "not_allowed");
    let out = with_cookie(&served, "POST", "/console/logout", &cookie).await;
    assert!(
        out.header("set-cookie").contains("Max-Age=0"),
        "{}",
        out.header("set-cookie")
    );
    let after = with_cookie(&served, "GET", "/v1/routes", &cookie).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_bad_token_opens_no_session_and_is_not_shown_again() {
    let served = busy();
    for token in [TOKENS.expired.reveal(), "hyb_wrong", ""] {
        let answer = log_in(&served, token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
        assert_eq!(answer.header("set-cookie"), "");
        assert!(
            token.is_empty() || !answer.body.contains(token),
            "{}",
            answer.body
        );
        assert_eq!(served.refusals.taken()[0].why, "credential_refused");
    }
}

#[tokio::test]
async fn a_bad_token_beside_a_good_cookie_stays_out() {
    let served = busy();
    let answer = log_in(&served, TOKENS.of(Role::Admin).reveal()).await;
    let cookie = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let mut request = request("GET", "/v1/routes", "");
    request
        .headers_mut()
        .insert(header::COOKIE, cookie.parse().expect("ASCII"));
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, bearer("hyb_wrong"));
    assert_eq!(served.send(request).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn whoever_asks_too_fast_waits_and_others_do_not() {
    let rate = Rate {
        per_second: 1,
        burst: 3,
    };
    let served = behind(Sample::busy(now()), Arc::new(Echo), rate);
    for _ in 0..3 {
        assert_eq!(served.get("/v1/routes").await.status, StatusCode::OK);
    }
    let answer = served.get("/v1/routes").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        (answer.json()["code"].as_str(), answer.header("retry-after")),
        (Some("too_fast"), "1")
    );
    let mut other = request("GET", "/v1/routes", "");
    other
        .headers_mut()
        .insert(header::AUTHORIZATION, bearer(TOKENS.of(Role::Auditor).reveal()));
    assert_eq!(served.send(other).await.status, StatusCode::OK);
    assert_eq!(served.get("/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_fails_too_often_is_put_off_and_good_tokens_still_pass() {
    let served = busy();
    let wrong = || {
        let mut wrong = request("GET", "/v1/routes", "");
        wrong
            .headers_mut()
            .insert(header::AUTHORIZATION, bearer("hyb_wrong"));
        wrong
    };
    let mut last = StatusCode::OK;
    for _ in 0..100 {
        last = served.send(wrong()).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(served.get("/v1/routes").await.status, StatusCode::OK);
    let mut elsewhere = wrong();
    let peer = SocketAddr::from(([127, 0, 0, 2], 50_000));
    elsewhere.extensions_mut().insert(ConnectInfo(peer));
    assert_eq!(served.send(elsewhere).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_was_refused_is_answered_without_the_secret() {
    let served = busy();
    let stranger = Secret::generate().expect("random bytes");
    let mut request = request("GET", "/v1/routes", "");
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, bearer(stranger.reveal()));
    let answer = served.send(request).await;
    assert!(!answer.body.contains(stranger.reveal()), "{}", answer.body);
    assert!(!format!("{:?}", served.refusals.taken()).contains(stranger.reveal()));
}
