//! The small page that `up` protects when there is nothing else: a real HTTP service on a loopback
//! port, which tells each visitor what the visitor's own connection negotiated.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Full;
use hybridge_api::page::{self, Connection};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::command_error::{CommandError, Explain, Kind};

/// The page's service, listening.
pub(crate) struct BuiltIn {
    listener: TcpListener,
    address: SocketAddr,
}

impl BuiltIn {
    /// Takes a free loopback port; inside a runtime.
    ///
    /// # Errors
    /// No port can be had.
    pub(crate) fn bind() -> Result<Self, CommandError> {
        let bound = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self {
                listener: TcpListener::from_std(listener)?,
                address,
            })
        });
        bound.cannot(Kind::Address, "listen on a loopback port for the built-in page")
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves for ever.
    ///
    /// `console` is its address, for a link; empty for none.
    pub(crate) async fn serve(self, console: &str) -> Infallible {
        let console: Arc<str> = console.into();
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(converse(stream, Arc::clone(&console)));
                }
                Err(error) => {
                    tracing::warn!(%error, "the built-in page cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn converse(stream: TcpStream, console: Arc<str>) {
    let service = service_fn(|request| {
        let response = answer(&request, &console);
        async move { Ok::<_, Infallible>(response) }
    });
    if let Err(error) = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
    {
        tracing::debug!(%error, "a connection to the built-in page broke");
    }
}

fn answer(request: &Request<Incoming>, console: &str) -> Response<Full<Bytes>> {
    let headers = request.headers();
    let connection = Connection {
        group: field(headers, "hybridge-tls-group"),
        version: field(headers, "hybridge-tls-version"),
        cipher: field(headers, "hybridge-tls-cipher"),
        console,
    };
    let answer = page::answer(request.uri().path(), connection);
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(answer.media_type));
    for (name, value) in page::HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
