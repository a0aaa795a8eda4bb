//! Approvals: one administrator asks, another approves, the operation spends it.
//!
//! What is approved is one operation on one key with exactly the arguments whose digest was given.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use hybridge_keys::approval::{Administrator, Approvals, Deed, Guarded, new_id};
use hybridge_keys::{KeyName, Rider};
use hybridge_policy::access::{Action, Resource};
use jiff::Timestamp;

use crate::context::Context;
use crate::deed;
use crate::dto::{Approval, ApprovalNew};
use crate::extract::{Name, Params};
use crate::once::{Once, once};
use crate::principal::Asker;
use crate::problem::{Code, Problem};
use crate::v1::tokens::Page;

/// Asks for an approval.
#[utoipa::path(
    post, path = "/v1/approvals", tag = "access", request_body = ApprovalNew,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key asks once")),
    responses(
        (status = 201, body = Approval),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn approval_create(
    State(context): State<Context>,
    asker: Asker,
    new: Once<ApprovalNew>,
) -> Result<(StatusCode, Json<Approval>), Problem> {
    let (body, attempt) = new.into_parts();
    let deed = asked_for(&body)?;
    asker.require(Action::RequestApproval, Resource::Key(deed.key.as_str()))?;
    let approvals = Approvals::new(context.keys()?.clone());
    let id = new_id()?;
    let caller = asker.caller();
    let effect = |rider: Rider| {
        let asking = Administrator {
            caller: &caller,
            lineage: asker.principal().lineage(),
        };
        approvals.request(asking, (id.clone(), deed), rider, Timestamp::now())
    };
    let again = |id: &str| Ok(approvals.show(id, Timestamp::now())?);
    let approval = once(context.keys()?, attempt, &id, effect, again).await?;
    Ok((StatusCode::CREATED, Json(approval.into())))
}

/// Lists approvals that are open or given, by id.
#[utoipa::path(get, path = "/v1/approvals", tag = "access", params(Page), responses((status = 200, body = [Approval])))]
pub(crate) async fn approval_list(
    State(context): State<Context>,
    asker: Asker,
    Params(page): Params<Page>,
) -> Result<Json<Vec<Approval>>, Problem> {
    let approvals = Approvals::new(context.keys()?.clone());
    let listed = approvals.list(page.after.as_deref(), page.limit(), Timestamp::now())?;
    let visible = |approval: &hybridge_keys::approval::Approval| {
        asker.may(Action::ReadApprovals, Resource::Key(approval.deed.key.as_str()))
    };
    Ok(Json(
        listed.into_iter().filter(visible).map(Approval::from).collect(),
    ))
}

/// Approves. Whoever asked cannot, nor what they made or were made by.
#[utoipa::path(
    post, path = "/v1/approvals/{name}/approve", tag = "access",
    params(("name" = String, Path, description = "Id of the approval")),
    responses(
        (status = 200, body = Approval),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn approval_approve(
    State(context): State<Context>,
    asker: Asker,
    Name(id): Name,
) -> Result<Json<Approval>, Problem> {
    let approvals = Approvals::new(context.keys()?.clone());
    let asked = approvals.show(&id, Timestamp::now())?;
    asker.require(Action::Approve, Resource::Key(asked.deed.key.as_str()))?;
    let caller = asker.caller();
    let by = Administrator {
        caller: &caller,
        lineage: asker.principal().lineage(),
    };
    Ok(Json(approvals.approve(by, &id, Timestamp::now()).await?.into()))
}

fn asked_for(body: &ApprovalNew) -> Result<Deed, Problem> {
    let wrong = |field: &str, reason: &str| Problem::at(Code::FieldInvalid, field, reason);
    let key = KeyName::parse(&body.key).map_err(|error| wrong("key", &error.to_string()))?;
    match Guarded::by_name(&body.operation) {
        Some(Guarded::Destroy) if body.recipient.is_some() => {
            Err(wrong("recipient", "a destruction has no recipient"))
        }
        Some(Guarded::Destroy) => Ok(deed::destroy(&key, body.version, body.wait_seconds)),
        Some(Guarded::Export) if body.wait_seconds.is_some() => {
            Err(wrong("wait_seconds", "an export does not wait"))
        }
        Some(Guarded::Export) => match &body.recipient {
            Some(recipient) => Ok(deed::export(&key, body.version, recipient)),
            None => Err(wrong("recipient", "an export has a recipient")),
        },
        None => Err(wrong("operation", "it is destroy or export")),
    }
}
