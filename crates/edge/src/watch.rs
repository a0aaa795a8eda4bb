//! What an onlooker learns of a TLS handshake: both directions' bytes go in, facts come out.
//! No I/O and no clock. TLS 1.3 hides the end of the handshake; the lengths of records tell it.

use hybridge_hello::{
    ClientHello, HandshakeType, NamedGroup, ProtocolVersion, RecordTap, ServerHello, SignatureScheme,
    TapEvent,
};
use hybridge_policy::Group;

use crate::first_flight;
use crate::handshake::{Negotiated, Offered, Outcome};

/// The ciphertext of a TLS 1.3 alert: two bytes, the inner type, the tag (RFC 8446 §5.2).
const ENCRYPTED_ALERT: u16 = 19;
const FATAL: u8 = 2;

/// How a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) alert: Option<u8>,
}

/// The state of one observed handshake.
pub(crate) struct Watch<'a> {
    client: RecordTap,
    server: RecordTap,
    facts: Facts<'a>,
}

struct Facts<'a> {
    order: &'a [Group],
    seen_bytes: bool,
    segments: u8,
    offered: Option<Offered>,
    offered_once: bool,
    negotiated: Negotiated,
    server_hello: bool,
    client_changed: bool,
    server_changed: bool,
    ended: Option<Ended>,
}

impl<'a> Watch<'a> {
    /// A watch at the start of a connection; `order` names the groups that count as ours.
    pub(crate) fn new(order: &'a [Group]) -> Self {
        let facts = Facts {
            order,
            seen_bytes: false,
            segments: 0,
            offered: None,
            offered_once: false,
            negotiated: Negotiated::default(),
            server_hello: false,
            client_changed: false,
            server_changed: false,
            ended: None,
        };
        Self {
            client: RecordTap::new(),
            server: RecordTap::new(),
            facts,
        }
    }

    pub(crate) fn client_sent(&mut self, bytes: &[u8]) {
        let (facts, tap) = (&mut self.facts, &mut self.client);
        facts.seen_bytes |= !bytes.is_empty();
        if !facts.offered_once {
            facts.segments = facts.segments.saturating_add(1);
        }
        tap.push(bytes, |event| facts.client_event(&event));
        if let Some(offered) = &mut facts.offered {
            offered.records = u8::try_from(tap.records()).unwrap_or(u8::MAX);
        }
    }

    pub(crate) fn server_sent(&mut self, bytes: &[u8]) {
        let facts = &mut self.facts;
        self.server.push(bytes, |event| facts.server_event(&event));
    }

    /// What the ClientHello offered, once.
    pub(crate) fn take_offered(&mut self) -> Option<Offered> {
        self.facts.offered.take()
    }

    /// What has been agreed so far.
    pub(crate) const fn negotiated(&self) -> Negotiated {
        self.facts.negotiated
    }

    /// How it ended, once that is known.
    pub(crate) const fn ended(&self) -> Option<Ended> {
        self.facts.ended
    }

    /// How it ended given that the connection closed now; `None` if nothing ever came, or it had ended.
    pub(crate) const fn closed(&self) -> Option<Outcome> {
        let facts = &self.facts;
        match (facts.seen_bytes, facts.offered_once, facts.server_hello) {
            (false, ..) => None,
            (true, false, _) => Some(Outcome::HelloIncomplete),
            (true, true, true) => Some(Outcome::AfterServerHello),
            (true, true, false) if facts.negotiated.retry => Some(Outcome::AfterRetry),
            (true, true, false) => Some(Outcome::Upstream),
        }
    }

    /// Stops watching; the rest is application data.
    pub(crate) fn stop(&mut self) {
        self.client.stop();
        self.server.stop();
    }
}

