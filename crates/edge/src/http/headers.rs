//! The header fields of a request on its way upstream, and of a response on its way back:
//! hop-by-hop fields go (RFC 9110 §7.6.1), what the upstream should know of the client comes.

use http::Version;
use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Uri};

use crate::config::{Proof, Upstream};
use crate::connection::Peer;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The key exchange group of the client's connection, for the upstream to log.
const TLS_GROUP: HeaderName = HeaderName::from_static("hybridge-tls-group");
/// The protocol version of the client's connection.
const TLS_VERSION: HeaderName = HeaderName::from_static("hybridge-tls-version");
/// The cipher suite of the client's connection.
const TLS_CIPHER: HeaderName = HeaderName::from_static("hybridge-tls-cipher");

/// The names in the client's certificate.
const TLS_CLIENT: HeaderName = HeaderName::from_static("hybridge-tls-client");
/// RFC 9440 §2.2.
const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const EDGE_PROOF: HeaderName = HeaderName::from_static(Proof::FIELD);

/// The protocol that a request asks to switch to (RFC 9110 §7.8), if it does.
///
/// HTTP/2 over a switch is gone from the standard (RFC 9113 §3.1), and what came after it would reach
/// the upstream without our fields: it is not passed on.
pub(super) fn upgrade_wanted(parts: &Parts) -> Option<HeaderValue> {
    let asked = parts.version == Version::HTTP_11
        && has_token(&parts.headers, &CONNECTION, "upgrade")
        && !has_token(&parts.headers, &UPGRADE, "h2c");
    asked.then(|| parts.headers.get(UPGRADE).cloned()).flatten()
}

/// HTTP/1.1 names its host, once; no version names two (RFC 9112 §3.2), nor one with a user in front.
pub(super) fn has_one_host(parts: &Parts) -> bool {
    let hosts = parts.headers.get_all(HOST);
    let sound =
        hosts.iter().all(is_host) && parts.uri.authority().is_none_or(|named| is_plain(named.as_str()));
    match hosts.iter().count() {
        0 => sound && parts.version != Version::HTTP_11,
        count => sound && count == 1,
    }
}

fn is_host(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(is_plain)
}

fn is_plain(host: &str) -> bool {
    !host.contains('@') && host.parse::<Authority>().is_ok()
}

/// The one transfer coding that is undone here is the framing itself (RFC 9112 §6.1).
pub(super) fn has_strange_coding(parts: &Parts) -> bool {
    let codings = parts.headers.get_all(TRANSFER_ENCODING);
    let is_strange = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"chunked");
    codings.iter().count() > 1 || codings.iter().any(is_strange)
}

/// Says that a body of unknown length follows, whatever the method (RFC 9112 §6.3).
pub(super) fn announce_body(headers: &mut HeaderMap) {
    if !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// Removes the fields that are for one hop only, those that Connection names included.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let values = headers.get_all(CONNECTION).iter();
    let tokens = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let named: Vec<HeaderName> = tokens.filter_map(|name| name.trim().parse().ok()).collect();
    for name in named.into_iter().filter(|name| *name != HOST) {
        headers.remove(name);
    }
    for name in [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRANSFER_ENCODING,
        UPGRADE,
    ] {
        headers.remove(name);
    }
}

/// Which way a route's requests go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction<'a> {
    /// To a service of ours: it learns who the client is.
    Inward(&'a Peer, &'a Upstream),
    /// To somebody else's origin: it is addressed by its own name and learns nothing of our clients.
    Outward(&'a HeaderValue),
}

/// Turns a client's request into the one for the upstream (HTTP/1.1, origin form).
pub(super) fn prepare(parts: &mut Parts, direction: Direction<'_>, upgrade: Option<HeaderValue>) {
    let authority = parts
        .uri
        .authority()
        .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let path = parts
        .uri
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    parts.uri = Uri::from(path);
    if parts.version == Version::HTTP_2 {
        join_cookies(&mut parts.headers);
    }
    parts.version = Version::HTTP_11;
    let headers = &mut parts.headers;
    let trailers = has_token(headers, &TE, "trailers");
    strip_hop_by_hop(headers);
    if let Some(authority) = authority {
        headers.insert(HOST, authority);
    }
    set_connection(headers, trailers, upgrade);
    match direction {
        Direction::Inward(peer, upstream) => {
            drop_claims(headers, is_claim);
            name_host(headers, &upstream.address);
            tell_of_client(headers, peer);
            prove(headers, upstream);
        }
        Direction::Outward(host) => {
            drop_claims(headers, is_ours);
            headers.insert(HOST, host.clone());
        }
    }
}

/// What the next hop is asked for: a list, for TE and Upgrade may come together (RFC 9110 §7.6.1).
fn set_connection(headers: &mut HeaderMap, trailers: bool, upgrade: Option<HeaderValue>) {
    let options = match (trailers, upgrade.is_some()) {
        (false, false) => return,
        (true, false) => "te",
        (false, true) => "upgrade",
        (true, true) => "te, upgrade",
    };
    headers.insert(CONNECTION, HeaderValue::from_static(options));
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(protocol) = upgrade {
        headers.insert(UPGRADE, protocol);
    }
}

