//! One request: prepared, sent on a pooled or a new upstream connection, and its response returned.
//!
//! A request is tried again only if the upstream cannot have seen it: a kept-alive connection that
//! turned out to be closed before the request was written.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::body::{Download, Lease, Upload};
use super::headers::Direction;
use super::pool::{Pool, Sender};
use super::{headers, reply, upgrade};
use crate::admission;
use crate::config::SendProxy;
use crate::connection::Peer;
use crate::counters::UpstreamFailure;
use crate::outbound;
use crate::route::LiveRoute;
use crate::wire::Activity;
use crate::worker::Worker;

/// What the requests of one client connection share.
pub(crate) struct Exchange {
    worker: Rc<Worker>,
    route: Rc<LiveRoute>,
    peer: Peer,
    /// Where its upstream connections wait for the next request.
    pool: Rc<RefCell<Pool>>,
    /// Connections that were upgraded; they end with the client's connection.
    tunnels: RefCell<JoinSet<()>>,
}

impl Exchange {
    pub(super) fn new(worker: Rc<Worker>, route: Rc<LiveRoute>, peer: Peer) -> Self {
        // A connection that began with a PROXY header speaks for one client and serves no other.
        let pool = match route.spec.config.upstream.send_proxy {
            SendProxy::Off => Rc::clone(&route.pools[peer.arm as usize]),
            SendProxy::V1 | SendProxy::V2 => Rc::default(),
        };
        Self {
            worker,
            route,
            peer,
            pool,
            tunnels: RefCell::default(),
        }
    }

    fn direction(&self) -> Direction<'_> {
        let upstream = &self.route.spec.config.upstream;
        self.route
            .origin_host
            .as_ref()
            .map_or(Direction::Inward(&self.peer, upstream), Direction::Outward)
    }

    /// Waits for upgraded connections.
    pub(super) async fn tunnels_end(&self) {
        let mut tunnels = self.tunnels.take();
        while tunnels.join_next().await.is_some() {}
    }
}

