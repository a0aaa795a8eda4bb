//! One connection through the edge: exchanges that are checked byte by byte, then its fate.
//!
//! Sending and receiving go on at the same time, so that a burst may be longer than all buffers on the way.
//! Nothing waits for ever: what takes longer than `STUCK` is a failure.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::fate::{Fate, Plan, burst};
use crate::load::Phase;
use crate::pattern::{HEADER, Pattern};
use crate::tally::Ending;

/// Nothing that is healthy takes this long, even on a busy machine.
const STUCK: Duration = Duration::from_secs(90);
const CHUNK: usize = 16 * 1024;

/// A connection in use.
pub(crate) struct Conversation {
    pub(crate) stream: TlsStream<TcpStream>,
    pub(crate) plan: Plan,
    pub(crate) phase: watch::Receiver<Phase>,
    /// Average pause between two exchanges.
    pub(crate) pause: Duration,
    /// Bytes sent, and received: equal between exchanges.
    pub(crate) passed: u64,
}

impl Conversation {
    /// Talks until the fate strikes or the load finishes.
    pub(crate) async fn run(&mut self) -> Ending {
        match timeout(STUCK, self.exchange(HEADER as u64)).await {
            Ok(Ok(())) => {}
            Ok(Err(ending)) => return ending,
            Err(_) => return self.stuck(),
        }
        let mut last = None;
        while last != Some(0) {
            self.think().await;
            last = self.next_last(last);
            let bytes = burst(&mut self.plan.dice);
            match timeout(STUCK, self.exchange(bytes)).await {
                Ok(Ok(())) => {}
                Ok(Err(ending)) => return ending,
                Err(_) => return self.stuck(),
            }
        }
        let finishing = *self.phase.borrow() == Phase::Finish;
        let limit = timeout(STUCK, self.end(finishing)).await;
        limit.unwrap_or_else(|_| self.stuck())
    }

    /// Exchanges that are left; `None` while there is no end in sight.
    fn next_last(&mut self, last: Option<u64>) -> Option<u64> {
        let phase = *self.phase.borrow();
        match (phase, last) {
            (_, Some(left)) => Some(left.saturating_sub(1)),
            (Phase::Ramp, None) => None,
            (Phase::Finish, None) => Some(self.plan.dice.below(4)),
            (Phase::Chaos, None) => match self.plan.fate {
                Fate::Stay | Fate::UpstreamReset => None,
                _ => Some(self.plan.exchanges),
            },
        }
    }

    async fn think(&mut self) {
        let milliseconds = u64::try_from(self.pause.as_millis()).unwrap_or(u64::MAX);
        let milliseconds = 1 + self.plan.dice.below(2 * milliseconds.max(1));
        let finishing = *self.phase.borrow() == Phase::Finish;
        // In the end, what is left is spread over a second or two, not over a long pause.
        let longest = if finishing { 1000 } else { u64::MAX };
        let sleep = tokio::time::sleep(Duration::from_millis(milliseconds.min(longest)));
        if finishing {
            return sleep.await;
        }
        tokio::select! {
            () = sleep => {}
            _ = self.phase.wait_for(|phase| *phase == Phase::Finish) => {}
        }
    }

    fn stuck(&self) -> Ending {
        Ending::Broken(format!("stuck after {} bytes", self.passed))
    }

    async fn exchange(&mut self, bytes: u64) -> Result<(), Ending> {
        let (from, to, pattern) = (self.passed, self.passed + bytes, self.plan.pattern);
        let (reader, writer) = split(&mut self.stream);
        let receiving = receive(reader, &pattern, from, to);
        let sending = async {
            send(writer, &pattern, from, to)
                .await
                .map_err(|error| broken(&error, from))
        };
        let (received, sent) = tokio::join!(receiving, sending);
        self.passed = to;
        received.and(sent)
    }

    /// What the fate says; in the end, everybody half-closes.
    async fn end(&mut self, finishing: bool) -> Ending {
        let bytes = burst(&mut self.plan.dice);
        match self.plan.fate {
            Fate::Reset if !finishing => {
                let (_, writer) = split(&mut self.stream);
                let pattern = self.plan.pattern;
                let sending = send(writer, &pattern, self.passed, self.passed + bytes);
                let moment = Duration::from_millis(self.plan.dice.below(20));
                let _sent = timeout(moment, sending).await;
                let _set = self.stream.get_ref().0.set_zero_linger();
                Ending::Killed
            }
            Fate::CutRecord if !finishing => {
                let part = [23, 3, 3, 1, 0, 42, 42, 42];
                let _sent = self.stream.get_mut().0.write_all(&part).await;
                Ending::Killed
            }
            _ => self.half_close(bytes).await,
        }
    }

    /// Sends a last burst, closes its direction, and reads to the end.
    async fn half_close(&mut self, bytes: u64) -> Ending {
        let (from, to, pattern) = (self.passed, self.passed + bytes, self.plan.pattern);
        let (mut reader, mut writer) = split(&mut self.stream);
        let sending = async {
            send(&mut writer, &pattern, from, to).await?;
            writer.shutdown().await
        };
        let receiving = async {
            receive(&mut reader, &pattern, from, to).await?;
            match reader.read(&mut [0; 64]).await {
                Ok(0) => Ok(()),
                Ok(more) => Err(Ending::Corrupt(format!("{more} bytes after the last of {to}"))),
                Err(error) => Err(broken(&error, to)),
            }
        };
        match tokio::join!(receiving, sending) {
            (Ok(()), Ok(())) => Ending::Complete,
            (Ok(()), Err(error)) => broken(&error, to),
            (Err(ending), _) => ending,
        }
    }
}

fn broken(error: &io::Error, at: u64) -> Ending {
    Ending::Broken(format!("at byte {at}: {error}"))
}

async fn send(mut writer: impl AsyncWrite + Unpin, pattern: &Pattern, from: u64, to: u64) -> io::Result<()> {
    let (mut at, mut chunk) = (from, Vec::new());
    while at < to {
        chunk.resize(length(to - at), 0);
        pattern.fill(at, &mut chunk);
        writer.write_all(&chunk).await?;
        at += chunk.len() as u64;
    }
    writer.flush().await
}

async fn receive(
    mut reader: impl AsyncRead + Unpin,
    pattern: &Pattern,
    from: u64,
    to: u64,
) -> Result<(), Ending> {
    let (mut at, mut buffer) = (from, vec![0; length(to - from)]);
    while at < to {
        let room = length(to - at).min(buffer.len());
        let received = match reader.read(&mut buffer[..room]).await {
            Ok(0) => return Err(Ending::Truncated(format!("a clean end at byte {at} of {to}"))),
            Ok(received) => received,
            Err(error) => return Err(broken(&error, at)),
        };
        if let Some(place) = pattern.difference(at, &buffer[..received]) {
            return Err(Ending::Corrupt(format!("byte {place} is not what was sent")));
        }
        at += received as u64;
    }
    Ok(())
}

/// One chunk, or what is left.
fn length(left: u64) -> usize {
    usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)
}
