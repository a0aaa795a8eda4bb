//! HTTP/1.1 and HTTP/2 through the edge: connections that are kept, fields that are added and
//! dropped, and the corners of the message format (RFC 9110, RFC 9112, RFC 9113).

use http::Request;
use hybridge_edge::arms::Arm;
use hybridge_edge::counters::label::STATUS_CLASSES;
use tokio::io::AsyncWriteExt;

use crate::harness::Edge;
use crate::harness::http::{Upstream, empty, get, get2, http1, http2, read_until, say, text, tls};

fn responses(edge: &Edge, class: &str) -> u64 {
    let place = STATUS_CLASSES.iter().position(|name| *name == class).unwrap();
    edge.totals().connections.responses[Arm::Control as usize][place]
}

#[tokio::test]
async fn requests_one_after_the_other_share_both_connections() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let mut client = http1(&edge).await;
    for n in 0..10 {
        client.ready().await.unwrap();
        let response = client.send_request(get(&format!("/noise/{n}"))).await.unwrap();
        assert_eq!(text_length(response).await, n);
    }
    assert_eq!((upstream.accepted(), upstream.requests()), (1, 10));
    assert_eq!(
        (edge.totals().connections.opened, responses(&edge, "2xx")),
        (1, 10)
    );
}

async fn text_length(response: http::Response<hyper::body::Incoming>) -> usize {
    crate::harness::http::bytes(response).await.len()
}

#[tokio::test]
async fn a_pooled_connection_serves_another_client() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    for _ in 0..5 {
        let mut client = http1(&edge).await;
        let response = client.send_request(get("/head")).await.unwrap();
        assert!(text(response).await.starts_with("GET /head HTTP/1.1\n"));
    }
    assert_eq!((upstream.accepted(), upstream.requests()), (1, 5));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let request = |n, end: &str| format!("GET /status/{n} HTTP/1.1\r\nHost: a\r\n{end}\r\n");
    let all = request(201, "") + &request(202, "") + &request(203, "Connection: close\r\n");
    let answer = say(&edge, &all).await;
    let codes: Vec<_> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.1 "))
        .collect();
    assert!(codes[0].starts_with("201") && codes[1].starts_with("202") && codes[2].starts_with("203"));
    assert_eq!(codes.len(), 3);
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered_with_many_requests_at_once() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let client = http2(&edge).await;
    let requests = (0..60).map(|n| {
        let mut client = client.clone();
        async move {
            client.ready().await.unwrap();
            let response = client
                .send_request(get2(&format!("/noise/{}", n * 1000)))
                .await
                .unwrap();
            assert_eq!(text_length(response).await, n * 1000);
        }
    });
    futures_util::future::join_all(requests).await;
    assert_eq!((edge.totals().connections.opened, upstream.requests()), (1, 60));
    let mut client = client;
    let head = text(client.send_request(get2("/head")).await.unwrap()).await;
    assert!(head.starts_with("GET /head HTTP/1.1\n"), "{head}");
    assert!(head.contains("host: shop.example\n"), "{head}");
}

#[tokio::test]
async fn http_1_1_is_spoken_by_name_and_by_default() {
    let edge = Upstream::start().await.edge("");
    for (offered, chosen) in [
        (&[&b"http/1.1"[..]][..], Some(&b"http/1.1"[..])),
        (&[], None),
        (&[b"http/1.1", b"h2"], Some(b"h2")),
    ] {
        let stream = tls(&edge, offered).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen);
    }
}

