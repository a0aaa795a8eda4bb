//! Bodies through the edge, both ways and over both versions: large, in chunks, with trailers; every
//! byte is accounted for.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::io::AsyncWriteExt;

use crate::harness::http::{Body, Upstream, bytes, full, get, get2, http1, http2, read_until, text, tls};
use crate::harness::stream::{Checksum, noise};

const LARGE: usize = 8 << 20;

/// A body in pieces of odd sizes, without a length.
fn chunked(content: &Bytes) -> Body {
    let sizes = [1, 7, 1000, 16_384, 65_537];
    let (mut at, mut pieces) = (0, Vec::new());
    for size in sizes.into_iter().cycle() {
        if at == content.len() {
            break;
        }
        let end = (at + size).min(content.len());
        pieces.push(Ok::<_, Infallible>(Frame::data(content.slice(at..end))));
        at = end;
    }
    let stream = futures_util::stream::iter(pieces).map(|piece| piece.map_err(|never| match never {}));
    StreamBody::new(stream).boxed_unsync()
}

fn post(path: &str, body: Body) -> Request<Body> {
    Request::post(path).header("host", "a").body(body).unwrap()
}

fn post2(path: &str, body: Body) -> Request<Body> {
    Request::post(format!("https://a{path}")).body(body).unwrap()
}

#[tokio::test]
async fn large_uploads_arrive_whole_by_length_and_in_chunks() {
    let edge = Upstream::start().await.edge("");
    let content = Bytes::from(noise(3, LARGE));
    let expect = Checksum::of(&content).to_string();
    let (mut one, mut two) = (http1(&edge).await, http2(&edge).await);
    for body in [full(content.clone()), chunked(&content)] {
        one.ready().await.unwrap();
        assert_eq!(
            text(one.send_request(post("/sum", body)).await.unwrap()).await,
            expect
        );
    }
    for body in [full(content.clone()), chunked(&content)] {
        two.ready().await.unwrap();
        assert_eq!(
            text(two.send_request(post2("/sum", body)).await.unwrap()).await,
            expect
        );
    }
}

#[tokio::test]
async fn large_downloads_arrive_whole() {
    let edge = Upstream::start().await.edge("");
    let expect = Checksum::of(&noise(7, LARGE));
    let path = format!("/noise/{LARGE}");
    let response = http1(&edge).await.send_request(get(&path)).await.unwrap();
    assert!(expect == Checksum::of(&bytes(response).await));
    let response = http2(&edge).await.send_request(get2(&path)).await.unwrap();
    assert!(expect == Checksum::of(&bytes(response).await));
}

#[tokio::test]
async fn a_body_streams_back_while_it_is_still_coming() {
    let edge = Upstream::start().await.edge("");
    let content = Bytes::from(noise(5, LARGE));
    let expect = Checksum::of(&content);
    let response = http1(&edge)
        .await
        .send_request(post("/echo", chunked(&content)))
        .await
        .unwrap();
    assert!(!response.headers().contains_key("content-length"));
    assert!(expect == Checksum::of(&bytes(response).await));
    let response = http2(&edge)
        .await
        .send_request(post2("/echo", chunked(&content)))
        .await
        .unwrap();
    assert!(expect == Checksum::of(&bytes(response).await));
}

/// A body of five bytes with a trailer, and without a length: HTTP/1.1 has trailers in chunks alone.
fn with_trailer() -> Body {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "42".parse().unwrap());
    let frames = [
        Ok(Frame::data(Bytes::from_static(b"hello"))),
        Ok(Frame::trailers(trailers)),
    ];
    StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

async fn trailer_of(response: http::Response<Incoming>) -> (Bytes, Option<HeaderMap>) {
    let collected = response.into_body().collect().await.unwrap();
    let trailers = collected.trailers().cloned();
    (collected.to_bytes(), trailers)
}

#[tokio::test]
async fn trailers_pass_in_both_directions() {
    let edge = Upstream::start().await.edge("");
    let mut request = post2("/echo", with_trailer());
    request.headers_mut().insert("trailer", "x-sum".parse().unwrap());
    request.headers_mut().insert("te", "trailers".parse().unwrap());
    let (body, trailers) = trailer_of(http2(&edge).await.send_request(request).await.unwrap()).await;
    assert_eq!(body, "hello");
    assert_eq!(trailers.unwrap()["x-sum"], "42");
}

#[tokio::test]
async fn trailers_pass_to_a_client_of_http_1_1_that_wants_them() {
    let edge = Upstream::start().await.edge("");
    let mut stream = tls(&edge, &[]).await;
    let request = "POST /echo HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: x-sum\r\n\
        Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 42\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_until(&mut stream, "0\r\nx-sum: 42\r\n\r\n").await;
    assert!(answer.contains("5\r\nhello\r\n"), "{answer}");
}

#[tokio::test]
async fn empty_bodies_of_every_form_pass() {
    let edge = Upstream::start().await.edge("");
    let nothing = Checksum::default().to_string();
    let mut client = http1(&edge).await;
    for body in [full(""), chunked(&Bytes::new())] {
        client.ready().await.unwrap();
        assert_eq!(
            text(client.send_request(post("/sum", body)).await.unwrap()).await,
            nothing
        );
    }
    let response = http2(&edge)
        .await
        .send_request(post2("/sum", full("")))
        .await
        .unwrap();
    assert_eq!(text(response).await, nothing);
}
