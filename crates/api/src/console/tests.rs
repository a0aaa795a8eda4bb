//! What the page shows, and what its form does.
//!
//! Pages are searched for words and numbers, not compared as a whole: their looks may change freely.

use std::sync::Arc;

use http::StatusCode;

use super::segment;
use crate::ControlError;
use crate::dto::{Mode, Rung};
use crate::harness::{Echo, Served, busy, now, served};
use crate::sample::{Sample, route};

fn over(sample: Sample) -> Served {
    served(sample, Arc::new(Echo))
}

/// Nothing that the content security policy would block, and no unescaped name.
fn check_page(page: &str) {
    for forbidden in [
        "style=",
        "<style",
        "onclick",
        "javascript:",
        "<script>",
        "http-equiv",
    ] {
        assert!(!page.contains(forbidden), "{forbidden} in {page}");
    }
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"));
}

#[test]
fn a_name_in_an_address_is_encoded() {
    assert_eq!(segment("web-1.a_b~"), "web-1.a_b~");
    assert_eq!(segment("a b/ü&#"), "a%20b%2F%C3%BC%26%23");
}

#[tokio::test]
async fn the_page_shows_routes_share_failures_clients_and_handshakes() {
    let answer = busy().get("/").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    check_page(&answer.body);
    for part in [
        "184,023",
        "at 5 %",
        "66.3 %",
        "var(--control)",
        "var(--canary)",
        "alert from client",
        "never offers",
        "t13d1516h2_8daaf6152771_d8a2da3f94cd",
        "X25519MLKEM768",
        "the certificate expires in 9 days",
        "The first 25 of 64",
        "82 days left",
    ] {
        assert!(answer.body.contains(part), "no {part:?}");
    }
}

#[tokio::test]
async fn every_live_part_has_a_name_of_its_own() {
    let page = busy().get("/").await.body;
    let tags = page.split('<').filter(|tag| tag.contains("data-live"));
    let mut names =
        Vec::from_iter(tags.map(|tag| tag.split("id=\"").nth(1).and_then(|rest| rest.split('"').next())));
    assert!(names.len() >= 8 && names.iter().all(Option::is_some), "{names:?}");
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[tokio::test]
async fn empty_states_say_what_to_do_next() {
    let page = over(Sample::empty()).get("/").await.body;
    check_page(&page);
    assert!(page.contains("hybridge up --protect 127.0.0.1:8080"));
    let page = over(Sample::fresh(now())).get("/").await.body;
    check_page(&page);
    assert!(
        page.contains("curl --cacert ca.pem https://127.0.0.1:8443/") && !page.contains("<svg class=\"chart")
    );
}

#[tokio::test]
async fn handshakes_before_the_first_interval_ends_are_not_denied() {
    let sample = Sample::fresh(now());
    sample.world().routes[0].totals.handshakes = 3;
    let page = over(sample).get("/").await.body;
    assert!(page.contains("The chart follows by itself") && !page.contains("No handshake has succeeded"));
}

#[tokio::test]
async fn a_link_chooses_the_route_and_the_state() {
    let page = busy().get("/?route=mail&state=offers_without_share").await.body;
    assert!(page.contains("<em>mail</em>") && page.contains("This route only observes"));
    let rows = page.matches("class=\"badge warn\">offers without share").count();
    assert_eq!(
        (rows, page.matches("class=\"badge bad\">never offers").count()),
        (9, 0)
    );
    assert!(
        busy()
            .get("/?route=nowhere&state=odd&x=1")
            .await
            .body
            .contains("<em>shop</em>")
    );
}

#[tokio::test]
async fn names_from_outside_are_escaped() {
    let sample = Sample::fresh(now());
    sample.world().routes[0] = route(
        "<script>alert(1)</script>",
        Mode::Terminate,
        Some(Rung::Accept),
        now(),
    );
    let page = over(sample).get("/").await.body;
    check_page(&page);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("/console/routes/%3Cscript%3Ealert%281%29%3C%2Fscript%3E"));
}

#[tokio::test]
async fn the_form_changes_the_route_and_leads_back_to_it() {
    let served = busy();
    let answer = served
        .post_form(
            "/console/routes/shop",
            "rung=accept&canary_rung=upgrade&weight=12.5",
        )
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/?route=shop&applied=1#route");
    let shop = served.get("/v1/routes/shop").await.json();
    assert_eq!(
        (&shop["rung"], &shop["canary"]["weight"]),
        (&"accept".into(), &1250.into())
    );
    let page = served.get("/?route=shop&applied=1").await.body;
    assert!(page.contains("Applied.") && page.contains("at 12.5 %"));
    served
        .post_form("/console/routes/shop", "rung=accept&canary_rung=&weight=12.5")
        .await;
    assert_eq!(
        served.get("/v1/routes/shop").await.json()["canary"],
        serde_json::Value::Null
    );
}

#[tokio::test]
async fn a_refused_entry_stays_in_the_form_with_the_reason() {
    let served = busy();
    let answer = served
        .post_form(
            "/console/routes/legacy",
            "rung=upgrade&canary_rung=require&weight=130",
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Not applied: the canary") && answer.body.contains("value=\"130\""));
    assert!(answer.body.contains("<em>legacy</em>") && answer.body.contains("role=\"alert\""));
    assert_eq!(served.get("/v1/routes/legacy").await.json()["rung"], "accept");
}

#[tokio::test]
async fn what_the_data_plane_refuses_is_shown_too() {
    let served = busy();
    served.sample.world().refusal = Some(ControlError::Unavailable {
        reason: "draining".to_owned(),
    });
    let answer = served.post_form("/console/routes/shop", "rung=upgrade").await;
    assert!(answer.body.contains("draining"), "{}", answer.body);
    let answer = served
        .post_form("/console/routes/shop", "rung=upgrade&colour=red")
        .await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("field_invalid"))
    );
}

#[tokio::test]
async fn assets_have_their_media_types() {
    for (path, media_type) in [
        ("/console/console.css", "text/css; charset=utf-8"),
        ("/console/console.js", "text/javascript; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
    ] {
        let answer = busy().get(path).await;
        assert_eq!(
            (answer.header("content-type"), answer.header("cache-control")),
            (media_type, "no-cache")
        );
        assert!(answer.body.len() > 100);
    }
}
