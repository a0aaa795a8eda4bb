//! A man in the middle: between client and service, he reads every body and changes what he likes.
//!
//! He speaks HTTP/1.1 on both sides and forwards the token, as a proxy that ends TLS would.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

/// What he does with a body; the path says whose it is.
pub(crate) type Edit = Arc<dyn Fn(&str, &mut Value) + Send + Sync>;

/// What he changes; nothing unless it is said.
#[derive(Clone)]
pub(crate) struct Edits {
    pub(crate) request: Edit,
    pub(crate) response: Edit,
    /// How long he keeps an answer.
    pub(crate) delay: std::time::Duration,
}

impl Default for Edits {
    fn default() -> Self {
        Self {
            request: Arc::new(|_path, _body| ()),
            response: Arc::new(|_path, _body| ()),
            delay: std::time::Duration::ZERO,
        }
    }
}

/// The middleman; his address, and what passed through him.
pub(crate) struct Middleman {
    pub(crate) url: String,
    /// Bodies of requests as he received them, with their paths.
    pub(crate) requests: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Middleman {
    /// In front of the service at this address, until the test ends.
    pub(crate) async fn before(url: &str, edits: Edits) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let (seen, service) = (
            Arc::clone(&requests),
            url.trim_start_matches("http://").to_owned(),
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(drive(stream, service.clone(), edits.clone(), Arc::clone(&seen)));
            }
        });
        Self { url: own, requests }
    }
}

/// Serves one connection of the client.
async fn drive(stream: TcpStream, service: String, edits: Edits, seen: Arc<Mutex<Vec<(String, Value)>>>) {
    let handler =
        service_fn(|request| async { Ok::<_, Infallible>(pass(request, &service, &edits, &seen).await) });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler);
    // A client that goes away is no concern of his.
    let _ended = connection.await;
}

async fn pass(
    request: Request<Incoming>,
    service: &str,
    edits: &Edits,
    seen: &Mutex<Vec<(String, Value)>>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let (mut parts, body) = request.into_parts();
    let mut body: Value = read(body).await;
    seen.lock().unwrap().push((path.clone(), body.clone()));
    (edits.request)(&path, &mut body);
    parts.headers.remove("content-length");
    parts.headers.insert("host", service.parse().unwrap());
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let forwarded = Request::from_parts(parts, Full::new(Bytes::from(body)));
    let stream = TcpStream::connect(service).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let (mut parts, body) = sender.send_request(forwarded).await.unwrap().into_parts();
    let mut body = read(body).await;
    (edits.response)(&path, &mut body);
    tokio::time::sleep(edits.delay).await;
    parts.headers.remove("content-length");
    Response::from_parts(parts, Full::new(Bytes::from(body.to_string())))
}

async fn read(body: Incoming) -> Value {
    let bytes = body.collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
