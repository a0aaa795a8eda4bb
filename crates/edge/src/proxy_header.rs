//! The PROXY protocol (versions 1 and 2): reading the header in front of a connection, and writing
//! one. Parsing is the `ppp` crate's; a header is at most 536 bytes here (version 1: 107).

use std::net::SocketAddr;

use ppp::{HeaderResult, PartialResult, v1, v2};

use crate::config::SendProxy;

/// The longest header that is taken, in bytes.
const LIMIT: usize = 536;
/// The longest version 1 header, in bytes, its end of line included.
const LINE_LIMIT: usize = 107;

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// More bytes are needed.
    Incomplete,
    /// No PROXY header, or a damaged one.
    Malformed,
    /// A header of this many bytes; the client's address unless the header is a local one.
    Complete {
        length: usize,
        client: Option<SocketAddr>,
    },
}

pub(crate) fn parse(raw: &[u8]) -> Header {
    if let Some(early) = unfinished_line(raw) {
        return early;
    }
    let result = HeaderResult::parse(raw);
    if result.is_incomplete() {
        return if raw.len() < LIMIT {
            Header::Incomplete
        } else {
            Header::Malformed
        };
    }
    match result {
        HeaderResult::V1(Ok(header)) => Header::Complete {
            length: header.header.len(),
            client: client_v1(&header.addresses),
        },
        HeaderResult::V2(Ok(header)) if header.header.len() <= LIMIT => {
            let proxied = header.command == v2::Command::Proxy;
            let client = proxied.then(|| client_v2(&header.addresses)).flatten();
            Header::Complete {
                length: header.header.len(),
                client,
            }
        }
        _ => Header::Malformed,
    }
}

/// A version 1 header is a line: it is parsed once its end is there, and its end comes soon.
fn unfinished_line(raw: &[u8]) -> Option<Header> {
    const START: &[u8] = b"PROXY ";
    let length = START.len().min(raw.len());
    let is_line = length > 0 && raw[..length] == START[..length];
    match raw.iter().take(LINE_LIMIT).any(|byte| *byte == b'\n') {
        false if is_line && raw.len() >= LINE_LIMIT => Some(Header::Malformed),
        false if is_line => Some(Header::Incomplete),
        _ => None,
    }
}

fn client_v1(addresses: &v1::Addresses) -> Option<SocketAddr> {
    match addresses {
        v1::Addresses::Tcp4(v4) => Some(SocketAddr::from((v4.source_address, v4.source_port))),
        v1::Addresses::Tcp6(v6) => Some(SocketAddr::from((v6.source_address, v6.source_port))),
        v1::Addresses::Unknown => None,
    }
}

fn client_v2(addresses: &v2::Addresses) -> Option<SocketAddr> {
    match addresses {
        v2::Addresses::IPv4(v4) => Some(SocketAddr::from((v4.source_address, v4.source_port))),
        v2::Addresses::IPv6(v6) => Some(SocketAddr::from((v6.source_address, v6.source_port))),
        _ => None,
    }
}

/// The header that tells an upstream who the client is; empty when none is to be sent.
pub(crate) fn write(version: SendProxy, client: SocketAddr, local: SocketAddr) -> Vec<u8> {
    match version {
        SendProxy::Off => Vec::new(),
        SendProxy::V1 => v1::Addresses::from((client, local)).to_string().into_bytes(),
        SendProxy::V2 => {
            let start = v2::Version::Two | v2::Command::Proxy;
            let builder = v2::Builder::with_addresses(start, v2::Protocol::Stream, (client, local));
            builder.build().unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "192.0.2.7:4711";
    const LOCAL: &str = "198.51.100.1:443";

    fn round_trip(version: SendProxy, client: &str, local: &str) {
        let (client, local) = (client.parse().unwrap(), local.parse().unwrap());
        let mut raw = write(version, client, local);
        let length = raw.len();
        for cut in 0..length {
            assert_eq!(parse(&raw[..cut]), Header::Incomplete, "{version:?} cut at {cut}");
        }
        raw.extend_from_slice(b"\x16\x03\x01");
        assert_eq!(
            parse(&raw),
            Header::Complete {
                length,
                client: Some(client)
            }
        );
    }

    #[test]
    fn what_we_write_we_read_whole_and_in_pieces() {
        for version in [SendProxy::V1, SendProxy::V2] {
            round_trip(version, CLIENT, LOCAL);
            round_trip(version, "[2001:db8::7]:4711", "[2001:db8::1]:443");
        }
        assert!(write(SendProxy::Off, CLIENT.parse().unwrap(), LOCAL.parse().unwrap()).is_empty());
    }

    #[test]
    fn what_is_no_header_is_malformed() {
        assert_eq!(
            parse(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00"),
            Header::Malformed
        );
        assert_eq!(parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Header::Malformed);
        assert_eq!(parse(b"PROXY TCP4 1.2.3.4 nonsense 1 2\r\n"), Header::Malformed);
    }

    #[test]
    fn a_local_or_unknown_header_names_no_client() {
        assert_eq!(
            parse(b"PROXY UNKNOWN\r\n"),
            Header::Complete {
                length: 15,
                client: None
            }
        );
        let local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";
        assert_eq!(
            parse(local),
            Header::Complete {
                length: 16,
                client: None
            }
        );
    }
}