#[tokio::test]
async fn the_upstream_learns_of_the_client_and_nothing_that_it_made_up() {
    let edge = Upstream::start().await.edge("");
    let mut request = get("/head?a=b");
    for (name, value) in [
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-host", "evil.example"),
        ("x_forwarded_for", "203.0.113.9"),
        ("hybridge-tls-group", "forged"),
        ("hybridge-tls-version", "forged"),
        ("hybridge-tls-cipher", "forged"),
        ("hybridge_tls_group", "forged"),
        ("Hybridge-Tls_Cipher", "forged"),
        ("connection", "x-secret"),
        ("x-secret", "for one hop"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
    ] {
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let mut client = http1(&edge).await;
    let head = text(client.send_request(request).await.unwrap()).await;
    let mut lines: Vec<_> = head.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "GET /head?a=b HTTP/1.1",
            "host: shop.example",
            "hybridge-tls-cipher: TLS_AES_256_GCM_SHA384",
            "hybridge-tls-group: X25519MLKEM768",
            "hybridge-tls-version: TLS 1.3",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: shop.example",
            "x-forwarded-proto: https",
        ]
    );
}

#[tokio::test]
async fn every_connection_field_is_heeded_not_only_the_first() {
    let edge = Upstream::start().await.edge("");
    let request =
        "GET /head HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n";
    let answer = say(&edge, request).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && !answer.contains("x-hop"),
        "{answer}"
    );
}

#[tokio::test]
async fn the_client_that_a_proxy_header_names_is_forwarded() {
    let edge = Upstream::start().await.edge("accept_proxy = 'required'");
    let mut raw = tokio::net::TcpStream::connect(edge.address("r")).await.unwrap();
    raw.write_all(b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n")
        .await
        .unwrap();
    let connector =
        tokio_rustls::TlsConnector::from(std::sync::Arc::new(crate::harness::client::listing(&[
            crate::harness::client::HYBRID,
        ])));
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, raw).await.unwrap();
    stream
        .write_all(b"GET /head HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n")
        .await
        .unwrap();
    let head = read_until(&mut stream, "x-forwarded-host: a\n").await;
    let own = head.find("x-forwarded-for: 2001:db8::7\n").expect(&head);
    let claimed = head.find("x-forwarded-for: 192.0.2.9\n").expect(&head);
    assert!(claimed < own, "what the client claims comes before what we know");
}

#[tokio::test]
async fn responses_without_a_body_leave_the_connection_usable() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let mut client = http1(&edge).await;
    for (method, path, status, length) in [
        ("HEAD", "/noise/1234", 200, Some("1234")),
        ("GET", "/status/204", 204, None),
        ("GET", "/status/304", 304, None),
        ("GET", "/noise/3", 200, Some("3")),
    ] {
        let request = Request::builder().method(method).uri(path).header("host", "a");
        client.ready().await.unwrap();
        let response = client.send_request(request.body(empty()).unwrap()).await.unwrap();
        let announced = response.headers().get("content-length");
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(
            announced.map(|value| value.to_str().unwrap()),
            length,
            "{method} {path}"
        );
        let expect = if method == "HEAD" {
            0
        } else {
            length.map_or(0, |length| length.parse().unwrap())
        };
        assert_eq!(text_length(response).await, expect);
    }
    assert_eq!((upstream.accepted(), edge.totals().connections.opened), (1, 1));
}

#[tokio::test]
async fn a_client_that_closes_is_closed_and_one_whose_upstream_closes_is_not() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let answer = say(
        &edge,
        "GET /noise/0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        answer.to_ascii_lowercase().contains("connection: close\r\n"),
        "{answer}"
    );
    let mut client = http1(&edge).await;
    for _ in 0..3 {
        client.ready().await.unwrap();
        let response = client.send_request(get("/close")).await.unwrap();
        assert!(!response.headers().contains_key("connection"));
        assert_eq!(text(response).await, "bye");
    }
    assert_eq!((edge.totals().connections.opened, upstream.requests()), (2, 4));
}