impl Facts<'_> {
    const fn end(&mut self, outcome: Outcome, alert: Option<u8>) {
        if self.ended.is_none() {
            self.ended = Some(Ended { outcome, alert });
        }
    }

    const fn is_tls13(&self) -> bool {
        matches!(self.negotiated.version, Some(ProtocolVersion::TLS_1_3))
    }

    fn client_event(&mut self, event: &TapEvent<'_>) {
        match *event {
            TapEvent::Handshake {
                kind: HandshakeType::CLIENT_HELLO,
                message,
                ..
            } => self.client_hello(message),
            TapEvent::Handshake { .. } if !self.offered_once => self.end(Outcome::HelloMalformed, None),
            TapEvent::Alert {
                level: FATAL,
                description,
            } => self.end(Outcome::AlertIn, Some(description.0)),
            TapEvent::Encrypted {
                length: ENCRYPTED_ALERT,
                ..
            } if self.server_hello && self.is_tls13() => {
                self.end(Outcome::AlertIn, None);
            }
            TapEvent::Encrypted { .. } if self.server_hello && self.is_tls13() => {
                self.end(Outcome::Success, None);
            }
            TapEvent::ChangeCipherSpec => self.changed(true),
            TapEvent::NotTls if !self.server_hello => self.end(Outcome::HelloMalformed, None),
            _ => {}
        }
    }

    fn server_event(&mut self, event: &TapEvent<'_>) {
        match *event {
            TapEvent::Handshake {
                kind: HandshakeType::SERVER_HELLO,
                message,
                ..
            } => self.server_hello(message),
            TapEvent::Handshake {
                kind: HandshakeType::SERVER_KEY_EXCHANGE,
                message,
                ..
            } => {
                self.server_key_exchange(message);
            }
            TapEvent::Handshake {
                kind: HandshakeType::CERTIFICATE,
                ..
            } => self.negotiated.resumed = false,
            TapEvent::Alert {
                level: FATAL,
                description,
            } => self.end(Outcome::AlertOut, Some(description.0)),
            TapEvent::Encrypted {
                length: ENCRYPTED_ALERT,
                ..
            } if self.is_tls13() => {
                self.end(Outcome::AlertOut, None);
            }
            TapEvent::ChangeCipherSpec => self.changed(false),
            _ => {}
        }
    }

    fn client_hello(&mut self, message: &[u8]) {
        if self.offered_once {
            return;
        }
        match ClientHello::parse(message) {
            Ok(hello) => {
                let offered = first_flight::offered(&hello, &first_flight::offer(&hello, self.order), None);
                self.offered = Some(Offered {
                    segments: self.segments,
                    ..offered
                });
                self.offered_once = true;
            }
            Err(_) => self.end(Outcome::HelloMalformed, None),
        }
    }

    fn server_hello(&mut self, message: &[u8]) {
        let Ok(hello) = ServerHello::parse(message) else {
            return;
        };
        self.negotiated.version = Some(hello.version());
        self.negotiated.suite = Some(hello.cipher_suite());
        self.negotiated.group = hello.selected_group().or(self.negotiated.group);
        if hello.is_hello_retry_request() {
            self.negotiated.retry = true;
            return;
        }
        self.server_hello = true;
        self.negotiated.resumed = if self.is_tls13() {
            hello.selected_psk().is_some()
        } else {
            // TLS 1.2 resumes by leaving the Certificate out (RFC 5246 §7.3, RFC 5077 §3.1).
            true
        };
    }

    /// TLS 1.2 shows the group and the scheme (RFC 8422 §5.4): curve type 3, group, point, scheme.
    fn server_key_exchange(&mut self, message: &[u8]) {
        let Some(&[3, high, low, length, ..]) = message.get(4..) else {
            return;
        };
        let word = |high, low| u16::from_be_bytes([high, low]);
        self.negotiated.group = Some(NamedGroup(word(high, low)));
        if let Some(&[high, low, ..]) = message.get(8 + usize::from(length)..) {
            self.negotiated.scheme = Some(SignatureScheme(word(high, low)));
        }
    }

    fn changed(&mut self, by_client: bool) {
        if by_client {
            self.client_changed = true;
        } else {
            self.server_changed = true;
        }
        if self.client_changed && self.server_changed && self.server_hello && !self.is_tls13() {
            self.end(Outcome::Success, None);
        }
    }
}
