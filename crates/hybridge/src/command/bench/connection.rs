//! One TLS connection of the load: opened, counted byte by byte, and closed without a trace.
//!
//! Without a trace: a client that closes first leaves its port in TIME_WAIT for a minute and soon
//! runs out of ports. We send close_notify, wait until the server closes, and then reset: it has
//! seen everything by then, and no side waits.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::Failure;
use crate::clock;

/// How long the server may take to close after our close_notify.
const CLOSE_WAIT: Duration = Duration::from_millis(250);

/// Where connections go.
#[derive(Clone, Debug)]
pub(super) struct Dialer {
    pub(super) address: SocketAddr,
    pub(super) name: ServerName<'static>,
    pub(super) timeout: Duration,
}

/// A connection whose handshake is complete.
#[derive(Debug)]
pub(super) struct Shaken {
    pub(super) stream: TlsStream<Counted>,
    pub(super) facts: Facts,
}

/// What is known of a complete handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// Payload of TCP until the handshake was complete, towards the server, in bytes.
    pub(super) sent: u64,
    /// The same, from the server.
    pub(super) received: u64,
    pub(super) kind: HandshakeKind,
    /// When it was complete.
    pub(super) at: Instant,
}

impl Dialer {
    /// Connects and shakes hands, both within the timeout.
    ///
    /// # Errors
    /// What went wrong, by kind.
    pub(super) async fn shake(&self, config: &Arc<ClientConfig>) -> Result<Shaken, Failure> {
        let shaking = self.shake_in_time(config);
        tokio::time::timeout(self.timeout, shaking)
            .await
            .unwrap_or_else(|_| Err(Failure::timeout()))
    }

    async fn shake_in_time(&self, config: &Arc<ClientConfig>) -> Result<Shaken, Failure> {
        let stream = TcpStream::connect(self.address)
            .await
            .map_err(|error| Failure::of(&error))?;
        stream.set_nodelay(true).map_err(|error| Failure::of(&error))?;
        let connector = TlsConnector::from(Arc::clone(config));
        let connected = connector.connect(self.name.clone(), Counted::new(stream)).await;
        let stream = connected.map_err(|error| Failure::of(&error))?;
        let at = clock::monotonic();
        let (counted, session) = stream.get_ref();
        let (sent, received) = (counted.sent, counted.received);
        let kind = session.handshake_kind().unwrap_or(HandshakeKind::Full);
        Ok(Shaken {
            stream,
            facts: Facts {
                sent,
                received,
                kind,
                at,
            },
        })
    }
}

impl Shaken {
    /// Closes; tickets that are still on their way are taken in.
    pub(super) async fn close(mut self) {
        let closing = async {
            self.stream.get_mut().1.send_close_notify();
            self.stream.flush().await?;
            let mut rest = [0; 4096];
            while self.stream.read(&mut rest).await? > 0 {}
            while self.stream.get_mut().0.stream.read(&mut rest).await? > 0 {}
            Ok::<_, io::Error>(())
        };
        // How the server takes its leave is its own affair; the handshake has been measured.
        let _left = tokio::time::timeout(CLOSE_WAIT, closing).await;
        let _reset = self.stream.get_ref().0.stream.set_zero_linger();
    }
}

/// A TCP connection that counts.
#[derive(Debug)]
pub(super) struct Counted {
    stream: TcpStream,
    sent: u64,
    received: u64,
}

impl Counted {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            sent: 0,
            received: 0,
        }
    }

    /// Has the server closed? What it sent before is thrown away.
    pub(super) fn is_closed(&self) -> bool {
        let mut rest = [0; 4096];
        loop {
            match self.stream.try_read(&mut rest) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Makes the coming close a reset.
    pub(super) fn reset_on_close(&self) {
        let _best_effort = self.stream.set_zero_linger();
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.received += length(buffer.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &polled {
            self.sent += length(*written);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
