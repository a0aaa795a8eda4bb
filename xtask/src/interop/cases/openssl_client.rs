//! OpenSSL's s_client at our edge: every rung, every group, resumption, kinds of certificates.
//!
//! The one client that can be told exactly which groups to list and which to share, so the rungs are tested
//! with it; the others show that nothing here is true of OpenSSL alone.

use anyhow::{Context as _, ensure};

use crate::interop::case::Case;
use crate::interop::client::openssl;
use crate::interop::credentials::Kind;
use crate::interop::edge::{Edge, Route};
use crate::interop::handshake::{Expect, HYBRID};
use crate::interop::peers::Peer::OpenSsl;
use crate::interop::scene::Scene;

use super::{agree, check_origin, end, meet};

/// Lists the hybrid second and shares only X25519.
const UNSHARED: [&str; 2] = ["-groups", "X25519:X25519MLKEM768"];

pub(super) const CASES: &[Case] = &[
    Case::new("client/openssl/classical", &[OpenSsl], |s| {
        one(s, "classical", &[], Expect::share("x25519"))
    }),
    Case::new("client/openssl/accept", &[OpenSsl], |s| {
        one(s, "accept", &[], Expect::share(HYBRID))
    }),
    Case::new("client/openssl/accept-unshared", &[OpenSsl], |s| {
        one(s, "accept", &UNSHARED, Expect::share("x25519"))
    }),
    Case::new("client/openssl/upgrade", &[OpenSsl], |s| {
        one(s, "upgrade", &[], Expect::share(HYBRID))
    }),
    Case::new("client/openssl/upgrade-unshared", &[OpenSsl], |s| {
        one(s, "upgrade", &UNSHARED, Expect::retry(HYBRID))
    }),
    Case::new(
        "client/openssl/upgrade-classical-first-both-shared",
        &[OpenSsl],
        |s| {
            one(
                s,
                "upgrade",
                &["-groups", "*X25519:*X25519MLKEM768"],
                Expect::share(HYBRID),
            )
        },
    ),
    Case::new("client/openssl/upgrade-classical-only", &[OpenSsl], |s| {
        one(s, "upgrade", &["-groups", "X25519"], Expect::share("x25519"))
    }),
    Case::new("client/openssl/require", &[OpenSsl], |s| {
        one(s, "require", &[], Expect::share(HYBRID))
    }),
    Case::new("client/openssl/require-unshared", &[OpenSsl], |s| {
        one(s, "require", &UNSHARED, Expect::retry(HYBRID))
    }),
    Case::new("client/openssl/require-classical-only", &[OpenSsl], |s| {
        refused(s, &["-groups", "X25519"])
    }),
    Case::new("client/openssl/require-tls-1.2", &[OpenSsl], |s| {
        refused(s, &["-tls1_2"])
    }),
    Case::new("client/openssl/group-p256-mlkem768", &[OpenSsl], |s| {
        group(s, "SecP256r1MLKEM768")
    }),
    Case::new("client/openssl/group-p384-mlkem1024", &[OpenSsl], |s| {
        group(s, "SecP384r1MLKEM1024")
    }),
    Case::new("client/openssl/group-mlkem768", &[OpenSsl], |s| {
        group(s, "MLKEM768")
    }),
    Case::new("client/openssl/group-mlkem1024", &[OpenSsl], |s| {
        group(s, "MLKEM1024")
    }),
    Case::new("client/openssl/group-p256", &[OpenSsl], |s| group(s, "secp256r1")),
    Case::new("client/openssl/group-p384", &[OpenSsl], |s| group(s, "secp384r1")),
    Case::new("client/openssl/group-of-nobody", &[OpenSsl], |s| {
        no_group(s, &["-tls1_3", "-groups", "MLKEM512:secp521r1"])
    }),
    Case::new("client/openssl/tls-1.2", &[OpenSsl], |s| {
        one(s, "upgrade", &["-tls1_2"], Expect::tls12("x25519"))
    }),
    Case::new("client/openssl/tls-1.2-p384", &[OpenSsl], |s| {
        one(
            s,
            "upgrade",
            &["-tls1_2", "-groups", "secp384r1:prime256v1"],
            Expect::tls12("secp384r1"),
        )
    }),
    Case::new(
        "client/openssl/tls-1.2-without-extended-master-secret",
        &[OpenSsl],
        |s| one(s, "upgrade", &["-tls1_2", "-no_ems"], Expect::tls12("x25519")),
    ),
    Case::new("client/openssl/tls-1.1", &[OpenSsl], |s| {
        let old = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"];
        failing(s, "upgrade", &old, ("alert_out", "protocol version"))
    }),
    Case::new("client/openssl/chacha20", &[OpenSsl], |s| {
        one(
            s,
            "upgrade",
            &["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
            Expect::share(HYBRID),
        )
    }),
    Case::new("client/openssl/hello-in-small-records", &[OpenSsl], small_records),
    Case::new("client/openssl/no-server-name", &[OpenSsl], |s| {
        server_name(s, &["-noservername"], "absent")
    }),
    Case::new("client/openssl/unknown-server-name", &[OpenSsl], |s| {
        server_name(s, &["-servername", "elsewhere.example"], "unknown")
    }),
    Case::new("client/openssl/resumed", &[OpenSsl], |s| {
        twice(s, &[], Expect::share(HYBRID), Expect::share(HYBRID).resumed())
    }),
    Case::new("client/openssl/resumed-by-retry", &[OpenSsl], |s| {
        twice(
            s,
            &UNSHARED,
            Expect::retry(HYBRID),
            Expect::retry(HYBRID).resumed(),
        )
    }),
    Case::new("client/openssl/resumed-tls-1.2", &[OpenSsl], |s| {
        twice(s, &["-tls1_2"], Expect::tls12("x25519"), Expect::TLS12_RESUMED)
    }),
    Case::new("client/openssl/reconnect-tls-1.2", &[OpenSsl], |s| {
        reconnect(s, &["-tls1_2"])
    }),
    Case::new(
        "client/openssl/reconnect-tls-1.2-without-ticket",
        &[OpenSsl],
        |s| reconnect(s, &["-tls1_2", "-no_ticket"]),
    ),
    Case::new("client/openssl/certificate-rsa", &[OpenSsl], |s| {
        certificate(s, "rsa_pss_rsae_sha256", &["rsa_pss_rsae_sha256"])
    }),
    Case::new("client/openssl/certificate-ed25519", &[OpenSsl], |s| {
        certificate(s, "ed25519", &["ed25519"])
    }),
    Case::new("client/openssl/certificate-ml-dsa", &[OpenSsl], |s| {
        certificate(s, "mldsa65", &["mldsa65"])
    }),
    Case::new(
        "client/openssl/certificate-for-the-curves-of-tls-1.2",
        &[OpenSsl],
        curves_of_tls12,
    ),
    Case::new(
        "client/openssl/rung-changed-at-run-time",
        &[OpenSsl],
        changed_rung,
    ),
    Case::new("client/openssl/bytes-without-http", &[OpenSsl], without_http),
];

fn one(scene: &Scene<'_>, rung: &'static str, arguments: &[&str], expect: Expect) -> anyhow::Result<String> {
    meet(
        scene,
        rung,
        |scene, port| openssl::get(scene, port, arguments),
        expect,
    )
}

/// The only group that the client has.
fn group(scene: &Scene<'_>, name: &'static str) -> anyhow::Result<String> {
    one(scene, "upgrade", &["-groups", name], Expect::share(name))
}

/// The rung `require` refuses a client, which learns why from the alert (RFC 8446 §6.2).
fn refused(scene: &Scene<'_>, arguments: &[&str]) -> anyhow::Result<String> {
    failing(scene, "require", arguments, ("policy", "insufficient security"))
}

fn no_group(scene: &Scene<'_>, arguments: &[&str]) -> anyhow::Result<String> {
    failing(scene, "upgrade", arguments, ("alert_out", "handshake failure"))
}

fn failing(
    scene: &Scene<'_>,
    rung: &'static str,
    arguments: &[&str],
    (outcome, alert): (&str, &str),
) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate(rung, scene.workshop.origin))?;
    let ran = openssl::try_get(scene, edge.port, arguments)?;
    ensure!(!ran.status.success(), "the client was served");
    let text = ran.text();
    let seen = text.lines().find(|line| line.contains("SSL alert number"));
    let seen = seen.and_then(|line| line.split(':').nth(5)).unwrap_or("no alert");
    ensure!(seen.contains(alert), "the client saw {seen}");
    let record = edge.handshake(scene)?;
    ensure!(
        record.outcome == outcome,
        "our record says {} ({:?})",
        record.outcome,
        record.detail
    );
    edge.end(scene)?;
    Ok(format!("{outcome}; the client saw {seen}"))
}

