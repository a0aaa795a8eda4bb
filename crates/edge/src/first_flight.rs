//! Reads what comes first on a connection: a PROXY header where one is expected, then the
//! ClientHello, whole, however it was cut up; and reduces it to the facts that the rest needs.

use std::net::SocketAddr;

use hybridge_hello::{
    ClientHello, Foreign, Locator, NamedGroup, Progress, ProtocolVersion, SignatureScheme, fingerprints,
};
use hybridge_policy::{Group, GroupSet, Offer};
use rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
use rustls::{SignatureAlgorithm, SupportedCipherSuite};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::certificate::Certificates;
use crate::handshake::{Groups, Offered, SniClass};
use crate::proxy_header::{self, Header};

/// What was read, and what it says.
#[derive(Debug)]
pub(crate) struct FirstFlight {
    /// Every byte that was read, from the first record on.
    pub(crate) raw: Vec<u8>,
    /// Facts for the record of the handshake.
    pub(crate) offered: Offered,
    /// Facts for the choice of a group.
    pub(crate) offer: Offer,
    /// The scheme that our certificate for this client signs with.
    pub(crate) scheme: Option<SignatureScheme>,
}

/// Why there is no ClientHello.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoHello {
    /// Not one byte came: a health check, or a scan.
    Absent,
    /// The connection closed in the middle.
    Incomplete,
    /// Another protocol.
    Foreign(Foreign),
    /// No ClientHello, or a damaged one.
    Malformed,
    /// More than the limit of 16 KiB.
    TooLong,
}

/// Bytes as they came, and in how many reads.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) raw: Vec<u8>,
    reads: u8,
}

impl Received {
    async fn more(&mut self, stream: &mut TcpStream) -> Result<(), NoHello> {
        if self.raw.capacity() == 0 {
            self.raw.reserve(2048);
        }
        match stream.read_buf(&mut self.raw).await {
            Ok(1..) => {
                self.reads = self.reads.saturating_add(1);
                Ok(())
            }
            _ if self.raw.is_empty() => Err(NoHello::Absent),
            _ => Err(NoHello::Incomplete),
        }
    }
}

/// Reads the PROXY header; what follows it stays in `received`.
///
/// # Errors
/// There is none, or it is damaged.
pub(crate) async fn read_proxy_header(
    stream: &mut TcpStream,
    received: &mut Received,
) -> Result<Option<SocketAddr>, NoHello> {
    loop {
        match proxy_header::parse(&received.raw) {
            Header::Complete { length, client } => {
                received.raw.drain(..length);
                // What came with the header's last bytes is the first read of the hello.
                received.reads = u8::from(!received.raw.is_empty());
                return Ok(client);
            }
            Header::Malformed => return Err(NoHello::Malformed),
            Header::Incomplete => received.more(stream).await?,
        }
    }
}

/// Reads the ClientHello (RFC 8446 §4.1.2).
///
/// # Errors
/// See `NoHello`; the deadline is the caller's.
pub(crate) async fn read_hello(
    stream: &mut TcpStream,
    mut received: Received,
    order: &[Group],
    certificates: Option<&Certificates>,
) -> Result<FirstFlight, NoHello> {
    let (mut locator, mut scratch) = (Locator::default(), Vec::new());
    let (offered, offer, scheme) = loop {
        match locator.advance(&received.raw, &mut scratch) {
            Progress::Incomplete => received.more(stream).await?,
            Progress::Complete(located) => {
                let hello = ClientHello::parse(located.message).map_err(|_unusable| NoHello::Malformed)?;
                let offer = offer(&hello, order);
                let mut offered = offered(&hello, &offer, certificates);
                offered.records = u8::try_from(located.records).unwrap_or(u8::MAX);
                break (offered, offer, scheme(&hello, certificates));
            }
            Progress::Foreign(foreign) => return Err(NoHello::Foreign(foreign)),
            Progress::TooLong => return Err(NoHello::TooLong),
            Progress::Malformed(_) => return Err(NoHello::Malformed),
        }
    };
    let offered = Offered {
        segments: received.reads.max(1),
        ..offered
    };
    Ok(FirstFlight {
        raw: received.raw,
        offered,
        offer,
        scheme,
    })
}

