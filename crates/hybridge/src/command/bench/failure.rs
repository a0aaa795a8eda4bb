//! How a connection of the load fails: a few kinds that can be counted, and the ones that are no
//! measurement at all because this machine ran out of something.

use std::collections::BTreeMap;
use std::io;

use hybridge_hello::AlertDescription;

use crate::command_error::{CommandError, Kind};

// Numbers of errno(3) on Linux that the standard library does not tell apart.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
const EADDRNOTAVAIL: i32 = 99;

/// One failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Of the connection; the kind in words, of which there are few.
    Connection(String),
    /// Of this machine: the load must end.
    Exhausted(Exhausted),
}

/// What ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exhausted {
    Descriptors,
    Ports,
}

impl Failure {
    pub(super) fn timeout() -> Self {
        Self::Connection("timeout".to_owned())
    }

    /// Sorts an error of TCP or TLS.
    pub(super) fn of(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(EMFILE | ENFILE) => return Self::Exhausted(Exhausted::Descriptors),
            Some(EADDRNOTAVAIL) => return Self::Exhausted(Exhausted::Ports),
            _ => {}
        }
        let tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        Self::Connection(tls.map_or_else(|| error.kind().to_string(), describe))
    }

    /// In words.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Connection(kind) => kind,
            Self::Exhausted(Exhausted::Descriptors) => "out of file descriptors",
            Self::Exhausted(Exhausted::Ports) => "out of source ports",
        }
    }
}

fn describe(error: &rustls::Error) -> String {
    match error {
        rustls::Error::AlertReceived(alert) => format!("alert {}", AlertDescription(u8::from(*alert))),
        rustls::Error::PeerIncompatible(_) => "incompatible server".to_owned(),
        rustls::Error::PeerMisbehaved(_) | rustls::Error::InvalidMessage(_) => {
            "misbehaving server".to_owned()
        }
        _ => "TLS error".to_owned(),
    }
}

/// Failures, counted by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures(pub(super) BTreeMap<String, u64>);

impl Failures {
    /// Counts one.
    ///
    /// # Errors
    /// What ran out on this machine, with the remedy.
    pub(super) fn count(&mut self, failure: &Failure) -> Result<(), CommandError> {
        match failure {
            Failure::Connection(kind) => *self.0.entry(kind.clone()).or_default() += 1,
            Failure::Exhausted(what) => return Err(explain(*what)),
        }
        Ok(())
    }

    /// Adds those of another part of the load.
    pub(super) fn merge(&mut self, other: Self) {
        for (kind, count) in other.0 {
            *self.0.entry(kind).or_default() += count;
        }
    }

    /// All of them.
    pub(super) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// `3 timeout, 1 alert handshake_failure`; nothing when there are none.
    pub(super) fn text(&self) -> String {
        let parts = self.0.iter().map(|(kind, count)| format!("{count} {kind}"));
        parts.collect::<Vec<_>>().join(", ")
    }
}

fn explain(what: Exhausted) -> CommandError {
    match what {
        Exhausted::Descriptors => CommandError::message(Kind::File, "out of file descriptors")
            .hint("raise the limit first: ulimit -n 65536 (the hard limit: /etc/security/limits.conf)")
            .hint("or ask for less with a smaller --concurrency or --connections"),
        Exhausted::Ports => CommandError::message(Kind::Address, "out of source ports towards this server")
            .hint("wait a minute until ports leave TIME_WAIT (see `ss -s`), then ask for less")
            .hint("more ports: sysctl -w net.ipv4.ip_local_port_range='1024 65535'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_ran_out_ends_the_load_with_the_remedy() {
        let mut failures = Failures::default();
        let ports = failures
            .count(&Failure::of(&io::Error::from_raw_os_error(EADDRNOTAVAIL)))
            .unwrap_err();
        assert_eq!(ports.kind, Kind::Address);
        assert!(
            ports
                .hints
                .iter()
                .any(|hint| hint.contains("ip_local_port_range"))
        );
        let descriptors = failures
            .count(&Failure::of(&io::Error::from_raw_os_error(EMFILE)))
            .unwrap_err();
        assert_eq!(descriptors.kind, Kind::File);
        assert!(descriptors.hints[0].contains("ulimit -n"));
        assert_eq!(failures.total(), 0);
    }

    #[test]
    fn failures_of_connections_are_counted_by_kind() {
        let mut failures = Failures::default();
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
        for error in [
            io::Error::other(alert.clone()),
            io::Error::other(alert),
            io::ErrorKind::ConnectionReset.into(),
        ] {
            failures.count(&Failure::of(&error)).unwrap();
        }
        failures.count(&Failure::timeout()).unwrap();
        assert_eq!(
            failures.text(),
            "2 alert handshake_failure, 1 connection reset, 1 timeout"
        );
        let twice = failures.clone();
        failures.merge(twice);
        assert_eq!(failures.total(), 8);
    }
}
