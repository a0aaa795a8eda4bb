//! HTTP on both sides of an edge: an upstream that answers by the path, clients for HTTP/1.1 and
//! HTTP/2 on hyper, and one that speaks in text.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::client::{HYBRID, X, listing};
use super::stream::{Checksum, noise};
use super::{Edge, connect_with, soon, terminating};

pub(crate) type Body = UnsyncBoxBody<Bytes, hyper::Error>;

pub(crate) fn empty() -> Body {
    Empty::new()
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// An upstream and what it has seen.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    accepted: AtomicUsize,
    closed: AtomicUsize,
    requests: AtomicUsize,
}

/// Counts a connection as closed when it is dropped.
struct Open(Arc<Seen>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Upstream {
    /// Answers by the path; see `answer`.
    pub(crate) async fn start() -> Self {
        Self::serving(answer_all).await
    }

    /// Reads a request's head and gives it to `speak`, once for each connection.
    pub(crate) async fn scripted<F>(speak: impl Fn(TcpStream, String) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::serving(move |stream, seen| speak_once(stream, seen, speak.clone())).await
    }

    async fn serving<F>(serve: impl Fn(TcpStream, Arc<Seen>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        let address = super::upstream::serving(move |stream| {
            shared.accepted.fetch_add(1, Ordering::Relaxed);
            let (served, open) = (serve(stream, Arc::clone(&shared)), Open(Arc::clone(&shared)));
            async move {
                served.await;
                drop(open);
            }
        })
        .await;
        Self { address, seen }
    }

    /// Connections that were made to it.
    pub(crate) fn accepted(&self) -> usize {
        self.seen.accepted.load(Ordering::Relaxed)
    }

    /// Those of them that are open.
    pub(crate) fn open(&self) -> usize {
        self.accepted() - self.seen.closed.load(Ordering::Relaxed)
    }

    /// Requests that reached it.
    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::Relaxed)
    }

    /// An edge in front of it; `extra` is added to the route's table.
    pub(crate) fn edge(&self, extra: &str) -> Edge {
        Edge::start(&terminating(
            self.address,
            &format!("rung = 'upgrade'\nprotocol = 'http'\n{extra}"),
        ))
    }
}

async fn answer_all(stream: TcpStream, seen: Arc<Seen>) {
    let service = service_fn(move |request| {
        seen.requests.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, Infallible>(answer(request).await) }
    });
    let server = hyper::server::conn::http1::Builder::new();
    let _ended = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn speak_once<F: Future<Output = ()>>(
    mut stream: TcpStream,
    seen: Arc<Seen>,
    speak: impl Fn(TcpStream, String) -> F,
) {
    if let Some(head) = read_head(&mut stream).await {
        seen.requests.fetch_add(1, Ordering::Relaxed);
        speak(stream, head).await;
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// What the upstream says to a path.
async fn answer(request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let word = path.trim_start_matches('/').split('/').collect::<Vec<_>>();
    match word[..] {
        ["head"] => Response::new(full(head_of(&request))),
        ["sum"] => Response::new(full(sum_of(request.into_body()).await)),
        ["noise", length] => Response::new(full(noise(7, length.parse().unwrap()))),
        ["status", code] => Response::builder().status(code).body(empty()).unwrap(),
        ["stuck"] => std::future::pending().await,
        ["close"] => Response::builder()
            .header("connection", "close")
            .body(full("bye"))
            .unwrap(),
        _ => {
            let (parts, body) = request.into_parts();
            let mut response = Response::new(body.boxed_unsync());
            if let Some(trailer) = parts.headers.get("trailer") {
                response.headers_mut().insert("trailer", trailer.clone());
            }
            response
        }
    }
}

/// Request line and header fields, one a line, as the upstream sees them.
fn head_of(request: &Request<Incoming>) -> String {
    let fields = request.headers().iter();
    let fields = fields.map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
    let line = format!("{} {} {:?}\n", request.method(), request.uri(), request.version());
    std::iter::once(line).chain(fields).collect()
}

async fn sum_of(mut body: Incoming) -> String {
    let mut checksum = Checksum::default();
    while let Some(frame) = body.frame().await {
        match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(bytes)) => checksum.add(&bytes),
            Ok(Err(_)) => {}
            Err(error) => return format!("broke off: {error}"),
        }
    }
    checksum.to_string()
}

pub(crate) type Http1 = http1::SendRequest<Body>;
pub(crate) type Http2 = http2::SendRequest<Body>;

/// A TLS connection that offers these protocols by ALPN.
pub(crate) async fn tls(edge: &Edge, alpn: &[&[u8]]) -> TlsStream<TcpStream> {
    let mut config = listing(&[HYBRID, X]);
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    connect_with(edge.address("r"), config).await.unwrap()
}

pub(crate) async fn http1(edge: &Edge) -> Http1 {
    let stream = tls(edge, &[b"http/1.1"]).await;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    sender
}

pub(crate) async fn http2(edge: &Edge) -> Http2 {
    let stream = tls(edge, &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

/// A request with a `Host`, as HTTP/1.1 writes it.
pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path)
        .header("host", "shop.example")
        .body(empty())
        .unwrap()
}

/// A request with an authority, as HTTP/2 writes it.
pub(crate) fn get2(path: &str) -> Request<Body> {
    let uri = format!("https://shop.example{path}");
    Request::get(uri).body(empty()).unwrap()
}

/// The whole body as text.
pub(crate) async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(bytes(response).await.to_vec()).unwrap()
}

pub(crate) async fn bytes(response: Response<Incoming>) -> Bytes {
    let body = soon("a body", response.into_body().collect()).await;
    body.unwrap().to_bytes()
}

/// Writes text on a new connection and reads to its end.
pub(crate) async fn say(edge: &Edge, request: &str) -> String {
    let mut stream = tls(edge, &[]).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = soon("the end", stream.read_to_end(&mut answer)).await;
    read.expect("closed in order, with close_notify");
    String::from_utf8(answer).unwrap()
}

/// Reads until what was read ends with this.
pub(crate) async fn read_until(stream: &mut TlsStream<TcpStream>, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let byte = soon(end, stream.read_u8()).await;
        text.push(byte.unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&text))));
    }
    String::from_utf8(text).unwrap()
}