/// Reduces a hello to what the record keeps.
pub(crate) fn offered(
    hello: &ClientHello<'_>,
    offer: &Offer,
    certificates: Option<&Certificates>,
) -> Offered {
    Offered {
        groups: Groups::collect(hello.supported_groups()),
        shares: Groups::collect(share_groups(hello)),
        version: hello.max_version(),
        sni: sni_class(hello, certificates),
        fingerprints: Some(fingerprints(hello)),
        can_post_quantum: offer.can_post_quantum(),
        shares_post_quantum: offer.tls13 && offer.shared.has_post_quantum(),
        hello_bytes: u16::try_from(hello.message().len()).unwrap_or(u16::MAX),
        segments: 1,
        records: 1,
    }
}

fn share_groups<'a>(hello: &ClientHello<'a>) -> impl Iterator<Item = NamedGroup> + use<'a> {
    hello.key_shares().map(|share| share.group)
}

/// Reduces a hello to the groups that the route negotiates.
pub(crate) fn offer(hello: &ClientHello<'_>, order: &[Group]) -> Offer {
    let known = |group: NamedGroup| Group::from_code_point(group.0).filter(|group| order.contains(group));
    let listed: GroupSet = hello.supported_groups().filter_map(known).collect();
    let shared: GroupSet = share_groups(hello).filter_map(known).collect();
    Offer {
        tls13: hello.offers_tls13(),
        listed,
        shared,
    }
}

fn sni_class(hello: &ClientHello<'_>, certificates: Option<&Certificates>) -> SniClass {
    match (hello.server_name(), certificates) {
        (None, _) => SniClass::Absent,
        (Some(name), Some(certificates)) if certificates.cover(name) => SniClass::Known,
        (Some(_), _) => SniClass::Unknown,
    }
}

/// The scheme that rustls will sign with: it asks the same certificates the same question.
fn scheme(hello: &ClientHello<'_>, certificates: Option<&Certificates>) -> Option<SignatureScheme> {
    let tls13 = hello.max_version() >= ProtocolVersion::TLS_1_3;
    let usable = |scheme: &SignatureScheme| tls13 || suits(hello, *scheme);
    let mut offered = [rustls::SignatureScheme::Unknown(0); 64];
    let mut length = 0;
    for (slot, scheme) in offered.iter_mut().zip(hello.signature_schemes().filter(usable)) {
        *slot = rustls::SignatureScheme::from(scheme.0);
        length += 1;
    }
    let (name, offered) = (hello.server_name(), &offered[..length]);
    let chosen = if tls13 {
        certificates?.choose_tls13(name, offered)
    } else {
        certificates?.choose_tls12(name, offered, |curve| lists(hello, curve))
    };
    chosen.map(|(_, scheme)| SignatureScheme(u16::from(scheme)))
}

/// Whether the client lists a curve; who lists nothing takes any (RFC 8422 §4).
fn lists(hello: &ClientHello<'_>, curve: rustls::NamedGroup) -> bool {
    let mut listed = hello.supported_groups().peekable();
    listed.peek().is_none() || listed.any(|group| group.0 == u16::from(curve))
}

/// TLS 1.2 ties the kind of key to the cipher suites (RFC 5246 §7.4.2, RFC 8422 §2).
fn suits(hello: &ClientHello<'_>, scheme: SignatureScheme) -> bool {
    let kind = match scheme.0.to_be_bytes() {
        [_, 0x01] | [0x08, 0x04..=0x06] => SignatureAlgorithm::RSA,
        [0x08, 0x07] => SignatureAlgorithm::ED25519,
        [_, 0x03] => SignatureAlgorithm::ECDSA,
        _ => return false,
    };
    let offered = |suite: &SupportedCipherSuite| {
        let code = u16::from(suite.suite());
        hello.cipher_suites().any(|offered| offered.0 == code)
    };
    let mut suites = ALL_CIPHER_SUITES.iter();
    suites.any(|suite| suite.usable_for_signature_algorithm(kind) && offered(suite))
}
