//! Protocol versions: one hello for each, which offers nothing newer or older.
//!
//! A version counts as accepted when the server answers with it, not when the handshake would finish.

use hybridge_hello::{NamedGroup, ProtocolVersion};

use super::ask::Asker;
use super::flight::Flight;
use super::offer::{GROUPS, Offer};
use super::suites;
use crate::probe::Failure;
use crate::probe::report::{Support, VersionFinding};

const SHARED: [NamedGroup; 2] = [NamedGroup::X25519MLKEM768, NamedGroup::X25519];

/// The versions, and the flight of TLS 1.2 for what it shows in the clear.
pub(super) struct Versions {
    pub(super) findings: Vec<VersionFinding>,
    pub(super) tls12: Option<Flight>,
}

/// Tries TLS 1.0 to 1.3.
pub(super) async fn probe(asker: Asker<'_>) -> Versions {
    let mut findings = Vec::new();
    for version in [ProtocolVersion::TLS_1_0, ProtocolVersion::TLS_1_1] {
        findings.push(finding(version, older(asker, version).await.as_ref()));
    }
    let tls12 = older(asker, ProtocolVersion::TLS_1_2).await;
    findings.push(finding(ProtocolVersion::TLS_1_2, tls12.as_ref()));
    let tls13 = asker.ask(&Offer::tls13(&GROUPS, &SHARED)).await;
    findings.push(finding(ProtocolVersion::TLS_1_3, tls13.as_ref()));
    let tls12 = tls12
        .ok()
        .filter(|flight| flight.hello.version == ProtocolVersion::TLS_1_2);
    Versions { findings, tls12 }
}

/// Modern suites first; a server may refuse them all and still have the version.
async fn older(asker: Asker<'_>, version: ProtocolVersion) -> Result<Flight, Failure> {
    let mut last = Err(Failure::Closed);
    for batch in suites::batches() {
        last = asker.ask(&Offer::older(version, &batch)).await;
        if !last.as_ref().is_err_and(Failure::is_handshake_failure) {
            return last;
        }
    }
    last
}

/// A peer that ends the conversation has refused the version: to anything newer it may well answer.
fn finding(version: ProtocolVersion, answer: Result<&Flight, &Failure>) -> VersionFinding {
    let support = match answer {
        Ok(flight) if flight.hello.version == version => Support::Yes,
        Ok(flight) => Support::no(format!("the server answers with {}", flight.hello.version)),
        Err(failure) if failure.is_by_peer() => Support::no(failure),
        Err(failure) => Support::unknown(failure),
    };
    VersionFinding { version, support }
}
