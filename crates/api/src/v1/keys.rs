//! Keys and their life cycle: make, bring in, look at, change, rotate, put aside, compromise, destroy.
//!
//! Handlers translate. What is answered has been committed together with its audit entry.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use hybridge_keys::audit::Event;
use hybridge_keys::change::{Destroy, Encoding, Import, Settings};
use hybridge_keys::export::Exporting;
use hybridge_keys::recipient::Recipient;
use hybridge_keys::{Key, KeyName, Keys};
use hybridge_policy::access::{Action, Resource};
use jiff::Timestamp;

use crate::context::Context;
use crate::deed;
use crate::dto;
use crate::extract::{AnyKeyPath, Body, KeyPath, Params};
use crate::once::{Once, once};
use crate::principal::Asker;
use crate::problem::{Code, Problem};

/// Keys on a page where the request does not say.
const PAGE: usize = 100;

type Changed = Result<Json<dto::Key>, Problem>;

/// Lists keys by name, a page at a time; those that the principal may see.
#[utoipa::path(
    get, path = "/v1/keys", tag = "keys",
    params(
        ("prefix" = Option<String>, Query, description = "Only names that start so"),
        ("after" = Option<String>, Query, description = "Only names after this one"),
        ("limit" = Option<usize>, Query, description = "At most this many (100; at most 1000)"),
    ),
    responses((status = 200, body = dto::KeyPage)),
)]
pub(crate) async fn key_list(
    State(context): State<Context>,
    asker: Asker,
    Params(query): Params<dto::KeyQuery>,
) -> Result<Json<dto::KeyPage>, Problem> {
    let (keys, now) = (context.keys()?, Timestamp::now());
    let after = query.after.as_deref().map(KeyName::parse).transpose()?;
    let prefix = query.prefix.unwrap_or_default();
    let page = keys.list(&prefix, after.as_ref(), query.limit.unwrap_or(PAGE))?;
    keys.refused(&asker.caller(), &Event::service("key.list"), now)
        .await?;
    let may_see = |name: &&KeyName| asker.may(Action::ReadKeys, Resource::Key(name.as_str()));
    let seen = |key: &&Key| may_see(&&key.name);
    Ok(Json(dto::KeyPage {
        keys: page.keys.iter().filter(seen).map(dto::Key::from).collect(),
        damaged: page
            .damaged
            .iter()
            .filter(may_see)
            .map(ToString::to_string)
            .collect(),
        next: page.next.map(|name| name.to_string()),
    }))
}

