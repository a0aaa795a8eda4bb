//! What a finished handshake agreed on, from the TLS library's words to ours, on either side.
//! The scheme is left out: the library tells neither side which one it was.

use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion};
use rustls::{CommonState, HandshakeKind};

use crate::handshake::Negotiated;

/// Reads a connection whose handshake is complete.
pub(crate) fn agreed(connection: &CommonState) -> Negotiated {
    let kind = connection.handshake_kind();
    let (group, suite) = (
        connection.negotiated_key_exchange_group(),
        connection.negotiated_cipher_suite(),
    );
    Negotiated {
        group: group.map(|group| NamedGroup(u16::from(group.name()))),
        version: connection
            .protocol_version()
            .map(|version| ProtocolVersion(u16::from(version))),
        suite: suite.map(|suite| CipherSuite(u16::from(suite.suite()))),
        scheme: None,
        retry: kind == Some(HandshakeKind::FullWithHelloRetryRequest),
        resumed: kind == Some(HandshakeKind::Resumed),
    }
}
