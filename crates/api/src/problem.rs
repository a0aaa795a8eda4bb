//! Errors as clients see them: problem details (RFC 9457) with a stable `code`.
//!
//! A program branches on `code`, a person reads `detail`. Codes are never renamed; `docs/api.md`
//! lists them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{ControlError, ProbeError};

/// What went wrong, in `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status says the kind, `code` the case (RFC 9457 §4.2.1).
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do about it, for a person.
    pub detail: String,
    pub code: Code,
    /// The member of the body or the query parameter at fault, as a path: `canary.weight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// The stable name of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    BodyTooLarge,
    ChangeUnavailable,
    CrossSite,
    FieldInvalid,
    Forwarded,
    HostNotLocal,
    JsonMalformed,
    MediaTypeUnsupported,
    MethodNotAllowed,
    NotFound,
    PeerNotLocal,
    ProbesBusy,
    QueryInvalid,
    RouteNotFound,
    StreamsBusy,
    TargetUnreachable,
    TimedOut,
}

impl Code {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 17] = [
        Self::BodyTooLarge,
        Self::ChangeUnavailable,
        Self::CrossSite,
        Self::FieldInvalid,
        Self::Forwarded,
        Self::HostNotLocal,
        Self::JsonMalformed,
        Self::MediaTypeUnsupported,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::PeerNotLocal,
        Self::ProbesBusy,
        Self::QueryInvalid,
        Self::RouteNotFound,
        Self::StreamsBusy,
        Self::TargetUnreachable,
        Self::TimedOut,
    ];

    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BodyTooLarge => "body_too_large",
            Self::ChangeUnavailable => "change_unavailable",
            Self::CrossSite => "cross_site",
            Self::FieldInvalid => "field_invalid",
            Self::Forwarded => "forwarded",
            Self::HostNotLocal => "host_not_local",
            Self::JsonMalformed => "json_malformed",
            Self::MediaTypeUnsupported => "media_type_unsupported",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotFound => "not_found",
            Self::PeerNotLocal => "peer_not_local",
            Self::ProbesBusy => "probes_busy",
            Self::QueryInvalid => "query_invalid",
            Self::RouteNotFound => "route_not_found",
            Self::StreamsBusy => "streams_busy",
            Self::TargetUnreachable => "target_unreachable",
            Self::TimedOut => "timed_out",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::JsonMalformed | Self::QueryInvalid => StatusCode::BAD_REQUEST,
            Self::CrossSite | Self::Forwarded | Self::PeerNotLocal => StatusCode::FORBIDDEN,
            Self::NotFound | Self::RouteNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaTypeUnsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::HostNotLocal => StatusCode::MISDIRECTED_REQUEST,
            Self::FieldInvalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ProbesBusy | Self::StreamsBusy => StatusCode::TOO_MANY_REQUESTS,
            Self::TargetUnreachable => StatusCode::BAD_GATEWAY,
            Self::ChangeUnavailable | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        let status = code.status();
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            detail: detail.into(),
            code,
            field: None,
        }
    }

    pub(crate) fn at(code: Code, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(code, reason)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, status) = (self.code, self.code.status());
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response.extensions_mut().insert(code);
        response
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NotFound => Self::new(Code::RouteNotFound, "there is no route of that name"),
            ControlError::Invalid { field, reason } => Self::at(Code::FieldInvalid, field, reason),
            ControlError::Unavailable { reason } => Self::new(Code::ChangeUnavailable, reason),
        }
    }
}

impl From<ProbeError> for Problem {
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::Invalid { field, reason } => Self::at(Code::FieldInvalid, field, reason),
            ProbeError::Unreachable { reason } => Self::new(Code::TargetUnreachable, reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Problem};

    #[test]
    fn the_name_of_every_code_is_what_json_says() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).expect("an enum"), code.name());
        }
    }

    #[test]
    fn every_code_is_an_error_status_with_words() {
        for code in Code::ALL {
            assert!(
                code.status().is_client_error() || code.status().is_server_error(),
                "{code:?}"
            );
            assert_ne!(Problem::new(code, "").title, "Error", "{code:?}");
        }
    }

    #[test]
    fn every_code_is_in_the_reference() {
        let reference = include_str!("../../../docs/api.md");
        for code in Code::ALL {
            let row = format!("| `{}` | {} |", code.name(), code.status().as_u16());
            assert!(reference.contains(&row), "docs/api.md lacks the row {row}");
        }
    }
}
