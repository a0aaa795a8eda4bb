//! Handshakes: the recent ones as a list, the coming ones as a stream.
//!
//! A stream holds a permit for as long as it lives, and ends when the service drains. A reader that is
//! too slow loses records and is told how many; it never holds up the data plane.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, header};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

use crate::context::Context;
use crate::dto::Handshake;
use crate::extract::Params;
use crate::problem::{Code, Problem};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1000;
const HEARTBEAT: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandshakeQuery {
    /// How many, newest first: 1 to 1000, default 100. Streams ignore it.
    limit: Option<usize>,
}

/// Lists recent handshakes, newest first; or streams the coming ones.
///
/// With `Accept: text/event-stream` the answer is a stream of server-sent events: `handshake` with one
/// record as JSON, and `missed` with the number of records that a slow reader lost.
#[utoipa::path(
    get, path = "/v1/handshakes", tag = "traffic", 
    params(("limit" = Option<u16>, Query, description = "How many, newest first; default 100; streams ignore it", minimum = 1, maximum = 1000)),
    responses(
        (status = 200, content(
            ([Handshake] = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn handshake_list(
    State(context): State<Context>,
    Params(query): Params<HandshakeQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if wants_events(&headers) {
        return handshake_stream(context);
    }
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::at(
            Code::QueryInvalid,
            "limit",
            format!("limit is 1 to {LIMIT_MAX}"),
        ));
    }
    Ok(Json(Vec::from_iter(
        context.control.handshakes(limit).iter().map(Arc::as_ref),
    ))
    .into_response())
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|range| range.trim().starts_with("text/event-stream"))
}

fn handshake_stream(context: Context) -> Result<Response, Problem> {
    let permit = context.streams.clone().try_acquire_owned().map_err(|_full| {
        Problem::new(
            Code::StreamsBusy,
            "too many readers already follow the handshakes; close one of them",
        )
    })?;
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    Ok(Sse::new(events(context, permit))
        .keep_alive(heartbeat)
        .into_response())
}

/// Ends when the service drains; the permit lives as long as the stream.
fn events(
    context: Context,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + use<> {
    let mut stopping = context.stopping.clone();
    let stopped = async move { stopping.wait_for(|stopping| *stopping).await.map(|_| ()) };
    BroadcastStream::new(context.control.subscribe())
        .take_until(Box::pin(stopped))
        .map(move |item| {
            let _held = &permit;
            Ok(event(item))
        })
}

fn event(item: Result<Arc<Handshake>, BroadcastStreamRecvError>) -> Event {
    match item {
        Ok(handshake) => Event::default()
            .event("handshake")
            .json_data(handshake.as_ref())
            .expect("a record without maps is JSON"),
        Err(BroadcastStreamRecvError::Lagged(missed)) => {
            Event::default().event("missed").data(missed.to_string())
        }
    }
}
