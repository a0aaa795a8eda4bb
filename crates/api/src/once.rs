//! A body that creates something: sent again under the same `Idempotency-Key`, it creates it once.
//!
//! draft-ietf-httpapi-idempotency-key-header. The handler says what to remember (the name of what is made) and
//! how to say the same answer again; which of two requests at once is the first is decided by the store.

use std::future::Future;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, HeaderName};
use hybridge_keys::idempotency::{Attempt, Idempotency, Recall};
use hybridge_keys::{Error, Keys, Rider};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::extract::read;
use crate::principal::Asker;
use crate::problem::{Code, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A JSON body, and the key under which it may be sent again.
pub(crate) struct Once<T> {
    pub(crate) body: T,
    attempt: Option<Attempt>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Once<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let key = key(request.headers())?;
        let principal = request
            .extensions()
            .get::<Asker>()
            .map(|asker| asker.principal().name().to_owned());
        // The path itself and not its pattern: it may name what is made.
        let path = request.uri().path().to_owned();
        let (bytes, body): (Bytes, T) = read(request, state).await?;
        let attempt = match (key, principal) {
            (Some(key), Some(principal)) => {
                Some(Attempt::new(&principal, &path, &key, &bytes).ok_or_else(invalid)?)
            }
            _ => None,
        };
        Ok(Self { body, attempt })
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut fields = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (fields.next().map(|field| field.to_str()), fields.next()) {
        (None, _) => Ok(None),
        (Some(Ok(key)), None) => Ok(Some(key.trim().to_owned())),
        _ => Err(invalid()),
    }
}

fn invalid() -> Problem {
    let detail = "Idempotency-Key is one field of 1 to 255 printable characters without spaces";
    Problem::new(Code::IdempotencyKeyInvalid, detail)
}

/// What `body` asks for, made now or made before.
///
/// `reference` is remembered; `again` finds what it names; `effect` takes the rider into its transaction.
pub(crate) async fn once<R, F>(
    keys: &Keys,
    attempt: Option<Attempt>,
    reference: &str,
    effect: impl FnOnce(Rider) -> F,
    again: impl FnOnce(&str) -> Result<R, Problem>,
) -> Result<R, Problem>
where
    F: Future<Output = Result<R, Error>>,
{
    let Some(attempt) = attempt else {
        return Ok(effect(Rider::default()).await?);
    };
    let idempotency = Idempotency::new(keys.clone());
    let recall = || idempotency.recall(&attempt, Timestamp::now());
    if let Some(reference) = known(recall()?)? {
        return again(&reference);
    }
    let made = match idempotency.rider(&attempt, reference.as_bytes(), Timestamp::now()) {
        Ok(rider) => effect(rider).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => Ok(made),
        // Perhaps because the same request was faster.
        Err(error) => match known(recall()?)? {
            Some(reference) => again(&reference),
            None => Err(error.into()),
        },
    }
}

fn known(recall: Recall) -> Result<Option<String>, Problem> {
    match recall {
        Recall::New => Ok(None),
        Recall::Made(reference) => Ok(Some(String::from_utf8_lossy(&reference).into_owned())),
        Recall::OtherBody => {
            let detail = "this Idempotency-Key was used for another body";
            Err(Problem::new(Code::IdempotencyKeyReused, detail))
        }
    }
}

impl<T> Once<T> {
    /// The body and the attempt.
    pub(crate) fn into_parts(self) -> (T, Option<Attempt>) {
        (self.body, self.attempt)
    }
}
