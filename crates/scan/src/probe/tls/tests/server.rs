//! A TLS server up to its first flight, over real TCP: it negotiates as it is told, and breaks as it is told.
//!
//! Its shares come from real exchanges, so that a probe completes them. It finishes no handshake.

use std::net::SocketAddr;

use hybridge_crypto::kex::respond;
use hybridge_hello::{
    CipherSuite, ClientHello, NamedGroup, Progress, ProtocolVersion, ServerHelloBuilder, locate_client_hello,
    records,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::probe::tls::offer::exchange_of;

/// Whose order of groups the server follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Server,
    Client,
}

/// What is wrong with the server or with a box in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// Resets the connection on a hello that does not come in one segment.
    FirstSegmentOnly,
    /// Sends `decode_error` for a hello in more than one record.
    OneRecordOnly,
    /// Needs a share: answers an empty list of shares with `decode_error`.
    EmptySharesRefused,
    /// Never sends a HelloRetryRequest.
    NoRetry,
    /// Hangs up after every HelloRetryRequest.
    RetryLeadsNowhere,
    /// Sends shares that are a byte short.
    BadShares,
    /// Accepts and stays silent.
    Silent,
    /// Closes after the hello.
    Closes,
    /// Is a web server without TLS.
    Http,
    /// Sends `internal_error` whatever comes.
    InternalError,
}

#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) groups: Vec<NamedGroup>,
    pub(super) order: Order,
    pub(super) versions: Vec<ProtocolVersion>,
    pub(super) suites: Vec<CipherSuite>,
    pub(super) flaw: Flaw,
}

const HANDSHAKE_FAILURE: u8 = 40;
const DECODE_ERROR: u8 = 50;
const PROTOCOL_VERSION: u8 = 70;
const INTERNAL_ERROR: u8 = 80;

impl Server {
    /// Hybrid first, server order, TLS 1.2 and 1.3.
    pub(super) fn good() -> Self {
        Self {
            groups: vec![
                NamedGroup::X25519MLKEM768,
                NamedGroup::secp256r1,
                NamedGroup::X25519,
            ],
            order: Order::Server,
            versions: vec![ProtocolVersion::TLS_1_2, ProtocolVersion::TLS_1_3],
            suites: vec![
                CipherSuite::TLS_AES_256_GCM_SHA384,
                CipherSuite::TLS_AES_128_GCM_SHA256,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            ],
            flaw: Flaw::None,
        }
    }

    pub(super) fn with(flaw: Flaw) -> Self {
        Self { flaw, ..Self::good() }
    }

    /// Serves every connection until the test's runtime ends.
    pub(super) async fn listen(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(self.accept(listener));
        address
    }

