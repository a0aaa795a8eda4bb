//! For tests: requests straight into the router, and what the audit log said.
//!
//! The peer address is put beside the request as the listener would, so that a test can come from
//! anywhere. Requests carry the administrator's token unless a test takes another.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hybridge_keys::token::{Grant, Rate, Secret};
use hybridge_policy::access::{Binding, Rights, Role};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};

use crate::context::Context;
use crate::dto::{ProbeReport, ProbeRequest, Verdict};
use crate::router::router;
use crate::sample::Sample;
use crate::{Access, Deps, Journal, ProbeError, Prober, Probing, Refusal, TokenSource};

pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().expect("a constant")
}

/// One token per role, and one that has expired.
pub(crate) struct Tokens {
    roles: Vec<(Role, Secret)>,
    pub(crate) expired: Secret,
}

pub(crate) static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let secret = || Secret::generate().expect("random bytes");
    Tokens {
        roles: Role::ALL.into_iter().map(|role| (role, secret())).collect(),
        expired: secret(),
    }
});

impl Tokens {
    pub(crate) fn of(&self, role: Role) -> &Secret {
        let found = self.roles.iter().find(|(each, _)| *each == role);
        &found.expect("every role has a token").1
    }

    pub(crate) fn source(&self, rate: Rate) -> TokenSource {
        let good = self
            .roles
            .iter()
            .map(|(role, secret)| (secret.digest(), grant(*role, None)));
        let expired = (
            self.expired.digest(),
            grant(Role::Admin, Some(Timestamp::UNIX_EPOCH)),
        );
        TokenSource::fixed(good.chain([expired]), rate)
    }
}

fn grant(role: Role, expires: Option<Timestamp>) -> Grant {
    Grant {
        name: role.name().to_owned(),
        made_by: "test".to_owned(),
        lineage: Vec::new(),
        rights: Rights::new(vec![Binding::of(role)]),
        created: Timestamp::UNIX_EPOCH,
        expires,
    }
}

/// `Authorization` for a token.
pub(crate) fn bearer(text: &str) -> HeaderValue {
    format!("Bearer {text}").parse().expect("ASCII")
}

/// Remembers what was refused.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Vec<Refusal>>);

impl Refusals {
    pub(crate) fn taken(&self) -> Vec<Refusal> {
        std::mem::take(&mut *self.0.lock().expect("nobody panicked"))
    }
}

impl Journal for Refusals {
    fn refused(&self, refusal: Refusal) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.lock().expect("nobody panicked").push(refusal);
        Box::pin(std::future::ready(()))
    }
}

/// The router over sample data, and what stops it.
pub(crate) struct Served {
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) sample: Arc<Sample>,
    pub(crate) router: Router,
    pub(crate) stop: watch::Sender<bool>,
}

/// Reports on every target but `down:1`.
pub(crate) struct Echo;

impl Prober for Echo {
    fn probe(&self, request: ProbeRequest) -> Probing<'_> {
        Box::pin(async move {
            match request.target.as_str() {
                "" => Err(ProbeError::Invalid {
                    field: "target".to_owned(),
                    reason: "it is empty".to_owned(),
                }),
                "down:1" => Err(ProbeError::Unreachable {
                    reason: "connection refused".to_owned(),
                }),
                _ => Ok(ProbeReport {
                    target: request.target,
                    address: "192.0.2.1:443".to_owned(),
                    verdict: Verdict::Indeterminate,
                    reasons: Vec::new(),
                    tls: None,
                    ssh: None,
                }),
            }
        })
    }
}

pub(crate) fn busy() -> Served {
    served(Sample::busy(now()), Arc::new(Echo))
}

pub(crate) fn served(sample: Sample, prober: Arc<dyn Prober>) -> Served {
    let rate = Rate {
        per_second: 0,
        burst: 1,
    };
    behind(sample, prober, rate)
}

/// With a pace for each principal.
pub(crate) fn behind(sample: Sample, prober: Arc<dyn Prober>, rate: Rate) -> Served {
    let sample = Arc::new(sample);
    let refusals = Arc::new(Refusals::default());
    let access = Access::new(TOKENS.source(rate)).with_journal(refusals.clone());
    let (stop, stopping) = watch::channel(false);
    let router = router(Context::new(
        Deps {
            keys: None,
            suites: Arc::from([]),
            access: Arc::new(access),
            control: sample.clone(),
            prober,
        },
        stopping,
    ));
    Served {
        refusals,
        sample,
        router,
        stop,
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Served {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path, "")).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &str) -> Answer {
        let mut request = request("POST", path, body);
        request
            .headers_mut()
            .insert("content-type", "application/json".parse().expect("a constant"));
        self.send(request).await
    }

    pub(crate) async fn post_form(&self, path: &str, body: &str) -> Answer {
        let mut request = request("POST", path, body);
        let headers = request.headers_mut();
        headers.insert(
            "content-type",
            "application/x-www-form-urlencoded".parse().expect("a constant"),
        );
        headers.insert("origin", "http://127.0.0.1:8000".parse().expect("a constant"));
        self.send(request).await
    }

    /// The whole answer; for streams take the router.
    pub(crate) async fn send(&self, request: Request) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router never fails");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a body in memory");
        let body = String::from_utf8(bytes.to_vec()).expect("text");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

/// A request from this machine, by its administrator.
pub(crate) fn request(method: &str, path: &str, body: &str) -> Request {
    let builder = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8000");
    let mut request = builder.body(Body::from(body.to_owned())).expect("a test request");
    let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
    request.extensions_mut().insert(ConnectInfo(peer));
    let authorization = bearer(TOKENS.of(Role::Admin).reveal());
    request.headers_mut().insert(header::AUTHORIZATION, authorization);
    request
}

/// Audit events while `work` runs on this thread, each as a JSON object.
pub(crate) async fn audited(work: impl Future<Output = ()>) -> Vec<Value> {
    let ear = Ear::default();
    let events = ear.0.clone();
    {
        let _listening = tracing::subscriber::set_default(tracing_subscriber::registry().with(ear));
        work.await;
    }
    let events = events.lock().expect("nobody panicked");
    events.clone()
}

#[derive(Default)]
struct Ear(Arc<Mutex<Vec<Value>>>);

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        if event.metadata().target() == "audit" {
            let mut fields = Fields(serde_json::Map::new());
            fields
                .0
                .insert("level".to_owned(), event.metadata().level().to_string().into());
            event.record(&mut fields);
            self.0
                .lock()
                .expect("nobody panicked")
                .push(Value::Object(fields.0));
        }
    }
}

struct Fields(serde_json::Map<String, Value>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), format!("{value:?}").into());
    }
}
