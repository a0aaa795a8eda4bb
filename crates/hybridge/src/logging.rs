//! Logs: to standard error, for a person or as JSON, one event per line.
//! A log that nobody can read any more stops nothing.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::command_error::{CommandError, Kind};
use crate::terminal::{self, Colour};

/// What is logged, and how it looks.
#[derive(Args, Debug)]
pub(crate) struct LogArgs {
    /// What to log: error, warn, info, debug, trace, or per target: warn,hybridge_edge=debug
    #[arg(
        long = "log",
        value_name = "FILTER",
        env = "HYBRIDGE_LOG",
        hide_env_values = true,
        default_value = "info",
        global = true,
        help_heading = "Logging"
    )]
    filter: String,

    /// How log lines look
    #[arg(
        long = "log-format",
        value_name = "FORMAT",
        env = "HYBRIDGE_LOG_FORMAT",
        hide_env_values = true,
        default_value = "human",
        global = true,
        help_heading = "Logging"
    )]
    format: Format,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    Human,
    /// One JSON object per line
    Json,
}

/// Starts logging; once per process.
///
/// # Errors
/// The filter is no filter.
pub(crate) fn start(args: &LogArgs) -> Result<(), CommandError> {
    let filter = EnvFilter::builder().parse(&args.filter).map_err(|error| {
        CommandError::message(
            Kind::Usage,
            format!("--log {:?} is no filter: {error}", args.filter),
        )
        .hint("write a level (error, warn, info, debug, trace) or target=level pairs separated by commas")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(terminal::log_writer)
        .with_span_events(FmtSpan::NONE)
        .log_internal_errors(false)
        .with_ansi(terminal::error_colour() == Colour::Ansi);
    let started = match args.format {
        Format::Human => builder.try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| CommandError::message(Kind::Internal, format!("logging does not start: {error}")))
}
