//! HTTP to a remote origin: addressed by its own name, over connections that are kept, apart by arm.
//! The origin is a real TLS server with a certificate made on the spot.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hybridge_edge::arms::Arms;
use hybridge_edge::handshake::Side;
use hybridge_policy::{Group, Rung};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::harness::http::{Http1, get, text};
use crate::harness::origin::Origin;
use crate::harness::{Edge, route};

/// An origin that answers with the request's head.
async fn web() -> Origin {
    Origin::serving(&Group::ALL, &["localhost"], |stream| async move {
        let service = service_fn(|request: Request<Incoming>| async move {
            let fields = request.headers().iter();
            let fields = fields.map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
            let line = format!("{} {}\n", request.method(), request.uri());
            let head: String = std::iter::once(line).chain(fields).collect();
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(head))))
        });
        let server = hyper::server::conn::http1::Builder::new();
        let _ended = server.serve_connection(TokioIo::new(stream), service).await;
    })
    .await
}

fn in_front_of(origin: &Origin, extra: &str) -> Edge {
    let extra = format!(
        "mode = 'originate'\nprotocol = 'http'\n{}\n{extra}",
        origin.trusted()
    );
    let toml = route("r", origin.address, &extra).replace("127.0.0.1:", "localhost:");
    let toml = toml.replace("listen = 'localhost:", "listen = '127.0.0.1:");
    Edge::start(&format!("process.cores = 1\nprocess.drain = '200ms'\n{toml}"))
}

async fn plain(edge: &Edge) -> Http1 {
    let stream = TcpStream::connect(edge.address("r")).await.unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn an_origin_is_called_by_its_name_learns_nothing_of_us_and_keeps_its_connection() {
    let mut origin = web().await;
    let edge = in_front_of(&origin, "rung = 'share'");
    let forged = || {
        let mut request = get("/v1/pay?x=1");
        for name in ["hybridge-tls-group", "x-forwarded-host", "x_forwarded_for"] {
            request.headers_mut().insert(name, "forged".parse().unwrap());
        }
        request
    };
    for _ in 0..3 {
        let mut client = plain(&edge).await;
        for _ in 0..3 {
            client.ready().await.unwrap();
            let head = text(client.send_request(forged()).await.unwrap()).await;
            assert!(head.starts_with("GET /v1/pay?x=1\n"), "{head}");
            assert!(
                head.contains(&format!("host: localhost:{}\n", origin.address.port())),
                "{head}"
            );
            assert!(!head.contains("hybridge-tls"), "{head}");
            assert!(!head.contains("127.0.0.1"), "{head}");
        }
    }
    let seen = origin.saw().await;
    assert_eq!(seen.alpn, [b"http/1.1"]);
    assert_eq!(edge.record().await.side, Side::Upstream);
}

#[tokio::test]
async fn an_origin_that_is_not_believed_is_a_502_in_words() {
    let (origin, stranger) = (web().await, web().await);
    let extra = format!("mode = 'originate'\nprotocol = 'http'\n{}", stranger.trusted());
    let edge = Edge::start(&route("r", origin.address, &extra));
    let response = plain(&edge).await.send_request(get("/")).await.unwrap();
    assert_eq!(response.status(), 502);
    let words = text(response).await;
    // The reason is for the log: it names what is inside.
    assert_eq!(words, "hybridge: the upstream's TLS handshake failed\n");
}

#[tokio::test]
async fn kept_connections_of_one_arm_serve_no_client_of_the_other() {
    let mut origin = web().await;
    let edge = in_front_of(
        &origin,
        "rung = 'classical'\ncanary = { rung = 'share', weight = 0 }",
    );
    let arms = |weight| Arms {
        control: Rung::Classical,
        canary: Rung::Share,
        weight,
    };
    for weight in [0, 10_000, 0, 10_000, 10_000, 0] {
        edge.handle.set_arms("r", arms(weight)).unwrap();
        let response = plain(&edge).await.send_request(get("/")).await.unwrap();
        assert_eq!(response.status(), 200);
        text(response).await;
    }
    let groups = [origin.saw().await.group, origin.saw().await.group];
    assert_eq!(
        groups,
        [Group::X25519, Group::X25519MlKem768].map(|group| Some(group.code_point()))
    );
    assert_eq!(
        edge.handshakes(2).await[0].sequence,
        2,
        "two connections served all"
    );
}
