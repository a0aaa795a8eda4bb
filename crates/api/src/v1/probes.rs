//! Probes: a few at a time, each asked for by a person.
//!
//! The report is made elsewhere; here is only the bound on how many are made at once.

use axum::Json;
use axum::extract::State;

use crate::context::Context;
use crate::dto::{ProbeReport, ProbeRequest};
use crate::extract::Body;
use crate::problem::{Code, Problem};

/// Probes a TLS or SSH server with our own hellos.
///
/// At most four probes run at once; more are refused, not queued.
#[utoipa::path(
    post, path = "/v1/probe", tag = "probes", request_body = ProbeRequest,
    responses(
        (status = 200, body = ProbeReport),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "The target cannot be probed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn probe_run(
    State(context): State<Context>,
    Body(request): Body<ProbeRequest>,
) -> Result<Json<ProbeReport>, Problem> {
    let _running = context.probes.try_acquire().map_err(|_full| {
        Problem::new(
            Code::ProbesBusy,
            "four probes are running already; try again when one has ended",
        )
    })?;
    Ok(Json(context.prober.probe(request).await?))
}