/// A limit on what the client sends at once puts its hello into several records (RFC 8446 §5.1).
fn small_records(scene: &Scene<'_>) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin))?;
    let told = openssl::get(scene, edge.port, &["-max_send_frag", "512"])?;
    let record = edge.handshake(scene)?;
    agree(&told, &record, &Expect::share(HYBRID))?;
    let records = record.hello_records.unwrap_or(0);
    ensure!(records >= 3, "our record counts {} records", records);
    end(edge, scene, "upgrade")?;
    Ok(format!("a hello in {records} records"))
}

fn server_name(scene: &Scene<'_>, arguments: &[&str], class: &str) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin))?;
    let told = openssl::get(scene, edge.port, arguments)?;
    let record = edge.handshake(scene)?;
    agree(&told, &record, &Expect::share(HYBRID))?;
    ensure!(
        record.sni_class.as_deref() == Some(class),
        "our record says {:?}",
        record.sni_class
    );
    end(edge, scene, "upgrade")?;
    Ok(format!("server name {class}"))
}

/// Two handshakes, the second with the ticket of the first; the client stays the same to us.
fn twice(scene: &Scene<'_>, arguments: &[&str], first: Expect, second: Expect) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin))?;
    let told = openssl::get_twice(scene, edge.port, arguments)?;
    let records = edge.handshakes(scene, 2)?;
    for (told, (record, expect)) in told.iter().zip(records.iter().zip([first, second])) {
        agree(told, record, &expect)?;
        check_origin(told, &expect)?;
    }
    ensure!(
        records[0].ja4_stable == records[1].ja4_stable,
        "the stable JA4 differs: {records:#?}"
    );
    end(edge, scene, "upgrade")?;
    Ok(format!("{}; {}", first.words(), second.words()))
}