#[tokio::test]
async fn http_1_0_gets_answers_it_understands() {
    let edge = Upstream::start().await.edge("");
    let answer = say(&edge, "GET /head HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(answer.contains("GET /head HTTP/1.1\n"), "{answer}");
    assert!(
        answer.contains("\nhost:"),
        "an HTTP/1.1 request has a Host (RFC 9112 §3.2): {answer}"
    );
    let kept = "GET /noise/0 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /status/418 HTTP/1.0\r\n\r\n";
    let answer = say(&edge, kept).await;
    assert!(
        answer.to_ascii_lowercase().contains("connection: keep-alive"),
        "{answer}"
    );
    assert!(answer.contains("HTTP/1.0 418 "), "{answer}");
}

#[tokio::test]
async fn an_upstream_of_http_1_0_does_not_cost_the_client_its_connection() {
    let upstream = Upstream::scripted(|mut stream, _| async move {
        stream
            .write_all(b"HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nuntil the end")
            .await
            .unwrap();
    })
    .await;
    let edge = upstream.edge("");
    let mut client = http1(&edge).await;
    for _ in 0..3 {
        client.ready().await.expect("the connection is kept");
        let response = client.send_request(get("/")).await.unwrap();
        assert_eq!(response.version(), http::Version::HTTP_11);
        assert_eq!(text(response).await, "until the end");
    }
    assert_eq!((upstream.accepted(), edge.totals().connections.opened), (3, 1));
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_gets_it() {
    let edge = Upstream::start().await.edge("");
    let mut stream = tls(&edge, &[]).await;
    let head = "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(
        read_until(&mut stream, "\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    stream.write_all(b"hello").await.unwrap();
    let answer = read_until(&mut stream, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(read_until(&mut stream, ",").await.starts_with("5 bytes"));
}

#[tokio::test]
async fn an_upstream_that_says_100_first_is_waited_for() {
    let upstream = Upstream::scripted(|mut stream, _| async move {
        let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        let late = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
        stream
            .write_all(format!("HTTP/1.1 100 Continue\r\n\r\n{early}{late}").as_bytes())
            .await
            .unwrap();
    })
    .await;
    let edge = upstream.edge("");
    let response = http1(&edge).await.send_request(get("/")).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), text(response).await.as_str()),
        (200, "done")
    );
}

#[tokio::test]
async fn two_lengths_are_never_forwarded() {
    for (both, refused) in [
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            false,
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            false,
        ),
        ("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", true),
        ("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", true),
    ] {
        let upstream = Upstream::start().await;
        let edge = upstream.edge("");
        let request = format!("POST /head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{both}");
        let answer = say(&edge, &request).await;
        assert_eq!(answer.starts_with("HTTP/1.1 400"), refused, "{both:?} {answer}");
        assert!(!answer.contains("content-length: 5\n"), "{both:?} {answer}");
        assert_eq!(upstream.requests(), usize::from(!refused), "{both:?}");
    }
}

#[tokio::test]
async fn a_request_to_tunnel_elsewhere_is_refused() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    let mut stream = tls(&edge, &[]).await;
    let request = "CONNECT internal.example:22 HTTP/1.1\r\nHost: internal.example:22\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_until(&mut stream, "choose\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET"),
        "{answer}"
    );
    assert_eq!(upstream.requests(), 0);
}

#[tokio::test]
async fn a_request_names_its_host_and_names_it_once() {
    let upstream = Upstream::start().await;
    let edge = upstream.edge("");
    for hosts in ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n"] {
        let request = format!("GET /head HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let answer = say(&edge, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{hosts:?} {answer}");
    }
    assert_eq!(upstream.requests(), 0);
    let absolute = "GET http://b.example/head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = say(&edge, absolute).await;
    assert!(
        answer.contains("GET /head HTTP/1.1\n") && answer.contains("\nhost: b.example\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn responses_are_counted_by_class() {
    let edge = Upstream::start().await.edge("");
    let mut client = http1(&edge).await;
    for code in [200, 201, 301, 404, 500, 503, 503] {
        client.ready().await.unwrap();
        let response = client
            .send_request(get(&format!("/status/{code}")))
            .await
            .unwrap();
        assert_eq!(response.status(), code);
    }
    assert_eq!(
        ["1xx", "2xx", "3xx", "4xx", "5xx"].map(|class| responses(&edge, class)),
        [0, 2, 1, 1, 3]
    );
}
