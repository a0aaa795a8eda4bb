//! Errors as clients see them: problem details (RFC 9457) with a stable `code`.
//!
//! A program branches on `code`, a person reads `detail`. Codes are never renamed; `docs/api.md`
//! lists them.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{ControlError, ProbeError};

/// Which suites would do, where the ones offered do not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SuiteAdvice {
    /// The suite that a share is needed for (`suite_required`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suite: Option<&'static str>,
    /// The suites that are allowed (`suite_not_allowed`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<&'static str>,
}

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
    /// What the key exchange would agree to.
    #[serde(flatten)]
    pub suites: Option<Box<SuiteAdvice>>,
    /// Seconds after which it may be different.
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
}

macro_rules! codes {
    ($($variant:ident $name:literal $status:ident;)*) => {
        /// The stable name of a case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Code { $($variant,)* }

        impl Code {
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name on the wire.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    ApprovalNeeded "approval_needed" FORBIDDEN;
    BackupFailed "backup_failed" SERVICE_UNAVAILABLE;
    BackupRejected "backup_rejected" CONFLICT;
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE;
    ChangeUnavailable "change_unavailable" SERVICE_UNAVAILABLE;
    Conflict "conflict" CONFLICT;
    CredentialRefused "credential_refused" UNAUTHORIZED;
    CrossSite "cross_site" FORBIDDEN;
    CryptoFailed "crypto_failed" INTERNAL_SERVER_ERROR;
    Damaged "damaged" INTERNAL_SERVER_ERROR;
    ConfirmationRefused "confirmation_refused" FORBIDDEN;
    ExchangeBusy "exchange_busy" SERVICE_UNAVAILABLE;
    ExchangeFailed "exchange_failed" INTERNAL_SERVER_ERROR;
    ExchangeMalformed "exchange_malformed" BAD_REQUEST;
    ExchangeReplayed "exchange_replayed" CONFLICT;
    ExchangeStale "exchange_stale" CONFLICT;
    Exists "exists" CONFLICT;
    FieldInvalid "field_invalid" UNPROCESSABLE_ENTITY;
    Forwarded "forwarded" FORBIDDEN;
    HostNotLocal "host_not_local" MISDIRECTED_REQUEST;
    IdempotencyKeyInvalid "idempotency_key_invalid" BAD_REQUEST;
    IdempotencyKeyReused "idempotency_key_reused" UNPROCESSABLE_ENTITY;
    IdentityUnknown "identity_unknown" UNPROCESSABLE_ENTITY;
    JsonMalformed "json_malformed" BAD_REQUEST;
    KeyDestroying "key_destroying" CONFLICT;
    KeyDisabled "key_disabled" CONFLICT;
    KeyQuarantined "key_quarantined" CONFLICT;
    KeyRetired "key_retired" CONFLICT;
    KeyState "key_state" CONFLICT;
    KeyUse "key_use" CONFLICT;
    LimitReached "limit_reached" CONFLICT;
    MediaTypeUnsupported "media_type_unsupported" UNSUPPORTED_MEDIA_TYPE;
    MessageRefused "message_refused" UNPROCESSABLE_ENTITY;
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED;
    NoBackups "no_backups" NOT_FOUND;
    NoKeyService "no_key_service" NOT_FOUND;
    NotAllowed "not_allowed" FORBIDDEN;
    NotFound "not_found" NOT_FOUND;
    PeerNotLocal "peer_not_local" FORBIDDEN;
    ProbesBusy "probes_busy" TOO_MANY_REQUESTS;
    QueryInvalid "query_invalid" BAD_REQUEST;
    Refused "refused" CONFLICT;
    Rejected "rejected" UNPROCESSABLE_ENTITY;
    RekeyRefused "rekey_refused" UNPROCESSABLE_ENTITY;
    RouteNotFound "route_not_found" NOT_FOUND;
    SealRefused "seal_refused" UNPROCESSABLE_ENTITY;
    Sealed "sealed" SERVICE_UNAVAILABLE;
    SelftestFailed "selftest_failed" SERVICE_UNAVAILABLE;
    SessionExhausted "session_exhausted" CONFLICT;
    SessionExpired "session_expired" GONE;
    SessionUnknown "session_unknown" NOT_FOUND;
    ShareInvalid "share_invalid" UNPROCESSABLE_ENTITY;
    StoreUnavailable "store_unavailable" SERVICE_UNAVAILABLE;
    StreamsBusy "streams_busy" TOO_MANY_REQUESTS;
    SuiteNotAllowed "suite_not_allowed" UNPROCESSABLE_ENTITY;
    SuiteRequired "suite_required" CONFLICT;
    TargetUnreachable "target_unreachable" BAD_GATEWAY;
    TimedOut "timed_out" SERVICE_UNAVAILABLE;
    TooFast "too_fast" TOO_MANY_REQUESTS;
    TooManyFailures "too_many_failures" TOO_MANY_REQUESTS;
    Unauthenticated "unauthenticated" UNAUTHORIZED;
    VersionNotFound "version_not_found" NOT_FOUND;
}

impl Code {
    /// Whether it says that nobody, or nobody good, asked.
    pub(crate) const fn is_unauthenticated(self) -> bool {
        matches!(self, Self::Unauthenticated | Self::CredentialRefused)
    }

    /// Whether it refuses access: these are written into the journal.
    pub(crate) const fn is_refusal_of_access(self) -> bool {
        self.is_unauthenticated() || matches!(self, Self::NotAllowed | Self::ApprovalNeeded)
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
            suites: None,
            retry_after_s: (status == StatusCode::TOO_MANY_REQUESTS).then_some(5),
        }
    }

    /// With the time after which asking again makes sense.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after_s = Some(wait.as_secs().saturating_add(1));
        self
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
        let (code, status, retry_after_s) = (self.code, self.code.status(), self.retry_after_s);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if code.is_unauthenticated() {
            // RFC 9110 §11.6.1: a 401 says how to authenticate.
            let challenge = HeaderValue::from_static("Bearer realm=\"hybridge\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
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
        for code in Code::ALL.iter().copied() {
            assert_eq!(serde_json::to_value(code).expect("an enum"), code.name());
        }
    }

    #[test]
    fn every_code_is_an_error_status_with_words() {
        for code in Code::ALL.iter().copied() {
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
        for code in Code::ALL.iter().copied() {
            let row = format!("| `{}` | {} |", code.name(), code.status().as_u16());
            assert!(reference.contains(&row), "docs/api.md lacks the row {row}");
        }
    }
}
