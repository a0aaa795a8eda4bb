//! Backups: made now, listed, verified, pruned. Restoring is for a service that does not run.
//!
//! Where they go and who can open them is configured; nobody who comes through the API chooses that.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use hybridge_keys::Rider;
use hybridge_keys::backup::{BackupError, Name as BackupName, Vault, VaultError};
use jiff::Timestamp;

use crate::context::Context;
use crate::dto::{Backup, BackupList, BackupPrune, BackupPruned, BackupVerified, Nothing};
use crate::extract::{Body, Name};
use crate::key_problem::chain;
use crate::once::{Once, once};
use crate::principal::Asker;
use crate::problem::{Code, Problem};

/// Lists the backups of this store, oldest first.
#[utoipa::path(
    get, path = "/v1/backups", tag = "backups",
    responses((status = 200, body = BackupList), (status = 503, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn backup_list(State(context): State<Context>) -> Result<Json<BackupList>, Problem> {
    let vault = context.vault()?;
    let listed = vault.list().await?;
    Ok(Json(BackupList {
        destination: vault.setup().destination.place(),
        backups: listed.iter().map(Backup::from).collect(),
    }))
}

/// Makes a backup now. It is at the destination when this is answered.
#[utoipa::path(
    post, path = "/v1/backups", tag = "backups", request_body = Nothing,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same one, it makes one backup")),
    responses((status = 201, body = Backup), (status = 503, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn backup_create(
    State(context): State<Context>,
    asker: Asker,
    wanted: Once<Nothing>,
) -> Result<(StatusCode, Json<Backup>), Problem> {
    let (Nothing {}, attempt) = wanted.into_parts();
    let (vault, caller, now) = (context.vault()?, asker.caller(), Timestamp::now());
    let name = vault.name(now);
    // A backup that failed is no error of the key service; `once` lets it pass, and remembers nothing.
    let make = async |rider: Rider| match vault.create(&caller, rider, now).await {
        Ok(created) => Ok(Ok(created.name)),
        Err(VaultError::Backup(error)) => Ok(Err(error)),
        Err(VaultError::Keys(error)) => Err(error),
    };
    let again = |name: &str| parse(name).map(Ok);
    let made = once(context.keys()?, attempt, &name.to_string(), make, again).await?;
    let name = made.map_err(VaultError::Backup)?;
    Ok((StatusCode::CREATED, Json(show(vault, &name).await?)))
}

async fn show(vault: &Vault, name: &BackupName) -> Result<Backup, Problem> {
    let listed = vault.list().await?;
    let found = listed.iter().find(|each| each.name == *name);
    found.map(Backup::from).ok_or_else(missing)
}

/// Verifies a backup: signature, digest, and down to its records where it can be opened here.
#[utoipa::path(
    post, path = "/v1/backups/{name}/verify", tag = "backups", request_body = Nothing,
    params(("name" = String, Path, description = "Name of the backup")),
    responses(
        (status = 200, body = BackupVerified),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It does not hold together", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn backup_verify(
    State(context): State<Context>,
    asker: Asker,
    Name(name): Name,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<BackupVerified>, Problem> {
    let (vault, name) = (context.vault()?, parse(&name)?);
    let files = vault.setup().destination.list().await;
    let files = files.map_err(|error| VaultError::from(BackupError::from(error)))?;
    if !files.iter().any(|file| file.name == name.manifest()) {
        return Err(missing());
    }
    let report = vault.verify(&asker.caller(), &name, Timestamp::now()).await?;
    Ok(Json((&report).into()))
}

/// Deletes the backups that need not be kept; nothing unless a newest one verifies first.
#[utoipa::path(
    post, path = "/v1/backups/prune", tag = "backups", request_body = BackupPrune,
    responses((status = 200, body = BackupPruned), (status = 503, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn backup_prune(
    State(context): State<Context>,
    asker: Asker,
    Body(wanted): Body<BackupPrune>,
) -> Result<Json<BackupPruned>, Problem> {
    let vault = context.vault()?;
    let keep = wanted.keep(vault.setup().keep);
    let pruned = vault.prune(&asker.caller(), keep, Timestamp::now()).await?;
    Ok(Json((&pruned).into()))
}

fn parse(name: &str) -> Result<BackupName, Problem> {
    BackupName::parse(name).ok_or_else(missing)
}

fn missing() -> Problem {
    let detail = "there is no backup of that name; GET /v1/backups lists them";
    Problem::new(Code::NotFound, detail)
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        let error = match error {
            VaultError::Keys(error) => return error.into(),
            VaultError::Backup(error) => error,
        };
        let code = if error.is_rejection() {
            Code::BackupRejected
        } else {
            Code::BackupFailed
        };
        tracing::error!(error = chain(&error), "a backup was not made, read or believed");
        Self::new(code, chain(&error))
    }
}
