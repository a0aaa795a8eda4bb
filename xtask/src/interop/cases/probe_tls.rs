//! Our probe against TLS servers of every kind, and against our own edge on every rung.
//!
//! What a server does follows from its documentation; that the probe sees it is what is tested.

use std::process::Command;

use anyhow::ensure;

use crate::interop::case::Case;
use crate::interop::credentials::Kind;
use crate::interop::edge::{Edge, Route};
use crate::interop::handshake::HYBRID;
use crate::interop::peers::Peer::{Envoy, Go, Haproxy, Nginx, OpenSsl, Python};
use crate::interop::probe::{self, Expect};
use crate::interop::scene::Scene;
use crate::interop::server::{Server, envoy, go, haproxy, nginx, openssl, python};

use super::skip_unless_classical;

/// Both kinds of group in TLS 1.2 and 1.3. What the client shares or lists first decides, so the three
/// typical clients that put X25519 first miss the upgrade.
const BOTH: Expect = Expect {
    groups: &[HYBRID, "X25519"],
    order: "client",
    missed: 3,
    versions: &["TLS 1.2", "TLS 1.3"],
    verdict: "warn",
    key: "ECDSA-P-256",
};
/// The hybrid whenever a client lists it.
const HYBRID_FIRST: Expect = Expect {
    order: "server",
    missed: 0,
    verdict: "pass",
    ..BOTH
};
const HYBRID_ONLY: Expect = Expect {
    groups: &[HYBRID],
    order: "undetermined",
    missed: 0,
    versions: &["TLS 1.3"],
    verdict: "pass",
    ..BOTH
};
const CLASSICAL_ONLY: Expect = Expect {
    groups: &["X25519", "secp256r1"],
    order: "client",
    missed: 0,
    verdict: "fail",
    ..BOTH
};
/// What OpenSSL 3.5 has without being told, in four tuples. Within one the client's share decides, and of
/// X448 the probe can make none, so it comes last in its tuple.
const OPENSSL: Expect = Expect {
    groups: &[
        HYBRID,
        "X25519",
        "secp256r1",
        "secp384r1",
        "secp521r1",
        "X448",
        "ffdhe2048",
        "ffdhe3072",
    ],
    ..HYBRID_FIRST
};
const TLS12_ONLY: Expect = Expect {
    groups: &[],
    order: "undetermined",
    missed: 0,
    versions: &["TLS 1.2"],
    verdict: "fail",
    ..BOTH
};
/// What Go 1.26 has without being told.
const GO: Expect = Expect {
    groups: &[
        HYBRID,
        "SecP256r1MLKEM768",
        "SecP384r1MLKEM1024",
        "X25519",
        "secp256r1",
        "secp384r1",
        "secp521r1",
    ],
    ..HYBRID_FIRST
};
/// What OpenSSL 3.0 has without being told; Python asks it to follow the server's order.
const OPENSSL_3_0: Expect = Expect {
    groups: &[
        "X25519",
        "secp256r1",
        "X448",
        "secp521r1",
        "secp384r1",
        "ffdhe2048",
        "ffdhe3072",
    ],
    order: "server",
    ..CLASSICAL_ONLY
};
/// All that our edge has, in its own order.
const EDGE: Expect = Expect {
    groups: &[
        HYBRID,
        "SecP256r1MLKEM768",
        "SecP384r1MLKEM1024",
        "MLKEM768",
        "MLKEM1024",
        "X25519",
        "secp256r1",
        "secp384r1",
    ],
    ..HYBRID_FIRST
};

