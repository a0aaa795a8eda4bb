//! The seal: how far it is open, what opens it, closing it, and making it anew.
//!
//! While it is closed, only these and health answer; the administrator's token of the data directory is then
//! the one that is known, and opens the seal and nothing else. Deriving a key from a passphrase takes time
//! and memory on purpose, so that is done aside.

use axum::Json;
use axum::extract::State;
use hybridge_keys::recipient::Passphrase;
use hybridge_keys::seal::{Offer, Proof, Secret};
use hybridge_keys::{Caller, Keys, Progress, StartError};
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::context::Context;
use crate::dto::{self, Nothing, Seal, SealConfirm, SealOffer, SealProgress, SealRekey, SealRekeyed};
use crate::extract::Body;
use crate::principal::Asker;
use crate::problem::{Code, Problem};

/// Shows how far the seal is open, and what opens it. Works while it is closed.
#[utoipa::path(get, path = "/v1/seal", tag = "seal", responses((status = 200, body = Seal)))]
pub(crate) async fn seal_show(State(context): State<Context>) -> Result<Json<Seal>, Problem> {
    Ok(Json(context.keys()?.seal_state()?.into()))
}

/// Takes one offer towards opening the seal: a key file, a passphrase or a share. A wrong share is named, and
/// what was given before stays counted.
#[utoipa::path(
    post, path = "/v1/seal/unseal", tag = "seal", request_body = SealOffer,
    responses(
        (status = 200, body = SealProgress),
        (status = 422, description = "It does not open the seal", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn seal_unseal(
    State(context): State<Context>,
    asker: Asker,
    Body(offer): Body<SealOffer>,
) -> Result<Json<SealProgress>, Problem> {
    let (keys, caller) = (context.keys()?.clone(), asker.caller());
    let progress = aside(async move { take(&keys, &caller, offer).await }).await?;
    Ok(Json(match progress {
        Progress::Unsealed => SealProgress {
            state: "unsealed",
            holder: None,
            given: None,
            threshold: None,
        },
        Progress::Counted {
            holder,
            given,
            threshold,
        } => SealProgress {
            state: "sealed",
            holder: Some(holder),
            given: Some(given),
            threshold: Some(threshold),
        },
    }))
}

async fn take(keys: &Keys, caller: &Caller, offer: SealOffer) -> Result<Progress, Problem> {
    let now = Timestamp::now();
    let taken = match (&offer.key_file, offer.passphrase, &offer.share) {
        (Some(text), None, None) => keys.unseal(caller, Offer::KeyFile(Secret(&text.0)), now).await,
        (None, Some(words), None) => {
            let words = Passphrase::new(words.0);
            keys.unseal(caller, Offer::Passphrase(&words), now).await
        }
        (None, None, Some(line)) => {
            keys.unseal(caller, Offer::Share(Secret(line.0.trim())), now)
                .await
        }
        _ => {
            let detail = "send exactly one of key_file, passphrase and share";
            return Err(Problem::new(Code::FieldInvalid, detail));
        }
    };
    Ok(taken?)
}

/// Closes the seal: from now on only health and the seal answer.
#[utoipa::path(
    post, path = "/v1/seal/seal", tag = "seal", request_body = Nothing,
    responses((status = 200, body = Seal)),
)]
pub(crate) async fn seal_close(
    State(context): State<Context>,
    asker: Asker,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Seal>, Problem> {
    let keys = context.keys()?;
    // Closed already: there is nothing to close, and nothing to write down.
    keys.unsealed()?;
    keys.seal(&asker.caller(), Timestamp::now()).await?;
    Ok(Json(keys.seal_state()?.into()))
}

/// Gives the store a new root key under a key file, a passphrase or shares, and moves all records to it. What
/// opened the store before opens it no more.
///
/// With shares, nothing changes yet: they are in this answer and nowhere else, and the new seal waits in
/// memory for ten minutes until `/v1/seal/rekey/confirm` proves that they arrived. Another rekey, closing the
/// seal and a restart drop it.
#[utoipa::path(
    post, path = "/v1/seal/rekey", tag = "seal", request_body = SealRekey,
    responses(
        (status = 200, body = SealRekeyed),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It is sealed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn seal_rekey(
    State(context): State<Context>,
    asker: Asker,
    Body(rekey): Body<SealRekey>,
) -> Result<Json<SealRekeyed>, Problem> {
    let (keys, caller) = (context.keys()?.clone(), asker.caller());
    let protector = rekey.protector()?;
    aside(async move {
        let now = Timestamp::now();
        let prepared = keys.prepare_seal(&protector)?;
        let shares = dto::shares(prepared.delivery());
        let pending = match prepared.proof_kind() {
            Some(kind) => {
                let ticket = keys.hold_seal(&caller, prepared, now).await?;
                Some(dto::pending(ticket, kind))
            }
            None => {
                keys.put_seal(&caller, prepared, now).await?;
                None
            }
        };
        let seal = keys.seal_state()?.into();
        Ok(Json(SealRekeyed {
            seal,
            shares,
            pending,
        }))
    })
    .await
}

/// Puts a seal of shares in force that waits for proof that they arrived, and moves all records to it. A
/// wrong proof changes nothing, and the seal goes on waiting.
#[utoipa::path(
    post, path = "/v1/seal/rekey/confirm", tag = "seal", request_body = SealConfirm,
    responses(
        (status = 200, body = Seal),
        (status = 422, description = "It proves nothing, or no seal waits under this id", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It is sealed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn seal_confirm(
    State(context): State<Context>,
    asker: Asker,
    Body(confirm): Body<SealConfirm>,
) -> Result<Json<Seal>, Problem> {
    let (keys, caller) = (context.keys()?.clone(), asker.caller());
    let digests = confirm.digests()?;
    aside(async move {
        let shares: Vec<_> = confirm.shares.iter().map(|line| Secret(line.0.trim())).collect();
        let proof = if digests.is_empty() {
            Proof::Shares(&shares)
        } else {
            Proof::Digests(&digests)
        };
        keys.unsealed()?;
        keys.confirm_seal(&caller, &confirm.id, proof, Timestamp::now())
            .await?;
        Ok(Json(keys.seal_state()?.into()))
    })
    .await
}

/// Work that would hold up others, on a thread where it may.
async fn aside<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let runtime = Handle::current();
    let done = spawn_blocking(move || runtime.block_on(work)).await;
    done.unwrap_or_else(|error| Err(Problem::new(Code::CryptoFailed, error.to_string())))
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Keys(error) => error.into(),
            StartError::Unseal(error) => Self::new(Code::SealRefused, crate::key_problem::chain(&error)),
            StartError::Seal(error) => Self::new(Code::FieldInvalid, crate::key_problem::chain(&error)),
            StartError::Uninitialised
            | StartError::NoKeyFile { .. }
            | StartError::KeyFile(_)
            | StartError::NotPending
            | StartError::Confirm(_)
            | StartError::Stale => Self::new(Code::SealRefused, crate::key_problem::chain(&error)),
            StartError::Root(_) | StartError::Read(_) | StartError::Rekey(_) => {
                let chain = crate::key_problem::chain(&error);
                tracing::error!(error = chain, "the seal cannot be read or replaced");
                Self::new(Code::StoreUnavailable, chain)
            }
        }
    }
}
