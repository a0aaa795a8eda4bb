//! Errors of the client as a person at a terminal needs them: kind, message, remedy.
//! The kind is about whose turn it is: the one who typed, the service's owner, or the service.

use hybridge_client::{Error, Problem};

use crate::command_error::{CommandError, Kind};

/// What an error means, and what helps.
pub(super) fn explain(error: Error, address: &str) -> CommandError {
    match error {
        Error::Problem(problem) => refused(&problem),
        Error::Connect { source, .. } => unreachable(source, address),
        error => {
            let kind = kind(&error);
            CommandError::new(kind, error)
        }
    }
}

fn kind(error: &Error) -> Kind {
    match error {
        Error::Address(_) | Error::PlainHttp { .. } | Error::Request(_) => Kind::Usage,
        Error::TlsSetup { .. } => Kind::File,
        _ => Kind::Peer,
    }
}

fn unreachable(source: std::io::Error, address: &str) -> CommandError {
    let refused = source.kind() == std::io::ErrorKind::ConnectionRefused;
    let error = CommandError::new(Kind::Peer, source).context(format!("no service answers at {address}"));
    if refused {
        error.hint("start it with: hybridge up").hint(
            "if it runs elsewhere, say where with --api URL, or name its data directory with --data DIR",
        )
    } else {
        error
    }
}

fn refused(problem: &Problem) -> CommandError {
    let said = if problem.detail.is_empty() {
        &problem.title
    } else {
        &problem.detail
    };
    let case = if problem.code.is_empty() {
        problem.status.to_string()
    } else {
        format!("{} {}", problem.status, problem.code)
    };
    let field = problem.field.as_ref().map(|field| format!("{field}: "));
    let message = format!("{}{said} ({case})", field.unwrap_or_default());
    let error = CommandError::message(kind_of_status(problem.status), message);
    hints(problem).into_iter().fold(error, CommandError::hint)
}

const fn kind_of_status(status: u16) -> Kind {
    match status {
        400 | 405 | 413 | 415 | 422 => Kind::Usage,
        401..=499 if status != 429 => Kind::Refused,
        _ => Kind::Peer,
    }
}

fn hints(problem: &Problem) -> Vec<String> {
    let mut hints: Vec<String> = problem.remedy.iter().cloned().collect();
    let known = match problem.code.as_str() {
        "unauthenticated" | "credential_refused" => {
            "is it the token of this service? see --token-file and --data"
        }
        "sealed" => "open it with: hybridge unseal",
        "approval_needed" => "ask for one with: hybridge approval request",
        _ => "",
    };
    if !known.is_empty() {
        hints.push(known.to_owned());
    }
    let after = problem.retry_after_s;
    hints.extend(after.map(|seconds| format!("try again in {seconds} s")));
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, code: &str, expect: Kind) {
        let problem = Problem {
            status,
            code: code.to_owned(),
            detail: "what happened".to_owned(),
            ..Problem::default()
        };
        let error = explain(Error::Problem(Box::new(problem)), "http://127.0.0.1:1");
        assert_eq!(error.kind, expect, "{status}");
        assert_eq!(error.line(), format!("what happened ({status} {code})"));
    }

    #[test]
    fn a_status_becomes_an_exit_code() {
        check(422, "field_invalid", Kind::Usage);
        check(401, "unauthenticated", Kind::Refused);
        check(403, "not_allowed", Kind::Refused);
        check(404, "not_found", Kind::Refused);
        check(409, "key_disabled", Kind::Refused);
        check(429, "too_fast", Kind::Peer);
        check(503, "sealed", Kind::Peer);
    }

    #[test]
    fn a_service_that_does_not_run_can_be_started() {
        let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = unreachable(source, "http://127.0.0.1:8000");
        assert_eq!(error.kind, Kind::Peer);
        assert!(
            error
                .line()
                .starts_with("no service answers at http://127.0.0.1:8000: ")
        );
        assert_eq!(error.hints[0], "start it with: hybridge up");
    }
}
