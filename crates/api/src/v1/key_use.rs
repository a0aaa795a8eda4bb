//! Using keys: one item or a batch per request, one audit entry per request.
//!
//! Handlers translate; whether the key's state, policy and limits allow it is decided by the key service
//! against what is committed.

use axum::Json;
use axum::extract::State;
use hybridge_keys::serve::{self, Ciphertext, Encapsulated, Message, Plaintext, SignedMessage, Tagged};
use jiff::Timestamp;

use super::items::Items;
use crate::context::Context;
use crate::dto;
use crate::extract::KeyPath;
use crate::principal::Asker;
use crate::problem::Problem;

type Answer<T> = Result<Json<dto::Answers<T>>, Problem>;

/// Makes a shared secret for the public half of a KEM key (SP 800-227 §3).
#[utoipa::path(
    post, path = "/v1/keys/{name}/encapsulate", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::EncapsulateItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::Encapsulated>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_encapsulate(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::EncapsulateItem>,
) -> Answer<dto::Encapsulated> {
    let results = context
        .keys()?
        .encapsulate(&asker.caller(), &name, items.len(), Timestamp::now())
        .await?;
    items.answer(results, |made, _item| dto::Encapsulated {
        ciphertext: made.ciphertext.into(),
        shared_secret: made.shared_secret.as_bytes().into(),
        version: made.version,
    })
}

/// Recovers a shared secret from a KEM ciphertext.
#[utoipa::path(
    post, path = "/v1/keys/{name}/decapsulate", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::DecapsulateItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::Decapsulated>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_decapsulate(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::DecapsulateItem>,
) -> Answer<dto::Decapsulated> {
    let wanted = items.map(|item| Encapsulated {
        ciphertext: &item.ciphertext,
        version: item.version,
    });
    let results = context
        .keys()?
        .decapsulate(&asker.caller(), &name, &wanted, Timestamp::now())
        .await?;
    items.answer(results, |secret, _item| dto::Decapsulated {
        shared_secret: secret.as_bytes().into(),
    })
}

/// Signs a message with the primary version.
#[utoipa::path(
    post, path = "/v1/keys/{name}/sign", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::SignItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::Signed>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_sign(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::SignItem>,
) -> Answer<dto::Signed> {
    let messages = items.map(|item| Message {
        message: &item.message,
        context: &item.context,
    });
    let results = context
        .keys()?
        .sign(&asker.caller(), &name, &messages, Timestamp::now())
        .await?;
    items.answer(results, |signed, _item| dto::Signed {
        signature: signed.signature.into(),
        version: signed.version,
    })
}

/// Says whether a signature is genuine.
#[utoipa::path(
    post, path = "/v1/keys/{name}/verify", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::VerifyItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::Verified>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_verify(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::VerifyItem>,
) -> Answer<dto::Verified> {
    let signed = items.map(|item| SignedMessage {
        message: Message {
            message: &item.message,
            context: &item.context,
        },
        signature: &item.signature,
        version: item.version,
    });
    let results = context
        .keys()?
        .verify(&asker.caller(), &name, &signed, Timestamp::now())
        .await?;
    items.answer(results, |valid, _item| dto::Verified { valid })
}

/// Encrypts a payload of at most 1 MiB with the primary version.
#[utoipa::path(
    post, path = "/v1/keys/{name}/encrypt", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::EncryptItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::Encrypted>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_encrypt(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::EncryptItem>,
) -> Answer<dto::Encrypted> {
    let plaintexts = items.map(|item| Plaintext {
        plaintext: &item.plaintext,
        aad: &item.associated_data,
    });
    let results = context
        .keys()?
        .encrypt(&asker.caller(), &name, &plaintexts, Timestamp::now())
        .await?;
    items.answer(results, |encrypted, _item| encrypted.into())
}

/// Decrypts a payload, or unwraps a data key, with the version that it names.
#[utoipa::path(
    post, path = "/v1/keys/{name}/decrypt", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::DecryptItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::Decrypted>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_decrypt(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::DecryptItem>,
) -> Answer<dto::Decrypted> {
    let ciphertexts = items.map(ciphertext);
    let results = context
        .keys()?
        .decrypt(&asker.caller(), &name, &ciphertexts, Timestamp::now())
        .await?;
    items.answer(results, |opened, _item| dto::Decrypted {
        plaintext: opened.plaintext.into(),
        version: opened.version,
    })
}

/// Moves a ciphertext, or a wrapped data key, to the newest version; the plaintext never leaves.
#[utoipa::path(
    post, path = "/v1/keys/{name}/rewrap", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::DecryptItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::Encrypted>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_rewrap(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::DecryptItem>,
) -> Answer<dto::Encrypted> {
    let ciphertexts = items.map(ciphertext);
    let results = context
        .keys()?
        .rewrap(&asker.caller(), &name, &ciphertexts, Timestamp::now())
        .await?;
    items.answer(results, |moved, _item| moved.into())
}

/// Makes a data key: plain to use now, wrapped to keep.
#[utoipa::path(
    post, path = "/v1/keys/{name}/data-key", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::DataKeyItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::DataKey>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_data_key(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::DataKeyItem>,
) -> Answer<dto::DataKey> {
    let wanted: Vec<&[u8]> = items.map(|item| &*item.associated_data);
    let results = context
        .keys()?
        .data_key(&asker.caller(), &name, &wanted, Timestamp::now())
        .await?;
    items.answer(results, |made, _item| dto::DataKey {
        plaintext: made.plaintext.into(),
        wrapped: made.wrapped.into(),
        version: made.version,
    })
}

/// Authenticates a message (FIPS 198-1).
#[utoipa::path(
    post, path = "/v1/keys/{name}/mac", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::MacItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::Mac>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_mac(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::MacItem>,
) -> Answer<dto::Mac> {
    let messages: Vec<&[u8]> = items.map(|item| &*item.message);
    let results = context
        .keys()?
        .mac(&asker.caller(), &name, &messages, Timestamp::now())
        .await?;
    items.answer(results, |made, _item| dto::Mac {
        tag: made.tag.into(),
        version: made.version,
    })
}

/// Says whether a tag is genuine, in constant time.
#[utoipa::path(
    post, path = "/v1/keys/{name}/mac-verify", tag = "use",
    params(("name" = String, Path, description = "Name of the key, percent-encoded")),
    request_body(content = dto::MacVerifyItem, description = "One item, or {\"batch\": [items]}"),
    responses((status = 200, body = dto::Answers<dto::Verified>), (status = 409, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn key_mac_verify(
    State(context): State<Context>,
    asker: Asker,
    KeyPath(name): KeyPath,
    items: Items<dto::MacVerifyItem>,
) -> Answer<dto::Verified> {
    let tagged = items.map(|item| Tagged {
        message: &item.message,
        tag: &item.tag,
        version: item.version,
    });
    let results = context
        .keys()?
        .mac_verify(&asker.caller(), &name, &tagged, Timestamp::now())
        .await?;
    items.answer(results, |valid, _item| dto::Verified { valid })
}

fn ciphertext(item: &dto::DecryptItem) -> Ciphertext<'_> {
    Ciphertext {
        ciphertext: &item.ciphertext,
        aad: &item.associated_data,
    }
}

impl From<serve::Encrypted> for dto::Encrypted {
    fn from(made: serve::Encrypted) -> Self {
        Self {
            ciphertext: made.ciphertext.into(),
            version: made.version,
        }
    }
}
