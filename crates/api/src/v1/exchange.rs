//! The key exchange over HTTP: `docs/key-exchange.md` §HTTP, and exceptions to its policy.
//!
//! Handlers carry messages; what they mean is `hybridge-exchange`'s, and the sessions are the key service's.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use hybridge_exchange::message::{Answer, Response};
use hybridge_exchange::{Encoded, Malformed, SessionId, Suite, Time};
use hybridge_keys::exception::{Exception, NewException};
use hybridge_keys::{KeyName, audit::Event};
use jiff::Timestamp;

use crate::context::Context;
use crate::dto;
use crate::extract::{Body, KeyPath, Name};
use crate::once::{Once, once};
use crate::principal::Asker;
use crate::problem::{Code, Problem};

/// Answers the first message of a key exchange.
#[utoipa::path(
    post, path = "/v1/key-exchange", tag = "exchange",
    request_body = dto::ExchangeInit,
    responses(
        (status = 200, body = dto::ExchangeAnswer),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn exchange_run(
    State(context): State<Context>,
    asker: Asker,
    Body(body): Body<dto::ExchangeInit>,
) -> Result<Json<dto::ExchangeAnswer>, Problem> {
    let response = context
        .keys()?
        .exchange(&asker.caller(), &body.init, &context.suites, Timestamp::now())
        .await?;
    let said = said(&response).map_err(|error| Problem::new(Code::ExchangeFailed, error.to_string()))?;
    Ok(Json(dto::ExchangeAnswer {
        session: said.session.to_string(),
        suite: Suite::by_code(said.suite).map_or("", |suite| suite.name),
        expires: timestamp(said.expires),
        response: response.into(),
    }))
}

/// What our own answer says, for people.
fn said(response: &[u8]) -> Result<Answer, Malformed> {
    let response = Encoded::<Response>::parse(response)?;
    Encoded::<Answer>::parse(&response.answer).map(|answer| (*answer).clone())
}

/// Takes the client's confirmation; the session can be used from now on.
#[utoipa::path(
    post, path = "/v1/key-exchange/{name}/confirm", tag = "exchange",
    params(("name" = String, Path, description = "Id of the session")),
    request_body = dto::ExchangeConfirm,
    responses((status = 200, body = dto::ExchangeConfirmed), (status = 403, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn exchange_confirm(
    State(context): State<Context>,
    asker: Asker,
    Name(session): Name,
    Body(body): Body<dto::ExchangeConfirm>,
) -> Result<Json<dto::ExchangeConfirmed>, Problem> {
    session_id(&session)?;
    let agreed = context
        .keys()?
        .exchange_confirm(&asker.caller(), &body.confirm, Timestamp::now())
        .await?;
    Ok(Json(dto::ExchangeConfirmed {
        session: agreed.session.to_string(),
        suite: agreed.suite.name,
        expires: timestamp(agreed.expires),
    }))
}

/// Says which identities sign key exchanges and which suites are agreed to.
#[utoipa::path(
    get, path = "/v1/key-exchange", tag = "exchange",
    responses((status = 200, body = dto::ExchangeTerms)),
)]
pub(crate) async fn exchange_show(
    State(context): State<Context>,
) -> Result<Json<dto::ExchangeTerms>, Problem> {
    let (keys, now) = (context.keys()?, Timestamp::now());
    let identities = keys.exchange_identities(now)?;
    let exceptions = keys.exceptions(now)?;
    Ok(Json(dto::ExchangeTerms {
        identities: identities.iter().map(identity).collect::<Result<_, _>>()?,
        suites: context.suites.iter().map(|suite| suite.name).collect(),
        exceptions: exceptions
            .iter()
            .map(|exception| exception.name.to_string())
            .collect(),
    }))
}

fn identity(identity: &hybridge_exchange::Identity) -> Result<dto::ExchangeIdentity, Problem> {
    let (algorithm, raw) = (identity.algorithm(), identity.public_key());
    let pem = hybridge_crypto::encoding::public_to_pem(algorithm, raw);
    Ok(dto::ExchangeIdentity {
        id: identity.id().to_string(),
        algorithm: algorithm.name,
        public_key: pem.map_err(|error| Problem::new(Code::CryptoFailed, error.to_string()))?,
    })
}

/// Moves a session to fresh keys.
#[utoipa::path(
    post, path = "/v1/sessions/{name}/rekey", tag = "exchange",
    params(("name" = String, Path, description = "Id of the session")),
    request_body = dto::SessionRekey,
    responses((status = 200, body = dto::SessionRekeyed), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn session_rekey(
    State(context): State<Context>,
    asker: Asker,
    Name(session): Name,
    Body(body): Body<dto::SessionRekey>,
) -> Result<Json<dto::SessionRekeyed>, Problem> {
    let (id, now) = (session_id(&session)?, Timestamp::now());
    let (rekeyed, epoch) = context
        .keys()?
        .session(&asker.caller(), (id, "session.rekey"), now, |session| {
            let rekeyed = session.rekey(&body.rekey, time(now))?;
            Ok::<_, hybridge_exchange::RekeyError>((rekeyed.as_bytes().to_vec(), session.epoch()))
        })
        .await?;
    Ok(Json(dto::SessionRekeyed {
        rekeyed: rekeyed.into(),
        epoch,
    }))
}

/// Seals a message for the client.
#[utoipa::path(
    post, path = "/v1/sessions/{name}/seal", tag = "exchange",
    params(("name" = String, Path, description = "Id of the session")),
    request_body = dto::SessionSeal,
    responses((status = 200, body = dto::SessionSealed), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn session_seal(
    State(context): State<Context>,
    asker: Asker,
    Name(session): Name,
    Body(body): Body<dto::SessionSeal>,
) -> Result<Json<dto::SessionSealed>, Problem> {
    let (id, now) = (session_id(&session)?, Timestamp::now());
    let sealed = context
        .keys()?
        .session(&asker.caller(), (id, "session.seal"), now, |session| {
            session.seal(&body.aad, &body.plaintext, time(now))
        })
        .await?;
    Ok(Json(dto::SessionSealed {
        sealed: sealed.into(),
    }))
}

/// Opens a message that the client sealed.
#[utoipa::path(
    post, path = "/v1/sessions/{name}/open", tag = "exchange",
    params(("name" = String, Path, description = "Id of the session")),
    request_body = dto::SessionOpen,
    responses((status = 200, body = dto::SessionOpened), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn session_open(
    State(context): State<Context>,
    asker: Asker,
    Name(session): Name,
    Body(body): Body<dto::SessionOpen>,
) -> Result<Json<dto::SessionOpened>, Problem> {
    let (id, now) = (session_id(&session)?, Timestamp::now());
    let opened = context
        .keys()?
        .session(&asker.caller(), (id, "session.open"), now, |session| {
            session.open(&body.aad, &body.sealed, time(now))
        })
        .await?;
    Ok(Json(dto::SessionOpened {
        plaintext: opened.plaintext.into(),
        epoch: opened.epoch,
        sequence: opened.sequence,
    }))
}

/// Exports keying material that both sides have (RFC 8446 §7.5).
#[utoipa::path(
    post, path = "/v1/sessions/{name}/export", tag = "exchange",
    params(("name" = String, Path, description = "Id of the session")),
    request_body = dto::SessionExport,
    responses((status = 200, body = dto::SessionExported), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn session_export(
    State(context): State<Context>,
    asker: Asker,
    Name(session): Name,
    Body(body): Body<dto::SessionExport>,
) -> Result<Json<dto::SessionExported>, Problem> {
    let (id, now) = (session_id(&session)?, Timestamp::now());
    let (exported, epoch) = context
        .keys()?
        .session(&asker.caller(), (id, "session.export"), now, |session| {
            let exported = session.export(body.label.as_bytes(), &body.context, body.length, time(now))?;
            Ok::<_, hybridge_exchange::SessionError>((exported, session.epoch()))
        })
        .await?;
    Ok(Json(dto::SessionExported {
        exported: exported[..].into(),
        epoch,
    }))
}

/// Ends a session; the server erases its keys.
#[utoipa::path(
    post, path = "/v1/sessions/{name}/close", tag = "exchange",
    params(("name" = String, Path, description = "Id of the session")),
    request_body = dto::Nothing,
    responses((status = 200, body = Object), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn session_close(
    State(context): State<Context>,
    asker: Asker,
    Name(session): Name,
    Body(dto::Nothing {}): Body<dto::Nothing>,
) -> Result<Json<serde_json::Value>, Problem> {
    let id = session_id(&session)?;
    context
        .keys()?
        .session_close(&asker.caller(), id, Timestamp::now())
        .await?;
    Ok(Json(serde_json::json!({})))
}

/// Lists the exceptions that are open.
#[utoipa::path(get, path = "/v1/exceptions", tag = "exchange", responses((status = 200, body = [dto::Exception])))]
pub(crate) async fn exception_list(
    State(context): State<Context>,
    asker: Asker,
) -> Result<Json<Vec<dto::Exception>>, Problem> {
    let (keys, now) = (context.keys()?, Timestamp::now());
    let open = keys.exceptions(now)?;
    keys.refused(&asker.caller(), &Event::service("exception.list"), now)
        .await?;
    Ok(Json(open.into_iter().map(dto::Exception::from).collect()))
}

/// Opens an exception: classical suites, for a while, under somebody's name.
#[utoipa::path(
    post, path = "/v1/exceptions", tag = "exchange",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key opens it once")),
    request_body = dto::ExceptionNew,
    responses((status = 201, body = dto::Exception), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn exception_create(
    State(context): State<Context>,
    asker: Asker,
    new: Once<dto::ExceptionNew>,
) -> Result<(StatusCode, Json<dto::Exception>), Problem> {
    let (keys, now) = (context.keys()?, Timestamp::now());
    let (body, attempt) = new.into_parts();
    let wanted = NewException {
        name: KeyName::parse(&body.name)?,
        owner: body.owner,
        reason: body.reason,
        suites: suites(&body.suites)?,
        lifetime: Duration::from_secs(body.lifetime_seconds),
    };
    let caller = asker.caller();
    let open = async |rider| keys.with(rider).exception_open(&caller, &wanted, now).await;
    let again = |name: &str| {
        let open = keys.exceptions(now)?;
        let found = open.into_iter().find(|exception| exception.name.as_str() == name);
        found.ok_or_else(|| Problem::new(Code::NotFound, "the exception was opened, and has ended"))
    };
    let opened = once(keys, attempt, wanted.name.as_str(), open, again).await?;
    Ok((StatusCode::CREATED, Json(opened.into())))
}

/// Closes an exception at once.
#[utoipa::path(
    post, path = "/v1/exceptions/{name}/close", tag = "exchange",
    params(("name" = String, Path, description = "Name of the exception")),
    request_body = dto::Nothing,
    responses((status = 200, body = Object), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn exception_close(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    Body(dto::Nothing {}): Body<dto::Nothing>,
) -> Result<Json<serde_json::Value>, Problem> {
    context
        .keys()?
        .exception_close(&asker.caller(), &name, Timestamp::now())
        .await?;
    Ok(Json(serde_json::json!({})))
}

fn suites(names: &[String]) -> Result<Vec<&'static Suite>, Problem> {
    let suite = |name: &String| {
        Suite::by_name(name).ok_or_else(|| {
            let known: Vec<_> = hybridge_exchange::CLASSICAL
                .iter()
                .map(|suite| suite.name)
                .collect();
            let reason = format!("{name:?} is not a suite; classical ones: {}", known.join(", "));
            Problem::at(Code::FieldInvalid, "suites", reason)
        })
    };
    names.iter().map(suite).collect()
}

fn session_id(text: &str) -> Result<SessionId, Problem> {
    SessionId::parse(text).ok_or_else(|| Problem::new(Code::SessionUnknown, "there is no such session"))
}

fn time(now: Timestamp) -> Time {
    Time(u64::try_from(now.as_millisecond()).unwrap_or(0))
}

fn timestamp(time: Time) -> Timestamp {
    let millis = i64::try_from(time.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

impl From<Exception> for dto::Exception {
    fn from(open: Exception) -> Self {
        Self {
            name: open.name.to_string(),
            owner: open.owner,
            reason: open.reason,
            suites: open.suites.iter().map(|suite| suite.name).collect(),
            opened_by: open.opened_by,
            opened: open.opened,
            expires: open.expires,
        }
    }
}
