//! The fallback to classical suites: there is none, but for an exception with an owner and an end, which is
//! counted and written down while it is open and closes by itself.

use hybridge_client::ExchangeOptions;
use hybridge_exchange::client::Hello;
use hybridge_exchange::{CLASSICAL, HYBRID};
use serde_json::{Value, json};

use crate::ask::{encode, get, post, refused};
use crate::exchange::{identities, now, only};
use crate::process::{Home, Service};

fn exception(seconds: u64) -> Value {
    json!({
        "name": "legacy-scanner", "owner": "ops", "reason": "firmware 3", "suites": [CLASSICAL[0].name],
        "lifetime_seconds": seconds,
    })
}

/// The suite that a client gets who accepts only this one, or the refusal.
async fn agree(service: &Service, hello: Hello) -> Result<(String, String, u64), String> {
    let trusted = identities(service).await;
    let options = ExchangeOptions {
        hello,
        ..ExchangeOptions::new(&trusted)
    };
    let session = service
        .admin()
        .exchange(&options)
        .await
        .map_err(|error| error.to_string())?;
    let agreed = session.agreed();
    Ok((
        agreed.suite.name.to_owned(),
        agreed.exception.clone(),
        agreed.expires.0,
    ))
}

/// The gauge of open exceptions.
async fn open_exceptions(service: &Service) -> Option<String> {
    let address = service.url.trim_start_matches("http://").to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    let text = asked.await.unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("hybridge_exchange_fallback_open"));
    line.and_then(|line| line.split_whitespace().last())
        .map(str::to_owned)
}

/// Whether the gauge has this value, soon.
async fn reaches(service: &Service, expected: &str) -> bool {
    for _ in 0..100 {
        if open_exceptions(service).await.as_deref() == Some(expected) {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    false
}

#[tokio::test]
async fn a_classical_client_is_served_while_an_exception_is_open_and_not_a_moment_longer() {
    let home = Home::new();
    let service = home.start();
    let admin = service.admin();
    let before = agree(&service, only(&CLASSICAL[0])).await.unwrap_err();
    assert!(before.contains("suite_not_allowed"), "{before}");
    let opened = post(&admin, "/v1/exceptions", exception(6)).await.unwrap();
    let until: jiff::Timestamp = opened["expires"].as_str().unwrap().parse().unwrap();
    let until = u64::try_from(until.as_millisecond()).unwrap();

    let (suite, under, expires) = agree(&service, only(&CLASSICAL[0])).await.unwrap();
    assert_eq!(
        (suite.as_str(), under.as_str()),
        (CLASSICAL[0].name, "legacy-scanner")
    );
    assert!(expires <= until, "the session ends with its exception");
    let other = agree(&service, only(&CLASSICAL[1])).await.unwrap_err();
    assert!(
        other.contains("suite_not_allowed"),
        "an exception names its suites: {other}"
    );
    let both = Hello {
        suites: HYBRID.iter().chain(CLASSICAL).collect(),
        ..Hello::default()
    };
    let (suite, under, _) = agree(&service, both).await.unwrap();
    assert_eq!(
        (suite.as_str(), under.as_str()),
        (HYBRID[0].name, ""),
        "who can do better gets better"
    );
    let log = get(&admin, "/v1/audit?limit=1000").await.unwrap().to_string();
    assert!(log.contains("exception.open"), "{log}");
    let terms = get(&admin, "/v1/key-exchange").await.unwrap();
    assert_eq!(terms["exceptions"], json!(["legacy-scanner"]));

    while now().0 < until {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let after = agree(&service, only(&CLASSICAL[0])).await.unwrap_err();
    assert!(
        after.contains("suite_not_allowed"),
        "nobody closed it, and it is closed: {after}"
    );
    assert_eq!(get(&admin, "/v1/exceptions").await.unwrap(), json!([]));
    let terms = get(&admin, "/v1/key-exchange").await.unwrap();
    assert_eq!(terms["exceptions"], json!([]));
}

#[tokio::test]
async fn a_session_under_an_exception_ends_with_it() {
    let home = Home::new();
    let service = home.start();
    let admin = service.admin();
    let trusted = identities(&service).await;
    post(&admin, "/v1/exceptions", exception(3)).await.unwrap();
    let options = ExchangeOptions {
        hello: only(&CLASSICAL[0]),
        ..ExchangeOptions::new(&trusted)
    };
    let mut session = admin.exchange(&options).await.unwrap();
    let path = format!("/v1/sessions/{}/seal", session.agreed().session);
    let body = json!({"plaintext": encode(b"x")});
    post(&admin, &path, body.clone()).await.unwrap();
    while now() < session.agreed().expires {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(post(&admin, &path, body).await, refused("404 session_unknown"));
    assert!(session.seal(b"", b"x", now()).is_err());
}

#[tokio::test]
async fn every_use_of_an_exception_is_written_down_with_its_name_and_a_metric_is_up_while_it_is_open() {
    let home = Home::new();
    let service = home.start();
    let admin = service.admin();
    post(&admin, "/v1/exceptions", exception(600)).await.unwrap();
    for _ in 0..3 {
        agree(&service, only(&CLASSICAL[0])).await.unwrap();
    }
    let log = get(&admin, "/v1/audit?limit=1000").await.unwrap();
    let entries = log["entries"].as_array().or(log.as_array()).unwrap();
    let uses = entries.iter().filter(|entry| {
        let text = entry.to_string();
        text.contains("exchange.answer") && text.contains("legacy-scanner")
    });
    assert_eq!(uses.count(), 3);
    assert!(
        reaches(&service, "1").await,
        "{:?}",
        open_exceptions(&service).await
    );
    post(&admin, "/v1/exceptions/legacy-scanner/close", json!({}))
        .await
        .unwrap();
    let after = agree(&service, only(&CLASSICAL[0])).await.unwrap_err();
    assert!(after.contains("suite_not_allowed"), "{after}");
    assert!(
        reaches(&service, "0").await,
        "{:?}",
        open_exceptions(&service).await
    );
}

#[tokio::test]
async fn an_exception_has_an_owner_an_end_and_classical_suites_that_exist() {
    let home = Home::new();
    let service = home.start();
    let wrong = [
        ("owner", json!("")),
        ("reason", json!("")),
        ("suites", json!([])),
        ("suites", json!([HYBRID[0].name])),
        ("suites", json!(["NULL"])),
        ("suites", json!(["mock"])),
        ("lifetime_seconds", json!(0)),
        ("lifetime_seconds", json!(91 * 24 * 3600)),
    ];
    for (field, value) in wrong {
        let mut body = exception(60);
        body[field] = value.clone();
        let answer = post(&service.admin(), "/v1/exceptions", body).await;
        assert_eq!(answer, refused("422 field_invalid"), "{field} = {value}");
    }
    assert_eq!(get(&service.admin(), "/v1/exceptions").await.unwrap(), json!([]));
}
