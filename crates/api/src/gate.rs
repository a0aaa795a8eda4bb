//! The gate: every request to an endpoint is authenticated, authorised, timed and audited here.
//!
//! Order: where it comes from, who asks, how fast, whether they may; then the handler. Audit events have
//! the tracing target `audit`: reads that succeed, and what the key service writes down itself, at DEBUG;
//! other changes and whatever was refused or failed at INFO. A refusal of access is handed to the journal
//! too before it is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::RequestExt;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use hybridge_crypto::state;
use hybridge_policy::access::{Action, Concern, Resource};
use tokio::time::{Instant, timeout};

use crate::access::{Access, Refusal};
use crate::admission::{Knock, Way, look_at_origin};
use crate::endpoint::{Door, Endpoint};
use crate::principal::{Asker, Principal};
use crate::problem::{Code, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const KEYS: &str = "/v1/keys/{name}";
/// Characters of a path that the logs keep; every path that is served is shorter.
const PATH_LEN_MAX: usize = 400;

/// The gate of one endpoint.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) access: Arc<Access>,
}

/// Lets a request through to its handler, or answers in its place.
pub(crate) async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let endpoint = gate.endpoint;
    let mut record = Record::new(endpoint, &request, gate.access.next_request());
    let admitted = gate.admit(&mut record, &mut request).await;
    let (asker, mut response) = match admitted {
        Ok(asker) => {
            request.extensions_mut().insert(asker.clone());
            (Some(asker), serve(endpoint, request, next).await)
        }
        Err(problem) => (None, refuse(&request, problem)),
    };
    let code = response.extensions().get::<Code>().copied();
    if let Some(code) = code.filter(|code| code.is_refusal_of_access()) {
        gate.tell(&record, code).await;
    }
    record.write(asker.as_ref(), &response, started.elapsed());
    if let Ok(id) = HeaderValue::try_from(record.request) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

impl Gate {
    async fn admit(&self, record: &mut Record, request: &mut Request) -> Result<Asker, Problem> {
        let knock = Knock {
            peer: record.peer,
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            edge: self.access.edge(),
        };
        let way = look_at_origin(knock)?;
        record.peer = way.peer();
        self.require_cryptography(way)?;
        self.require_unsealed(way)?;
        let principal = self.principal(request.headers(), way).await?;
        principal.name().clone_into(&mut record.principal);
        self.require_pace(&principal)?;
        let asker = Asker::new(principal, record.request.clone(), way);
        if !self.is_open(way) {
            self.require_rights(&asker, request).await?;
        }
        Ok(asker)
    }

    /// After a failed self-test nobody can prove who they are either, so whatever needs a principal is refused;
    /// what says how the process is goes on.
    fn require_cryptography(&self, way: Way) -> Result<(), Problem> {
        let Some(failed) = state::failure() else {
            return Ok(());
        };
        let tells = matches!(self.endpoint.action, Action::RunSelftest | Action::ReadSeal);
        if tells || self.is_open(way) {
            return Ok(());
        }
        Err(Problem::from(hybridge_keys::Error::Failed(failed)))
    }

    /// While the key service is sealed, what is neither health nor the seal is refused, whoever asks.
    fn require_unsealed(&self, way: Way) -> Result<(), Problem> {
        let opens = matches!(self.endpoint.action, Action::ReadSeal | Action::ChangeSeal);
        // A failed self-test keeps the seal closed, and is asked about.
        let tells = self.endpoint.action == Action::RunSelftest && state::failure().is_some();
        if opens || tells || self.is_open(way) || !self.access.is_sealed() {
            return Ok(());
        }
        Err(Problem::from(hybridge_keys::Error::Sealed))
    }

    async fn principal(&self, headers: &HeaderMap, way: Way) -> Result<Principal, Problem> {
        if self.is_open(way) {
            return Ok(Principal::Anonymous);
        }
        self.access.authenticate(headers, way).await
    }

    fn is_open(&self, way: Way) -> bool {
        match self.endpoint.door {
            Door::Principal => false,
            Door::Local => matches!(way, Way::Direct(_)),
            Door::Anybody => true,
        }
    }

    fn require_pace(&self, principal: &Principal) -> Result<(), Problem> {
        let Some(pace) = principal.pace() else {
            return Ok(());
        };
        pace.take(self.access.elapsed()).map_err(|wait| {
            let detail = "this principal asks faster than it may; see Retry-After";
            Problem::new(Code::TooFast, detail).retry_after(wait)
        })
    }

