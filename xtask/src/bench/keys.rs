//! `cargo xtask bench keys`: the bare library, our key service over HTTP, and OpenBao's transit, in turn.
//!
//! CPU figures are the server's own (its process's accounting in /proc), with the server pinned to one core and
//! the load to the other. Throughput of creations and times of exchanges are taken with server and load
//! together on all cores, because that is what a machine of two cores is. Rounds are interleaved.

mod custody;
mod http;
mod many;
mod openbao;
mod operations;
mod report;
mod service;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::ValueEnum;

use openbao::OpenBao;
use service::Place;

/// The key service against the bare library and OpenBao
///
/// Needs a release build (`cargo build --release -p hybridge`) and taskset; OpenBao (DIR/gobin/bao) and wrk (in
/// DIR/trixie) for the comparison. A peer that is missing is left out and named.
#[derive(Debug, clap::Args)]
pub(super) struct Keys {
    /// Where the peers are
    #[arg(
        long,
        value_name = "DIR",
        env = "HYBRIDGE_PEERS",
        default_value = "/opt/hybridge-peers"
    )]
    peers: PathBuf,

    /// Interleaved rounds; the median of each figure is reported
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// Seconds of load per figure and round
    #[arg(long, default_value_t = 3)]
    seconds: u64,

    /// Keys to fill a store with, for start, lookup, memory and restore; 1000000 takes a while
    #[arg(long, default_value_t = 100_000)]
    keys: u64,

    /// Keys to rotate under load
    #[arg(long, default_value_t = 10_000)]
    rotate: u64,

    /// Exchanges per second of the open loop
    #[arg(long, default_value_t = 200)]
    rate: u32,

    /// Only these figures
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,

    /// Print every sample as JSON
    #[arg(long)]
    json: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// CPU time of the library's operations, and of the same ones through HTTP
    Operations,
    /// Keys made per second
    Creations,
    /// Key exchanges, with their times
    Exchange,
    /// Memory of a fresh service
    Idle,
    /// Start, lookups and memory with many keys
    Many,
    /// Backup and restore of as many keys
    Restore,
    /// Rotation of many keys under load
    Rotation,
}

/// Whose figure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Library,
    Hybridge,
    OpenBao,
}

impl Subject {
    const ALL: [Self; 3] = [Self::Library, Self::Hybridge, Self::OpenBao];

    const fn name(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Hybridge => "hybridge",
            Self::OpenBao => "openbao",
        }
    }
}

/// One sample of one figure.
#[derive(Clone, Debug)]
struct Sample {
    subject: Subject,
    /// What it is, with its unit.
    figure: String,
    value: f64,
}

impl Sample {
    fn new(subject: Subject, figure: impl Into<String>, value: f64) -> Self {
        Self {
            subject,
            figure: figure.into(),
            value,
        }
    }
}

impl Keys {
    pub(super) fn run(&self, root: &Path) -> anyhow::Result<ExitCode> {
        ensure!(
            self.rounds > 0 && self.seconds > 0 && self.keys > 0,
            "--rounds, --seconds and --keys must be at least 1"
        );
        let place = Place::new(root).context("cannot prepare the benchmark")?;
        let openbao = match OpenBao::find(&self.peers) {
            Ok(openbao) => Some(openbao),
            Err(why) => {
                crate::say(&format!("left out: openbao: {why}"));
                None
            }
        };
        let mut samples = Vec::new();
        for round in 1..=self.rounds {
            let kinds = [Kind::Operations, Kind::Creations, Kind::Exchange];
            for kind in kinds.into_iter().filter(|kind| self.wants(*kind)) {
                let taken = self.repeated(&place, openbao.as_ref(), kind)?;
                tell(&format!("round {round}/{}", self.rounds), &taken);
                samples.extend(taken);
            }
        }
        let kinds = [Kind::Idle, Kind::Many, Kind::Rotation];
        for kind in kinds.into_iter().filter(|kind| self.wants(*kind)) {
            let taken = self.once(&place, kind)?;
            tell("once", &taken);
            samples.extend(taken);
        }
        if self.json {
            crate::say(&report::json(&samples));
        }
        crate::say(&report::table(&samples));
        Ok(ExitCode::SUCCESS)
    }

    fn wants(&self, kind: Kind) -> bool {
        let many = kind == Kind::Many && self.only.contains(&Kind::Restore);
        self.only.is_empty() || self.only.contains(&kind) || many
    }

    /// What every round measures.
    fn repeated(&self, place: &Place, openbao: Option<&OpenBao>, kind: Kind) -> anyhow::Result<Vec<Sample>> {
        let mut taken = match kind {
            Kind::Operations => operations::costs(place, self.seconds)?,
            Kind::Creations => operations::creations(place, self.seconds)?,
            _ => operations::exchanges(place, self.seconds, self.rate)?,
        };
        if let Some(openbao) = openbao {
            taken.extend(match kind {
                Kind::Operations => openbao.costs(place, self.seconds)?,
                Kind::Creations => openbao.creations(place, self.seconds)?,
                _ => Vec::new(),
            });
        }
        Ok(taken)
    }

    /// What is measured once, because it takes long or does not vary.
    fn once(&self, place: &Place, kind: Kind) -> anyhow::Result<Vec<Sample>> {
        match kind {
            Kind::Idle => many::idle(place),
            Kind::Rotation => many::rotation(place, self.rotate),
            _ => {
                let restore = self.wants(Kind::Restore);
                many::filled(place, self.keys, restore)
            }
        }
    }
}

fn tell(when: &str, samples: &[Sample]) {
    for Sample {
        subject,
        figure,
        value,
    } in samples
    {
        crate::say(&format!("{when}: {}: {figure}: {value:.1}", subject.name()));
    }
}
