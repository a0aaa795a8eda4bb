//! The process itself: health, metrics, and this API's own description.
//!
//! None of it changes anything, and none of it needs a route to exist.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use http::{StatusCode, header};

use crate::context::Context;
use crate::dto::Health;

/// OpenMetrics 1.0 §Overall Structure.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Says whether the process is ready for traffic; with `?live`, whether it lives at all.
#[utoipa::path(
    get, path = "/health", tag = "process",
    params(("live" = Option<String>, Query, allow_reserved, description = "Judge liveness instead of readiness")),
    responses((status = 200, body = Health), (status = 503, description = "It is not, with reasons", body = Health)),
)]
pub(crate) async fn health_show(
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> (StatusCode, Json<Health>) {
    let health = context.control.health();
    let good = if asks_for_live(query.as_deref()) {
        health.live
    } else {
        health.live && health.ready
    };
    let status = if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health))
}

fn asks_for_live(query: Option<&str>) -> bool {
    query.is_some_and(|query| {
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some("live"))
    })
}

/// Shows every metric in the OpenMetrics text format.
#[utoipa::path(
    get, path = "/metrics", tag = "process",
    responses((status = 200, body = String, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")),
)]
pub(crate) async fn metrics_show(State(context): State<Context>) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], context.control.metrics())
}

/// Shows this document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "process",
    responses((status = 200, body = Object, description = "OpenAPI 3.1")),
)]
pub(crate) async fn openapi_show() -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, "application/json")], crate::openapi())
}
