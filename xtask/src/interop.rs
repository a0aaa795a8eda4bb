//! Interop: our edge and our probe against everybody else's TLS and SSH.
//!
//! Peers and our own binary are processes; each case has a folder, ports and a limit of time of its own,
//! and checks what both ends say. Cases run one after the other: they are about agreement, not speed.
//! A peer that is missing is a case that is skipped, and said so.

mod case;
mod cases;
mod client;
mod clock;
mod credentials;
mod edge;
mod handshake;
mod http;
mod install;
mod origin;
mod peers;
mod probe;
mod process;
mod scene;
mod server;
mod table;
mod trace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::ensure;

use case::{Case, Done, Outcome};
use peers::{Peer, Peers};
use scene::Workshop;

/// Test the edge and the probe against real peers: OpenSSL, curl, nginx, HAProxy, Envoy, Go, Node, ….
///
/// Needs a build of hybridge and the peers; `--install` sets those up. Exits with 1 when a case fails.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder with the peers.
    #[arg(
        long,
        value_name = "DIR",
        env = "HYBRIDGE_PEERS",
        default_value = "/opt/hybridge-peers"
    )]
    peers: PathBuf,
    /// The binary to test. Default: the newer of target/release/hybridge and target/debug/hybridge.
    #[arg(long, value_name = "FILE", env = "HYBRIDGE_BIN")]
    hybridge: Option<PathBuf>,
    /// Run only cases whose name contains one of these.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<String>,
    /// List the cases with what each needs, and run none.
    #[arg(long)]
    list: bool,
    /// Print the results as JSON.
    #[arg(long)]
    json: bool,
    /// Install the peers into the folder, as root on Debian, and run nothing.
    #[arg(long)]
    install: bool,
}

pub(crate) fn run(args: &Args, root: &Path) -> anyhow::Result<ExitCode> {
    if args.install {
        return install::run(&args.peers);
    }
    let peers = Peers::at(args.peers.clone());
    let cases = chosen(&args.only)?;
    if args.list {
        crate::say(&table::list(&cases, &peers));
        return Ok(ExitCode::SUCCESS);
    }
    let workshop = Workshop::open(peers::hybridge(args.hybridge.as_deref(), root)?, peers)?;
    let versions = versions(&cases, &workshop);
    if !args.json {
        introduce(&workshop, &versions);
    }
    let all = run_all(&cases, &workshop, !args.json);
    if args.json {
        crate::say(&table::json(&all, &versions)?);
    } else {
        crate::say(&table::failures(&all));
        crate::say(&table::sums(&all));
    }
    let failed = all
        .iter()
        .any(|done| matches!(done.outcome, Outcome::Failed { .. }));
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn chosen(only: &[String]) -> anyhow::Result<Vec<Case>> {
    let wanted = |case: &Case| only.is_empty() || only.iter().any(|part| case.name.contains(part));
    let cases: Vec<Case> = cases::all().into_iter().filter(wanted).collect();
    ensure!(!cases.is_empty(), "no case has a name like that; see --list");
    Ok(cases)
}

fn run_all(cases: &[Case], workshop: &Workshop, aloud: bool) -> Vec<Done> {
    let run = |case: &Case| {
        let done = case::run(case, workshop);
        if aloud {
            crate::say(&table::line(&done));
        }
        done
    };
    cases.iter().map(run).collect()
}

/// The versions of the peers that the cases use, as they themselves say.
fn versions(cases: &[Case], workshop: &Workshop) -> Vec<(Peer, Option<String>)> {
    let used = |peer: &Peer| cases.iter().any(|case| case.needs.contains(peer));
    let ask = |peer: Peer| (peer, workshop.peers.version(peer, workshop.folder.path()));
    Peer::ALL.into_iter().filter(used).map(ask).collect()
}

fn introduce(workshop: &Workshop, versions: &[(Peer, Option<String>)]) {
    crate::say(&format!("{:<20} {}", "under test", workshop.hybridge.display()));
    for (peer, version) in versions {
        let missing = workshop.peers.missing(*peer);
        let words = version.clone().or(missing).unwrap_or_else(|| "there".to_owned());
        crate::say(&format!("{:<20} {words}", peer.name()));
    }
    crate::say("");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_cases_are_unique_and_lower_case() {
        let all = cases::all();
        let names: BTreeSet<&str> = all.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(
            names
                .iter()
                .all(|name| name.chars().all(|letter| !letter.is_uppercase()))
        );
    }

    #[test]
    fn a_name_that_is_in_no_case_is_an_error() {
        assert!(chosen(&["no such case".to_owned()]).is_err());
        assert!(!chosen(&[]).unwrap().is_empty());
    }
}
