//! Routes: list, show, change, history.
//!
//! Whether a rung or weight makes sense for a route is the data plane's to say.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::context::Context;
use crate::dto::{Route, RouteChange, ShareSample};
use crate::extract::{Body, Name};
use crate::problem::{Code, Problem};
use crate::{Control, ControlError};

/// Lists every route.
#[utoipa::path(get, path = "/v1/routes", tag = "routes", responses((status = 200, body = [Route])))]
pub(crate) async fn route_list(State(context): State<Context>) -> Json<Vec<Route>> {
    Json(context.control.routes())
}

/// Shows one route.
#[utoipa::path(
    get, path = "/v1/routes/{name}", tag = "routes",
    params(("name" = String, Path, description = "Name of the route")),
    responses((status = 200, body = Route), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn route_show(
    State(context): State<Context>,
    Name(name): Name,
) -> Result<Json<Route>, Problem> {
    Ok(Json(find(&context.control, &name)?))
}

/// Changes the rung or the canary of a route, without dropping a connection.
///
/// What the body leaves out stays as it is. Either all of the change takes effect or nothing.
#[utoipa::path(
    post, path = "/v1/routes/{name}", tag = "routes",
    params(("name" = String, Path, description = "Name of the route")),
    request_body = RouteChange,
    responses(
        (status = 200, description = "The route after the change", body = Route),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn route_set(
    State(context): State<Context>,
    Name(name): Name,
    Body(change): Body<RouteChange>,
) -> Result<Json<Route>, Problem> {
    Ok(Json(change_route(&context.control, &name, change)?))
}

/// Shows what each arm of a route did in each interval, oldest first.
#[utoipa::path(
    get, path = "/v1/routes/{name}/share", tag = "routes",
    params(("name" = String, Path, description = "Name of the route")),
    responses(
        (status = 200, body = [ShareSample]),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn share_list(
    State(context): State<Context>,
    Name(name): Name,
) -> Result<Json<Vec<ShareSample>>, Problem> {
    find(&context.control, &name)?;
    Ok(Json(context.control.share_history(&name)))
}

fn find(control: &Arc<dyn Control>, name: &str) -> Result<Route, Problem> {
    let routes = control.routes();
    let detail = || format!("there is no route {name:?}; GET /v1/routes lists them");
    routes
        .into_iter()
        .find(|route| route.name == name)
        .ok_or_else(|| Problem::new(Code::RouteNotFound, detail()))
}

/// The one way to change a route, for the API and the console: in the audit log before it takes effect.
pub(crate) fn change_route(
    control: &Arc<dyn Control>,
    name: &str,
    change: RouteChange,
) -> Result<Route, ControlError> {
    tracing::info!(target: "audit", event = "route.set", outcome = "begun", name, ?change);
    control.route_set(name, change)
}
