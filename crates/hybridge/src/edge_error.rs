//! Why the edge does not start or reload, put into words: the place in the file, the remedy, the kind.
//! A route from the command line is explained by its flag, a route from the file by its line.

use std::io::ErrorKind;
use std::net::SocketAddr;

use hybridge_edge::{BindError, Error, SpecError};

use crate::command_error::{CommandError, Kind, chain_line};
use crate::file::File;

/// Where an address was asked for, so that the hint names the right remedy.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin<'a> {
    /// By this flag.
    Flag(&'static str),
    /// By a route in this file.
    File(&'a File),
}

/// Explains; `origin` says where a route comes from.
pub(crate) fn explain<'a>(error: Error, origin: impl Fn(&str) -> Origin<'a>) -> CommandError {
    match error {
        Error::Config(invalid) => match route_of(&invalid).map(&origin) {
            Some(Origin::File(file)) => file.invalid(&invalid),
            _ => CommandError::new(Kind::Configuration, invalid),
        },
        Error::Spec(spec) => explain_spec(spec, origin),
        Error::Bind(bind) => {
            let origin = origin(&bind.route);
            explain_bind(bind, origin)
        }
    }
}

fn route_of(error: &hybridge_edge::config::InvalidConfig) -> Option<&str> {
    match error {
        hybridge_edge::config::InvalidConfig::Route { route, .. } => Some(route),
        _ => Some(""),
    }
}

fn explain_spec<'a>(error: SpecError, origin: impl Fn(&str) -> Origin<'a>) -> CommandError {
    let (route, field, kind) = match &error {
        SpecError::Certificate { route, .. } => (route, "certificate", Kind::File),
        SpecError::Trust { route, .. } => (route, "upstream.tls", Kind::File),
        SpecError::ClientAuth { route, .. } => (route, "client_auth", Kind::File),
        SpecError::Tls { route, .. } => (route, "groups", Kind::Configuration),
    };
    match origin(route) {
        Origin::File(file) => CommandError {
            kind,
            ..file.wrong(&file.route_steps(route, field), chain_line(&error))
        },
        Origin::Flag(_) => CommandError::new(kind, error),
    }
}

fn explain_bind(error: BindError, origin: Origin<'_>) -> CommandError {
    let (address, kind) = (error.address, error.source.kind());
    let explained = match origin {
        Origin::File(file) => {
            let steps = file.route_steps(&error.route, "listen");
            CommandError {
                kind: Kind::Address,
                ..file.wrong(&steps, chain_line(&error))
            }
        }
        Origin::Flag(_) => CommandError::new(
            Kind::Address,
            anyhow::Error::new(error.source).context(format!("cannot listen on {address}")),
        ),
    };
    let elsewhere = match origin {
        Origin::Flag(flag) => format!("{flag} ADDRESS:PORT"),
        Origin::File(_) => "another `listen`".to_owned(),
    };
    hints(kind, address, &elsewhere)
        .into_iter()
        .fold(explained, CommandError::hint)
}

/// The remedies when an address cannot be listened on; `elsewhere` says how to choose another.
pub(crate) fn hints(kind: ErrorKind, address: SocketAddr, elsewhere: &str) -> Vec<String> {
    let port = address.port();
    match kind {
        ErrorKind::AddrInUse => vec![
            format!("see who listens there: ss -ltnp 'sport = :{port}'"),
            format!("stop that program, or choose another port with {elsewhere}"),
        ],
        ErrorKind::PermissionDenied if port < 1024 => vec![
            "ports below 1024 need the capability CAP_NET_BIND_SERVICE: start it by systemd with \
             AmbientCapabilities=CAP_NET_BIND_SERVICE"
                .to_owned(),
            format!("or choose another port with {elsewhere}"),
        ],
        ErrorKind::AddrNotAvailable => vec![
            format!(
                "no interface of this machine has the address {}: see `ip address`",
                address.ip()
            ),
            format!("choose another with {elsewhere}"),
        ],
        _ => vec![format!("choose another address with {elsewhere}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind_error(kind: ErrorKind, address: &str) -> Error {
        let address = address.parse().unwrap();
        Error::Bind(BindError {
            route: "up".to_owned(),
            address,
            source: kind.into(),
        })
    }

    #[test]
    fn a_port_in_use_says_who_could_hold_it_and_what_to_do() {
        let error = explain(bind_error(ErrorKind::AddrInUse, "127.0.0.1:8443"), |_| {
            Origin::Flag("--listen")
        });
        assert_eq!(error.kind, Kind::Address);
        assert!(
            error.line().starts_with("cannot listen on 127.0.0.1:8443: "),
            "{}",
            error.line()
        );
        assert!(error.hints[0].contains("'sport = :8443'") && error.hints[1].contains("--listen"));
    }

    #[test]
    fn a_low_port_names_the_capability() {
        let error = explain(bind_error(ErrorKind::PermissionDenied, "127.0.0.1:443"), |_| {
            Origin::Flag("--listen")
        });
        assert!(error.hints[0].contains("CAP_NET_BIND_SERVICE"));
        let other = explain(bind_error(ErrorKind::AddrNotAvailable, "192.0.2.1:443"), |_| {
            Origin::Flag("--listen")
        });
        assert!(other.hints[0].contains("192.0.2.1"));
    }
}
