//! The exchange over HTTP: agreed, retried with another share, refused, re-keyed.
//! The service is the crate of the protocol itself behind real HTTP.

use std::sync::Arc;

use http::StatusCode;
use hybridge_client::{Client, Credentials, Error, ExchangeError, ExchangeOptions, Options};
use hybridge_exchange::client::FinishError;
use hybridge_exchange::message::Init;
use hybridge_exchange::{Encoded, Identity};
use serde_json::{Value, json};

use crate::service::{CALLER, Exchanger, ok, problem, serve};

async fn client_of(exchanger: &Arc<Exchanger>) -> Client {
    let service = Arc::clone(exchanger);
    let address = serve(move |asked| service.answer(asked)).await;
    connect(&format!("http://{address}"))
}

fn connect(url: &str) -> Client {
    Client::new(url, &Credentials::default(), Options::default()).unwrap()
}

#[tokio::test]
async fn a_session_is_agreed_used_and_rekeyed() {
    let exchanger = Exchanger::hybrid();
    let client = client_of(&exchanger).await;
    let trusted = exchanger.trusted();
    let options = ExchangeOptions {
        caller: Some(CALLER),
        ..ExchangeOptions::new(&trusted)
    };
    let mut session = client.exchange(&options).await.unwrap();
    assert!(session.agreed().suite.is_hybrid());
    client.rekey(&mut session).await.unwrap();
    assert_eq!(session.epoch(), 1);
    let sealed = session.seal(b"", b"over there", exchanger.now).unwrap();
    let mut sessions = exchanger.sessions.lock().unwrap();
    let server = sessions.get_mut(&session.agreed().session).unwrap();
    assert_eq!(
        *server.open(b"", &sealed, exchanger.now).unwrap().plaintext,
        b"over there"
    );
}

#[tokio::test]
async fn a_wish_for_another_share_is_followed_once_with_fresh_keys() {
    let exchanger = Exchanger::new(&["MLKEM1024-P384"]);
    let client = client_of(&exchanger).await;
    let session = client
        .exchange(&ExchangeOptions::new(&exchanger.trusted()))
        .await
        .unwrap();
    assert_eq!(session.agreed().suite.kem().name, "MLKEM1024-P384");
    let inits = exchanger.inits.lock().unwrap();
    let inits: Vec<_> = inits
        .iter()
        .map(|init| Encoded::<Init>::parse(init).unwrap())
        .collect();
    assert_eq!(inits.len(), 2);
    assert_ne!(inits[0].nonce, inits[1].nonce);
    assert_eq!(inits[0].suites, inits[1].suites, "the offer is the same");
}

#[tokio::test]
async fn a_wish_that_is_repeated_or_was_not_offered_ends_the_exchange() {
    for suite in ["X-Wing", "X25519", "ML-KEM-768", "MLKEM1024-P384"] {
        let address =
            serve(move |_| problem(StatusCode::CONFLICT, "suite_required", &json!({"suite": suite}))).await;
        let refused = connect(&format!("http://{address}"))
            .exchange(&ExchangeOptions::new(&[]))
            .await;
        let Err(ExchangeError::Service(Error::Problem(problem))) = refused else {
            panic!("{suite}: {refused:?}");
        };
        assert_eq!(problem.code, "suite_required");
    }
}

#[tokio::test]
async fn an_identity_that_is_not_pinned_is_not_believed() {
    let exchanger = Exchanger::hybrid();
    let client = client_of(&exchanger).await;
    for identities in [Vec::<Identity>::new(), Exchanger::hybrid().trusted()] {
        let refused = client.exchange(&ExchangeOptions::new(&identities)).await;
        assert!(
            matches!(refused, Err(ExchangeError::Finish(FinishError::Identity { .. }))),
            "{refused:?}"
        );
    }
    assert!(exchanger.sessions.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_altered_on_the_way_is_not_believed() {
    let exchanger = Exchanger::hybrid();
    let service = Arc::clone(&exchanger);
    let address = serve(move |asked| {
        let (status, body) = service.answer(asked);
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        let altered = answer["response"].as_str().unwrap().replacen(['A', 'B'], "C", 1);
        answer["response"] = altered.into();
        (status, answer.to_string().into_bytes())
    })
    .await;
    let refused = connect(&format!("http://{address}"))
        .exchange(&ExchangeOptions::new(&exchanger.trusted()))
        .await;
    assert!(matches!(refused, Err(ExchangeError::Finish(_))), "{refused:?}");
}

#[tokio::test]
async fn an_answer_without_the_message_is_an_error_that_names_it() {
    for answer in [json!({}), json!({"response": 1}), json!({"response": "a+/="})] {
        let address = serve(move |_| ok(&answer)).await;
        let refused = connect(&format!("http://{address}"))
            .exchange(&ExchangeOptions::new(&[]))
            .await;
        assert!(
            matches!(refused, Err(ExchangeError::Answer { member: "response" })),
            "{refused:?}"
        );
    }
}
