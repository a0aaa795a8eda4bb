//! The audit log: looking at it, signing it, and taking it away to verify it elsewhere.
//!
//! An export ends with a signature over all of it, so that one that was cut short is found out. Looking at
//! the log is not an entry of the log: following it would never end.

use axum::Json;
use axum::body::{Body as Bytes, Bytes as Chunk};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use hybridge_keys::Export;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;

use crate::context::Context;
use crate::dto::{
    AuditCheckpoint, AuditEntry, AuditExportQuery, AuditKey, AuditPage, AuditQuery, Nothing, hex,
};
use crate::extract::{Body, Params};
use crate::key_problem::chain;
use crate::principal::Asker;
use crate::problem::{Code, Problem};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1000;
/// Pages of lines that wait for a slow reader.
const PAGES_WAITING: usize = 2;

/// Lists entries from a number on, oldest first; without one, the last entries.
#[utoipa::path(
    get, path = "/v1/audit", tag = "audit",
    params(
        ("from" = Option<u64>, Query, description = "The first entry; without it, the last ones are listed"),
        ("limit" = Option<usize>, Query, description = "At most this many (100; at most 1000)"),
    ),
    responses((status = 200, body = AuditPage), (status = 400, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn audit_list(
    State(context): State<Context>,
    Params(query): Params<AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let reason = format!("limit is 1 to {LIMIT_MAX}");
        return Err(Problem::at(Code::QueryInvalid, "limit", reason));
    }
    let keys = context.keys()?;
    let entries = match query.from {
        Some(from) => keys.audit_entries(from.max(1), limit)?,
        None => keys.audit_tail(limit)?,
    };
    let asked = query.from.unwrap_or(1).max(1);
    Ok(Json(AuditPage {
        next: entries.last().map_or(asked, |entry| entry.sequence + 1),
        entries: entries.iter().map(AuditEntry::from).collect(),
    }))
}

/// Shows the public keys that sign the log, newest first. Keep them where the log is not.
#[utoipa::path(get, path = "/v1/audit/public-keys", tag = "audit", responses((status = 200, body = [AuditKey])))]
pub(crate) async fn audit_public_keys(
    State(context): State<Context>,
) -> Result<Json<Vec<AuditKey>>, Problem> {
    let keys = context.keys()?.audit_public_keys(Timestamp::now())?;
    let pem = |key: hybridge_keys::audit::PublicKey| {
        let pem = key.to_pem();
        pem.map(|pem| AuditKey { pem })
            .map_err(|error| Problem::new(Code::CryptoFailed, chain(&error)))
    };
    Ok(Json(keys.into_iter().map(pem).collect::<Result<_, _>>()?))
}

/// Exports the log as JSON lines: what it is of, every entry with its hash, and a signed end.
#[utoipa::path(
    get, path = "/v1/audit/export", tag = "audit",
    params(("from" = Option<u64>, Query, description = "The first entry (1)")),
    responses(
        (status = 200, body = String, content_type = "application/jsonl"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn audit_export(
    State(context): State<Context>,
    asker: Asker,
    Params(query): Params<AuditExportQuery>,
) -> Result<Response, Problem> {
    let permit = context.streams.clone().try_acquire_owned();
    let permit =
        permit.map_err(|_full| Problem::new(Code::StreamsBusy, "too many readers; close one of them"))?;
    let (caller, from) = (asker.caller(), query.from.unwrap_or(1));
    let export = context
        .keys()?
        .audit_export(&caller, from, Timestamp::now())
        .await?;
    let (send, receive) = mpsc::channel(PAGES_WAITING);
    spawn_blocking(move || stream(export, &send, permit));
    let body = Bytes::from_stream(ReceiverStream::new(receive));
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], body).into_response())
}

/// Ends early where the reader went, or the log cannot be read: without its last line the export does not verify.
fn stream(
    mut export: Export,
    to: &mpsc::Sender<Result<Chunk, hybridge_keys::Error>>,
    _permit: OwnedSemaphorePermit,
) {
    loop {
        let page = match export.lines() {
            Ok(None) => return,
            Ok(Some(lines)) => Ok(lines.iter().fold(Vec::new(), |mut page, line| {
                page.extend(line.to_bytes());
                page.push(b'\n');
                page
            })),
            Err(error) => {
                tracing::error!(error = chain(&error), "the export of the audit log was cut short");
                Err(error)
            }
        };
        let is_last = page.is_err();
        if to.blocking_send(page.map(Chunk::from)).is_err() || is_last {
            return;
        }
    }
}

/// Signs the log now.
#[utoipa::path(
    post, path = "/v1/audit/checkpoint", tag = "audit", request_body = Nothing,
    responses((status = 200, body = AuditCheckpoint)),
)]
pub(crate) async fn audit_checkpoint(
    State(context): State<Context>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<AuditCheckpoint>, Problem> {
    let head = context.keys()?.checkpoint(Timestamp::now()).await?;
    Ok(Json(AuditCheckpoint {
        sequence: head.sequence,
        hash: hex(&head.hash),
    }))
}