    async fn require_rights(&self, asker: &Asker, request: &mut Request) -> Result<(), Problem> {
        let action = self.endpoint.action;
        if action.concern() != Concern::Keys {
            return asker.require(action, Resource::Service);
        }
        if !self.endpoint.path.starts_with(KEYS) {
            return asker.require(action, Resource::SomeKey);
        }
        let params = request.extract_parts::<RawPathParams>().await;
        let params = params.map_err(|rejection| Problem::new(Code::NotFound, rejection.to_string()))?;
        let name = params
            .iter()
            .find_map(|(key, value)| (key == "name").then_some(value));
        asker.require(action, Resource::Key(name.unwrap_or_default()))
    }

    /// Puts a refusal of access into the journal, before it is answered.
    async fn tell(&self, record: &Record, code: Code) {
        let refusal = Refusal {
            principal: record.principal.clone(),
            request: record.request.clone(),
            peer: record.peer,
            event: self.endpoint.event,
            path: record.path.clone(),
            why: code.name(),
            left_out: 0,
        };
        self.access.tell(refusal).await;
    }
}

/// The problem, or for a person in front of a browser the way to log in.
fn refuse(request: &Request, problem: Problem) -> Response {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let browser =
        request.method() == Method::GET && accept.is_some_and(|accept| accept.contains("text/html"));
    let code = problem.code;
    if !(browser && code.is_unauthenticated()) {
        return problem.into_response();
    }
    let mut response = Redirect::to("/console/login").into_response();
    response.extensions_mut().insert(code);
    response
}

async fn serve(endpoint: &Endpoint, request: Request, next: Next) -> Response {
    match timeout(endpoint.patience, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let detail = format!("no answer within {} s", endpoint.patience.as_secs());
            Problem::new(Code::TimedOut, detail).into_response()
        }
    }
}

/// What the audit log says about one request; taken before the handler consumes it.
struct Record {
    endpoint: &'static Endpoint,
    request: String,
    principal: String,
    method: Method,
    path: String,
    peer: Option<SocketAddr>,
}

impl Record {
    fn new(endpoint: &'static Endpoint, request: &Request, id: String) -> Self {
        Self {
            endpoint,
            request: id,
            principal: String::new(),
            method: request.method().clone(),
            path: shortened(request.uri().path()),
            peer: crate::admission::peer(request),
        }
    }

    /// Who it was, as far as it is known.
    fn who(&self) -> &str {
        if self.principal.is_empty() {
            "nobody"
        } else {
            &self.principal
        }
    }

    fn write(&self, asker: Option<&Asker>, response: &Response, elapsed: Duration) {
        let code = response.extensions().get::<Code>().copied();
        let outcome = outcome(asker.is_some(), code, response.status());
        let quiet = outcome == "done" && (self.endpoint.method.is_safe() || self.endpoint.is_journaled);
        macro_rules! write {
            ($level:expr) => {
                tracing::event!(
                    target: "audit",
                    $level,
                    event = self.endpoint.event,
                    action = self.endpoint.action.name(),
                    principal = self.who(),
                    peer = self.peer.map(tracing::field::display),
                    request = self.request,
                    method = self.method.as_str(),
                    route = self.endpoint.path,
                    path = self.path,
                    outcome,
                    status = response.status().as_u16(),
                    code = code.map_or("", |code| code.name()),
                    elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
                )
            };
        }
        if quiet {
            write!(tracing::Level::DEBUG);
        } else {
            write!(tracing::Level::INFO);
        }
    }
}

/// What anybody may write into the logs is bounded; a path has ASCII only (RFC 3986 §2), and is cut in case it has not.
fn shortened(path: &str) -> String {
    match path.char_indices().nth(PATH_LEN_MAX) {
        Some((end, _)) => format!("{}...", &path[..end]),
        None => path.to_owned(),
    }
}

fn outcome(admitted: bool, code: Option<Code>, status: StatusCode) -> &'static str {
    if !admitted || code.is_some_and(Code::is_refusal_of_access) {
        "denied"
    } else if status.is_client_error() || status.is_server_error() {
        "failed"
    } else {
        "done"
    }
}
