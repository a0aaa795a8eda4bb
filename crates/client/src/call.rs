//! Requests: JSON there, JSON or a problem back, over connections that are kept.
//!
//! A request is sent once. It is sent again only where hyper proves that not a byte of it left, on a kept
//! connection that the service had closed meanwhile.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use crate::connect::{Connector, Sender};
use crate::{Address, Credentials, Error, Options, Problem};

/// An answer may have this many bytes.
const ANSWER_LEN_MAX: usize = 64 << 20;
/// Connections that are kept open.
const IDLE_MAX: usize = 16;
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A client of one service. Clones share the connections.
#[derive(Clone)]
pub struct Client {
    address: Address,
    connector: Connector,
    authorization: Option<HeaderValue>,
    pub(crate) options: Options,
    idle: Arc<Mutex<Vec<Sender>>>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The path, from `/v1`; segments are percent-encoded by the caller.
    pub path: &'a str,
    /// The body.
    pub json: Option<&'a Value>,
    /// Repeating a request with the same key does nothing twice.
    pub idempotency_key: Option<&'a str>,
}

impl Client {
    /// A client of the service at `url`; connects with the first request.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::PlainHttp`], [`Error::TlsSetup`].
    pub fn new(url: &str, credentials: &Credentials, options: Options) -> Result<Self, Error> {
        let address = Address::parse(url)?;
        if !address.tls && !address.is_loopback() && !options.danger_allow_plain_http {
            return Err(Error::PlainHttp { address });
        }
        Ok(Self {
            connector: Connector::new(&address, &options.trust, credentials.certificate.as_ref())?,
            authorization: credentials.token.as_ref().map(crate::Token::header),
            address,
            options,
            idle: Arc::default(),
        })
    }

    /// Where requests go.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a request; an answer without a body is `null`.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn call(&self, method: Method, path: &str, json: Option<&Value>) -> Result<Value, Error> {
        let idempotency_key = None;
        self.send(&Call {
            method,
            path,
            json,
            idempotency_key,
        })
        .await
    }

    /// As [`Self::call`], with every option.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn send(&self, call: &Call<'_>) -> Result<Value, Error> {
        let after = self.options.timeout;
        let answered = tokio::time::timeout(after, self.send_in_time(call)).await;
        answered.map_err(|_elapsed| Error::TimedOut { after })?
    }

    async fn send_in_time(&self, call: &Call<'_>) -> Result<Value, Error> {
        let request = self.request(call)?;
        let (response, sender) = self.round_trip(request).await?;
        let (parts, body) = response.into_parts();
        let body = read(body).await?;
        self.keep(sender);
        if !parts.status.is_success() {
            let problem = Problem::read(parts.status, &parts.headers, &body);
            return Err(Error::Problem(Box::new(problem)));
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(Error::NotJson)
    }

    pub(crate) fn request(&self, call: &Call<'_>) -> Result<Request<Full<Bytes>>, Error> {
        let mut request = Request::builder()
            .method(&call.method)
            .uri(format!("{}{}", self.address.prefix, call.path))
            .header(HOST, self.address.authority())
            .header(USER_AGENT, concat!("hybridge-client/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "application/json, application/problem+json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(key) = call.idempotency_key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        let body = match call.json {
            Some(json) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(json.to_string())
            }
            None => Bytes::new(),
        };
        Ok(request.body(Full::new(body))?)
    }

    pub(crate) async fn round_trip(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Sender), Error> {
        let mut request = request;
        while let Some(mut sender) = self.take_idle() {
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((response, sender)),
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(Error::Broken(failed.into_error())),
                },
            }
        }
        let mut sender = self.connect().await?;
        let response = sender.send_request(request).await.map_err(Error::Broken)?;
        Ok((response, sender))
    }

    async fn connect(&self) -> Result<Sender, Error> {
        let failed = |source| Error::Connect {
            address: self.address.clone(),
            source,
        };
        let after = self.options.connect_timeout;
        let connected = tokio::time::timeout(after, self.connector.connect()).await;
        connected
            .unwrap_or_else(|_elapsed| Err(std::io::ErrorKind::TimedOut.into()))
            .map_err(failed)
    }

    fn take_idle(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|sender| !sender.is_closed());
        idle.pop()
    }

    pub(crate) fn keep(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !sender.is_closed() {
            idle.push(sender);
        }
    }
}

pub(crate) async fn read(body: Incoming) -> Result<Bytes, Error> {
    let max = ANSWER_LEN_MAX;
    match Limited::new(body, max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge { max }),
        Err(error) => match error.downcast::<hyper::Error>() {
            Ok(error) => Err(Error::Broken(*error)),
            Err(_other) => Err(Error::TooLarge { max }),
        },
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Client({})", self.address)
    }
}
