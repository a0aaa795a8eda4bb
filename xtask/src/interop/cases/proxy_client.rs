//! Proxies as clients of our edge: nginx, HAProxy and Envoy with TLS towards their upstream.
//!
//! All three are told to verify our certificate and its name.

use anyhow::ensure;

use crate::interop::case::Case;
use crate::interop::client::{envoy, haproxy, nginx};
use crate::interop::handshake::{Expect, HYBRID};
use crate::interop::peers::Peer::{Envoy, Haproxy, Nginx};
use crate::interop::scene::Scene;

use super::meet;

const SHARE: Expect = Expect::share(HYBRID);
const CLASSICAL: Expect = Expect::share("x25519");

pub(super) const CASES: &[Case] = &[
    Case::new("client/nginx/upgrade", &[Nginx], |s| {
        by_nginx(s, "upgrade", "", SHARE)
    }),
    Case::new("client/nginx/classical", &[Nginx], |s| {
        by_nginx(s, "classical", "", CLASSICAL)
    }),
    Case::new("client/nginx/upgrade-unshared", &[Nginx], |s| {
        let groups = "proxy_ssl_conf_command Groups X25519:X25519MLKEM768;";
        by_nginx(s, "upgrade", groups, Expect::retry(HYBRID))
    }),
    Case::new("client/nginx/tls-1.2", &[Nginx], |s| {
        let version = "proxy_ssl_conf_command MaxProtocol TLSv1.2;";
        by_nginx(s, "upgrade", version, Expect::tls12("x25519"))
    }),
    Case::new("client/haproxy/upgrade", &[Haproxy], |s| {
        by_haproxy(s, "upgrade", "", SHARE)
    }),
    Case::new("client/haproxy/classical", &[Haproxy], |s| {
        by_haproxy(s, "classical", "", CLASSICAL)
    }),
    Case::new("client/haproxy/upgrade-unshared", &[Haproxy], |s| {
        by_haproxy(
            s,
            "upgrade",
            "curves X25519:X25519MLKEM768",
            Expect::retry(HYBRID),
        )
    }),
    Case::new("client/haproxy/http-2", &[Haproxy], |s| {
        by_haproxy(s, "upgrade", "alpn h2", SHARE)
    }),
    Case::new("client/envoy/upgrade-http-1.1", &[Envoy], |s| {
        by_envoy(s, "upgrade", &[HYBRID, "X25519"], "http/1.1", SHARE)
    }),
    Case::new("client/envoy/upgrade-http-2", &[Envoy], |s| {
        by_envoy(s, "upgrade", &[HYBRID, "X25519"], "h2", SHARE)
    }),
    Case::new("client/envoy/classical-first", &[Envoy], |s| {
        by_envoy(s, "upgrade", &["X25519", HYBRID], "http/1.1", SHARE)
    }),
    Case::new("client/envoy/classical-only", &[Envoy], |s| {
        by_envoy(s, "upgrade", &["X25519"], "http/1.1", CLASSICAL)
    }),
];

fn by_nginx(
    scene: &Scene<'_>,
    rung: &'static str,
    directives: &str,
    expect: Expect,
) -> anyhow::Result<String> {
    meet(
        scene,
        rung,
        |scene, port| nginx::get(scene, port, directives),
        expect,
    )
}

fn by_haproxy(scene: &Scene<'_>, rung: &'static str, words: &str, expect: Expect) -> anyhow::Result<String> {
    let client = |scene: &Scene<'_>, port| {
        let told = haproxy::get(scene, port, words)?;
        ensure!(
            told.group.is_some() && told.version.is_some(),
            "HAProxy tells nothing: {told:?}"
        );
        Ok(told)
    };
    meet(scene, rung, client, expect)
}

fn by_envoy(
    scene: &Scene<'_>,
    rung: &'static str,
    groups: &[&str],
    alpn: &str,
    expect: Expect,
) -> anyhow::Result<String> {
    let client = |scene: &Scene<'_>, port| {
        let told = envoy::get(scene, port, groups, alpn)?;
        ensure!(
            told.group.is_some() && told.version.is_some(),
            "Envoy tells nothing: {told:?}"
        );
        Ok(told)
    };
    meet(scene, rung, client, expect)
}
