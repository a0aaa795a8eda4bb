//! How a command ends: well, with a negative verdict, or with an error that has a kind and hints.
//!
//! The kind decides the exit code, and nothing else does; `terminal` is the only renderer. A person
//! reads the message and the hints, a script reads the code.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// Exit codes, as `--help` shows them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
   0  done
   1  the verdict or the finding is negative
   2  the command line is wrong
   3  the configuration is wrong
   4  a file is missing, damaged, or not permitted
   5  an address or port is in use or not available
   6  the peer is unreachable or misbehaves
   7  the service refuses: not permitted, not found, or not in this state
  70  an error in Hybridge itself";

/// How a command ended when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It did what was asked.
    Done,
    /// It did what was asked, and the answer is bad news.
    Negative,
}

/// Whose fault it is, as far as the exit code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line.
    Usage,
    /// The configuration file.
    Configuration,
    /// A file, its content, or its permissions.
    File,
    /// An address or port on this machine.
    Address,
    /// The other side.
    Peer,
    /// What was asked for is refused, by rule and not by accident.
    Refused,
    /// Ourselves.
    Internal,
    /// Nobody reads our output any more, which is no fault.
    BrokenPipe,
}

impl Kind {
    /// The process's exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::File => 4,
            Self::Address => 5,
            Self::Peer => 6,
            Self::Refused => 7,
            Self::Internal => 70,
        }
    }
}

/// Why a command did not do what was asked, and what helps.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    pub(crate) error: anyhow::Error,
    pub(crate) hints: Vec<String>,
}

impl CommandError {
    /// An error with its chain of sources.
    pub(crate) fn new(kind: Kind, error: impl Into<anyhow::Error>) -> Self {
        Self {
            kind,
            error: error.into(),
            hints: Vec::new(),
        }
    }

    /// An error that is a sentence.
    pub(crate) fn message(kind: Kind, message: impl Display) -> Self {
        Self::new(kind, anyhow::Error::msg(message.to_string()))
    }

    /// Says first what was being done.
    pub(crate) fn context(mut self, doing: String) -> Self {
        self.error = self.error.context(doing);
        self
    }

    /// Adds a remedy.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The message and its causes as one line: `cannot read a.pem: permission denied`.
    pub(crate) fn line(&self) -> String {
        chain_line(self.error.as_ref())
    }
}

/// An error and its causes as one line. A cause that the line already ends with is not repeated.
pub(crate) fn chain_line(error: &(dyn std::error::Error + 'static)) -> String {
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

/// Puts a failed operation of the system into words.
pub(crate) trait Explain<T> {
    /// `doing` reads after "cannot": `read /etc/hybridge.toml`.
    fn cannot(self, kind: Kind, doing: impl Display) -> Result<T, CommandError>;
}

impl<T> Explain<T> for Result<T, io::Error> {
    fn cannot(self, kind: Kind, doing: impl Display) -> Result<T, CommandError> {
        self.map_err(|error| {
            CommandError::new(kind, anyhow::Error::new(error).context(format!("cannot {doing}")))
        })
    }
}

/// The exit code of an ending.
pub(crate) fn exit_code(ended: &Result<Ending, CommandError>) -> ExitCode {
    ExitCode::from(match ended {
        Ok(Ending::Done) => 0,
        Ok(Ending::Negative) => 1,
        Err(error) => error.kind.code(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_is_documented() {
        for kind in [
            Kind::Usage,
            Kind::Configuration,
            Kind::File,
            Kind::Address,
            Kind::Peer,
            Kind::Refused,
            Kind::Internal,
        ] {
            let column = format!("\n  {:>2}  ", kind.code());
            assert!(EXIT_CODES.contains(&column), "{kind:?}");
        }
    }

    #[test]
    fn an_error_is_one_line_with_its_causes() {
        let cause = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let error = Err::<(), _>(cause).cannot(Kind::File, "read x.toml").unwrap_err();
        assert_eq!(error.line(), "cannot read x.toml: no such file");
        assert_eq!(exit_code(&Err(error)), ExitCode::from(4));
    }

    #[test]
    fn a_cause_that_was_said_is_not_repeated() {
        let error = anyhow::Error::msg("broken")
            .context("the key is broken")
            .context("a.pem");
        assert_eq!(
            CommandError::new(Kind::File, error).line(),
            "a.pem: the key is broken"
        );
    }
}