/// HTTP/1.0 need not name a host; HTTP/1.1, which we send, must (RFC 9112 §3.2).
fn name_host(headers: &mut HeaderMap, address: &str) {
    if !headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(address)
    {
        headers.insert(HOST, host);
    }
}

/// A field that only we may set. Many a framework reads `_` as `-` (RFC 3875 §4.1.18).
fn is_ours(name: &str) -> bool {
    let plain = name.replace('_', "-");
    plain.starts_with("hybridge-tls-") || plain == Proof::FIELD
}

/// A field that says who the client is. The list of addresses is not one: it is read from its end.
fn is_claim(name: &str) -> bool {
    let plain = name.replace('_', "-");
    let about_client = plain.starts_with("x-forwarded-") || plain == "forwarded" || plain == "x-real-ip";
    // RFC 9440 §4: nobody but whoever ended the TLS connection says this.
    let certificate = plain == "client-cert" || plain == "client-cert-chain";
    is_ours(name) || certificate || about_client && name != FORWARDED_FOR.as_str()
}

/// Drops what a client claims, in the head and among the announced trailers: only announced ones are
/// sent on.
fn drop_claims(headers: &mut HeaderMap, is_claim: fn(&str) -> bool) {
    let found: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_claim(name.as_str()))
        .cloned()
        .collect();
    for name in found {
        headers.remove(name);
    }
    let announced = headers
        .get_all(TRAILER)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let names = announced
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase());
    let kept: Vec<String> = names
        .filter(|name| !is_claim(name) && *name != FORWARDED_FOR.as_str())
        .collect();
    set(headers, TRAILER, (!kept.is_empty()).then(|| kept.join(", ")));
}

/// HTTP/2 may split cookies; HTTP/1.1 may not (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_some() {
        let joined = headers
            .get_all(COOKIE)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect::<Vec<_>>()
            .join(&b"; "[..]);
        if let Ok(joined) = HeaderValue::from_bytes(&joined) {
            headers.insert(COOKIE, joined);
        }
    }
}

/// Says who the client is, what it asked for and what its connection negotiated.
fn tell_of_client(headers: &mut HeaderMap, peer: &Peer) {
    let address = peer.client.ip().to_canonical().to_string();
    if let Ok(value) = HeaderValue::from_str(&address) {
        headers.append(FORWARDED_FOR, value);
    }
    let secure = peer.negotiated.version.is_some();
    headers.insert(
        FORWARDED_PROTO,
        HeaderValue::from_static(if secure { "https" } else { "http" }),
    );
    if let Some(host) = headers.get(HOST).cloned() {
        headers.insert(FORWARDED_HOST, host);
    }
    let agreed = &peer.negotiated;
    set(headers, TLS_GROUP, agreed.group.map(|group| group.to_string()));
    set(
        headers,
        TLS_VERSION,
        agreed.version.map(|version| version.to_string()),
    );
    set(headers, TLS_CIPHER, agreed.suite.map(|suite| suite.to_string()));
    if let Some(certificate) = &peer.certificate {
        headers.insert(CLIENT_CERT, certificate.leaf.clone());
        headers.insert(TLS_CLIENT, certificate.names.clone());
    }
}

