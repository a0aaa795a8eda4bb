//! What can go wrong between a client and its upstream in the middle of HTTP: who is told what, what
//! is counted, and that nothing is left behind or sent twice.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use hybridge_edge::arms::Arm;
use hybridge_edge::counters::UpstreamFailure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::http::{Upstream, bytes, full, get, get2, http1, http2, read_until, text, tls};
use crate::harness::stream::noise;
use crate::harness::upstream::nobody;
use crate::harness::{Edge, eventually, soon, terminating};

fn failures(edge: &Edge, kind: UpstreamFailure) -> u64 {
    edge.totals().connections.upstream_failures[kind as usize]
}

fn server_errors(edge: &Edge) -> u64 {
    edge.totals().connections.responses[Arm::Control as usize][4]
}

fn post(body: &'static str) -> Request<crate::harness::http::Body> {
    Request::post("/sum")
        .header("host", "a")
        .body(full(body))
        .unwrap()
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_502_in_words() {
    let edge = Edge::start(&terminating(nobody(), "protocol = 'http'"));
    let mut client = http1(&edge).await;
    for count in 1..=2 {
        client.ready().await.expect("the client's connection is kept");
        let response = client.send_request(get("/")).await.unwrap();
        assert_eq!(response.status(), 502);
        let words = text(response).await;
        assert!(
            words.contains("cannot be reached") && words.starts_with("hybridge: "),
            "{words}"
        );
        assert_eq!(
            (failures(&edge, UpstreamFailure::Connect), server_errors(&edge)),
            (count, count)
        );
    }
    let response = http2(&edge).await.send_request(get2("/")).await.unwrap();
    assert_eq!(response.status(), 502);
}

#[tokio::test]
async fn an_upstream_that_stays_silent_is_a_504() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("limits.response_timeout = '150ms'");
    let mut client = http1(&edge).await;
    let response = client.send_request(get("/stuck")).await.unwrap();
    assert_eq!(response.status(), 504);
    assert!(text(response).await.contains("150ms"));
    assert_eq!(
        (failures(&edge, UpstreamFailure::Timeout), server_errors(&edge)),
        (1, 1)
    );
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
    client.ready().await.unwrap();
    assert_eq!(client.send_request(get("/noise/0")).await.unwrap().status(), 200);
    let mut client = http2(&edge).await;
    assert_eq!(client.send_request(get2("/stuck")).await.unwrap().status(), 504);
}

#[tokio::test]
async fn a_slow_upload_is_not_a_silent_upstream() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("limits.response_timeout = '200ms'");
    let mut stream = tls(&edge, &[]).await;
    stream
        .write_all(b"POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n")
        .await
        .unwrap();
    for _ in 0..12 {
        stream.write_all(b"x").await.unwrap();
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let answer = read_until(&mut stream, "12 bytes").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn an_upstream_that_speaks_no_http_is_a_502() {
    for nonsense in [
        &b"SSH-2.0-OpenSSH_10.0\r\n"[..],
        b"",
        b"HTTP/1.1 20",
        b"\x15\x03\x03\x00\x02\x02\x28",
    ] {
        let upstream = Upstream::scripted(move |mut stream, _| async move {
            stream.write_all(nonsense).await.unwrap();
        })
        .await;
        let edge = upstream.edge("");
        let response = http1(&edge).await.send_request(get("/")).await.unwrap();
        assert_eq!(response.status(), 502);
        assert!(text(response).await.contains("without a valid response"));
        assert_eq!(
            (failures(&edge, UpstreamFailure::Protocol), server_errors(&edge)),
            (1, 1)
        );
    }
}

#[tokio::test]
async fn a_response_that_breaks_off_never_looks_complete() {
    for head in ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"] {
        let upstream = Upstream::scripted(move |mut stream, _| async move {
            let text = format!("HTTP/1.1 200 OK\r\n{head}\r\n5\r\nhello\r\n");
            stream.write_all(text.as_bytes()).await.unwrap();
        })
        .await;
        let edge = upstream.edge("");
        let response = http1(&edge).await.send_request(get("/")).await.unwrap();
        assert!(
            soon("an end", response.into_body().collect()).await.is_err(),
            "{head}"
        );
        let response = http2(&edge).await.send_request(get2("/")).await.unwrap();
        assert!(
            soon("an end", response.into_body().collect()).await.is_err(),
            "{head}"
        );
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_upstream_closed_costs_no_request() {
    let upstream = Upstream::scripted(|mut stream, _| async move {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .await
            .unwrap();
    })
    .await;
    let edge = upstream.edge("");
    let mut client = http1(&edge).await;
    for round in 1..=20 {
        client.ready().await.unwrap();
        let request = if round % 2 == 0 { post("twice?") } else { get("/") };
        let response = client.send_request(request).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), text(response).await.as_str()),
            (200, "ok"),
            "{round}"
        );
        eventually("the upstream has closed", || upstream.open() == 0).await;
        assert_eq!(upstream.requests(), round);
    }
    assert_eq!(server_errors(&edge), 0);
}

