//! A connection that has exchanged identifications and read the server's KEXINIT (RFC 4253 §4.2, §7.1).
//!
//! Packets are unencrypted throughout; noise is passed over within a limit.

use hybridge_hello::ssh::{
    Disconnect, KexInit, build_identification, build_packet, locate_identification, locate_packet, message,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::probe::Failure;

/// Most packets that are passed over while waiting for one that matters.
const NOISE_MAX: usize = 32;
const CHUNK: usize = 4096;
const OPENING_SHOWN: usize = 40;

/// What we call ourselves.
const SOFTWARE: &str = concat!("Hybridge_", env!("CARGO_PKG_VERSION"));

/// The lists of a KEXINIT, in the server's order. The two directions are nearly always the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// Key exchange methods, with the signals that travel among them.
    pub key_exchange: Vec<String>,
    /// Host key algorithms.
    pub host_key: Vec<String>,
    /// Ciphers, client to server.
    pub ciphers_to_server: Vec<String>,
    /// Ciphers, server to client.
    pub ciphers_to_client: Vec<String>,
    /// MACs, client to server.
    pub macs_to_server: Vec<String>,
    /// MACs, server to client.
    pub macs_to_client: Vec<String>,
    /// Compression, client to server.
    pub compression_to_server: Vec<String>,
    /// Compression, server to client.
    pub compression_to_client: Vec<String>,
}

/// What the server said before any exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    /// `V_S`: the identification without its line end.
    pub(super) identification: String,
    /// `I_S`: the payload of its KEXINIT.
    pub(super) kexinit: Vec<u8>,
    pub(super) algorithms: Algorithms,
}

/// A connection on which no key exchange has begun.
#[derive(Debug)]
pub(super) struct Session<S> {
    stream: S,
    /// What was received and not yet used.
    received: Vec<u8>,
    pub(super) server: Server,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Greets, and reads the server's greeting and lists.
    pub(super) async fn open(mut stream: S) -> Result<Self, Failure> {
        stream.write_all(&identification()?).await?;
        let mut session = Self {
            stream,
            received: Vec::new(),
            server: Server::default(),
        };
        session.server.identification = session.identification().await?;
        session.server.kexinit = session.next().await?;
        session.server.algorithms = Algorithms::read(&session.server.kexinit)?;
        Ok(session)
    }

    /// Our identification as it enters the exchange hash: `V_C`, without the line end.
    pub(super) fn own_identification() -> Result<Vec<u8>, Failure> {
        Ok(identification()?.trim_ascii_end().to_vec())
    }

    pub(super) async fn send(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let packet = build_packet(payload).map_err(|error| Failure::Provider(error.to_string()))?;
        self.stream.write_all(&packet).await?;
        Ok(())
    }

    /// The payload of the next packet that matters.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, Failure> {
        for _ in 0..NOISE_MAX {
            let payload = self.packet().await?;
            match payload.first() {
                Some(&(message::IGNORE | message::DEBUG | message::UNIMPLEMENTED)) => {}
                Some(&message::DISCONNECT) => return Err(disconnected(&payload)),
                _ => return Ok(payload),
            }
        }
        Err(Failure::nonsense("nothing but noise"))
    }

    async fn packet(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            if let Some(packet) = locate_packet(&self.received)? {
                let (payload, consumed) = (packet.payload.to_vec(), packet.consumed);
                self.received.drain(..consumed);
                return Ok(payload);
            }
            self.fill().await?;
        }
    }

    async fn identification(&mut self) -> Result<String, Failure> {
        loop {
            if let Some((text, consumed)) = self.located()? {
                self.received.drain(..consumed);
                return Ok(text);
            }
            let filled = self.fill().await;
            filled.map_err(|failure| self.ended_early(failure))?;
        }
    }

    /// The identification and how many bytes it takes, once it is whole.
    fn located(&self) -> Result<Option<(String, usize)>, Failure> {
        match locate_identification(&self.received) {
            Ok(Some(located)) if located.identification.speaks_version_2() => Ok(Some((
                located.identification.as_str().to_owned(),
                located.consumed,
            ))),
            Ok(None) => Ok(None),
            Ok(Some(_)) | Err(_) => Err(self.other_protocol()),
        }
    }

    async fn fill(&mut self) -> Result<(), Failure> {
        let mut chunk = [0; CHUNK];
        match self.stream.read(&mut chunk).await? {
            0 => Err(Failure::Closed),
            count => {
                self.received.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }

    /// A peer that said something before it hung up speaks another protocol.
    fn ended_early(&self, failure: Failure) -> Failure {
        if self.received.is_empty() {
            failure
        } else {
            self.other_protocol()
        }
    }

    fn other_protocol(&self) -> Failure {
        let opening = String::from_utf8_lossy(self.received.get(..OPENING_SHOWN).unwrap_or(&self.received));
        let shown = opening
            .trim_end()
            .chars()
            .map(|letter| if letter.is_control() { '.' } else { letter });
        Failure::OtherProtocol {
            opening: shown.collect(),
        }
    }
}

impl Algorithms {
    fn read(payload: &[u8]) -> Result<Self, Failure> {
        let lists = KexInit::parse(payload)?;
        let names = |list: hybridge_hello::ssh::NameList<'_>| list.iter().map(str::to_owned).collect();
        Ok(Self {
            key_exchange: names(lists.kex_algorithms),
            host_key: names(lists.server_host_key_algorithms),
            ciphers_to_server: names(lists.encryption_client_to_server),
            ciphers_to_client: names(lists.encryption_server_to_client),
            macs_to_server: names(lists.mac_client_to_server),
            macs_to_client: names(lists.mac_server_to_client),
            compression_to_server: names(lists.compression_client_to_server),
            compression_to_client: names(lists.compression_server_to_client),
        })
    }
}

fn identification() -> Result<Vec<u8>, Failure> {
    build_identification(SOFTWARE, None).map_err(|error| Failure::Provider(error.to_string()))
}

fn disconnected(payload: &[u8]) -> Failure {
    match Disconnect::parse(payload) {
        Ok(disconnect) => Failure::Disconnect {
            reason: disconnect.reason,
            text: String::from_utf8_lossy(disconnect.description)
                .chars()
                .take(120)
                .collect(),
        },
        Err(malformed) => malformed.into(),
    }
}
