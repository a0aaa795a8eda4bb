//! From the table of endpoints to a router: the gate on every endpoint, the headers on every answer.
//!
//! No route is added anywhere else. What matches no endpoint is answered without looking at the request.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, Uri};

use crate::access::Access;
use crate::context::Context;
use crate::endpoint::{Endpoint, endpoints};
use crate::gate::{self, Gate};
use crate::problem::{Code, Problem};

/// Every answer has these unless its handler chose otherwise. `same-origin` keeps the `Origin` of the
/// console's own form, which `no-referrer` would blank.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (CACHE_CONTROL, "no-store"),
];

pub(crate) fn router(context: Context) -> Router {
    let access = Arc::clone(&context.access);
    endpoints()
        .fold(Router::new(), |router, endpoint| with(router, endpoint, &access))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response(harden))
        .with_state(context)
}

fn with(router: Router<Context>, endpoint: &'static Endpoint, access: &Arc<Access>) -> Router<Context> {
    let access = Arc::clone(access);
    let gate = from_fn_with_state(Gate { endpoint, access }, gate::pass);
    let limit = DefaultBodyLimit::max(endpoint.body_bytes_max);
    router.route(
        endpoint.path,
        (endpoint.handler)().route_layer(gate).route_layer(limit),
    )
}

async fn not_found(uri: Uri) -> Problem {
    Problem::new(
        Code::NotFound,
        format!(
            "nothing is served at {}; GET /openapi.json lists what is",
            uri.path()
        ),
    )
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        "the Allow header lists the methods of this path",
    )
}

async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