/// Lets an upstream of this process know that it was us.
fn prove(headers: &mut HeaderMap, upstream: &Upstream) {
    let proof = upstream
        .proof
        .as_ref()
        .and_then(|proof| HeaderValue::from_str(&proof.0).ok());
    if let Some(mut value) = proof {
        value.set_sensitive(true);
        headers.insert(EDGE_PROOF, value);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    match value.and_then(|value| HeaderValue::from_str(&value).ok()) {
        Some(value) => {
            headers.insert(name, value);
        }
        None => {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion};

    use super::*;
    use crate::arms::Arm;
    use crate::handshake::Negotiated;

    fn prepared(request: http::request::Builder) -> Parts {
        let negotiated = Negotiated {
            group: Some(NamedGroup::X25519MLKEM768),
            version: Some(ProtocolVersion::TLS_1_3),
            suite: Some(CipherSuite(0x1301)),
            ..Negotiated::default()
        };
        let client = "192.0.2.7:4711".parse().unwrap();
        let peer = Peer {
            client,
            local: client,
            arm: Arm::Control,
            negotiated,
            http2: false,
            certificate: None,
        };
        let upstream = Upstream {
            address: "10.0.0.1:80".to_owned(),
            tls: None,
            send_proxy: crate::config::SendProxy::Off,
            proof: Some(Proof("known".into())),
        };
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let upgrade = upgrade_wanted(&parts);
        prepare(&mut parts, Direction::Inward(&peer, &upstream), upgrade);
        parts
    }

    fn check(parts: &Parts, name: &str, expect: &[&str]) {
        let values: Vec<_> = parts
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert_eq!(values, expect, "{name}");
    }

    #[test]
    fn the_upstream_learns_of_the_client_and_nothing_that_the_client_made_up() {
        let request = http::Request::get("/a?b=c")
            .header("host", "shop.example")
            .header("x-forwarded-for", "203.0.113.9")
            .header("x-forwarded-host", "evil.example")
            .header("hybridge-tls-group", "forged")
            .header("hybridge-tls-client", "spiffe://forged")
            .header("Client-Cert", ":Zm9yZ2Vk:")
            .header("client_cert_chain", ":Zm9yZ2Vk:")
            .header("hybridge_edge_proof", "forged")
            .header("hybridge-edge-proof", "forged");
        let parts = prepared(request);
        check(&parts, "hybridge-edge-proof", &["known"]);
        for name in [
            "hybridge-tls-client",
            "client-cert",
            "client_cert_chain",
            "hybridge_edge_proof",
        ] {
            check(&parts, name, &[]);
        }
        check(&parts, "hybridge-tls-group", &["X25519MLKEM768"]);
        check(&parts, "hybridge-tls-version", &["TLS 1.3"]);
        check(&parts, "hybridge-tls-cipher", &["TLS_AES_128_GCM_SHA256"]);
        check(&parts, "x-forwarded-for", &["203.0.113.9", "192.0.2.7"]);
        check(&parts, "x-forwarded-proto", &["https"]);
        check(&parts, "x-forwarded-host", &["shop.example"]);
        assert_eq!(parts.uri, "/a?b=c");
    }

    #[test]
    fn fields_of_one_hop_stay_on_it() {
        let request = http::Request::get("/")
            .header("host", "a")
            .header("connection", "close, x-secret")
            .header("x-secret", "1")
            .header("te", "trailers")
            .header("upgrade", "h2c")
            .header("keep-alive", "timeout=5");
        let parts = prepared(request);
        check(&parts, "te", &["trailers"]);
        check(&parts, "connection", &["te"]);
        for name in ["x-secret", "upgrade", "keep-alive"] {
            check(&parts, name, &[]);
        }
    }

    #[test]
    fn an_upgrade_that_is_asked_for_is_passed_on() {
        let request = http::Request::get("/chat")
            .header("host", "a")
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "websocket");
        let parts = prepared(request);
        check(&parts, "connection", &["upgrade"]);
        check(&parts, "upgrade", &["websocket"]);
    }

    #[test]
    fn a_remote_origin_is_called_by_its_name_and_learns_nothing_of_the_client() {
        let request = http::Request::get("/")
            .header("host", "127.0.0.1:9000")
            .header("hybridge-tls-group", "x");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        prepare(
            &mut parts,
            Direction::Outward(&HeaderValue::from_static("api.example")),
            None,
        );
        check(&parts, "host", &["api.example"]);
        for name in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "hybridge-tls-group",
        ] {
            check(&parts, name, &[]);
        }
    }

    #[test]
    fn trailers_of_ours_are_not_announced_and_so_not_sent() {
        let request = http::Request::post("/")
            .header("host", "a")
            .header("te", "trailers")
            .header("upgrade", "websocket")
            .header("connection", "te, upgrade, host")
            .header(
                "trailer",
                "Checksum, Hybridge-Tls-Group, x_forwarded_for, X-Forwarded-For",
            )
            .header("x-real-ip", "203.0.113.9")
            .header("forwarded", "for=203.0.113.9");
        let parts = prepared(request);
        check(&parts, "trailer", &["checksum"]);
        check(&parts, "connection", &["te, upgrade"]);
        check(&parts, "host", &["a"]);
        check(&parts, "x-real-ip", &[]);
        check(&parts, "forwarded", &[]);
    }

    #[test]
    fn a_host_that_is_none_is_not_believed() {
        for (host, expect) in [
            ("shop.example:8443", true),
            ("[::1]:80", true),
            ("a b/c", false),
            ("", false),
            ("u:p@evil", false),
        ] {
            let (parts, ()) = http::Request::get("/")
                .header("host", host)
                .body(())
                .unwrap()
                .into_parts();
            assert_eq!(has_one_host(&parts), expect, "{host}");
        }
    }

    #[test]
    fn only_the_framing_is_undone() {
        for (coding, expect) in [
            ("chunked", false),
            ("Chunked", false),
            ("gzip, chunked", true),
            ("gzip", true),
        ] {
            let request = http::Request::post("/").header("transfer-encoding", coding);
            assert_eq!(
                has_strange_coding(&request.body(()).unwrap().into_parts().0),
                expect,
                "{coding}"
            );
        }
    }

    #[test]
    fn http2_becomes_http1() {
        let request = http::Request::get("https://shop.example/x")
            .version(Version::HTTP_2)
            .header("cookie", "a=1")
            .header("cookie", "b=2");
        let parts = prepared(request);
        assert_eq!(
            (parts.version, parts.uri.to_string().as_str()),
            (Version::HTTP_11, "/x")
        );
        check(&parts, "host", &["shop.example"]);
        check(&parts, "cookie", &["a=1; b=2"]);
    }
}
