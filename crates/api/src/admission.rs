//! Where a request comes from, before anybody asks who sent it.
//!
//! Pure checks on a peer address and headers. A browser on this machine carries the console's cookie, so
//! what a foreign web page makes it send must not pass: DNS rebinding (`Host`), forged requests
//! (`Origin`, `Sec-Fetch-Site`, media type), and requests that a proxy passes on for somebody else. What
//! comes through our own edge proves that with a secret of this process.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, Method, Uri, header};
use hybridge_crypto::constant_time;
use hybridge_crypto::random::{self, RandomError};
use zeroize::Zeroizing;

use crate::extract::has_media_type;
use crate::problem::{Code, Problem};

const FORM: &str = "application/x-www-form-urlencoded";
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The name of the field by which our own edge proves itself; nobody else's copy passes it.
pub const EDGE_PROOF: &str = "hybridge-edge-proof";

/// What our own edge says with each request, and nobody else on this machine can.
#[derive(Clone)]
pub struct EdgeProof(Zeroizing<String>);

impl EdgeProof {
    /// Makes one for the life of the process.
    ///
    /// # Errors
    /// The random generator failed.
    pub fn generate() -> Result<Self, RandomError> {
        let bytes = Zeroizing::new(random::bytes::<32>()?);
        let mut text = Zeroizing::new(String::with_capacity(64));
        URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
        Ok(Self(text))
    }

    /// The value of the field.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut fields = headers.get_all(EDGE_PROOF).iter();
        let first = fields
            .next()
            .is_some_and(|field| constant_time::eq(field.as_bytes(), self.0.as_bytes()));
        first && fields.next().is_none()
    }
}

impl fmt::Debug for EdgeProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EdgeProof(<redacted>)")
    }
}

/// How a request came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From a program or browser on this machine.
    Direct(SocketAddr),
    /// Through our own edge, from this client as far as the edge knew it.
    Edge(Option<SocketAddr>),
}

impl Way {
    /// Who is at the other end.
    pub(crate) const fn peer(self) -> Option<SocketAddr> {
        match self {
            Self::Direct(peer) => Some(peer),
            Self::Edge(client) => client,
        }
    }
}

/// The parts of a request that admission looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Knock<'a> {
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    /// What our own edge proves itself with, if there is one in front.
    pub(crate) edge: Option<&'a EdgeProof>,
}

/// The address at the other end of the connection, as the listener saw it.
pub(crate) fn peer(request: &Request) -> Option<SocketAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(peer)| *peer)
}

/// Says how a request came here, or why it is not looked at any further.
pub(crate) fn look_at_origin(knock: Knock<'_>) -> Result<Way, Problem> {
    let peer = require_local_peer(knock.peer)?;
    let by_edge = knock.edge.is_some_and(|edge| edge.is_in(knock.headers));
    let (way, host) = if by_edge {
        (
            Way::Edge(forwarded_client(knock.headers)),
            host_behind_edge(knock.headers)?,
        )
    } else {
        require_not_forwarded(knock.headers)?;
        (Way::Direct(peer), require_local_host(knock.uri, knock.headers)?)
    };
    if knock.method.is_safe() {
        require_own_page(knock.headers)?;
    } else {
        require_no_forgery(&host, knock.headers)?;
    }
    Ok(way)
}

/// Our edge appends the address it saw, so the last one counts.
fn forwarded_client(headers: &HeaderMap) -> Option<SocketAddr> {
    let field = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    let last = field.rsplit(',').next()?.trim();
    let address: IpAddr = last.parse().ok()?;
    Some(SocketAddr::new(address, 0))
}

/// Behind TLS a foreign page cannot give our name to another host: the certificate would not fit.
fn host_behind_edge(headers: &HeaderMap) -> Result<String, Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) {
        (Some(host), None) => Ok(host.to_ascii_lowercase()),
        _ => Err(Problem::new(Code::HostNotLocal, "name one host")),
    }
}

