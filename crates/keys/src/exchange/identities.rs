//! The identities of the exchange, as one revision of their key's record has them.
//!
//! Finding them takes a scan, and an identity takes an encoding and a digest; both are done once for each
//! revision. What depends on the time is decided at each use. Every change of a version changes the revision
//! of its key, so a revision has one set of identities for good.

use std::sync::{Arc, Mutex};

use hybridge_exchange::{Identity, KeyId};
use jiff::{SignedDuration, Timestamp};

use crate::cache::lock;
use crate::{KeyVersion, Shown, State, Times};

/// How long after its rotation an identity still answers clients that have pinned it.
const OVERLAP: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One version of the identity key.
pub(super) struct Candidate {
    pub(super) number: u32,
    pub(super) identity: Identity,
    times: Times,
}

impl Candidate {
    fn new(version: KeyVersion) -> Option<Self> {
        let identity = Identity::new(version.algorithm, &version.public_key).ok()?;
        Some(Self {
            number: version.number,
            identity,
            times: version.times,
        })
    }

    fn answers(&self, now: Timestamp) -> bool {
        let until = self.times.deactivated.map(|at| now.duration_since(at));
        match self.times.state(now) {
            State::Active => true,
            State::Deactivated => until.is_some_and(|since| since < OVERLAP),
            _ => false,
        }
    }
}

/// All versions of one revision, newest first.
pub(super) struct Identities {
    pub(super) revision: u64,
    candidates: Vec<Candidate>,
}

impl Identities {
    pub(super) fn of(shown: Shown) -> Self {
        let is_usable = shown.key.disabled.is_none();
        let versions = shown.versions.into_iter().filter(|_version| is_usable);
        Self {
            revision: shown.key.revision,
            candidates: versions.filter_map(Candidate::new).collect(),
        }
    }

    /// Those that answer at that time, newest first.
    pub(super) fn answering(&self, now: Timestamp) -> impl Iterator<Item = &Candidate> {
        self.candidates
            .iter()
            .filter(move |candidate| candidate.answers(now))
    }

    /// The one that the client asked for, or the newest.
    pub(super) fn find(&self, wanted: Option<KeyId>, now: Timestamp) -> Option<&Candidate> {
        self.answering(now)
            .find(|candidate| wanted.is_none_or(|wanted| wanted == candidate.identity.id()))
    }
}

/// The last revision that was looked at.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<Option<Arc<Identities>>>);

impl Remembered {
    pub(super) fn at(&self, revision: u64) -> Option<Arc<Identities>> {
        let remembered = lock(&self.0);
        remembered
            .as_ref()
            .filter(|known| known.revision == revision)
            .cloned()
    }

    pub(super) fn keep(&self, identities: Identities) -> Arc<Identities> {
        let identities = Arc::new(identities);
        *lock(&self.0) = Some(Arc::clone(&identities));
        identities
    }
}
