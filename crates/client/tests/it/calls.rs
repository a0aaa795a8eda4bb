//! Requests and what comes back.
//! The service answers by a closure and writes down what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use hybridge_client::{Call, Client, Credentials, Error, Method, Options, Token};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::service::{Asked, ok, problem, serve};

fn client(url: &str) -> Client {
    let credentials = Credentials {
        token: Some(Token::new("hyb_secret").unwrap()),
        certificate: None,
    };
    Client::new(url, &credentials, Options::default()).unwrap()
}

#[tokio::test]
async fn a_request_carries_token_json_and_idempotency_key_and_brings_json_back() {
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let address = serve(move |asked| {
        seen.lock().unwrap().push(asked.clone());
        ok(&json!({"name": "orders"}))
    })
    .await;
    let client = client(&format!("http://{address}/prefix/"));
    let body = json!({"name": "orders", "purpose": "kem"});
    let call = Call {
        method: Method::POST,
        path: "/v1/keys?dry",
        json: Some(&body),
        idempotency_key: Some("once"),
    };
    assert_eq!(client.send(&call).await.unwrap(), json!({"name": "orders"}));
    client.call(Method::GET, "/v1/keys", None).await.unwrap();
    let asked = asked.lock().unwrap();
    let [post, get] = &asked[..] else {
        panic!("two requests")
    };
    assert_eq!(post.parts.uri, "/prefix/v1/keys?dry");
    assert_eq!(post.header("authorization"), Some("Bearer hyb_secret"));
    assert_eq!(post.header("idempotency-key"), Some("once"));
    assert_eq!(post.header("content-type"), Some("application/json"));
    assert_eq!(post.header("host"), Some(address.to_string().as_str()));
    assert_eq!(serde_json::from_slice::<Value>(&post.body).unwrap(), body);
    assert_eq!(
        (get.header("content-type"), get.header("idempotency-key")),
        (None, None)
    );
    assert_eq!(
        (post.connection, get.connection),
        (1, 1),
        "the connection was kept"
    );
}

#[tokio::test]
async fn a_refusal_is_read_as_a_problem() {
    let address = serve(|_| {
        problem(
            StatusCode::FORBIDDEN,
            "scope_missing",
            &json!({"remedy": "ask an admin"}),
        )
    })
    .await;
    let refused = client(&format!("http://{address}"))
        .call(Method::GET, "/v1/keys", None)
        .await;
    let error = refused.unwrap_err();
    let problem = error.problem().unwrap();
    assert_eq!((problem.status, problem.code.as_str()), (403, "scope_missing"));
    assert_eq!(
        error.to_string(),
        "scope_missing; ask an admin (403 scope_missing)"
    );
}

#[tokio::test]
async fn an_empty_success_is_null_and_another_language_an_error() {
    let address = serve(|asked| match asked.parts.uri.path() {
        "/empty" => (StatusCode::NO_CONTENT, vec![]),
        _ => (StatusCode::OK, b"<html>".to_vec()),
    })
    .await;
    let client = client(&format!("http://{address}"));
    assert_eq!(
        client.call(Method::GET, "/empty", None).await.unwrap(),
        Value::Null
    );
    assert!(matches!(
        client.call(Method::GET, "/html", None).await,
        Err(Error::NotJson(_))
    ));
}

#[tokio::test]
async fn plain_http_to_another_machine_needs_the_word_danger() {
    let refused = Client::new("http://192.0.2.1", &Credentials::default(), Options::default());
    assert!(matches!(refused, Err(Error::PlainHttp { .. })));
    let options = Options {
        danger_allow_plain_http: true,
        ..Options::default()
    };
    assert!(Client::new("http://192.0.2.1", &Credentials::default(), options).is_ok());
}

#[tokio::test]
async fn a_service_that_says_nothing_times_out() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        timeout: Duration::from_millis(50),
        ..Options::default()
    };
    let client = Client::new(&url, &Credentials::default(), options).unwrap();
    let silent = client.call(Method::GET, "/", None).await;
    assert!(matches!(silent, Err(Error::TimedOut { .. })), "{silent:?}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_an_error_that_names_it() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let refused = client(&url).call(Method::GET, "/", None).await.unwrap_err();
    assert!(refused.to_string().contains(&url), "{refused}");
    assert!(matches!(refused, Error::Connect { .. }));
}

#[tokio::test]
async fn a_request_that_may_have_arrived_is_not_sent_again() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).await.unwrap();
        assert!(read > 0);
        stream.shutdown().await.unwrap();
        drop(stream);
        tokio::time::timeout(Duration::from_millis(200), listener.accept())
            .await
            .is_err()
    });
    let broken = client(&url)
        .call(Method::POST, "/v1/keys", Some(&json!({})))
        .await;
    assert!(matches!(broken, Err(Error::Broken(_))), "{broken:?}");
    assert!(
        server.await.unwrap(),
        "the client came back with the same request"
    );
}

#[tokio::test]
async fn a_client_prints_no_secret() {
    assert_eq!(
        format!("{:?}", client("http://127.0.0.1:1")),
        "Client(http://127.0.0.1:1)"
    );
}