/// `-reconnect` makes five more connections with the session of the first.
fn reconnect(scene: &Scene<'_>, arguments: &[&str]) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin))?;
    let ran = openssl::try_get(scene, edge.port, &[arguments, &["-reconnect"]].concat())?.succeeded()?;
    let reused = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("Reused, TLSv1.2"))
        .count();
    ensure!(
        reused == 5,
        "the client says that it reused its session {reused} times"
    );
    let records = edge.handshakes(scene, 6)?;
    let resumed = records.iter().filter(|record| record.resumed).count();
    ensure!(resumed == 5 && !records[0].resumed, "our records: {records:#?}");
    end(edge, scene, "upgrade")?;
    Ok("1 full handshake, 5 resumed".to_owned())
}

/// Of several certificates the one that the client's signature algorithms allow.
fn certificate(scene: &Scene<'_>, scheme: &str, allowed: &[&str]) -> anyhow::Result<String> {
    let kinds = [Kind::Ecdsa, Kind::Rsa, Kind::Ed25519, Kind::MlDsa65];
    let route = Route::terminate("upgrade", scene.workshop.origin).certificates(&kinds, scene);
    let edge = Edge::start(scene, route)?;
    let algorithms = allowed.join(":") + ":ecdsa_secp384r1_sha384";
    // The authority's own signature is ECDSA with SHA-256; it is trusted, so its algorithm is free.
    let told = openssl::get(scene, edge.port, &["-sigalgs", &algorithms])?;
    let record = edge.handshake(scene)?;
    agree(&told, &record, &Expect::share(HYBRID))?;
    let ours = record.signature_scheme.as_deref().unwrap_or("none");
    ensure!(ours == scheme, "our record says scheme {ours}");
    let theirs = told
        .body
        .lines()
        .find_map(|line| line.trim().strip_prefix("Peer signature type: "));
    ensure!(
        theirs.is_some_and(|name| name.starts_with(scheme)),
        "the client says {theirs:?}"
    );
    end(edge, scene, "upgrade")?;
    Ok(format!("signed with {scheme}"))
}

