//! The server's first flight: its hello, and what TLS 1.2 shows in the clear after it.
//!
//! It reads no further than it must, at most a fixed number of bytes, and keeps no ciphertext.

use hybridge_hello::{
    AlertDescription, CipherSuite, HandshakeType, NamedGroup, ProtocolVersion, RecordTap, ServerHello,
    TapEvent,
};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::probe::Failure;

/// Most bytes that are read from a server in one conversation.
const RECEIVED_MAX: usize = 128 * 1024;
const CHUNK: usize = 4096;
const OPENING_SHOWN: usize = 40;
const FATAL: u8 = 2;

/// What a ServerHello or HelloRetryRequest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) version: ProtocolVersion,
    pub(crate) suite: CipherSuite,
    pub(crate) session_id: Vec<u8>,
    /// Chosen, or in a HelloRetryRequest asked for; TLS 1.3 only.
    pub(crate) group: Option<NamedGroup>,
    /// The server's key share; empty in a HelloRetryRequest and below TLS 1.3.
    pub(crate) share: Vec<u8>,
    pub(crate) is_retry: bool,
    pub(crate) cookie: Option<Vec<u8>>,
}

/// A first flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flight {
    pub(crate) hello: Hello,
    /// The Certificate message of TLS 1.2, header included.
    pub(crate) certificate: Option<Vec<u8>>,
    /// The ServerKeyExchange message, header included.
    pub(crate) key_exchange: Option<Vec<u8>>,
}

/// Reads flights from one connection; it survives a HelloRetryRequest.
#[derive(Debug, Default)]
pub(crate) struct Receiver {
    tap: RecordTap,
    received: usize,
}

#[derive(Debug, Default)]
struct Gathered {
    hello: Option<Hello>,
    certificate: Option<Vec<u8>>,
    key_exchange: Option<Vec<u8>>,
    failure: Option<Failure>,
    complete: bool,
}

impl Receiver {
    /// Reads until the flight is whole, or until it is clear that it never will be. A flight that ends
    /// after its hello is still a flight.
    pub(crate) async fn flight(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<Flight, Failure> {
        let mut gathered = Gathered::default();
        let mut chunk = vec![0; CHUNK];
        while !gathered.complete && gathered.failure.is_none() {
            match stream.read(&mut chunk).await {
                Ok(0) => gathered.fail(Failure::Closed),
                Ok(count) => self.take(&chunk[..count], &mut gathered),
                Err(error) => gathered.fail(error.into()),
            }
        }
        gathered.finish()
    }

    fn take(&mut self, bytes: &[u8], gathered: &mut Gathered) {
        self.tap.push(bytes, |event| gathered.note(event, bytes));
        self.received += bytes.len();
        if self.received > RECEIVED_MAX {
            gathered.fail(Failure::TooLong { limit: RECEIVED_MAX });
        }
    }
}

impl Gathered {
    fn note(&mut self, event: TapEvent<'_>, bytes: &[u8]) {
        match event {
            TapEvent::Handshake {
                kind,
                message,
                length,
            } => self.message(kind, message, length),
            TapEvent::Alert { level, description } => self.alert(level, description),
            TapEvent::Encrypted { .. } if self.hello.is_some() => self.complete = true,
            TapEvent::Encrypted { .. } => self.fail(Failure::nonsense("ciphertext before the ServerHello")),
            TapEvent::NotTls => self.fail(other_protocol(bytes)),
            TapEvent::ChangeCipherSpec => {}
        }
    }

    fn message(&mut self, kind: HandshakeType, message: &[u8], length: usize) {
        let whole = || (message.len() == length).then(|| message.to_vec());
        match kind {
            HandshakeType::SERVER_HELLO => match Hello::read(message) {
                Ok(hello) => {
                    self.complete = hello.version >= ProtocolVersion::TLS_1_3;
                    self.hello = Some(hello);
                }
                Err(failure) => self.fail(failure),
            },
            _ if self.hello.is_none() => {
                self.fail(Failure::nonsense(format!("{kind} before the ServerHello")));
            }
            HandshakeType::CERTIFICATE => self.certificate = whole(),
            HandshakeType::SERVER_KEY_EXCHANGE => self.key_exchange = whole(),
            HandshakeType::SERVER_HELLO_DONE => self.complete = true,
            _ => {}
        }
    }

    /// Before TLS 1.3 a warning lets the handshake go on (RFC 5246 §7.2), `unrecognized_name` for one.
    fn alert(&mut self, level: u8, description: AlertDescription) {
        if level == FATAL || description.is_closure() {
            self.fail(Failure::Alert { description });
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }

    fn finish(self) -> Result<Flight, Failure> {
        match (self.hello, self.failure) {
            (Some(hello), _) => Ok(Flight {
                hello,
                certificate: self.certificate,
                key_exchange: self.key_exchange,
            }),
            (None, failure) => Err(failure.unwrap_or(Failure::Closed)),
        }
    }
}

impl Hello {
    fn read(message: &[u8]) -> Result<Self, Failure> {
        let hello = ServerHello::parse(message)?;
        Ok(Self {
            version: hello.version(),
            suite: hello.cipher_suite(),
            session_id: hello.session_id().to_vec(),
            group: hello.selected_group(),
            share: hello
                .key_share()
                .map(|share| share.key_exchange.to_vec())
                .unwrap_or_default(),
            is_retry: hello.is_hello_retry_request(),
            cookie: hello.cookie().map(<[u8]>::to_vec),
        })
    }
}

fn other_protocol(bytes: &[u8]) -> Failure {
    let opening = String::from_utf8_lossy(bytes.get(..OPENING_SHOWN).unwrap_or(bytes));
    let shown = opening
        .trim_end()
        .chars()
        .map(|letter| if letter.is_control() { '.' } else { letter });
    Failure::OtherProtocol {
        opening: shown.collect(),
    }
}

#[cfg(test)]
mod tests;
