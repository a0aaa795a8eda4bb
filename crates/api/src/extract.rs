//! Reading requests: a body or a query that does not fit becomes a problem that names the field.
//!
//! Unknown members are refused by the shapes themselves (`deny_unknown_fields`); here their error is
//! turned into one that a program can act on.

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use hybridge_keys::KeyName;
use serde::de::DeserializeOwned;
use std::error::Error;

use crate::problem::{Code, Problem};

/// A JSON body; unknown members are refused by the type itself.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        decode(&bytes(request, state).await?).map(Self)
    }
}

/// The body of a request that declares JSON, as bytes and as what they say.
pub(crate) async fn read<T: DeserializeOwned, S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<(Bytes, T), Problem> {
    let bytes = bytes(request, state).await?;
    let body = decode(&bytes)?;
    Ok((bytes, body))
}

/// The body of a request that declares JSON.
pub(crate) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    if !has_media_type(request.headers(), "application/json") {
        let detail = "send the body as Content-Type: application/json";
        return Err(Problem::new(Code::MediaTypeUnsupported, detail));
    }
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            _ => Code::JsonMalformed,
        };
        Problem::new(code, rejection.body_text())
    })
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde would read an array as the members in order, which nobody should come to rely on.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::new(
            Code::FieldInvalid,
            "the body is an array instead of an object",
        ));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| misfit(&error))?;
    json.end()
        .map_err(|error| Problem::new(Code::JsonMalformed, error.to_string()))?;
    Ok(value)
}

fn misfit(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let reason = error.inner().to_string();
    if !error.inner().is_data() {
        return Problem::new(Code::JsonMalformed, reason);
    }
    Problem {
        field: field(&error.path().to_string(), &reason),
        ..Problem::new(Code::FieldInvalid, reason)
    }
}

/// The member at fault. Serde reports an unknown member against the object around it, so its name
/// is taken from the message.
fn field(path: &str, reason: &str) -> Option<String> {
    let parent = if path == "." || path == "?" { "" } else { path };
    let named = ["unknown field `", "missing field `"].iter().find_map(|prefix| {
        let rest = reason.strip_prefix(prefix)?;
        rest.split_once('`').map(|(name, _)| name)
    });
    match (parent, named) {
        ("", None) => None,
        ("", Some(name)) => Some(name.to_owned()),
        (parent, Some(name)) if !parent.ends_with(name) => Some(format!("{parent}.{name}")),
        (parent, _) => Some(parent.to_owned()),
    }
}

/// Whether the request declares exactly this media type, parameters aside (RFC 9110 §8.3).
pub(crate) fn has_media_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).map(str::trim);
    media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case(wanted))
}

/// Query parameters; unknown ones are refused by the type itself.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(query_misfit(&rejection)),
        }
    }
}

fn query_misfit(rejection: &QueryRejection) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(rejection);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<serde_path_to_error::Error<serde::de::value::Error>>() {
            let reason = error.inner().to_string();
            let field = field(&error.path().to_string(), &reason);
            return Problem {
                field,
                ..Problem::new(Code::QueryInvalid, reason)
            };
        }
        cause = error.source();
    }
    Problem::new(Code::QueryInvalid, rejection.body_text())
}

/// The `{name}` of a route in the path, percent-decoded.
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(rejection) => Err(Problem::new(Code::NotFound, rejection.body_text())),
        }
    }
}

/// The `{name}` of a key in the path, percent-decoded and checked.
pub(crate) struct KeyPath(pub(crate) KeyName);

impl<S: Send + Sync> FromRequestParts<S> for KeyPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Name(name) = Name::from_request_parts(parts, state).await?;
        Ok(Self(KeyName::parse(&name)?))
    }
}

/// As [`KeyPath`], or one of the service's own keys: `@exchange`, `@audit`.
pub(crate) struct AnyKeyPath(pub(crate) KeyName);

impl<S: Send + Sync> FromRequestParts<S> for AnyKeyPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Name(name) = Name::from_request_parts(parts, state).await?;
        match KeyName::of_service(&name) {
            Some(own) => Ok(Self(own)),
            None => Ok(Self(KeyName::parse(&name)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Params, decode};
    use crate::dto::RouteChange;
    use crate::problem::{Code, Problem};

    fn check(body: &str, code: Code, field: Option<&str>) {
        let problem: Problem = decode::<RouteChange>(body.as_bytes()).expect_err(body);
        assert_eq!(
            (problem.code, problem.field.as_deref()),
            (code, field),
            "{body}: {}",
            problem.detail
        );
    }

    #[test]
    fn a_body_that_does_not_fit_names_the_field() {
        check(r#"{"rung": "best"}"#, Code::FieldInvalid, Some("rung"));
        check(r#"{"rang": "upgrade"}"#, Code::FieldInvalid, Some("rang"));
        check(
            r#"{"canary": {"rung": "upgrade"}}"#,
            Code::FieldInvalid,
            Some("canary.weight"),
        );
        check(
            r#"{"canary": {"rung": "upgrade", "weight": 70000}}"#,
            Code::FieldInvalid,
            Some("canary.weight"),
        );
        check(
            r#"{"canary": {"rung": "upgrade", "weight": 1, "to": 2}}"#,
            Code::FieldInvalid,
            Some("canary.to"),
        );
        check("[]", Code::FieldInvalid, None);
    }

    #[test]
    fn a_body_that_is_no_json_is_malformed() {
        check("", Code::JsonMalformed, None);
        check("{", Code::JsonMalformed, None);
        check("{} {}", Code::JsonMalformed, None);
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Limit {
        #[expect(dead_code, reason = "only its decoding matters here")]
        limit: Option<usize>,
    }

    async fn check_query(query: &str, field: &str) {
        use axum::extract::FromRequestParts;
        let request = http::Request::get(format!("/?{query}"))
            .body(())
            .expect("test request");
        let mut parts = request.into_parts().0;
        let problem = Params::<Limit>::from_request_parts(&mut parts, &())
            .await
            .err()
            .expect(query);
        assert_eq!(
            (problem.code, problem.field.as_deref()),
            (Code::QueryInvalid, Some(field)),
            "{query}"
        );
    }

    #[tokio::test]
    async fn a_query_that_does_not_fit_names_the_parameter() {
        check_query("limit=many", "limit").await;
        check_query("limit=-1", "limit").await;
        check_query("linit=1", "linit").await;
    }
}