/// In TLS 1.2 the groups that a client lists also bound the curve of an ECDSA certificate (RFC 8422 §5.1):
/// who lists P-384 alone gets the RSA certificate and not the one on P-256.
fn curves_of_tls12(scene: &Scene<'_>) -> anyhow::Result<String> {
    let kinds = [Kind::Ecdsa, Kind::Rsa];
    let route = Route::terminate("upgrade", scene.workshop.origin).certificates(&kinds, scene);
    let edge = Edge::start(scene, route)?;
    let told = openssl::get(scene, edge.port, &["-tls1_2", "-groups", "secp384r1"])?;
    agree(&told, &edge.handshake(scene)?, &Expect::tls12("secp384r1"))?;
    end(edge, scene, "upgrade")?;
    Ok("the RSA certificate".to_owned())
}

/// A change over the API counts for the next handshake: first the control arm's rung, then a canary arm
/// that has every client.
fn changed_rung(scene: &Scene<'_>) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("accept", scene.workshop.origin))?;
    let mut expects = vec![("accept", Expect::share("x25519"))];
    agree_unshared(scene, &edge, &expects)?;
    edge.change(r#"{"rung": "upgrade"}"#)?;
    expects.push(("upgrade", Expect::retry(HYBRID)));
    agree_unshared(scene, &edge, &expects)?;
    edge.change(r#"{"rung": "classical", "canary": {"rung": "require", "weight": 10000}}"#)?;
    expects.push(("require", Expect::retry(HYBRID)));
    agree_unshared(scene, &edge, &expects)?;
    end(edge, scene, "accept")?;
    Ok("accept, upgrade, canary on require".to_owned())
}

/// One more handshake, to be judged by the last of what is expected.
fn agree_unshared(scene: &Scene<'_>, edge: &Edge, expects: &[(&str, Expect)]) -> anyhow::Result<()> {
    let told = openssl::get(scene, edge.port, &UNSHARED)?;
    let records = edge.handshakes(scene, expects.len())?;
    let (record, (rung, expect)) = records.last().zip(expects.last()).context("no record")?;
    ensure!(
        record.rung.as_deref() == Some(rung),
        "our record has rung {:?}, expected {rung}",
        record.rung
    );
    agree(&told, record, expect)
}

/// A route for any protocol over TCP passes the bytes on.
fn without_http(scene: &Scene<'_>) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin).tcp())?;
    let told = openssl::get(scene, edge.port, &[])?;
    agree(&told, &edge.handshake(scene)?, &Expect::share(HYBRID))?;
    ensure!(
        told.body.contains("GET / HTTP/1.1"),
        "the origin's answer did not come back"
    );
    ensure!(
        !told.body.contains("hybridge-tls-group"),
        "bytes were changed on a tcp route"
    );
    end(edge, scene, "upgrade")?;
    Ok(Expect::share(HYBRID).words())
}
