//! Servers behind our edge in mode `originate`: every rung of the upstream ladder against servers with
//! both kinds of groups, with either kind alone, and with orders that make them ask for a retry.

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::interop::case::Case;
use crate::interop::client::curl;
use crate::interop::credentials::Kind;
use crate::interop::edge::{Edge, Route};
use crate::interop::handshake::{Expect, HYBRID, Told};
use crate::interop::http;
use crate::interop::peers::Peer::{Curl, Envoy, Go, Haproxy, Nginx, OpenSsl};
use crate::interop::scene::Scene;
use crate::interop::server::{Server, envoy, go, haproxy, nginx, openssl};

/// Either kind, as the client likes.
const BOTH: &str = "X25519MLKEM768:X25519";
/// The hybrid whenever the client lists it: a slash begins a tuple of lower preference (OpenSSL 3.5).
const HYBRID_FIRST: &str = "X25519MLKEM768/X25519";
const CLASSICAL: Expect = Expect::share("x25519");
const SHARE: Expect = Expect::share(HYBRID);
const RETRY: Expect = Expect::retry(HYBRID);

pub(super) const CASES: &[Case] = &[
    Case::new("originate/nginx/classical", &[Nginx], |s| {
        at_nginx(s, BOTH, "classical", CLASSICAL)
    }),
    Case::new("originate/nginx/advertise", &[Nginx], |s| {
        at_nginx(s, BOTH, "advertise", CLASSICAL)
    }),
    Case::new("originate/nginx/advertise-hybrid-first", &[Nginx], |s| {
        at_nginx(s, HYBRID_FIRST, "advertise", RETRY)
    }),
    Case::new("originate/nginx/share", &[Nginx], |s| {
        at_nginx(s, BOTH, "share", SHARE)
    }),
    Case::new("originate/nginx/share-classical-only", &[Nginx], |s| {
        at_nginx(s, "X25519", "share", CLASSICAL)
    }),
    Case::new("originate/nginx/share-p256-only", &[Nginx], |s| {
        at_nginx(s, "prime256v1", "share", Expect::retry("secp256r1"))
    }),
    Case::new("originate/nginx/share-p384-mlkem1024-only", &[Nginx], |s| {
        at_nginx(
            s,
            "SecP384r1MLKEM1024",
            "share",
            Expect::retry("SecP384r1MLKEM1024"),
        )
    }),
    Case::new("originate/nginx/require", &[Nginx], |s| {
        at_nginx(s, BOTH, "require", SHARE)
    }),
    Case::new("originate/nginx/require-classical-only", &[Nginx], |s| {
        refused(s, &nginx::tls(s, "X25519")?, "require")
    }),
    Case::new("originate/nginx/classical-hybrid-only", &[Nginx], |s| {
        refused(s, &nginx::tls(s, HYBRID)?, "classical")
    }),
    Case::new("originate/nginx/tls-on-both-sides", &[Nginx, Curl], both_sides),
    Case::new("originate/haproxy/advertise", &[Haproxy], |s| {
        at(s, &haproxy::tls(s, BOTH)?, "advertise", CLASSICAL)
    }),
    Case::new("originate/haproxy/share", &[Haproxy], |s| {
        at(s, &haproxy::tls(s, BOTH)?, "share", SHARE)
    }),
    Case::new("originate/haproxy/require", &[Haproxy], |s| {
        at(s, &haproxy::tls(s, BOTH)?, "require", SHARE)
    }),
    Case::new("originate/openssl/advertise-hybrid-first", &[OpenSsl], |s| {
        at(s, &openssl::tls(s, HYBRID_FIRST, 1, &[])?, "advertise", RETRY)
    }),
    Case::new("originate/openssl/share", &[OpenSsl], |s| {
        at(s, &openssl::tls(s, BOTH, 1, &[])?, "share", SHARE)
    }),
    Case::new("originate/openssl/share-tls-1.2", &[OpenSsl], |s| {
        at(
            s,
            &openssl::tls(s, BOTH, 1, &["-tls1_2"])?,
            "share",
            Expect::tls12("x25519"),
        )
    }),
    Case::new("originate/openssl/require-tls-1.2", &[OpenSsl], |s| {
        refused(s, &openssl::tls(s, BOTH, 1, &["-tls1_2"])?, "require")
    }),
    Case::new("originate/openssl/ml-dsa", &[OpenSsl], |s| {
        at(
            s,
            &openssl::with_key(s, Kind::MlDsa65, &["-naccept", "1"])?,
            "share",
            SHARE,
        )
    }),
    Case::new("originate/envoy/advertise", &[Envoy], |s| {
        at(s, &envoy::tls(s, &[HYBRID, "X25519"])?, "advertise", RETRY)
    }),
    Case::new("originate/envoy/share", &[Envoy], |s| {
        at(s, &envoy::tls(s, &[HYBRID, "X25519"])?, "share", SHARE)
    }),
    Case::new("originate/envoy/share-classical-only", &[Envoy], |s| {
        at(s, &envoy::tls(s, &["X25519"])?, "share", CLASSICAL)
    }),
    Case::new("originate/go/advertise", &[Go], |s| {
        at(s, &go::tls(s, &[])?, "advertise", RETRY)
    }),
    Case::new("originate/go/share", &[Go], |s| {
        at(s, &go::tls(s, &[])?, "share", SHARE)
    }),
    Case::new("originate/go/classical", &[Go], |s| {
        at(s, &go::tls(s, &[])?, "classical", CLASSICAL)
    }),
];

