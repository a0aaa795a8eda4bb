//! The client's TCP stream with what was read from it before TLS began, and a look at what passes.
//!
//! The ClientHello is read before a configuration is chosen, so its bytes are replayed to the TLS
//! library. Until the handshake is over the first bytes that we send are looked at, to know whether
//! they are a ServerHello or a HelloRetryRequest; and the time of the last byte is kept, for the
//! idle deadline. Everything is forwarded as it is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hybridge_hello::ServerHello;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::clock;
use crate::counters::RouteCounters;

/// What has been sent to the client so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Nothing, or an alert.
    Nothing,
    /// A HelloRetryRequest, and nothing after it.
    Retry,
    /// A ServerHello.
    ServerHello,
}

/// When the last byte passed and what it was about, shared with whoever watches a deadline.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    start: Instant,
    passed: Arc<Passed>,
}

#[derive(Debug, Default)]
struct Passed {
    last_ms: AtomicU64,
    /// A HelloRetryRequest went out.
    retried: AtomicBool,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self {
            start: clock::monotonic(),
            passed: Arc::default(),
        }
    }

    /// A byte passed.
    pub(crate) fn touch(&self) {
        self.passed.last_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// A HelloRetryRequest was sent.
    pub(crate) fn retried(&self) -> bool {
        self.passed.retried.load(Ordering::Relaxed)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(clock::monotonic().duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns once no byte has passed for `limit`.
    pub(crate) async fn idle_for(&self, limit: Duration) {
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        loop {
            let last_ms = self.passed.last_ms.load(Ordering::Relaxed);
            let quiet_ms = self.now_ms().saturating_sub(last_ms);
            if quiet_ms >= limit_ms {
                return;
            }
            tokio::time::sleep(Duration::from_millis(limit_ms - quiet_ms)).await;
        }
    }
}

/// The client's stream.
#[derive(Debug)]
pub(crate) struct Wire {
    io: TcpStream,
    /// Read before TLS began and not yet given to the TLS library.
    replay: Vec<u8>,
    replayed: usize,
    sent: Sent,
    /// The description of a plaintext alert that we sent.
    alert: Option<u8>,
    activity: Activity,
    meter: Meter,
}

/// Where passing bytes are counted: a route's counters on the core that the connection is on.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    pub(crate) counters: Arc<RouteCounters>,
    pub(crate) core: usize,
}

impl Meter {
    fn relayed(&self, from_client: usize, to_client: usize) {
        self.counters
            .on_core(self.core)
            .relayed(from_client as u64, to_client as u64);
    }
}

impl Wire {
    pub(crate) fn new(io: TcpStream, replay: Vec<u8>, meter: Meter) -> Self {
        meter.relayed(replay.len(), 0);
        Self {
            io,
            meter,
            replay,
            replayed: 0,
            sent: Sent::Nothing,
            alert: None,
            activity: Activity::new(),
        }
    }

    pub(crate) const fn sent(&self) -> Sent {
        self.sent
    }

    /// The plaintext alert that was sent, if one was.
    pub(crate) const fn alert(&self) -> Option<u8> {
        self.alert
    }

    pub(crate) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// Waits until there is something to read, or the end.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        if self.replay.is_empty() {
            self.io.readable().await
        } else {
            Ok(())
        }
    }

    fn take_replay(&mut self, buffer: &mut ReadBuf<'_>) {
        let rest = &self.replay[self.replayed..];
        let length = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..length]);
        self.replayed += length;
        if self.replayed == self.replay.len() {
            self.replay = Vec::new();
            self.replayed = 0;
        }
    }

    fn look(&mut self, sent: &[u8]) {
        // Two bytes are an alert in plaintext, which TLS 1.2 sends after its ServerHello too.
        if let [21, _, _, 0, 2, _, description, ..] = sent {
            self.alert = Some(*description);
        }
        if self.sent == Sent::ServerHello {
            return;
        }
        self.sent = classify(sent, self.sent);
        if self.sent == Sent::Retry {
            self.activity.passed.retried.store(true, Ordering::Relaxed);
        }
    }
}

/// Reads the first record of a flight of ours: 22 is a handshake record, 2 a ServerHello.
fn classify(flight: &[u8], before: Sent) -> Sent {
    let Some((header, rest)) = flight.split_at_checked(5) else {
        return before;
    };
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    let message = &rest[..length.min(rest.len())];
    if header[0] != 22 || message.first() != Some(&2) {
        return before;
    }
    // TLS 1.2 servers put several messages in one record; the hello's own length says where it ends.
    let end = message
        .get(1..4)
        .map_or(0, |l| 4 + (usize::from(l[1]) << 8 | usize::from(l[2])));
    match message.get(..end).map(ServerHello::parse) {
        Some(Ok(hello)) if hello.is_hello_retry_request() => Sent::Retry,
        _ => Sent::ServerHello,
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.replay.is_empty() {
            self.take_replay(buffer);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        self.meter.relayed(buffer.filled().len() - before, 0);
        self.activity.touch();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.look(bytes);
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        self.meter.relayed(0, written);
        self.activity.touch();
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = slices.iter().find(|slice| !slice.is_empty()) {
            self.look(first);
        }
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, slices))?;
        self.meter.relayed(0, written);
        self.activity.touch();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
