//! The gate: every request to an endpoint is authenticated, authorised, timed and audited here.
//!
//! Audit events have the tracing target `audit`. Reads that succeed are logged at DEBUG, changes and
//! whatever was refused or failed at INFO.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use tokio::time::{Instant, timeout};

use crate::admission::{Knock, Principal, authenticate};
use crate::endpoint::{Action, Endpoint};
use crate::problem::{Code, Problem};

/// Lets a request through to its handler, or answers in its place.
pub(crate) async fn pass(
    State(endpoint): State<&'static Endpoint>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let record = Record::new(endpoint, &request);
    let (principal, response) = match admit(endpoint, &request) {
        Ok(principal) => (Some(principal), serve(endpoint, request, next).await),
        Err(problem) => (None, problem.into_response()),
    };
    record.write(principal, &response, started.elapsed());
    response
}

fn admit(endpoint: &Endpoint, request: &Request) -> Result<Principal, Problem> {
    let knock = Knock {
        peer: peer(request),
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
    };
    let principal = authenticate(knock)?;
    if may(principal, endpoint.action) {
        Ok(principal)
    } else {
        Err(Problem::new(Code::PeerNotLocal, "this principal may not do that"))
    }
}

/// Who may do what. Being on the machine is the only credential so far, and it opens everything.
fn may(principal: Principal, _action: Action) -> bool {
    match principal {
        Principal::Loopback => true,
    }
}

fn peer(request: &Request) -> Option<SocketAddr> {
    request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| *peer)
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
    method: Method,
    path: String,
    peer: Option<SocketAddr>,
}

impl Record {
    fn new(endpoint: &'static Endpoint, request: &Request) -> Self {
        let path = request.uri().path().to_owned();
        Self {
            endpoint,
            method: request.method().clone(),
            path,
            peer: peer(request),
        }
    }

    fn write(&self, principal: Option<Principal>, response: &Response, elapsed: Duration) {
        let code = response.extensions().get::<Code>().map_or("", |code| code.name());
        let outcome = outcome(principal, response.status());
        let quiet = outcome == "done" && self.endpoint.method.is_safe();
        macro_rules! write {
            ($level:expr) => {
                tracing::event!(
                    target: "audit",
                    $level,
                    event = self.endpoint.event,
                    action = self.endpoint.action.name(),
                    principal = principal.map_or("nobody", Principal::name),
                    peer = self.peer.map(tracing::field::display),
                    method = self.method.as_str(),
                    route = self.endpoint.path,
                    path = self.path,
                    outcome,
                    status = response.status().as_u16(),
                    code,
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

fn outcome(principal: Option<Principal>, status: StatusCode) -> &'static str {
    match principal {
        None => "denied",
        Some(_) if status.is_client_error() || status.is_server_error() => "failed",
        Some(_) => "done",
    }
}
