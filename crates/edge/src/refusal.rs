//! What we say to a client that we turn away before TLS: a plaintext alert (RFC 8446 §6), or, to
//! someone who speaks HTTP on a TLS port, an HTTP answer that a person can read.

use hybridge_hello::{AlertDescription, Foreign};
use tokio::net::TcpStream;

use crate::first_flight::NoHello;

const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\
Content-Length: 55\r\n\r\nThis port speaks TLS: use https:// instead of http://\n\n";

/// The alert for a hello that cannot be read; none for what is not TLS at all.
pub(crate) const fn alert(no_hello: &NoHello) -> Option<u8> {
    match no_hello {
        NoHello::Malformed => Some(AlertDescription::DECODE_ERROR.0),
        NoHello::TooLong => Some(AlertDescription::HANDSHAKE_FAILURE.0),
        NoHello::Absent | NoHello::Incomplete | NoHello::Foreign(_) => None,
    }
}

/// Sends the answer if the socket takes it at once: who is turned away costs us no waiting.
pub(crate) fn answer(stream: &TcpStream, no_hello: &NoHello, alert: Option<u8>) {
    if let Some(description) = alert {
        send_alert(stream, description);
    } else if *no_hello == NoHello::Foreign(Foreign::Http) {
        let _sent = stream.try_write(PLAIN_HTTP);
    }
}

/// Sends a fatal alert in plaintext.
pub(crate) fn send_alert(stream: &TcpStream, description: u8) {
    let _sent = stream.try_write(&[21, 3, 3, 0, 2, 2, description]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_http_answer_says_its_own_length() {
        let text = std::str::from_utf8(PLAIN_HTTP).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}", body.len())),
            "{}",
            body.len()
        );
    }
}
