//! Hand-made ClientHellos, for what no library sends, and a reader of what comes back in plaintext.
//! Key shares are real ones, so that a server that takes a hello can answer it.

use std::net::SocketAddr;

use hybridge_edge::kx;
use hybridge_hello::{
    CipherSuite, ClientHelloBuilder, HandshakeType, NamedGroup, ProtocolVersion, RecordTap, ServerHello,
    SignatureScheme, TapEvent, records,
};
use hybridge_policy::Group;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::soon;

/// A hello of TLS 1.3 with everything but groups and shares.
pub(crate) fn hello() -> ClientHelloBuilder {
    ClientHelloBuilder::new([7; 32])
        .session_id(&[9; 32])
        .cipher_suites(&[
            CipherSuite::TLS_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        ])
        .signature_schemes(&[SignatureScheme::ecdsa_secp256r1_sha256])
        .server_name("localhost")
}

/// A hello that lists these groups and shares those.
pub(crate) fn offering(listed: &[u16], shared: &[u16]) -> ClientHelloBuilder {
    let listed: Vec<_> = listed.iter().copied().map(NamedGroup).collect();
    shared.iter().fold(hello().groups(&listed), |hello, group| {
        hello.key_share(NamedGroup(*group), &share(*group))
    })
}

/// A key share of this group that a server can complete; one byte for groups that are none of ours.
pub(crate) fn share(group: u16) -> Vec<u8> {
    let Some(group) = Group::from_code_point(group) else {
        return vec![0];
    };
    let active = kx::provider(&[group]).kx_groups[0].start().unwrap();
    active.pub_key().to_vec()
}

/// The hello in one record.
pub(crate) fn in_one_record(hello: &ClientHelloBuilder) -> Vec<u8> {
    records(&hello.build().unwrap(), 16_384, ProtocolVersion::TLS_1_0)
}

/// The first thing that a server says, as far as it is plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A ServerHello: its version and group.
    Hello(ProtocolVersion, Option<NamedGroup>),
    /// A HelloRetryRequest for this group.
    Retry(NamedGroup),
    /// A fatal alert.
    Alert(u8),
    /// Bytes that are no TLS.
    Foreign,
    /// Nothing more.
    Closed,
}

/// A client that speaks in bytes.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    tap: RecordTap,
    answers: std::collections::VecDeque<Answer>,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            tap: RecordTap::new(),
            answers: std::collections::VecDeque::new(),
        }
    }

    /// Sends bytes; that the server may have had enough already is no matter here.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _sent = self.stream.write_all(bytes).await;
    }

    /// Reads until the next hello, alert or end.
    pub(crate) async fn answer(&mut self) -> Answer {
        let mut buffer = vec![0; 4096];
        while self.answers.is_empty() {
            let read = soon("an answer", self.stream.read(&mut buffer)).await;
            let length = read.unwrap_or(0);
            if length == 0 {
                return Answer::Closed;
            }
            let answers = &mut self.answers;
            self.tap
                .push(&buffer[..length], |event| answers.extend(meaning(&event)));
        }
        self.answers.pop_front().unwrap()
    }

    /// Reads to the end, whatever it is.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ended = soon("the end", self.stream.read_to_end(&mut bytes)).await;
        bytes
    }
}

/// Sends bytes and returns the server's first answer.
pub(crate) async fn ask(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut raw = Raw::connect(address).await;
    raw.send(bytes).await;
    raw.answer().await
}

fn meaning(event: &TapEvent<'_>) -> Option<Answer> {
    match *event {
        TapEvent::Handshake {
            kind: HandshakeType::SERVER_HELLO,
            message,
            ..
        } => Some(server_hello(message)),
        TapEvent::Alert {
            level: 2,
            description,
        } => Some(Answer::Alert(description.0)),
        TapEvent::NotTls => Some(Answer::Foreign),
        _ => None,
    }
}

fn server_hello(message: &[u8]) -> Answer {
    let hello = ServerHello::parse(message).unwrap();
    match hello.selected_group() {
        Some(group) if hello.is_hello_retry_request() => Answer::Retry(group),
        group => Answer::Hello(hello.version(), group),
    }
}
