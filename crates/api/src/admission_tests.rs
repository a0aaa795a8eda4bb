//! What passes admission and what does not.
//!
//! Each defence has a case that passes beside those that do not, so that a check which refuses
//! everything fails here too.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::{EDGE_PROOF, EdgeProof, Knock, Way, look_at_origin};
use crate::problem::Code;

const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const HOST: (&str, &str) = ("host", "127.0.0.1:8000");

fn knock(peer: &str, method: &Method, fields: &[(&'static str, &'static str)]) -> Result<(), Code> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let peer: SocketAddr = peer.parse().expect("test address");
    let uri = Uri::from_static("/v1/routes");
    look_at_origin(Knock {
        peer: Some(peer),
        method,
        uri: &uri,
        headers: &headers,
        edge: None,
    })
    .map(|_way| ())
    .map_err(|problem| problem.code)
}

fn get(fields: &[(&'static str, &'static str)]) -> Result<(), Code> {
    knock("127.0.0.1:50000", &Method::GET, fields)
}

fn post(fields: &[(&'static str, &'static str)]) -> Result<(), Code> {
    knock("127.0.0.1:50000", &Method::POST, fields)
}

const IN: Result<(), Code> = Ok(());

#[test]
fn only_loopback_peers_come_in() {
    assert_eq!(knock("[::1]:50000", &Method::GET, &[HOST]), IN);
    assert_eq!(knock("[::ffff:127.0.0.1]:50000", &Method::GET, &[HOST]), IN);
    assert_eq!(
        knock("192.0.2.7:50000", &Method::GET, &[HOST]),
        Err(Code::PeerNotLocal)
    );
}

#[test]
fn a_request_without_a_known_peer_stays_out() {
    let headers = HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("localhost"))]);
    let knock = Knock {
        peer: None,
        method: &Method::GET,
        uri: &Uri::from_static("/"),
        headers: &headers,
        edge: None,
    };
    assert_eq!(
        look_at_origin(knock)
            .map(|_way| ())
            .map_err(|problem| problem.code),
        Err(Code::PeerNotLocal)
    );
}

#[test]
fn loopback_names_and_addresses_are_hosts() {
    for host in [
        "localhost",
        "LOCALHOST:8000",
        "api.localhost",
        "127.0.0.1",
        "127.1.2.3:1",
        "[::1]",
        "[::1]:8000",
    ] {
        assert_eq!(get(&[("host", host)]), IN, "{host}");
    }
}

#[test]
fn a_rebound_name_is_no_host() {
    let names = [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.0.2.1:8000",
        "",
        "evillocalhost",
    ];
    for host in names {
        assert_eq!(get(&[("host", host)]), Err(Code::HostNotLocal), "{host}");
    }
    assert_eq!(get(&[]), Err(Code::HostNotLocal));
    assert_eq!(get(&[HOST, ("host", "evil.example")]), Err(Code::HostNotLocal));
}

#[test]
fn the_authority_of_an_absolute_target_must_be_local_too() {
    let headers = HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("localhost"))]);
    let uri = Uri::from_static("http://evil.example/v1/routes");
    let peer = Some(SocketAddr::from(([127, 0, 0, 1], 1)));
    let knock = Knock {
        peer,
        method: &Method::GET,
        uri: &uri,
        headers: &headers,
        edge: None,
    };
    assert_eq!(
        look_at_origin(knock)
            .map(|_way| ())
            .map_err(|problem| problem.code),
        Err(Code::HostNotLocal)
    );
}

#[test]
fn a_request_forwarded_for_another_machine_stays_out() {
    assert_eq!(get(&[HOST, ("x-forwarded-for", "127.0.0.1")]), IN);
    assert_eq!(get(&[HOST, ("forwarded", "for=\"[::1]:4711\";proto=https")]), IN);
    for address in ["192.0.2.7", "127.0.0.1, 192.0.2.7", "unknown", ""] {
        assert_eq!(
            get(&[HOST, ("x-forwarded-for", address)]),
            Err(Code::Forwarded),
            "{address}"
        );
    }
    assert_eq!(
        get(&[HOST, ("forwarded", "proto=https; For=192.0.2.7")]),
        Err(Code::Forwarded)
    );
}

