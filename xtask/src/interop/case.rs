//! A case: a name, what it needs, and a function that says what came of it.
//!
//! The folder's modules list their cases; this file has the vocabulary and runs one.

use std::time::Duration;

use super::clock;
use super::peers::{Peer, Peers};
use super::process;
use super::scene::{Scene, Workshop};

/// What is tested with whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// `role/peer/what`, lower case.
    pub(super) name: &'static str,
    pub(super) needs: &'static [Peer],
    /// Fails, or says in a few words what both ends agreed on.
    run: fn(&Scene<'_>) -> anyhow::Result<String>,
}

impl Case {
    pub(super) const fn new(
        name: &'static str,
        needs: &'static [Peer],
        run: fn(&Scene<'_>) -> anyhow::Result<String>,
    ) -> Self {
        Self { name, needs, run }
    }
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With what both ends agreed on.
    Passed(String),
    /// With what was wrong, and the ends of the logs.
    Failed {
        why: String,
        logs: Vec<(String, String)>,
    },
    /// With what is missing.
    Skipped(String),
}

impl Outcome {
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Failed { .. } => "failed",
            Self::Skipped(_) => "skipped",
        }
    }
}

/// An error that means: this cannot be tested here.
#[derive(Debug)]
pub(super) struct Skip(pub(super) String);

impl std::fmt::Display for Skip {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}

/// A case that was looked at.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) name: &'static str,
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
}

/// Runs a case, unless something that it needs is missing.
pub(super) fn run(case: &Case, workshop: &Workshop) -> Done {
    let (outcome, took) = clock::timed(|| match missing(case, &workshop.peers) {
        Some(reason) => Outcome::Skipped(reason),
        None => judge(case, workshop),
    });
    Done {
        name: case.name,
        outcome,
        took,
    }
}

/// The first peer that a case needs and that is not there.
pub(super) fn missing(case: &Case, peers: &Peers) -> Option<String> {
    case.needs.iter().find_map(|peer| peers.missing(*peer))
}

fn judge(case: &Case, workshop: &Workshop) -> Outcome {
    let scene = match Scene::open(workshop) {
        Ok(scene) => scene,
        Err(error) => return failed(&error, Vec::new()),
    };
    match (case.run)(&scene) {
        Ok(words) => Outcome::Passed(words),
        Err(error) => match error.downcast_ref::<Skip>() {
            Some(skip) => Outcome::Skipped(skip.0.clone()),
            None => failed(&error, scene.logs()),
        },
    }
}

fn failed(error: &anyhow::Error, logs: Vec<(String, String)>) -> Outcome {
    /// Lines of each log that are shown, and characters of them.
    const LINES: usize = 12;
    const CHARACTERS: usize = 600;
    let shorten = |(name, text): (String, String)| {
        let tail = process::tail(&text, LINES);
        let skipped = tail.chars().count().saturating_sub(CHARACTERS);
        (name, tail.chars().skip(skipped).collect())
    };
    let said = |(_, text): &(String, String)| !text.is_empty();
    Outcome::Failed {
        why: format!("{error:#}"),
        logs: logs.into_iter().map(shorten).filter(said).collect(),
    }
}
