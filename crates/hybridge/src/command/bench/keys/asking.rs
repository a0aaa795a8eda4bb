//! One connection to the service: asked one thing at a time, opened anew when the service closes it.
//! Plain HTTP/1.1; what an answer says is not read, but for items that failed.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::uri::Scheme;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::command::bench::failure::{Failure, Failures};
use crate::command::bench::requests::explain;
use crate::command_error::{CommandError, Explain as _, Kind};

/// Where requests go.
#[derive(Clone)]
pub(super) struct Target {
    address: SocketAddr,
    host: HeaderValue,
    authorization: HeaderValue,
}

impl Target {
    /// Resolves the name once.
    ///
    /// # Errors
    /// `Usage`: not plain HTTP on this machine; `Peer`: there is no such name.
    pub(super) async fn resolve(url: &str, token: &str) -> Result<Self, CommandError> {
        let uri: Uri = url.parse().map_err(usage)?;
        let host = uri.host().unwrap_or_default();
        let found = tokio::net::lookup_host((host.trim_matches(['[', ']']), uri.port_u16().unwrap_or(80)));
        let found = found.await.cannot(Kind::Peer, format!("resolve {url}"))?.next();
        let address = found.filter(|address| {
            uri.scheme() == Some(&Scheme::HTTP) && address.ip().to_canonical().is_loopback()
        });
        let address = address.ok_or_else(|| {
            CommandError::message(Kind::Usage, format!("{url} is not plain HTTP on this machine"))
                .hint("run the load where the service runs; its API listens on loopback")
        })?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}")).map_err(usage)?;
        authorization.set_sensitive(true);
        Ok(Self {
            address,
            host: HeaderValue::from_str(&address.to_string()).map_err(usage)?,
            authorization,
        })
    }
}

fn usage(error: impl Into<anyhow::Error>) -> CommandError {
    CommandError::new(Kind::Usage, error)
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Bytes,
}

/// A connection that stays open.
pub(super) struct Connection {
    target: Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// `Peer`: nobody answers; `File` or `Address`: this machine ran out of something.
    pub(super) async fn open(target: &Target) -> Result<Self, CommandError> {
        match connect(target).await {
            Ok(sender) => Ok(Self {
                target: target.clone(),
                sender: Some(sender),
            }),
            Err(failure) => {
                Failures::default().count(&failure)?;
                let message = format!("no connection to {}: {}", target.address, failure.text());
                Err(CommandError::message(Kind::Peer, message))
            }
        }
    }

    /// Asks, and takes the whole answer; its status.
    ///
    /// # Errors
    /// What went wrong, by kind; also where an item of a batch failed.
    pub(super) async fn ask(&mut self, question: Question) -> Result<u16, Failure> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => connect(&self.target).await?,
        };
        let request = self.request(question)?;
        sender.ready().await.map_err(|error| explain(&error))?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| explain(&error))?;
        let status = response.status();
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| explain(&error))?.to_bytes();
        self.sender = Some(sender);
        if status.is_success() && has_failed_item(&body) {
            return Err(Failure::Connection("an item of the batch failed".to_owned()));
        }
        Ok(status.as_u16())
    }

    fn request(&self, question: Question) -> Result<Request<Full<Bytes>>, Failure> {
        Request::builder()
            .method(question.method)
            .uri(question.path)
            .header(HOST, &self.target.host)
            .header(AUTHORIZATION, &self.target.authorization)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::new(question.body))
            .map_err(|_unusual| Failure::Connection("the request cannot be made".to_owned()))
    }
}

async fn connect(target: &Target) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let failed = |error: std::io::Error| Failure::of(&error);
    let stream = TcpStream::connect(target.address).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| explain(&error))?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Answers that succeed have no member of this name but in place of an item.
fn has_failed_item(body: &[u8]) -> bool {
    body.starts_with(b"{\"batch\"") && body.windows(8).any(|window| window == b"\"error\":")
}

#[cfg(test)]
mod tests {
    use super::has_failed_item;

    #[test]
    fn a_failed_item_of_a_batch_is_seen() {
        assert!(has_failed_item(
            br#"{"batch":[{"a":1},{"error":"x","detail":"y"}]}"#
        ));
        assert!(!has_failed_item(br#"{"batch":[{"a":1}]}"#));
        assert!(!has_failed_item(br#"{"signature":"abc"}"#));
    }
}