#[tokio::test]
async fn a_request_that_the_upstream_may_have_seen_is_not_sent_twice() {
    let upstream = Upstream::scripted(|mut stream, _| async move {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .await
            .unwrap();
        // The second request on a kept connection is read and then dropped.
        let mut head = [0; 4096];
        let _read = stream.read(&mut head).await;
    })
    .await;
    let edge = upstream.edge("");
    let mut client = http1(&edge).await;
    assert_eq!(client.send_request(get("/")).await.unwrap().status(), 200);
    client.ready().await.unwrap();
    assert_eq!(client.send_request(post("second")).await.unwrap().status(), 502);
    assert_eq!((upstream.accepted(), upstream.requests()), (1, 1));
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_an_upload_is_no_failure_of_the_upstream() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    for head in [
        "Content-Length: 1000000\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nffff\r\n",
    ] {
        let mut stream = tls(&edge, &[]).await;
        let request = format!("POST /sum HTTP/1.1\r\nHost: a\r\n{head}{}", "x".repeat(5000));
        stream.write_all(request.as_bytes()).await.unwrap();
        eventually("the upstream has the request", || upstream.open() == 1).await;
        drop(stream);
        eventually("the upstream's connection is closed", || upstream.open() == 0).await;
        edge.idle().await;
    }
    assert_eq!(
        (failures(&edge, UpstreamFailure::Protocol), server_errors(&edge)),
        (0, 0)
    );
}

#[tokio::test]
async fn a_stream_of_http_2_that_is_reset_in_the_middle_of_an_upload_is_no_failure_either() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let mut client = http2(&edge).await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((Ok::<_, hyper::Error>(hyper::body::Frame::data(piece)), receiver))
    });
    let body = StreamBody::new(pieces).boxed_unsync();
    let request = Request::post("https://a/sum").body(body).unwrap();
    sender.send(Bytes::from_static(b"some")).await.unwrap();
    let pending = tokio::spawn(client.send_request(request));
    eventually("the upstream has the request", || upstream.requests() == 1).await;
    pending.abort();
    drop(sender);
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
    assert_eq!(
        (failures(&edge, UpstreamFailure::Protocol), server_errors(&edge)),
        (0, 0)
    );
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_download_takes_its_upstream_along() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let mut stream = tls(&edge, &[]).await;
    stream
        .write_all(b"GET /noise/50000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut some = vec![0; 100_000];
    soon("some bytes", stream.read_exact(&mut some)).await.unwrap();
    drop(stream);
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
    edge.idle().await;
    let response = http1(&edge).await.send_request(get("/noise/9")).await.unwrap();
    assert_eq!(
        bytes(response).await,
        noise(7, 9),
        "nothing of the other response"
    );
}

#[tokio::test]
async fn a_stream_of_http_2_that_is_reset_takes_its_upstream_along_and_no_other() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let mut client = http2(&edge).await;
    let response = client.send_request(get2("/noise/50000000")).await.unwrap();
    drop(response);
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
    client.ready().await.unwrap();
    let response = client.send_request(get2("/noise/9")).await.unwrap();
    assert_eq!(bytes(response).await, noise(7, 9));
    assert_eq!(edge.totals().connections.open(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_takes_its_upstream_along() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let mut stream = tls(&edge, &[]).await;
    stream
        .write_all(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    eventually("the upstream has the request", || upstream.requests() == 1).await;
    drop(stream);
    edge.idle().await;
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
    let mut client = http2(&edge).await;
    let pending = tokio::spawn(client.send_request(get2("/stuck")));
    eventually("the upstream has the request", || upstream.requests() == 2).await;
    pending.abort();
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
    assert_eq!(server_errors(&edge), 0);
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_of_events_takes_its_upstream_along() {
    let upstream = Upstream::scripted(|mut stream, _| async move {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // Nothing more comes; the end of this connection is all that is waited for.
        let _ended = stream.read(&mut [0; 16]).await;
    })
    .await;
    let edge = upstream.edge("");
    let mut stream = tls(&edge, &[]).await;
    stream
        .write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut stream, "data: 1\n\n").await;
    drop(stream);
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
    edge.idle().await;
}

/// An upstream that refuses an upload at once, with this field, and reads it nevertheless.
async fn refusing(field: &'static str) -> Upstream {
    Upstream::scripted(move |mut stream, head| async move {
        let answer = format!("HTTP/1.1 413 Too Large\r\n{field}\r\nContent-Length: 9\r\n\r\ntoo large");
        stream.write_all(answer.as_bytes()).await.unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = stream.take(length.unwrap().parse().unwrap());
        let _read = tokio::io::copy(&mut body, &mut tokio::io::sink()).await;
    })
    .await
}

#[tokio::test]
async fn an_early_refusal_of_an_upload_reaches_the_client() {
    let upstream = refusing("Connection: close").await;
    let edge = upstream.edge("");
    for _ in 0..10 {
        let request = Request::post("/")
            .header("host", "a")
            .body(full(noise(4, 4 << 20)));
        let answer = http1(&edge).await.send_request(request.unwrap());
        assert_eq!(soon("an answer", answer).await.unwrap().status(), 413);
        let request = Request::post("https://a/").body(full(noise(4, 4 << 20)));
        let answer = http2(&edge).await.send_request(request.unwrap());
        assert_eq!(soon("an answer", answer).await.unwrap().status(), 413);
    }
    assert_eq!(
        (server_errors(&edge), failures(&edge, UpstreamFailure::Protocol)),
        (0, 0)
    );
}

#[tokio::test]
async fn a_client_that_never_ends_its_upload_makes_no_other_wait() {
    let upstream = refusing("X-Kept: yes").await;
    let edge = upstream.edge("");
    let mut slow = tls(&edge, &[]).await;
    slow.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nand then nothing")
        .await
        .unwrap();
    read_until(&mut slow, "too large").await;
    let begun = tokio::time::Instant::now();
    let answer = http1(&edge).await.send_request(post("short")).await.unwrap();
    assert_eq!(answer.status(), 413);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