#[test]
fn a_foreign_page_may_link_here_but_not_fetch_or_embed() {
    assert_eq!(get(&[HOST, ("sec-fetch-site", "same-origin")]), IN);
    assert_eq!(get(&[HOST, ("sec-fetch-site", "none")]), IN);
    assert_eq!(
        get(&[
            HOST,
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate")
        ]),
        IN
    );
    for site in ["cross-site", "same-site"] {
        let fetched = get(&[HOST, ("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")]);
        assert_eq!(fetched, Err(Code::CrossSite), "{site}");
    }
}

#[test]
fn a_program_changes_state_with_json() {
    assert_eq!(post(&[HOST, JSON]), IN);
    assert_eq!(post(&[HOST]), Err(Code::MediaTypeUnsupported));
    assert_eq!(
        post(&[HOST, ("content-type", "text/plain")]),
        Err(Code::MediaTypeUnsupported)
    );
}

#[test]
fn the_consoles_form_changes_state_when_the_browser_vouches_for_it() {
    assert_eq!(post(&[HOST, FORM, ("origin", "http://127.0.0.1:8000")]), IN);
    assert_eq!(post(&[HOST, FORM, ("origin", "https://127.0.0.1:8000")]), IN);
    assert_eq!(post(&[HOST, FORM, ("sec-fetch-site", "same-origin")]), IN);
    assert_eq!(post(&[HOST, FORM]), Err(Code::CrossSite));
}

#[test]
fn a_foreign_page_changes_nothing() {
    for origin in ["https://evil.example", "http://127.0.0.1:9000", "null"] {
        assert_eq!(
            post(&[HOST, FORM, ("origin", origin)]),
            Err(Code::CrossSite),
            "{origin}"
        );
        assert_eq!(
            post(&[HOST, JSON, ("origin", origin)]),
            Err(Code::CrossSite),
            "{origin}"
        );
    }
    let contradicting = [
        HOST,
        FORM,
        ("origin", "http://127.0.0.1:8000"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(post(&contradicting), Err(Code::CrossSite));
    let navigating = [
        HOST,
        FORM,
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ];
    assert_eq!(post(&navigating), Err(Code::CrossSite));
}

fn through_edge(proof: Option<&EdgeProof>, fields: &[(&'static str, &str)]) -> Result<Way, Code> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let value = HeaderValue::from_str(value).expect("a test field");
        headers.append(HeaderName::from_static(name), value);
    }
    let uri = Uri::from_static("/v1/routes");
    look_at_origin(Knock {
        peer: Some(SocketAddr::from(([127, 0, 0, 1], 50_000))),
        method: &Method::GET,
        uri: &uri,
        headers: &headers,
        edge: proof,
    })
    .map_err(|problem| problem.code)
}

#[test]
fn our_own_edge_speaks_for_clients_of_other_machines() {
    let proof = EdgeProof::generate().expect("random bytes");
    let fields = [
        ("host", "keys.example"),
        ("x-forwarded-for", "127.0.0.1, 192.0.2.7"),
        (EDGE_PROOF, proof.reveal()),
    ];
    let client = "192.0.2.7:0".parse().expect("an address");
    assert_eq!(through_edge(Some(&proof), &fields), Ok(Way::Edge(Some(client))));
}

#[test]
fn nobody_else_does() {
    let proof = EdgeProof::generate().expect("random bytes");
    let other = EdgeProof::generate().expect("random bytes");
    let forwarded = ("x-forwarded-for", "192.0.2.7");
    for (known, shown) in [
        (Some(&proof), other.reveal()),
        (Some(&proof), ""),
        (None, proof.reveal()),
    ] {
        let fields = [HOST, forwarded, (EDGE_PROOF, shown)];
        assert_eq!(through_edge(known, &fields), Err(Code::Forwarded), "{shown}");
    }
    let twice = [
        HOST,
        forwarded,
        (EDGE_PROOF, proof.reveal()),
        (EDGE_PROOF, proof.reveal()),
    ];
    assert_eq!(through_edge(Some(&proof), &twice), Err(Code::Forwarded));
}
