//! A service for the tests: real sockets, real exchanges, answers given by a closure.
//! The exchanging one does what docs/key-exchange.md §HTTP says and nothing besides.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hybridge_crypto::{Algorithm, sign};
use hybridge_exchange::server::{Answering, Provisional, Refusal, Terms, respond};
use hybridge_exchange::{HYBRID, Identity, ReplayCache, Server, Session, SessionId, Suite, Time};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

pub(crate) type Answer = (StatusCode, Vec<u8>);

/// What one request was.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) connection: usize,
    pub(crate) parts: http::request::Parts,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }
}

pub(crate) type Answerer = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// Serves plain HTTP on a port of its own until the runtime ends.
pub(crate) async fn serve(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer: Answerer = Arc::new(answer);
    tokio::spawn(async move {
        let mut connection = 0;
        while let Ok((stream, _)) = listener.accept().await {
            connection += 1;
            tokio::spawn(drive(stream, connection, Arc::clone(&answer)));
        }
    });
    address
}

/// Answers the requests of one connection.
pub(crate) async fn drive<S>(stream: S, connection: usize, answer: Answerer)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let answer = Arc::clone(&answer);
        async move {
            let (parts, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map(|body| body.to_bytes().to_vec())
                .unwrap_or_default();
            let (status, body) = answer(&Asked {
                connection,
                parts,
                body,
            });
            let mut response = Response::new(Full::new(Bytes::from(body)));
            *response.status_mut() = status;
            Ok::<_, Infallible>(response)
        }
    });
    let _ended = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

pub(crate) fn ok(json: &Value) -> Answer {
    (StatusCode::OK, json.to_string().into_bytes())
}

pub(crate) fn problem(status: StatusCode, code: &str, more: &Value) -> Answer {
    let mut body = json!({"type": "about:blank", "status": status.as_u16(), "code": code, "detail": code});
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    (status, body.to_string().into_bytes())
}

/// A service that exchanges keys, as the document says.
pub(crate) struct Exchanger {
    pub(crate) identity: sign::PrivateKey,
    pub(crate) allowed: Vec<&'static Suite>,
    pub(crate) now: Time,
    pub(crate) waiting: Mutex<HashMap<SessionId, Provisional>>,
    pub(crate) sessions: Mutex<HashMap<SessionId, Session<Server>>>,
    pub(crate) replay: Mutex<ReplayCache>,
    pub(crate) inits: Mutex<Vec<Vec<u8>>>,
}

pub(crate) const CALLER: &str = "token:test";

impl Exchanger {
    pub(crate) fn new(allowed: &[&str]) -> Arc<Self> {
        let algorithm = Algorithm::by_name("MLDSA65-Ed25519-SHA512").unwrap();
        let named = |name: &&str| Suite::by_name(name).unwrap();
        Arc::new(Self {
            identity: sign::PrivateKey::generate(algorithm).unwrap(),
            allowed: allowed.iter().map(named).collect(),
            now: wall(),
            waiting: Mutex::default(),
            sessions: Mutex::default(),
            replay: Mutex::new(ReplayCache::new(100, Time(0))),
            inits: Mutex::default(),
        })
    }

    pub(crate) fn hybrid() -> Arc<Self> {
        Self::new(&HYBRID.iter().map(|suite| suite.name).collect::<Vec<_>>())
    }

    pub(crate) fn trusted(&self) -> Vec<Identity> {
        vec![Identity::of(&self.identity).unwrap()]
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Answer {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let path: Vec<&str> = asked.parts.uri.path().split('/').skip(1).collect();
        match path[..] {
            ["v1", "key-exchange"] => self.init(&member(&body, "init")),
            ["v1", "key-exchange", session, "confirm"] => self.confirm(session, &member(&body, "confirm")),
            ["v1", "sessions", session, "rekey"] => self.rekey(session, &member(&body, "rekey")),
            _ => problem(StatusCode::NOT_FOUND, "not_found", &json!({})),
        }
    }

    fn init(&self, init: &[u8]) -> Answer {
        self.inits.lock().unwrap().push(init.to_vec());
        let answering = Answering {
            identity: &self.identity,
            caller: CALLER,
            context: b"",
        };
        let mut replay = self.replay.lock().unwrap();
        match respond(
            init,
            &Terms::hybrid(&self.allowed),
            &mut replay,
            &answering,
            self.now,
        ) {
            Ok((response, provisional)) => {
                self.waiting
                    .lock()
                    .unwrap()
                    .insert(provisional.session(), provisional);
                ok(&json!({"response": URL_SAFE_NO_PAD.encode(response.as_bytes())}))
            }
            Err(refusal) => {
                let more = match &refusal {
                    Refusal::ShareRequired { suite } => json!({"suite": suite.name}),
                    _ => json!({}),
                };
                problem(StatusCode::CONFLICT, refusal.code(), &more)
            }
        }
    }

    fn confirm(&self, session: &str, confirm: &[u8]) -> Answer {
        let id = SessionId::parse(session).unwrap();
        let Some(provisional) = self.waiting.lock().unwrap().remove(&id) else {
            return problem(StatusCode::NOT_FOUND, "session_unknown", &json!({}));
        };
        match provisional.confirm(confirm, self.now) {
            Ok(session) => {
                self.sessions.lock().unwrap().insert(id, session);
                ok(&json!({}))
            }
            Err(error) => problem(StatusCode::FORBIDDEN, error.code(), &json!({})),
        }
    }

    fn rekey(&self, session: &str, rekey: &[u8]) -> Answer {
        let id = SessionId::parse(session).unwrap();
        let mut sessions = self.sessions.lock().unwrap();
        let rekeyed = sessions.get_mut(&id).unwrap().rekey(rekey, self.now).unwrap();
        ok(&json!({"rekeyed": URL_SAFE_NO_PAD.encode(rekeyed.as_bytes())}))
    }
}

fn member(body: &Value, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(body[name].as_str().unwrap()).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the client under test reads the wall clock"
)]
fn wall() -> Time {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Time(u64::try_from(since.as_millis()).unwrap())
}
