//! What a man in the middle can do to an exchange: nothing but stop it.
//!
//! He changes bodies on their way, plays them again and keeps them back; the service and the client are real.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hybridge_client::{Client, ExchangeError, ExchangeOptions};
use hybridge_crypto::kem;
use hybridge_exchange::client::{FinishError, Hello};
use hybridge_exchange::message::{Answer, Init, Response};
use hybridge_exchange::{CLASSICAL, Encoded, HYBRID, Identity, Time};
use serde_json::{Value, json};

use crate::ask::{decode, encode, get, post, refused};
use crate::exchange::{identities, now, only};
use crate::middleman::{Edits, Middleman};
use crate::process::{Home, Service, client};

const INIT: &str = "/v1/key-exchange";

struct Scene {
    _home: Home,
    service: Service,
    trusted: Vec<Identity>,
}

impl Scene {
    async fn new() -> Self {
        let home = Home::new();
        let service = home.start();
        let trusted = identities(&service).await;
        Self {
            _home: home,
            service,
            trusted,
        }
    }

    async fn through(&self, edits: Edits) -> (Client, Middleman) {
        let middleman = Middleman::before(&self.service.url, edits).await;
        (
            client(&middleman.url, Some(&self.service.admin_token())),
            middleman,
        )
    }

    fn options(&self, hello: Hello) -> ExchangeOptions<'_> {
        ExchangeOptions {
            hello,
            ..ExchangeOptions::new(&self.trusted)
        }
    }

    async fn open_exception(&self) {
        let suites: Vec<_> = CLASSICAL.iter().map(|suite| suite.name).collect();
        let body = json!({"name": "legacy", "owner": "ops", "reason": "a test", "suites": suites, "lifetime_seconds": 600});
        post(&self.service.admin(), "/v1/exceptions", body).await.unwrap();
    }
}

/// A client that accepts classical suites, too, and sends shares for one of each kind.
fn accepting_both() -> Hello {
    Hello {
        suites: HYBRID.iter().chain(CLASSICAL).collect(),
        shares: vec![&HYBRID[0], &CLASSICAL[0]],
        ..Hello::default()
    }
}

/// Changes the Init on its way.
fn on_init(change: impl Fn(&mut Init) + Send + Sync + 'static) -> Edits {
    let request = move |path: &str, body: &mut Value| {
        if path == INIT {
            let parsed = Encoded::<Init>::parse(&decode(&body["init"])).unwrap();
            let mut init: Init = (*parsed).clone();
            change(&mut init);
            body["init"] = encode(Encoded::compose(&init).unwrap().as_bytes()).into();
        }
    };
    Edits {
        request: Arc::new(request),
        ..Edits::default()
    }
}

/// Changes the Answer within the Response on its way.
fn on_answer(change: impl Fn(&mut Answer) + Send + Sync + 'static) -> Edits {
    let response = move |path: &str, body: &mut Value| {
        if path == INIT && body["response"].is_string() {
            let parsed = Encoded::<Response>::parse(&decode(&body["response"])).unwrap();
            let mut response: Response = (*parsed).clone();
            let mut answer: Answer = (*Encoded::<Answer>::parse(&response.answer).unwrap()).clone();
            change(&mut answer);
            response.answer = Encoded::compose(&answer).unwrap().as_bytes().to_vec();
            body["response"] = encode(Encoded::compose(&response).unwrap().as_bytes()).into();
        }
    };
    Edits {
        response: Arc::new(response),
        ..Edits::default()
    }
}

async fn finish_error(client: &Client, options: &ExchangeOptions<'_>) -> FinishError {
    match client.exchange(options).await {
        Err(ExchangeError::Finish(error)) => error,
        other => unreachable!("it must not come that far: {other:?}"),
    }
}

/// Sessions that the service would let anybody use: none, if the client never confirmed.
async fn confirmed(scene: &Scene) -> usize {
    let log = get(&scene.service.admin(), "/v1/audit?limit=1000")
        .await
        .unwrap()
        .to_string();
    log.matches("exchange.confirm").count()
}

#[tokio::test]
async fn a_middleman_who_changes_nothing_is_not_noticed() {
    let scene = Scene::new().await;
    let (client, middleman) = scene.through(Edits::default()).await;
    let session = client.exchange(&scene.options(Hello::default())).await.unwrap();
    assert!(session.agreed().suite.is_hybrid());
    assert_eq!(middleman.requests.lock().unwrap().len(), 2);
    assert_eq!(confirmed(&scene).await, 1);
}

