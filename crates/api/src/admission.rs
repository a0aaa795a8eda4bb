//! Who may come in: the defences of a service whose only credential is being on the same machine.
//!
//! Pure checks on a peer address and headers. A browser on this machine is a loopback peer too, so
//! what a foreign web page makes it send must not pass: DNS rebinding (`Host`), forged requests
//! (`Origin`, `Sec-Fetch-Site`, media type), and requests that a proxy passes on for somebody else.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, Method, Uri, header};

use crate::extract::has_media_type;
use crate::problem::{Code, Problem};

const FORM: &str = "application/x-www-form-urlencoded";
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// On whose behalf a request is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Principal {
    /// Somebody on this machine.
    Loopback,
}

impl Principal {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
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
}

/// Says who is asking, or why nobody is let in.
pub(crate) fn authenticate(knock: Knock<'_>) -> Result<Principal, Problem> {
    require_local_peer(knock.peer)?;
    require_not_forwarded(knock.headers)?;
    let host = require_local_host(knock.uri, knock.headers)?;
    if knock.method.is_safe() {
        require_own_page(knock.headers)?;
    } else {
        require_no_forgery(&host, knock.headers)?;
    }
    Ok(Principal::Loopback)
}

fn require_local_peer(peer: Option<SocketAddr>) -> Result<(), Problem> {
    match peer {
        Some(peer) if peer.ip().to_canonical().is_loopback() => Ok(()),
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