/// Why there is no response.
enum NoResponse {
    /// The request is one that we do not forward.
    Refused(StatusCode, &'static str),
    /// The client broke off in the middle of its request.
    Abandoned,
    /// The upstream cannot be had, for a reason that the log has.
    Unreachable(&'static str),
    /// As many upstream connections as there may be are open.
    Full,
    Broken(hyper::Error),
    Late,
}

/// Forwards a request and answers it, with the upstream's response or with our own.
pub(super) async fn forward(exchange: &Exchange, request: Request<Incoming>) -> Response<Download> {
    let response = match attempt(exchange, request).await {
        Ok(response) => response,
        Err(no_response) => explain(exchange, &no_response),
    };
    exchange
        .route
        .counters()
        .http_response(exchange.peer.arm, response.status().as_u16());
    response
}

fn explain(exchange: &Exchange, no_response: &NoResponse) -> Response<Download> {
    let (route, counters) = (&exchange.route.spec.config, exchange.route.counters());
    match no_response {
        NoResponse::Refused(status, reason) => reply::plain(*status, reason),
        NoResponse::Abandoned => reply::plain(StatusCode::BAD_REQUEST, "the request broke off"),
        NoResponse::Unreachable(reason) => reply::plain(StatusCode::BAD_GATEWAY, reason),
        NoResponse::Full => reply::plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many requests are under way; try again soon",
        ),
        NoResponse::Broken(error) => {
            counters.upstream_failure(UpstreamFailure::Protocol);
            tracing::warn!(route = route.name, %error, "the upstream broke off");
            reply::plain(
                StatusCode::BAD_GATEWAY,
                "the upstream closed the connection without a valid response",
            )
        }
        NoResponse::Late => {
            counters.upstream_failure(UpstreamFailure::Timeout);
            let limit = route.limits.response_timeout;
            reply::plain(
                StatusCode::GATEWAY_TIMEOUT,
                &format!("the upstream did not answer within {limit:?}"),
            )
        }
    }
}

async fn attempt(exchange: &Exchange, request: Request<Incoming>) -> Result<Response<Download>, NoResponse> {
    let (mut parts, body) = request.into_parts();
    check(&parts)?;
    let wanted = headers::upgrade_wanted(&parts);
    let on_upgrade = parts
        .extensions
        .remove::<hyper::upgrade::OnUpgrade>()
        .filter(|_| wanted.is_some());
    headers::prepare(&mut parts, exchange.direction(), wanted);
    if !body.is_end_stream() {
        headers::announce_body(&mut parts.headers);
    }
    let progress = Activity::new();
    let request = Request::from_parts(parts, Upload::new(body, progress.clone()));
    let limit = exchange.route.spec.config.limits.response_timeout;
    let (mut response, lease) = tokio::select! {
        sent = send(exchange, request) => sent?,
        () = progress.idle_for(limit) => return Err(NoResponse::Late),
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(switch(exchange, on_upgrade, response, lease));
    }
    headers::strip_hop_by_hop(response.headers_mut());
    // Each hop speaks its own version (RFC 9112 §2.3); hyper lowers it for a client of HTTP/1.0.
    *response.version_mut() = Version::HTTP_11;
    Ok(response.map(|body| Download::Upstream(body, lease)))
}

/// Refuses what cannot be forwarded.
fn check(parts: &Parts) -> Result<(), NoResponse> {
    if parts.method == Method::CONNECT {
        let reason =
            "CONNECT asks for a tunnel; there is one upstream, and it is not for the client to choose";
        return Err(NoResponse::Refused(StatusCode::METHOD_NOT_ALLOWED, reason));
    }
    if !headers::has_one_host(parts) {
        let reason = "a request names its host, and names it once";
        return Err(NoResponse::Refused(StatusCode::BAD_REQUEST, reason));
    }
    if headers::has_strange_coding(parts) {
        let reason = "the only transfer coding that is understood is chunked";
        return Err(NoResponse::Refused(StatusCode::NOT_IMPLEMENTED, reason));
    }
    Ok(())
}

/// Sends a request; a stale pooled connection costs another try, a fresh one does not.
async fn send(
    exchange: &Exchange,
    mut request: Request<Upload>,
) -> Result<(Response<Incoming>, Lease), NoResponse> {
    let ended = request.body().ended();
    loop {
        let pooled = exchange.pool.borrow_mut().take();
        let fresh = pooled.is_none();
        let mut sender = match pooled {
            Some(sender) => sender,
            None => connect(exchange).await?,
        };
        if !is_ready(&mut sender).await && !fresh {
            continue;
        }
        match sender.try_send_request(request).await {
            Ok(response) => {
                let (pool, sender) = (Rc::clone(&exchange.pool), Some(sender));
                return Ok((response, Lease { pool, sender, ended }));
            }
            Err(mut error) => match error.take_message() {
                Some(unsent) if !fresh => request = unsent,
                _ => return Err(broken(error.into_error())),
            },
        }
    }
}

/// A connection from the pool needs a moment at most; one that takes longer is not worth the wait.
async fn is_ready(sender: &mut Sender) -> bool {
    const MOMENT: Duration = Duration::from_millis(20);
    sender.is_ready() || matches!(timeout(MOMENT, sender.ready()).await, Ok(Ok(())))
}

/// An error of the request's body is the client's doing.
fn broken(error: hyper::Error) -> NoResponse {
    if error.is_user() {
        NoResponse::Abandoned
    } else {
        NoResponse::Broken(error)
    }
}

/// What hyper may gather of a response before the client takes it, in bytes.
const BUFFER: usize = 64 * 1024;

async fn connect(exchange: &Exchange) -> Result<Sender, NoResponse> {
    let route = &exchange.route;
    // Streams of HTTP/2 are many to a connection: upstream connections have a limit of their own.
    let limit = admission::share(route.spec.config.limits.connections, route.cores);
    let held = route.upstream_open.hold(limit).ok_or(NoResponse::Full)?;
    let stream = outbound::connect(&exchange.worker, route, &exchange.peer).await;
    let stream = stream.map_err(|error| NoResponse::Unreachable(error.in_public()))?;
    let mut builder = http1::Builder::new();
    let handshake = builder.max_buf_size(BUFFER).handshake(TokioIo::new(stream));
    let (sender, connection) = handshake.await.map_err(NoResponse::Broken)?;
    tokio::task::spawn_local(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "an upstream connection ended");
        }
        drop(held);
    });
    Ok(sender)
}

fn switch(
    exchange: &Exchange,
    client: Option<hyper::upgrade::OnUpgrade>,
    mut response: Response<Incoming>,
    mut lease: Lease,
) -> Response<Download> {
    let Some(client) = client else {
        return reply::plain(
            StatusCode::BAD_GATEWAY,
            "the upstream switched protocols without being asked",
        );
    };
    lease.sender = None;
    let upstream = hyper::upgrade::on(&mut response);
    let tunnel = upgrade::tunnel(Rc::clone(&exchange.route), client, upstream);
    exchange.tunnels.borrow_mut().spawn_local(tunnel);
    response.map(|_| Download::Own(http_body_util::Full::default()))
}