pub(super) const CASES: &[Case] = &[
    Case::new("probe/openssl/default", &[OpenSsl], |s| {
        at(s, &s_server(s, &[])?, OPENSSL)
    }),
    Case::new("probe/openssl/both", &[OpenSsl], |s| {
        at(s, &s_server(s, &["-groups", "X25519MLKEM768:X25519"])?, BOTH)
    }),
    Case::new("probe/openssl/hybrid-first", &[OpenSsl], |s| {
        at(
            s,
            &s_server(s, &["-groups", "X25519MLKEM768/X25519"])?,
            HYBRID_FIRST,
        )
    }),
    Case::new("probe/openssl/hybrid-only", &[OpenSsl], |s| {
        at(s, &s_server(s, &["-groups", HYBRID])?, HYBRID_ONLY)
    }),
    Case::new("probe/openssl/classical-only", &[OpenSsl], |s| {
        at(s, &s_server(s, &["-groups", "X25519:P-256"])?, CLASSICAL_ONLY)
    }),
    Case::new("probe/openssl/all-post-quantum", &[OpenSsl], |s| {
        let groups = "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:MLKEM512:MLKEM768:MLKEM1024";
        let expect = Expect {
            groups: &[
                HYBRID,
                "SecP256r1MLKEM768",
                "SecP384r1MLKEM1024",
                "MLKEM512",
                "MLKEM768",
                "MLKEM1024",
            ],
            order: "client",
            ..HYBRID_ONLY
        };
        at(s, &s_server(s, &["-groups", groups])?, expect)
    }),
    Case::new("probe/openssl/tls-1.2-only", &[OpenSsl], |s| {
        at(s, &s_server(s, &["-tls1_2"])?, TLS12_ONLY)
    }),
    Case::new("probe/openssl/tls-1.3-only", &[OpenSsl], |s| {
        let expect = Expect {
            versions: &["TLS 1.3"],
            ..OPENSSL
        };
        at(s, &s_server(s, &["-tls1_3"])?, expect)
    }),
    Case::new("probe/openssl/tls-1.0", &[OpenSsl], |s| {
        let expect = Expect {
            versions: &["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"],
            verdict: "fail",
            ..OPENSSL
        };
        at(s, &s_server(s, &["-cipher", "DEFAULT@SECLEVEL=0"])?, expect)
    }),
    Case::new("probe/openssl/certificate-rsa", &[OpenSsl], |s| {
        // An RSA key brings the suites without forward secrecy.
        let expect = Expect {
            key: "RSA-2048",
            verdict: "warn",
            ..OPENSSL
        };
        at(s, &openssl::with_key(s, Kind::Rsa, &[])?, expect)
    }),
    Case::new("probe/openssl/certificate-ed25519", &[OpenSsl], |s| {
        let expect = Expect {
            key: "Ed25519",
            ..OPENSSL
        };
        at(s, &openssl::with_key(s, Kind::Ed25519, &[])?, expect)
    }),
    Case::new("probe/openssl/certificate-ml-dsa", &[OpenSsl], |s| {
        let expect = Expect {
            key: "ML-DSA-65",
            versions: &["TLS 1.3"],
            ..OPENSSL
        };
        at(s, &openssl::with_key(s, Kind::MlDsa65, &[])?, expect)
    }),
    Case::new("probe/nginx/both", &[Nginx], |s| {
        at(s, &nginx::tls(s, "X25519MLKEM768:X25519")?, BOTH)
    }),
    Case::new("probe/nginx/hybrid-first", &[Nginx], |s| {
        at(s, &nginx::tls(s, "X25519MLKEM768/X25519")?, HYBRID_FIRST)
    }),
    Case::new("probe/nginx/auto", &[Nginx], |s| {
        at(s, &nginx::tls(s, "auto")?, OPENSSL)
    }),
    Case::new("probe/haproxy/both", &[Haproxy], |s| {
        // Its own order, but never a retry when something of the tuple is shared.
        let expect = Expect {
            order: "server",
            missed: 2,
            ..BOTH
        };
        at(s, &haproxy::tls(s, "X25519MLKEM768:X25519")?, expect)
    }),
    Case::new("probe/envoy/both", &[Envoy], |s| {
        at(s, &envoy::tls(s, &[HYBRID, "X25519"])?, HYBRID_FIRST)
    }),
    Case::new("probe/go/default", &[Go], |s| at(s, &go::tls(s, &[])?, GO)),
    Case::new("probe/python/default", &[Python], |s| {
        skip_unless_classical(s, Python)?;
        at(s, &python::tls(s)?, OPENSSL_3_0)
    }),
    Case::new("probe/edge/classical", &[], |s| {
        let expect = Expect {
            groups: &["X25519", "secp256r1", "secp384r1"],
            order: "server",
            ..CLASSICAL_ONLY
        };
        at_edge(s, "classical", expect)
    }),
    Case::new("probe/edge/accept", &[], |s| {
        // Hybrids only for those who share them; the probe shares one group when it asks for the order.
        let expect = Expect {
            groups: &[
                "X25519",
                "secp256r1",
                "secp384r1",
                HYBRID,
                "SecP256r1MLKEM768",
                "SecP384r1MLKEM1024",
                "MLKEM768",
                "MLKEM1024",
            ],
            missed: 2,
            verdict: "warn",
            ..EDGE
        };
        at_edge(s, "accept", expect)
    }),
    Case::new("probe/edge/upgrade", &[], |s| at_edge(s, "upgrade", EDGE)),
    Case::new("probe/edge/require", &[], |s| {
        let expect = Expect {
            groups: &[
                HYBRID,
                "SecP256r1MLKEM768",
                "SecP384r1MLKEM1024",
                "MLKEM768",
                "MLKEM1024",
            ],
            versions: &["TLS 1.3"],
            ..EDGE
        };
        at_edge(s, "require", expect)
    }),
    Case::new("probe/nobody/refused", &[], nobody),
    Case::new("probe/nginx/plain-http", &[Nginx], plain_http),
];

fn at(scene: &Scene<'_>, server: &Server, expect: Expect) -> anyhow::Result<String> {
    expect.meets(&probe::tls(scene, server.port, &[])?)
}

fn s_server(scene: &Scene<'_>, arguments: &[&str]) -> anyhow::Result<Server> {
    openssl::with_key(scene, Kind::Ecdsa, arguments)
}

fn at_edge(scene: &Scene<'_>, rung: &'static str, expect: Expect) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate(rung, scene.workshop.origin))?;
    let words = expect.meets(&probe::tls(scene, edge.port, &[])?)?;
    edge.end(scene)?;
    Ok(words)
}

/// Nobody listens: exit code 6, and one line that says so.
fn nobody(scene: &Scene<'_>) -> anyhow::Result<String> {
    failing(scene, scene.port()?, "refused")
}

/// A server that does not speak TLS is told from one that fails.
fn plain_http(scene: &Scene<'_>) -> anyhow::Result<String> {
    failing(scene, nginx::plain(scene)?.port, "does not speak TLS")
}

fn failing(scene: &Scene<'_>, port: u16, words: &str) -> anyhow::Result<String> {
    let mut command = Command::new(&scene.workshop.hybridge);
    let ran = scene.run(command.args(["probe", &format!("127.0.0.1:{port}"), "--json"]))?;
    ensure!(
        ran.status.code() == Some(6),
        "the probe ended with {}",
        ran.status
    );
    ensure!(ran.stderr.contains(words), "the probe says: {}", ran.stderr);
    Ok(ran.stderr.lines().next().unwrap_or_default().to_owned())
}