    async fn accept(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let server = self.clone();
            tokio::spawn(async move { server.serve(stream).await });
        }
    }

    async fn serve(&self, mut stream: TcpStream) {
        let answer = match self.flaw {
            Flaw::Silent => return std::future::pending().await,
            Flaw::Http => {
                let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                return;
            }
            _ => self.hear(&mut stream, ProtocolVersion::TLS_1_0).await,
        };
        let Some(first) = answer else { return };
        let Some(retry) = self.answer(&mut stream, &first).await else {
            return;
        };
        if self.flaw == Flaw::RetryLeadsNowhere {
            return;
        }
        if let Some(second) = self.hear(&mut stream, ProtocolVersion::TLS_1_2).await {
            assert_eq!(second[6..38], first[6..38], "the second hello repeats the random");
            let hello = ClientHello::parse(&second).expect("a second hello");
            let shares: Vec<_> = hello.key_shares().map(|share| share.group).collect();
            assert_eq!(shares, [retry], "the second hello shares what was asked for");
            let done = self.answer(&mut stream, &second).await;
            assert_eq!(done, None, "one retry is enough");
        }
    }

    /// A whole hello message, or `None` when the connection is over. Like Go, it minds the version that
    /// the record says: TLS 1.0 in the first hello alone (RFC 8446 §5.1).
    async fn hear(&self, stream: &mut TcpStream, version: ProtocolVersion) -> Option<Vec<u8>> {
        let (mut raw, mut chunk) = (Vec::new(), [0; 8192]);
        loop {
            let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
            raw.extend_from_slice(&chunk[..count]);
            let mut scratch = Vec::new();
            match locate_client_hello(&raw, &mut scratch) {
                Progress::Complete(located) if self.flaw == Flaw::OneRecordOnly && located.records > 1 => {
                    return alert(stream, DECODE_ERROR).await;
                }
                Progress::Complete(_) if raw[1..3] != version.0.to_be_bytes() => {
                    return alert(stream, PROTOCOL_VERSION).await;
                }
                Progress::Complete(located) => return Some(located.message.to_vec()),
                Progress::Incomplete if self.flaw == Flaw::FirstSegmentOnly => {
                    stream.set_zero_linger().expect("a socket");
                    return None;
                }
                Progress::Incomplete => {}
                other => panic!("the probe sent {other:?}"),
            }
        }
    }

    /// Answers one hello; returns the group that a HelloRetryRequest asked for.
    async fn answer(&self, stream: &mut TcpStream, message: &[u8]) -> Option<NamedGroup> {
        let hello = ClientHello::parse(message).expect("a hello that keeps the grammar");
        match self.flaw {
            Flaw::Closes => return None,
            Flaw::InternalError => return alert(stream, INTERNAL_ERROR).await,
            Flaw::EmptySharesRefused if hello.offers_tls13() && hello.key_shares().next().is_none() => {
                return alert(stream, DECODE_ERROR).await;
            }
            _ => {}
        }
        if hello.offers_tls13() && self.versions.contains(&ProtocolVersion::TLS_1_3) {
            return self.answer_tls13(stream, &hello).await;
        }
        let version = hello
            .supported_versions()
            .last()
            .unwrap_or(hello.legacy_version());
        if !self.versions.contains(&version) {
            return alert(stream, PROTOCOL_VERSION).await;
        }
        let Some(suite) = self.suite(&hello, false) else {
            return alert(stream, HANDSHAKE_FAILURE).await;
        };
        let flight = ServerHelloBuilder::new([7; 32], suite)
            .version(version)
            .build()
            .expect("a hello");
        let done = [14, 0, 0, 0];
        say(stream, &[flight.as_slice(), &done].concat()).await;
        None
    }

    async fn answer_tls13(&self, stream: &mut TcpStream, hello: &ClientHello<'_>) -> Option<NamedGroup> {
        let (Some(suite), Some(group)) = (self.suite(hello, true), self.group(hello)) else {
            return alert(stream, HANDSHAKE_FAILURE).await;
        };
        let share = hello.key_shares().find(|share| share.group == group);
        let built = match share {
            None if self.flaw == Flaw::NoRetry => return alert(stream, HANDSHAKE_FAILURE).await,
            None => ServerHelloBuilder::retry(group, suite),
            Some(share) => {
                let exchange = exchange_of(group).expect("only groups we can exchange are shared");
                let (mut public, _secret) = respond(exchange, share.key_exchange).expect("a valid share");
                if self.flaw == Flaw::BadShares {
                    public.pop();
                }
                ServerHelloBuilder::new([7; 32], suite).key_share(group, &public)
            }
        };
        let message = built.session_id(hello.session_id()).build().expect("a hello");
        say(stream, &message).await;
        share.is_none().then_some(group)
    }

    fn suite(&self, hello: &ClientHello<'_>, tls13: bool) -> Option<CipherSuite> {
        let offered = |suite: &&CipherSuite| hello.cipher_suites().any(|one| one == **suite);
        self.suites
            .iter()
            .filter(|suite| suite.is_tls13() == tls13)
            .find(offered)
            .copied()
    }

    fn group(&self, hello: &ClientHello<'_>) -> Option<NamedGroup> {
        let listed = |group: &NamedGroup| hello.supported_groups().any(|one| one == *group);
        match self.order {
            Order::Server => self.groups.iter().copied().find(listed),
            Order::Client => hello.supported_groups().find(|group| self.groups.contains(group)),
        }
    }
}

async fn say(stream: &mut TcpStream, message: &[u8]) {
    let flight = records(message, 16_384, ProtocolVersion::TLS_1_2);
    let _gone = stream.write_all(&flight).await;
}

async fn alert<T>(stream: &mut TcpStream, description: u8) -> Option<T> {
    let _gone = stream.write_all(&[21, 3, 3, 0, 2, 2, description]).await;
    None
}
