//! What a check found: how bad it is, what it is, and the command that mends it.
//! The words in JSON are for programs and stay as they are.

use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Warn,
    Fail,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Which check, one word.
    pub(super) check: &'static str,
    pub(super) state: State,
    pub(super) what: String,
    pub(super) remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            what: what.into(),
            remedy: None,
        }
    }

    pub(super) fn warn(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            state: State::Warn,
            ..Self::ok(check, what)
        }
    }

    pub(super) fn fail(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            state: State::Fail,
            ..Self::ok(check, what)
        }
    }

    /// With the command that mends it.
    pub(super) fn mend(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    pub(super) fn json(&self) -> Value {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        };
        json!({ "check": self.check, "state": state, "what": self.what, "remedy": self.remedy })
    }
}
