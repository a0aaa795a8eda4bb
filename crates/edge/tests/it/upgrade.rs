//! Connections that stop being HTTP (RFC 9110 §7.8): WebSocket as browsers open it, bytes both ways
//! after the 101, and upgrades that nobody asked for.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::http::{Upstream, get, http1, read_until, text, tls};
use crate::harness::stream::{Checksum, noise};
use crate::harness::{eventually, soon};

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const ASK: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Switches when it is asked to, greets, and sends back what it gets.
async fn socket() -> Upstream {
    Upstream::scripted(|mut stream: TcpStream, head: String| async move {
        assert!(
            head.contains("upgrade: websocket\r\n") && head.contains("connection: upgrade\r\n"),
            "{head}"
        );
        assert!(
            head.contains("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
            "{head}"
        );
        stream
            .write_all(format!("{SWITCH}welcome").as_bytes())
            .await
            .unwrap();
        let (mut read, mut write) = stream.split();
        let _ended = tokio::io::copy(&mut read, &mut write).await;
        let _closed = write.shutdown().await;
    })
    .await
}

#[tokio::test]
async fn a_web_socket_carries_bytes_both_ways_until_both_have_closed() {
    let upstream = socket().await;
    let edge = upstream.edge("");
    let mut stream = tls(&edge, &[b"http/1.1"]).await;
    // The first frame may come together with the request.
    stream.write_all(format!("{ASK}early").as_bytes()).await.unwrap();
    let head = read_until(&mut stream, "\r\n\r\n").await.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    for field in [
        "connection: upgrade",
        "upgrade: websocket",
        "sec-websocket-accept: ",
    ] {
        assert!(head.contains(field), "{field}: {head}");
    }
    read_until(&mut stream, "welcomeearly").await;
    let sent = noise(11, 1 << 20);
    let (mut read, mut write) = tokio::io::split(stream);
    let mut returned = Vec::new();
    let send = async {
        write.write_all(&sent).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let both = async { tokio::join!(send, read.read_to_end(&mut returned)) };
    soon("an echo", both).await.1.unwrap();
    assert!(Checksum::of(&returned) == Checksum::of(&sent));
    edge.idle().await;
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
}

#[tokio::test]
async fn a_web_socket_ends_with_its_client_and_with_its_upstream() {
    let upstream = socket().await;
    let edge = upstream.edge("");
    let mut stream = tls(&edge, &[]).await;
    stream.write_all(ASK.as_bytes()).await.unwrap();
    read_until(&mut stream, "welcome").await;
    drop(stream);
    edge.idle().await;
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;

    let closing = Upstream::scripted(|mut stream, _| async move {
        stream.write_all(format!("{SWITCH}bye").as_bytes()).await.unwrap();
    })
    .await;
    let edge = closing.edge("");
    let mut stream = tls(&edge, &[]).await;
    stream.write_all(ASK.as_bytes()).await.unwrap();
    read_until(&mut stream, "bye").await;
    let mut rest = Vec::new();
    soon("the end", stream.read_to_end(&mut rest)).await.unwrap();
    drop(stream);
    edge.idle().await;
}

#[tokio::test]
async fn a_quiet_web_socket_is_closed_by_the_idle_limit_and_a_lively_one_is_not() {
    let upstream = socket().await;
    let edge = upstream.edge("limits = { idle_timeout = '250ms', response_timeout = '250ms' }");
    let mut stream = tls(&edge, &[]).await;
    stream.write_all(ASK.as_bytes()).await.unwrap();
    read_until(&mut stream, "welcome").await;
    for _ in 0..10 {
        stream.write_all(b"!").await.unwrap();
        read_until(&mut stream, "!").await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut rest = Vec::new();
    let _ended = soon("the end", stream.read_to_end(&mut rest)).await;
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
}

#[tokio::test]
async fn an_upstream_that_declines_answers_as_usual() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let mut stream = tls(&edge, &[]).await;
    stream
        .write_all(ASK.replace("/chat", "/status/403").as_bytes())
        .await
        .unwrap();
    let head = read_until(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    stream
        .write_all(b"GET /status/200 HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert!(
        read_until(&mut stream, "\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
}

#[tokio::test]
async fn a_switch_that_nobody_asked_for_is_a_502() {
    let upstream = Upstream::scripted(|mut stream, _| async move {
        stream.write_all(SWITCH.as_bytes()).await.unwrap();
        let _ended = stream.read(&mut [0; 16]).await;
    })
    .await;
    let edge = upstream.edge("");
    let response = http1(&edge).await.send_request(get("/")).await.unwrap();
    assert_eq!(response.status(), 502);
    assert!(text(response).await.contains("without being asked"));
    eventually("the upstream's connection is closed", || upstream.open() == 0).await;
}

#[tokio::test]
async fn http_2_over_a_switch_is_not_passed_on() {
    // What came after the switch would reach the upstream without our header fields.
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let request = "GET /head HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
        HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let mut stream = tls(&edge, &[]).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_until(&mut stream, "x-forwarded-host: a\n")
        .await
        .to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    assert!(
        !answer.contains("upgrade") && !answer.contains("http2-settings"),
        "{answer}"
    );
}