fn require_local_peer(peer: Option<SocketAddr>) -> Result<SocketAddr, Problem> {
    match peer {
        Some(peer) if peer.ip().to_canonical().is_loopback() => Ok(peer),
        _ => Err(Problem::new(
            Code::PeerNotLocal,
            "the API serves this machine only",
        )),
    }
}

/// A proxy on this machine makes everyone a loopback peer; honest ones say for whom they ask
/// (RFC 7239 §5.2).
fn require_not_forwarded(headers: &HeaderMap) -> Result<(), Problem> {
    let local = headers.get_all(FORWARDED_FOR).iter().all(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.split(',').all(|address| is_local_address(address.trim())))
    });
    let forwarded = headers.get_all(header::FORWARDED).iter().all(|value| {
        let mut pairs = value.to_str().unwrap_or("for=unknown").split([',', ';']);
        pairs.all(|pair| forwarded_for(pair).is_none_or(is_local_address))
    });
    if local && forwarded {
        return Ok(());
    }
    Err(Problem::new(
        Code::Forwarded,
        "the request was forwarded for another machine; the API serves this one only",
    ))
}

fn forwarded_for(pair: &str) -> Option<&str> {
    let (name, value) = pair.split_once('=')?;
    name.trim()
        .eq_ignore_ascii_case("for")
        .then(|| value.trim().trim_matches('"'))
}

/// A host name without rebinding (RFC 6761 §6.3) or a loopback address, as in `Host`.
fn require_local_host(uri: &Uri, headers: &HeaderMap) -> Result<String, Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let target = uri.authority().map(|authority| authority.as_str());
    match (host.or(target), hosts.next()) {
        (Some(host), None) if is_local(host) && target.is_none_or(is_local) => Ok(host.to_ascii_lowercase()),
        _ => Err(Problem::new(
            Code::HostNotLocal,
            "use localhost, 127.0.0.1 or [::1] as the host: other names could be pointed here by a foreign page",
        )),
    }
}

fn is_local(authority: &str) -> bool {
    let name = without_port(authority).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || is_local_address(authority)
}

/// An address, bare or with a port or in brackets.
fn is_local_address(text: &str) -> bool {
    let bare = without_port(text).trim_matches(['[', ']']);
    let address = text.parse::<IpAddr>().or_else(|_| bare.parse());
    address.is_ok_and(|address| address.to_canonical().is_loopback())
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => authority,
    }
}

/// Reads: a foreign page may link here, but not embed or fetch (Fetch Metadata).
fn require_own_page(headers: &HeaderMap) -> Result<(), Problem> {
    let navigation = headers.get(FETCH_MODE).is_some_and(|mode| mode == "navigate");
    if navigation || own_site(headers).unwrap_or(true) {
        Ok(())
    } else {
        Err(cross_site())
    }
}

/// Writes: JSON, which no foreign form can send without asking first; or the console's own form,
/// whose origin the browser vouches for.
fn require_no_forgery(host: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let origin = headers
        .get(header::ORIGIN)
        .map(|origin| origin.to_str().is_ok_and(|origin| same_host(origin, host)));
    let site = own_site(headers);
    if origin == Some(false) || site == Some(false) {
        return Err(cross_site());
    }
    if has_media_type(headers, "application/json") {
        return Ok(());
    }
    if !has_media_type(headers, FORM) {
        return Err(Problem::new(
            Code::MediaTypeUnsupported,
            "send the body as Content-Type: application/json",
        ));
    }
    if origin.or(site).is_some() {
        Ok(())
    } else {
        Err(cross_site())
    }
}

fn own_site(headers: &HeaderMap) -> Option<bool> {
    headers
        .get(FETCH_SITE)
        .map(|site| site == "same-origin" || site == "none")
}

/// The scheme is left out: in front of the API there may be a TLS proxy.
fn same_host(origin: &str, host: &str) -> bool {
    origin
        .split_once("://")
        .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

fn cross_site() -> Problem {
    Problem::new(Code::CrossSite, "the request comes from another site's page")
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
