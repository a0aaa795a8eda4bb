//! The small page that `up` protects when there is nothing else: a real HTTP service on a loopback
//! port, which tells each visitor what the visitor's own connection negotiated.

use std::convert::Infallible;
use std::net::SocketAddr;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
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
    pub(crate) async fn serve(self) -> Infallible {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(converse(stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "the built-in page cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn converse(stream: TcpStream) {
    let service = service_fn(|request| async move { Ok::<_, Infallible>(answer(&request)) });
    if let Err(error) = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
    {
        tracing::debug!(%error, "a connection to the built-in page broke");
    }
}

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let headers = request.headers();
    let page = hybridge_api::page::render(
        field(headers, "hybridge-tls-group"),
        field(headers, "hybridge-tls-version"),
        field(headers, "hybridge-tls-cipher"),
    );
    let mut response = Response::new(Full::new(Bytes::from(page)));
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
