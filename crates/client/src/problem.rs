//! What the service says when it refuses: problem details (RFC 9457) with a stable code.
//! Whatever else answers (a proxy, another program) becomes a problem without a code.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A refusal. Branch on `code`, show `detail` and `remedy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// The HTTP status.
    #[serde(skip)]
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// Stable name of the case; empty where the answer had none.
    pub code: String,
    /// What happened, for a person.
    pub detail: String,
    /// What to do about it, where the service knows.
    pub remedy: Option<String>,
    /// The member of the request at fault.
    pub field: Option<String>,
    /// Seconds after which it may be different (`Retry-After`).
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
    /// Every other member.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

impl Problem {
    /// Reads the body of an answer that is not a success, whatever it is.
    pub(crate) fn read(status: http::StatusCode, headers: &http::HeaderMap, body: &[u8]) -> Self {
        let mut problem = serde_json::from_slice(body).unwrap_or_else(|_not_a_problem| Self {
            detail: "the answer is not a problem description; is this the service?".to_owned(),
            ..Self::default()
        });
        problem.status = status.as_u16();
        if problem.title.is_empty() {
            status
                .canonical_reason()
                .unwrap_or_default()
                .clone_into(&mut problem.title);
        }
        let retry_after = headers.get(http::header::RETRY_AFTER);
        problem.retry_after_s = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        problem
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said = if self.detail.is_empty() {
            &self.title
        } else {
            &self.detail
        };
        write!(formatter, "{said}")?;
        if let Some(remedy) = &self.remedy {
            write!(formatter, "; {remedy}")?;
        }
        write!(formatter, " ({}", self.status)?;
        if !self.code.is_empty() {
            write!(formatter, " {}", self.code)?;
        }
        formatter.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    #[test]
    fn reads_code_detail_remedy_and_further_members() {
        let body = br#"{"type":"about:blank","title":"Conflict","status":409,"code":"suite_required",
            "detail":"a share is needed","remedy":"send one","suite":"X-Wing/HKDF-SHA-256/AES-256-GCM"}"#;
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, HeaderValue::from_static("3"))]);
        let problem = Problem::read(StatusCode::CONFLICT, &headers, body);
        assert_eq!(problem.code, "suite_required");
        assert_eq!(problem.retry_after_s, Some(3));
        assert_eq!(problem.members["suite"], "X-Wing/HKDF-SHA-256/AES-256-GCM");
        assert_eq!(
            problem.to_string(),
            "a share is needed; send one (409 suite_required)"
        );
    }

    #[test]
    fn what_is_not_a_problem_still_has_its_status() {
        let problem = Problem::read(StatusCode::BAD_GATEWAY, &HeaderMap::new(), b"<html>");
        assert_eq!((problem.status, problem.title.as_str()), (502, "Bad Gateway"));
        assert!(problem.to_string().contains("502"), "{problem}");
    }
}
