//! From an error of the key service to a problem: the code that programs branch on, and the remedy.
//! Nothing in either is secret; what only the operator can mend is logged as well.

use hybridge_keys::{Error, NameError};

use crate::problem::{Code, Problem};

/// The stable code of an error of the key service.
pub(crate) const fn code(error: &Error) -> Code {
    match error {
        Error::NotFound => Code::NotFound,
        Error::NoVersion { .. } => Code::VersionNotFound,
        Error::Exists => Code::Exists,
        Error::Conflict => Code::Conflict,
        Error::Sealed => Code::Sealed,
        Error::Disabled => Code::KeyDisabled,
        Error::State { .. } => Code::KeyState,
        Error::Quarantined { .. } => Code::KeyQuarantined,
        Error::Destroying { .. } => Code::KeyDestroying,
        Error::Retired { .. } => Code::KeyRetired,
        Error::NotAllowed { .. } => Code::KeyUse,
        Error::Refused { .. } => Code::Refused,
        Error::Limit { .. } => Code::LimitReached,
        Error::Rejected { .. } => Code::Rejected,
        Error::Invalid { .. } => Code::FieldInvalid,
        Error::Damaged { .. } => Code::Damaged,
        Error::Crypto { .. } => Code::CryptoFailed,
        Error::Failed(_) => Code::SelftestFailed,
        Error::Store(_) => Code::StoreUnavailable,
    }
}

/// What a caller may do about it, where the error itself does not say.
const fn remedy(error: &Error) -> &'static str {
    match error {
        Error::NotFound => "; GET /v1/keys lists the keys that you may see",
        Error::Sealed => "; an administrator unseals it: hybridge unseal",
        Error::Disabled => "; an operator enables it: hybridge key enable",
        Error::Quarantined { .. } => "; an administrator may release it: hybridge quarantine release",
        Error::Destroying { .. } => "; until then: hybridge key cancel-destroy",
        Error::Damaged { .. } => "; restore it from a backup, other keys are not affected: hybridge doctor",
        Error::Failed(_) => "; all cryptographic service is refused: hybridge selftest",
        _ => "",
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = code(&error);
        if let Error::Invalid { field, why } = error {
            return Self::at(code, field, why);
        }
        if code == Code::StoreUnavailable {
            tracing::error!(error = chain(&error), "the key service could not do its work");
        }
        Self::new(code, format!("{}{}", chain(&error), remedy(&error)))
    }
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        Self::at(Code::FieldInvalid, "name", error.to_string())
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line
}