fn at_nginx(scene: &Scene<'_>, groups: &str, rung: &'static str, expect: Expect) -> anyhow::Result<String> {
    at(scene, &nginx::tls(scene, groups)?, rung, expect)
}

/// A plaintext client reaches the server over TLS, and both ends of that TLS say the same.
fn at(scene: &Scene<'_>, server: &Server, rung: &'static str, expect: Expect) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::originate(rung, server.port, scene))?;
    let page = http::get(edge.port, "/")?;
    ensure!(!page.is_empty(), "no page came");
    let record = edge.handshake(scene)?;
    expect.meets_record(&record)?;
    ensure!(
        record.rung.as_deref() == Some(rung),
        "our record has rung {:?}",
        record.rung
    );
    match server.tells() {
        true => expect.meets_peer(&server.handshake(scene)?)?,
        false => expect.meets_peer(&serde_json::from_str::<Page>(&page)?.told())?,
    }
    edge.end(scene)?;
    Ok(expect.words())
}

/// A Go server tells in the page.
#[derive(Deserialize)]
struct Page {
    group: String,
    version: String,
    retry: bool,
}

impl Page {
    fn told(self) -> Told {
        Told {
            group: Some(self.group),
            version: Some(self.version),
            retry: Some(self.retry),
            ..Told::default()
        }
    }
}

/// A client may speak TLS to an originating route too; the route's rung is about the other side.
fn both_sides(scene: &Scene<'_>) -> anyhow::Result<String> {
    let server = nginx::tls(scene, BOTH)?;
    let route = Route::originate("classical", server.port, scene).certificates(&[Kind::Ecdsa], scene);
    let edge = Edge::start(scene, route)?;
    SHARE.meets_peer(&curl::get(scene, Curl, edge.port, &[])?)?;
    CLASSICAL.meets_peer(&server.handshake(scene)?)?;
    let records = edge.handshakes(scene, 2)?;
    let meets = |expect: Expect| records.iter().any(|record| expect.meets_record(record).is_ok());
    ensure!(meets(SHARE) && meets(CLASSICAL), "our records: {records:#?}");
    edge.end(scene)?;
    Ok(format!("downstream {HYBRID}, upstream x25519"))
}

/// The two have no group in common: the client is told that the gateway failed.
fn refused(scene: &Scene<'_>, server: &Server, rung: &'static str) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::originate(rung, server.port, scene))?;
    let error = http::get(edge.port, "/")
        .err()
        .context("the client was served")?
        .to_string();
    ensure!(error.contains("502"), "the client was told: {error}");
    let record = edge.handshake(scene)?;
    let outcome = record.outcome.as_str();
    ensure!(
        matches!(outcome, "alert_in" | "alert_out"),
        "our record says {outcome}"
    );
    edge.end(scene)?;
    Ok(format!("502; {outcome}"))
}
