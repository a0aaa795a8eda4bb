//! Opens connections to one endpoint: resolved once, bounded in number, upgraded to TLS where asked.
//!
//! Every wait has a limit, and the number of open connections has one for the whole probe.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::{Failure, Options, ProbeError, StartTls, Target, starttls};

/// Most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// An endpoint to which connections can be opened.
#[derive(Debug)]
pub(crate) struct Dialer {
    /// The one address that all connections use.
    pub(crate) address: SocketAddr,
    /// Time for one conversation.
    pub(crate) timeout: Duration,
    host: String,
    starttls: Option<StartTls>,
    gate: Semaphore,
    /// The connection with which the address was found, for the first question.
    first: Mutex<Option<TcpStream>>,
}

/// A connection ready for the first byte of TLS or SSH; it counts against the limit until dropped.
#[derive(Debug)]
pub(crate) struct Connection<'a> {
    pub(crate) stream: TcpStream,
    permit: SemaphorePermit<'a>,
}

impl Connection<'_> {
    /// The bare stream, and what counts it against the limit.
    pub(crate) fn into_parts(self) -> (TcpStream, impl Drop) {
        (self.stream, self.permit)
    }
}

impl Dialer {
    /// Resolves the target, finds the first address that accepts a connection, and upgrades it.
    pub(crate) async fn resolve(target: &Target, options: &Options) -> Result<Self, ProbeError> {
        let host = options.sni.clone().unwrap_or_else(|| target.host.clone());
        let (address, mut stream) = find(target, options.timeout).await?;
        if let Some(protocol) = options.starttls {
            within(options.timeout, starttls::upgrade(protocol, &mut stream, &host))
                .await
                .map_err(|failure| ProbeError::StartTls { protocol, failure })?;
        }
        Ok(Self {
            address,
            timeout: options.timeout,
            host,
            starttls: options.starttls,
            gate: Semaphore::new(options.concurrency.get().min(Semaphore::MAX_PERMITS)),
            first: Mutex::new(Some(stream)),
        })
    }

    /// Opens one connection and takes it to the point where TLS or SSH begins.
    pub(crate) async fn open(&self) -> Result<Connection<'_>, Failure> {
        let permit = self
            .gate
            .acquire()
            .await
            .map_err(|closed| Failure::Provider(closed.to_string()))?;
        if let Some(stream) = self.first.lock().await.take() {
            return Ok(Connection { stream, permit });
        }
        let stream = within(self.timeout, self.prepare()).await?;
        Ok(Connection { stream, permit })
    }

    async fn prepare(&self) -> Result<TcpStream, Failure> {
        let mut stream = connect(self.address).await?;
        if let Some(protocol) = self.starttls {
            starttls::upgrade(protocol, &mut stream, &self.host).await?;
        }
        Ok(stream)
    }
}

async fn find(target: &Target, limit: Duration) -> Result<(SocketAddr, TcpStream), ProbeError> {
    let unresolved = |source| ProbeError::Resolve {
        host: target.host.clone(),
        source,
    };
    let lookup = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
    let mut last = None;
    for address in lookup
        .map_err(|error| unresolved(Some(error)))?
        .take(ADDRESSES_MAX)
    {
        match within(limit, connect(address)).await {
            Ok(stream) => return Ok((address, stream)),
            Err(failure) => last = Some(ProbeError::Connect { address, failure }),
        }
    }
    Err(last.unwrap_or_else(|| unresolved(None)))
}

/// Bounds a conversation in time.
pub(crate) async fn within<T>(
    limit: Duration,
    conversation: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout(limit, conversation)
        .await
        .unwrap_or(Err(Failure::Timeout { after: limit }))
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