/// Makes a key with one version.
#[utoipa::path(
    post, path = "/v1/keys", tag = "keys",
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same one, it makes the key once")),
    request_body = dto::KeyCreate,
    responses(
        (status = 201, body = dto::Key),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn key_create(
    State(context): State<Context>,
    asker: Asker,
    wanted: Once<dto::KeyCreate>,
) -> Result<(StatusCode, Json<dto::Key>), Problem> {
    let (keys, now) = (context.keys()?, Timestamp::now());
    let (body, attempt) = wanted.into_parts();
    let name = KeyName::parse(&body.name)?;
    asker.require(Action::CreateKeys, Resource::Key(name.as_str()))?;
    let (new, caller) = (body.wanted()?, asker.caller());
    let create = async |rider| {
        let key = keys.with(rider).create(&caller, &name, &new, now).await;
        key.map(drop)
    };
    once(keys, attempt, name.as_str(), create, |_name| Ok(())).await?;
    created(keys, &name, now)
}

/// Brings a key in: PKCS#8, or the raw secret.
#[utoipa::path(
    post, path = "/v1/keys/{name}/import", tag = "keys",
    params(
        ("name" = String, Path, description = "Name of the new key, percent-encoded"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same one, it makes the key once"),
    ),
    request_body = dto::KeyImport,
    responses((status = 201, body = dto::Key), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_import(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    wanted: Once<dto::KeyImport>,
) -> Result<(StatusCode, Json<dto::Key>), Problem> {
    let (keys, now) = (context.keys()?, Timestamp::now());
    let (body, attempt) = wanted.into_parts();
    let (new, caller) = (body.wanted()?, asker.caller());
    let import = Import {
        key: &new,
        encoding: encoding(&body.material),
        material: &body.material,
    };
    let bring = async |rider| {
        let key = keys.with(rider).import(&caller, &name, &import, now).await;
        key.map(drop)
    };
    once(keys, attempt, name.as_str(), bring, |_name| Ok(())).await?;
    created(keys, &name, now)
}

/// PKCS#8 is a DER sequence or PEM; a raw secret is neither, short of an accident that parsing then refuses.
fn encoding(material: &[u8]) -> Encoding {
    let is_pem = material.trim_ascii_start().starts_with(b"-----BEGIN");
    let is_der = material.first() == Some(&0x30) && hybridge_crypto::encoding::private_from(material).is_ok();
    if is_pem || is_der {
        Encoding::Pkcs8
    } else {
        Encoding::Raw
    }
}

fn created(keys: &Keys, name: &KeyName, now: Timestamp) -> Result<(StatusCode, Json<dto::Key>), Problem> {
    Ok((StatusCode::CREATED, Json(keys.show(name, now)?.into())))
}

/// Shows a key with its versions; never a secret.
#[utoipa::path(
    get, path = "/v1/keys/{name}", tag = "keys",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    responses((status = 200, body = dto::Key), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_show(
    State(context): State<Context>,
    asker: Asker,
    AnyKeyPath(name): AnyKeyPath,
) -> Changed {
    let (keys, now) = (context.keys()?, Timestamp::now());
    let shown = keys.show(&name, now)?;
    keys.refused(&asker.caller(), &Event::done("key.show", &name), now)
        .await?;
    Ok(Json(shown.into()))
}

/// Seals a key to a post-quantum recipient; there is no plain export.
#[utoipa::path(
    post, path = "/v1/keys/{name}/export", tag = "keys",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body = dto::KeyExport,
    responses((status = 200, body = dto::KeyExported), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_export(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    Body(wanted): Body<dto::KeyExport>,
) -> Result<Json<dto::KeyExported>, Problem> {
    let (caller, now) = (asker.caller(), Timestamp::now());
    let recipient = Recipient::parse(&wanted.recipient)
        .map_err(|error| Problem::at(Code::FieldInvalid, "recipient", error.to_string()))?;
    let deed = deed::export(&name, wanted.version, &wanted.recipient);
    let keys = deed::guarded(context.keys()?, &caller, &deed, wanted.approval.as_deref(), now)?;
    let exporting = Exporting {
        version: wanted.version,
        recipients: &[recipient],
    };
    let exported = keys.export(&caller, &name, exporting, now).await?;
    Ok(Json(dto::KeyExported {
        name: name.to_string(),
        version: exported.version,
        algorithm: exported.algorithm.name,
        form: if exported.is_pkcs8 { "pkcs8" } else { "raw" },
        sealed: exported.sealed.into(),
    }))
}

/// Changes policy, labels or lifetime of a key.
#[utoipa::path(
    post, path = "/v1/keys/{name}/configure", tag = "keys",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body = dto::KeyChange,
    responses((status = 200, body = dto::Key), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_configure(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    Body(change): Body<dto::KeyChange>,
) -> Changed {
    let (keys, now) = (context.keys()?, Timestamp::now());
    let policy = match &change.policy {
        Some(opinions) => Some(opinions.applied(keys.show(&name, now)?.key.policy)?),
        None => None,
    };
    let settings = Settings {
        policy,
        labels: change.labels,
        lifetime: change.lifetime_seconds.map(Duration::from_secs),
    };
    let key = keys.configure(&asker.caller(), &name, &settings, now).await?;
    Ok(Json((&key).into()))
}

/// Makes a new primary version; what the old one protected still opens. The service's own keys, `@exchange` and
/// `@audit`, can be rotated too.
#[utoipa::path(
    post, path = "/v1/keys/{name}/rotate", tag = "keys",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body = dto::Nothing,
    responses((status = 200, body = dto::KeyRotated), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_rotate(
    State(context): State<Context>,
    asker: Asker,
    AnyKeyPath(name): AnyKeyPath,
    Body(dto::Nothing {}): Body<dto::Nothing>,
) -> Result<Json<dto::KeyRotated>, Problem> {
    let rotated = context
        .keys()?
        .rotate(&asker.caller(), &name, Timestamp::now())
        .await?;
    Ok(Json(rotated.into()))
}

/// Lets a key, or a version of it, be used again.
#[utoipa::path(
    post, path = "/v1/keys/{name}/enable", tag = "keys",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body = dto::VersionChoice,
    responses((status = 200, body = dto::Key), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_enable(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    Body(choice): Body<dto::VersionChoice>,
) -> Changed {
    let caller = asker.caller();
    let key = context
        .keys()?
        .enable(&caller, &name, choice.version, Timestamp::now())
        .await?;
    Ok(Json((&key).into()))
}

/// Puts a key, or a version of it, aside: nothing can be done with it until it is enabled.
#[utoipa::path(
    post, path = "/v1/keys/{name}/disable", tag = "keys",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body = dto::VersionChoice,
    responses((status = 200, body = dto::Key), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_disable(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    Body(choice): Body<dto::VersionChoice>,
) -> Changed {
    let caller = asker.caller();
    let key = context
        .keys()?
        .disable(&caller, &name, choice.version, Timestamp::now())
        .await?;
    Ok(Json((&key).into()))
}

/// Records a compromise: rotates at once, quarantines the old version, and says what it had protected. Also for
/// the service's own keys, `@exchange` and `@audit`.
#[utoipa::path(
    post, path = "/v1/keys/{name}/compromise", tag = "keys",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body = dto::VersionChoice,
    responses((status = 200, body = dto::KeyCompromised), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_compromise(
    State(context): State<Context>,
    asker: Asker,
    AnyKeyPath(name): AnyKeyPath,
    Body(choice): Body<dto::VersionChoice>,
) -> Result<Json<dto::KeyCompromised>, Problem> {
    let caller = asker.caller();
    let compromised = context
        .keys()?
        .compromise(&caller, &name, choice.version, Timestamp::now())
        .await?;
    Ok(Json(compromised.into()))
}

/// Announces the destruction of a key or a version; it cannot be used from now on, and can be cancelled until
/// the window ends.
#[utoipa::path(
    post, path = "/v1/keys/{name}/destroy", tag = "keys",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body = dto::KeyDestroy,
    responses((status = 200, body = dto::Key), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_destroy(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    Body(wanted): Body<dto::KeyDestroy>,
) -> Changed {
    let (caller, now) = (asker.caller(), Timestamp::now());
    let deed = deed::destroy(&name, wanted.version, wanted.wait_seconds);
    let keys = deed::guarded(context.keys()?, &caller, &deed, wanted.approval.as_deref(), now)?;
    let destroy = Destroy {
        version: wanted.version,
        wait: wanted.wait_seconds.map(Duration::from_secs),
    };
    let key = keys.destroy(&caller, &name, destroy, now).await?;
    Ok(Json((&key).into()))
}

/// Takes the announcement of a destruction back, while the window is open.
#[utoipa::path(
    post, path = "/v1/keys/{name}/cancel-destroy", tag = "keys",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body = dto::VersionChoice,
    responses((status = 200, body = dto::Key), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_cancel_destroy(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    Body(choice): Body<dto::VersionChoice>,
) -> Changed {
    let caller = asker.caller();
    let key = context
        .keys()?
        .cancel_destroy(&caller, &name, choice.version, Timestamp::now())
        .await?;
    Ok(Json((&key).into()))
}

/// Lists the versions in quarantine.
#[utoipa::path(
    get, path = "/v1/quarantine", tag = "keys",
    responses((status = 200, body = [dto::QuarantineEntry])),
)]
pub(crate) async fn quarantine_list(
    State(context): State<Context>,
    asker: Asker,
) -> Result<Json<Vec<dto::QuarantineEntry>>, Problem> {
    /// More would be another kind of emergency.
    const MOST: usize = 10_000;
    let keys = context.keys()?;
    let entries = keys.quarantined(None, MOST)?;
    keys.refused(
        &asker.caller(),
        &Event::service("quarantine.list"),
        Timestamp::now(),
    )
    .await?;
    let seen = entries
        .into_iter()
        .filter(|entry| asker.may(Action::ReadKeys, Resource::Key(entry.name.as_str())));
    Ok(Json(seen.map(Into::into).collect()))
}

/// Lets a compromised version open again what it protected, so that it can be moved to a newer one.
#[utoipa::path(
    post, path = "/v1/quarantine/release", tag = "keys",
    request_body = dto::QuarantineRelease,
    responses((status = 200, body = dto::KeyVersion), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn quarantine_release(
    State(context): State<Context>,
    asker: Asker,
    Body(wanted): Body<dto::QuarantineRelease>,
) -> Result<Json<dto::KeyVersion>, Problem> {
    let name = KeyName::parse(&wanted.key)
        .map_err(|error| Problem::at(Code::FieldInvalid, "key", error.to_string()))?;
    asker.require(Action::ReleaseKeys, Resource::Key(name.as_str()))?;
    let released = context
        .keys()?
        .release(&asker.caller(), &name, wanted.version, Timestamp::now())
        .await?;
    Ok(Json((&released).into()))
}