#[tokio::test]
async fn hybrid_suites_taken_out_of_the_offer_end_the_exchange_even_with_an_open_exception() {
    let scene = Scene::new().await;
    let strip = |init: &mut Init| {
        init.suites
            .retain(|code| CLASSICAL.iter().any(|suite| suite.code == *code));
        init.shares.retain(|share| share.kem == CLASSICAL[0].code.kem);
    };
    let (client, _middleman) = scene.through(on_init(strip)).await;
    let error = client
        .exchange(&scene.options(accepting_both()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("suite_not_allowed"), "{error}");
    scene.open_exception().await;
    let error = finish_error(&client, &scene.options(accepting_both())).await;
    assert!(matches!(error, FinishError::Signature(_)), "{error:?}");
    assert_eq!(confirmed(&scene).await, 0);
    // Without him the same client and the same service agree on a hybrid suite, exception or not.
    let session = scene
        .service
        .admin()
        .exchange(&scene.options(accepting_both()))
        .await
        .unwrap();
    assert!(session.agreed().suite.is_hybrid() && session.agreed().exception.is_empty());
}

#[tokio::test]
async fn an_offer_in_another_order_or_with_another_share_ends_the_exchange() {
    let scene = Scene::new().await;
    let (client, _middleman) = scene.through(on_init(|init| init.suites.reverse())).await;
    let hello = Hello {
        suites: HYBRID.iter().take(2).collect(),
        ..Hello::default()
    };
    let error = finish_error(&client, &scene.options(hello)).await;
    assert!(matches!(error, FinishError::Signature(_)), "{error:?}");
    let own_share = |init: &mut Init| {
        let own = kem::PrivateKey::generate(HYBRID[0].kem()).unwrap();
        init.shares[0].public_key = own.public_key().to_vec();
    };
    let (client, _middleman) = scene.through(on_init(own_share)).await;
    let error = finish_error(&client, &scene.options(Hello::default())).await;
    assert!(matches!(error, FinishError::Signature(_)), "{error:?}");
    assert_eq!(confirmed(&scene).await, 0);
}

#[tokio::test]
async fn another_suite_in_the_answer_ends_the_exchange() {
    let scene = Scene::new().await;
    for index in [1, 2, 5] {
        let swap = move |answer: &mut Answer| answer.suite = HYBRID[index].code;
        let (client, _middleman) = scene.through(on_answer(swap)).await;
        let error = finish_error(&client, &scene.options(Hello::default())).await;
        assert!(matches!(error, FinishError::Signature(_)), "{error:?}");
    }
    let classical = |answer: &mut Answer| {
        answer.suite = CLASSICAL[0].code;
        answer.exception = "legacy".to_owned();
    };
    let (client, _middleman) = scene.through(on_answer(classical)).await;
    let error = finish_error(&client, &scene.options(accepting_both())).await;
    assert!(matches!(error, FinishError::Signature(_)), "{error:?}");
    assert_eq!(confirmed(&scene).await, 0);
}

#[tokio::test]
async fn the_answer_to_another_exchange_is_not_believed() {
    let scene = Scene::new().await;
    let kept: Arc<Mutex<Option<Value>>> = Arc::default();
    let response = move |path: &str, body: &mut Value| {
        if path == INIT {
            let mut kept = kept.lock().unwrap();
            *body = kept.get_or_insert_with(|| body.clone()).clone();
        }
    };
    let edits = Edits {
        response: Arc::new(response),
        ..Edits::default()
    };
    let (client, _middleman) = scene.through(edits).await;
    client.exchange(&scene.options(Hello::default())).await.unwrap();
    let error = finish_error(&client, &scene.options(Hello::default())).await;
    assert!(matches!(error, FinishError::Signature(_)), "{error:?}");
}

#[tokio::test]
async fn an_init_is_answered_once_and_only_in_its_time() {
    let scene = Scene::new().await;
    let (client, middleman) = scene.through(Edits::default()).await;
    client.exchange(&scene.options(Hello::default())).await.unwrap();
    let (_, init) = middleman.requests.lock().unwrap()[0].clone();
    let admin = scene.service.admin();
    for path in [INIT, "/api/key-exchange"] {
        assert_eq!(
            post(&admin, path, init.clone()).await,
            refused("409 exchange_replayed")
        );
    }
    let minutes = |minutes: u64| minutes * 60_000;
    for made in [Time(now().0 - minutes(10)), Time(now().0 + minutes(10))] {
        let (init, _pending) = Hello::default().start(made).unwrap();
        let body = json!({"init": encode(init.as_bytes())});
        assert_eq!(post(&admin, INIT, body).await, refused("409 exchange_stale"));
    }
}

#[tokio::test]
async fn an_answer_that_is_kept_back_beyond_the_window_is_refused() {
    let scene = Scene::new().await;
    let edits = Edits {
        delay: Duration::from_millis(400),
        ..Edits::default()
    };
    let (client, _middleman) = scene.through(edits).await;
    let options = ExchangeOptions {
        window: Duration::from_millis(200),
        ..scene.options(Hello::default())
    };
    let error = finish_error(&client, &options).await;
    assert!(matches!(error, FinishError::Late), "{error:?}");
    assert_eq!(confirmed(&scene).await, 0);
}

#[tokio::test]
async fn a_confirmation_that_was_changed_ends_the_exchange() {
    let scene = Scene::new().await;
    let request = |path: &str, body: &mut Value| {
        if path.ends_with("/confirm") {
            let mut confirm = decode(&body["confirm"]);
            *confirm.last_mut().unwrap() ^= 1;
            body["confirm"] = encode(&confirm).into();
        }
    };
    let edits = Edits {
        request: Arc::new(request),
        ..Edits::default()
    };
    let (client, middleman) = scene.through(edits).await;
    let error = client
        .exchange(&scene.options(only(&HYBRID[2])))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("confirmation_refused"), "{error}");
    // The genuine one comes too late: there is one attempt.
    let (path, genuine) = middleman.requests.lock().unwrap()[1].clone();
    let late = post(&scene.service.admin(), &path, genuine).await;
    assert_eq!(late, refused("404 session_unknown"));
}

#[tokio::test]
async fn a_rekeying_that_was_changed_leaves_the_session_in_its_epoch() {
    let scene = Scene::new().await;
    let response = |path: &str, body: &mut Value| {
        if path.ends_with("/rekey") {
            let mut rekeyed = decode(&body["rekeyed"]);
            *rekeyed.last_mut().unwrap() ^= 1;
            body["rekeyed"] = encode(&rekeyed).into();
        }
    };
    let edits = Edits {
        response: Arc::new(response),
        ..Edits::default()
    };
    let (client, _middleman) = scene.through(edits).await;
    let mut session = client.exchange(&scene.options(Hello::default())).await.unwrap();
    let error = client.rekey(&mut session).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Rekey(_)), "{error:?}");
    assert_eq!(session.epoch(), 0);
}
