//! What a failed TLS handshake says of itself: the cause inside an I/O error, and the alert that
//! rustls sent for it where the wire no longer shows it, because it was encrypted (RFC 8446 §6).

use std::io;

use hybridge_hello::AlertDescription;
use rustls::{Error, PeerIncompatible};

/// The TLS library's own error, if it was not the connection that broke.
pub(crate) fn cause(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// The alert that rustls sends for an error, where it follows from the error alone.
pub(crate) fn alert_sent(error: &Error) -> Option<u8> {
    match error {
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            Some(AlertDescription::UNEXPECTED_MESSAGE.0)
        }
        Error::DecryptError => Some(AlertDescription::BAD_RECORD_MAC.0),
        Error::PeerSentOversizedRecord => Some(AlertDescription::RECORD_OVERFLOW.0),
        Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon) => {
            Some(AlertDescription::HANDSHAKE_FAILURE.0)
        }
        Error::NoApplicationProtocol => Some(AlertDescription::NO_APPLICATION_PROTOCOL.0),
        Error::InvalidMessage(flaw) => Some(rustls::AlertDescription::from(*flaw).into()),
        Error::InvalidCertificate(flaw) => Some(rustls::AlertDescription::from(flaw.clone()).into()),
        _ => None,
    }
}
