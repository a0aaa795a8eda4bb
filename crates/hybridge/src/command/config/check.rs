//! `hybridge config check`: reads, validates, loads what the file names, and says what would listen.
//! Binds nothing and changes nothing. What is wrong has file, line and column.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use hybridge_edge::certificate::{self, LoadError, Loaded};
use hybridge_edge::client_config::{Trust, TrustError};
use hybridge_edge::config::{Mode, Route};
use jiff::Timestamp;

use crate::command_error::{CommandError, Ending, Kind, chain_line};
use crate::file::{File, Step};
use crate::{clock, terminal};

/// Check a configuration file and say what would listen where
///
/// Reads the file, checks that its routes make sense together, and loads the certificates and trusted
/// authorities that it names. Opens no port. What is wrong is named with file, line and column.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The file
    #[arg(env = "HYBRIDGE_CONFIG", hide_env_values = true)]
    file: Option<PathBuf>,
}

impl Check {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let file = super::open(self.file)?;
        file.validate()?;
        let loaded = load(&file)?;
        terminal::print(&describe(&file, &loaded))?;
        for warning in warnings(&file, &loaded, clock::now()) {
            terminal::warn(&warning);
        }
        Ok(Ending::Done)
    }
}

/// Loads what the file names: the certificates of each route, and its trusted authorities.
fn load(file: &File) -> Result<Vec<Vec<Loaded>>, CommandError> {
    let mut all = Vec::new();
    for (index, route) in file.edge.routes.iter().enumerate() {
        let at = [Step::Key("route"), Step::Index(index)];
        let mut certificates = Vec::new();
        for (number, files) in route.certificates.iter().enumerate() {
            let at = [at[0], at[1], Step::Key("certificate"), Step::Index(number)];
            certificates.push(certificate::load(files).map_err(|error| unusable(file, &at, &error))?);
        }
        all.push(certificates);
        let authorities = route
            .upstream
            .tls
            .as_ref()
            .and_then(|tls| tls.authorities.clone());
        if let Some(path) = authorities {
            let at = [
                at[0],
                at[1],
                Step::Key("upstream"),
                Step::Key("tls"),
                Step::Key("authorities"),
            ];
            Trust::File(path)
                .verifier()
                .map_err(|error| untrusted(file, &at, &error))?;
        }
    }
    Ok(all)
}

fn unusable(file: &File, certificate: &[Step<'_>], error: &LoadError) -> CommandError {
    let field = match error {
        LoadError::Key { .. } | LoadError::Mismatch { .. } => "key",
        LoadError::Missing { expected, .. } if expected.contains("key") => "key",
        _ => "chain",
    };
    let at: Vec<_> = certificate.iter().copied().chain([Step::Key(field)]).collect();
    let hint = match error {
        LoadError::Mismatch { .. } => "name the chain and the key of one and the same certificate",
        LoadError::Read { .. } => {
            "paths are relative to the configuration file; the user who runs this must be able to read it"
        }
        _ => "PEM files begin with -----BEGIN CERTIFICATE----- or -----BEGIN PRIVATE KEY-----",
    };
    CommandError {
        kind: Kind::File,
        ..file.wrong(&at, chain_line(error))
    }
    .hint(hint)
}

fn untrusted(file: &File, at: &[Step<'_>], error: &TrustError) -> CommandError {
    CommandError {
        kind: Kind::File,
        ..file.wrong(at, chain_line(error))
    }
}

/// What would listen where.
fn describe(file: &File, loaded: &[Vec<Loaded>]) -> String {
    let mut text = format!("{} is valid\n", file.path().display());
    for (route, certificates) in file.edge.routes.iter().zip(loaded) {
        let _infallible = write!(text, "\nroute {}\n{}", route.name, describe_route(route));
        for loaded in certificates {
            let _infallible = writeln!(
                text,
                "  certificate  {} for {}, expires {}",
                loaded.key_algorithm,
                loaded.names.join(", "),
                date(loaded.not_after)
            );
        }
    }
    if let Some(api) = &file.api {
        let _infallible = write!(text, "\nconsole and API\n  listens on   http://{}\n", api.listen);
    }
    text
}

fn describe_route(route: &Route) -> String {
    let mut text = format!(
        "  listens on   {}\n  forwards to  {} ({}, {})\n",
        route.listen,
        route.upstream.address,
        route.mode.name(),
        route.protocol.name()
    );
    if route.mode != Mode::Observe {
        let _infallible = write!(text, "  rung         {}", route.control_rung());
        if let Some(canary) = &route.canary {
            let percent = f64::from(canary.weight) / 100.0;
            let _infallible = write!(text, ", {} for {percent} % of the clients", canary.rung);
        }
        text.push('\n');
    }
    text
}

/// What is allowed and still deserves attention.
fn warnings(file: &File, loaded: &[Vec<Loaded>], now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    for (route, certificates) in file.edge.routes.iter().zip(loaded) {
        if route
            .upstream
            .tls
            .as_ref()
            .is_some_and(|tls| tls.danger_accept_any_certificate)
        {
            warnings.push(format!(
                "route {}: danger_accept_any_certificate: whoever sits between us and {} can read everything",
                route.name, route.upstream.address
            ));
        }
        let expired = certificates
            .iter()
            .filter(|loaded| loaded.not_after <= now.as_second());
        warnings.extend(expired.map(|loaded| {
            let names = loaded.names.join(", ");
            format!(
                "route {}: the certificate for {names} expired on {}",
                route.name,
                date(loaded.not_after)
            )
        }));
    }
    warnings
}

fn date(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .map_or_else(|_| "never".to_owned(), |time| time.strftime("%F").to_string())
}
