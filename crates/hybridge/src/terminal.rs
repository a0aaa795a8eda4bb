//! Standard output and standard error: the only module that writes to either.
//!
//! Results go to standard output, everything else to standard error. A reader that closes the pipe
//! (`| head`) ends the command quietly. Colours only on a terminal, and not where `NO_COLOR` is set
//! (no-color.org) or `TERM` is `dumb`.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::command_error::{CommandError, Ending, Kind, exit_code};

const RED: &str = "\u{1b}[1;31m";
const GREEN: &str = "\u{1b}[1;32m";
const YELLOW: &str = "\u{1b}[1;33m";
const CYAN: &str = "\u{1b}[36m";
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// Whether a stream shows colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Plain,
    Ansi,
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Bad,
    Good,
    Doubtful,
    Aside,
    Title,
}

impl Colour {
    /// Colours the text, or not.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Bad => RED,
            Tone::Good => GREEN,
            Tone::Doubtful => YELLOW,
            Tone::Aside => CYAN,
            Tone::Title => BOLD,
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("{code}{text}{RESET}"),
        }
    }

    fn decide(is_terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> Self {
        let refused =
            no_color.is_some_and(|value| !value.is_empty()) || term.is_some_and(|term| term == "dumb");
        if is_terminal && !refused {
            Self::Ansi
        } else {
            Self::Plain
        }
    }

    fn of(is_terminal: bool) -> Self {
        let variable = |name| std::env::var_os(name);
        Self::decide(
            is_terminal,
            variable("NO_COLOR").as_deref(),
            variable("TERM").as_deref(),
        )
    }
}

/// Colours of standard output.
pub(crate) fn output_colour() -> Colour {
    Colour::of(io::stdout().is_terminal())
}

/// Colours of standard error.
pub(crate) fn error_colour() -> Colour {
    Colour::of(io::stderr().is_terminal())
}

/// Is somebody watching standard error?
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Is somebody watching standard output?
pub(crate) fn is_output_watched() -> bool {
    io::stdout().is_terminal()
}

/// Asks a question where a person can answer it: the line that was typed, `None` where nobody can type.
pub(crate) fn ask(question: &str) -> Option<String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() || !is_watched() {
        return None;
    }
    let mut stderr = io::stderr().lock();
    let _unread = write!(stderr, "{question} ").and_then(|()| stderr.flush());
    let mut line = String::new();
    stdin.read_line(&mut line).ok()?;
    Some(line.trim().to_owned())
}

/// Writes to standard output, at once.
///
/// # Errors
/// `BrokenPipe` when nobody reads; `File` when the device refuses (a full disk behind `>`).
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to standard output, at once; not necessarily text.
///
/// # Errors
/// As [`print()`].
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.map_err(|error| {
        let kind = if error.kind() == io::ErrorKind::BrokenPipe {
            Kind::BrokenPipe
        } else {
            Kind::File
        };
        CommandError::new(
            kind,
            anyhow::Error::new(error).context("cannot write to standard output"),
        )
    })
}

/// Writes a line about the work to standard error. That nobody reads it changes nothing.
pub(crate) fn note(line: &str) {
    let _unread = writeln!(io::stderr().lock(), "{line}");
}

/// Writes a warning to standard error.
pub(crate) fn warn(line: &str) {
    note(&format!(
        "{} {line}",
        error_colour().paint(Tone::Doubtful, "warning:")
    ));
}

/// Draws over the last line of standard error; an empty text clears it. Only where it is watched.
pub(crate) fn progress(text: &str) {
    if is_watched() {
        let mut stderr = io::stderr().lock();
        let _unread = write!(stderr, "\r\u{1b}[K{text}").and_then(|()| stderr.flush());
    }
}

/// Where the log goes.
pub(crate) fn log_writer() -> io::Stderr {
    io::stderr()
}

/// Says what went wrong, if anything did, and gives the exit code.
pub(crate) fn finish(ended: Result<Ending, CommandError>) -> ExitCode {
    if let Err(error) = &ended
        && error.kind != Kind::BrokenPipe
    {
        note(&render(error, error_colour()));
    }
    exit_code(&ended)
}

/// Shows what the argument parser has to say: help and version as results, the rest as errors.
pub(crate) fn parser_says(error: &clap::Error) -> ExitCode {
    let text = error.render();
    let styled = |colour| {
        if colour == Colour::Ansi {
            text.ansi().to_string()
        } else {
            text.to_string()
        }
    };
    if error.use_stderr() {
        note(styled(error_colour()).trim_end());
        ExitCode::from(Kind::Usage.code())
    } else {
        finish(print(&styled(output_colour())).map(|()| Ending::Done))
    }
}

/// `error: …` and one `hint: …` per remedy.
fn render(error: &CommandError, colour: Colour) -> String {
    let mut lines = vec![format!("{} {}", colour.paint(Tone::Bad, "error:"), error.line())];
    lines.extend(
        error
            .hints
            .iter()
            .map(|hint| format!("{} {hint}", colour.paint(Tone::Aside, "hint:"))),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_with_its_hints() {
        let error =
            CommandError::message(Kind::Address, "port 8443 is in use").hint("choose another with --listen");
        assert_eq!(
            render(&error, Colour::Plain),
            "error: port 8443 is in use\nhint: choose another with --listen"
        );
        assert!(render(&error, Colour::Ansi).starts_with("\u{1b}[1;31merror:\u{1b}[0m port"));
    }

    #[test]
    fn colours_need_a_terminal_and_nobody_who_minds() {
        let decide = |terminal, no_color: Option<&str>, term: Option<&str>| {
            Colour::decide(terminal, no_color.map(OsStr::new), term.map(OsStr::new))
        };
        assert_eq!(decide(true, None, Some("xterm")), Colour::Ansi);
        assert_eq!(decide(true, Some(""), None), Colour::Ansi);
        assert_eq!(decide(false, None, Some("xterm")), Colour::Plain);
        assert_eq!(decide(true, Some("1"), Some("xterm")), Colour::Plain);
        assert_eq!(decide(true, None, Some("dumb")), Colour::Plain);
    }
}
