//! Offline verification: from entries, a public key and nothing else, whether the log is whole.
//!
//! The chain of hashes finds modification, reordering and removal inside; signatures find a chain that was
//! computed anew; the signed end of an export finds truncation. What no checkpoint covers yet is counted.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hybridge_store::{Entry, Head, StoreId};
use jiff::Timestamp;
use serde::Deserialize;

use super::export::{Line, Start, unhex};
use super::statement::{Place, PublicKey, Statement};

/// What a log that holds together says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many entries there were.
    pub entries: u64,
    /// How many checkpoints among them hold.
    pub checkpoints: u64,
    /// The log's end.
    pub head: Head,
    /// How many entries at the end no signature covers.
    pub unsigned: u64,
    /// Whether the signed end of an export was there; without it nothing shows that the log went on.
    pub is_end_signed: bool,
}

/// Where and how a log does not hold together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Tampered {
    /// A line is not in the export's format.
    #[error("line {line} is not a line of an audit export")]
    Line {
        /// From 1.
        line: u64,
    },
    /// The entry does not follow from the one before it.
    #[error("entry {sequence} was changed, or what came before it was changed, moved or removed")]
    Chain {
        /// The entry where the chain breaks.
        sequence: u64,
    },
    /// A checkpoint does not hold.
    #[error("the checkpoint at entry {sequence} is not signed by the key, or not over this log")]
    Checkpoint {
        /// The entry that is the checkpoint.
        sequence: u64,
    },
    /// The signed end is missing.
    #[error(
        "the end is missing: the export was cut off after entry {last}, or is of a service that did not run; \
         checkpoints sign it up to entry {signed}"
    )]
    Truncated {
        /// The last entry that is there.
        last: u64,
        /// The last entry that a checkpoint signs; 0 for none.
        signed: u64,
    },
    /// The signed end is not over these entries, or not signed by the key.
    #[error("the signed end does not belong to these entries")]
    End,
    /// The log does not end where it is known to have ended.
    #[error(
        "the log ends at entry {last}, or elsewhere on the way; the expected head {expected} is not in it"
    )]
    Head {
        /// The last entry that is there.
        last: u64,
        /// The sequence number of the head that was expected.
        expected: u64,
    },
}

/// Verifies entries one after the other.
#[derive(Debug)]
pub struct Verifier<'a> {
    keys: &'a [PublicKey],
    store: StoreId,
    head: Head,
    /// Heads since the last checkpoint that holds, oldest first.
    recent: VecDeque<Head>,
    expected: Option<Head>,
    is_expected_found: bool,
    entries: u64,
    checkpoints: u64,
    signed: u64,
    is_end_signed: bool,
}

impl<'a> Verifier<'a> {
    /// Begins after that head; an empty log's head is [`Head::empty`].
    #[must_use]
    pub fn new(store: StoreId, before: Head, keys: &'a [PublicKey]) -> Self {
        Self {
            keys,
            store,
            head: before,
            recent: VecDeque::from([before]),
            expected: None,
            is_expected_found: false,
            entries: 0,
            checkpoints: 0,
            signed: before.sequence,
            is_end_signed: false,
        }
    }

    /// The same, and a head that the log must have had or have, such as one written down earlier.
    #[must_use]
    pub fn expecting(mut self, head: Head) -> Self {
        self.is_expected_found = self.head == head;
        self.expected = Some(head);
        self
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// [`Tampered`].
    pub fn push(&mut self, entry: &Entry) -> Result<(), Tampered> {
        let sequence = entry.sequence;
        if !entry.follows(&self.head) {
            return Err(Tampered::Chain { sequence });
        }
        if let Some(checkpoint) = CheckpointV1::parse(&entry.bytes) {
            self.check(&checkpoint).ok_or(Tampered::Checkpoint { sequence })?;
        }
        self.head = entry.head();
        self.recent.push_back(self.head);
        self.entries += 1;
        self.is_expected_found |= self.expected == Some(self.head);
        Ok(())
    }

    fn check(&mut self, checkpoint: &CheckpointV1) -> Option<()> {
        let hash = unhex(checkpoint.hash.as_bytes())?;
        let sequence = checkpoint.upto.parse().ok()?;
        let head = Head { sequence, hash };
        let first = self.recent.front()?.sequence;
        // A checkpoint over what came before the export's first line can only be read, not checked.
        if sequence >= first {
            let at = usize::try_from(sequence - first).ok()?;
            if *self.recent.get(at)? != head {
                return None;
            }
        }
        let statement = Statement {
            store: self.store,
            head,
            time: Timestamp::from_millisecond(checkpoint.said.parse().ok()?).ok()?,
        };
        let signature = STANDARD.decode(&checkpoint.signature).ok()?;
        self.is_signed(&statement, Place::Log, &signature).then_some(())?;
        self.checkpoints += 1;
        self.signed = self.signed.max(sequence);
        while self.recent.front().is_some_and(|head| head.sequence < sequence) {
            self.recent.pop_front();
        }
        Some(())
    }

    fn is_signed(&self, statement: &Statement, place: Place, signature: &[u8]) -> bool {
        let signed = |key: &PublicKey| key.signed(statement, place, signature);
        self.keys.iter().any(signed)
    }

    /// Takes the signed end.
    ///
    /// # Errors
    /// [`Tampered::End`].
    pub fn end(&mut self, statement: &Statement, signature: &[u8]) -> Result<(), Tampered> {
        let is_ours = statement.store == self.store && statement.head == self.head;
        if !is_ours || !self.is_signed(statement, Place::Export, signature) {
            return Err(Tampered::End);
        }
        self.signed = self.head.sequence;
        self.is_end_signed = true;
        Ok(())
    }

    /// The report, when there are no more entries.
    ///
    /// # Errors
    /// [`Tampered::Head`] where the expected head did not occur.
    pub fn finish(self) -> Result<Report, Tampered> {
        if let Some(expected) = self.expected.filter(|_head| !self.is_expected_found) {
            return Err(Tampered::Head {
                last: self.head.sequence,
                expected: expected.sequence,
            });
        }
        Ok(Report {
            entries: self.entries,
            checkpoints: self.checkpoints,
            head: self.head,
            unsigned: self.head.sequence - self.signed,
            is_end_signed: self.is_end_signed,
        })
    }
}

/// Verifies an export, line by line without line feeds. `expected` is a head that is known from elsewhere.
///
/// # Errors
/// [`Tampered`].
pub fn verify<L: AsRef<[u8]>>(
    lines: impl IntoIterator<Item = L>,
    keys: &[PublicKey],
    expected: Option<Head>,
) -> Result<Report, Tampered> {
    let verifier = walk(lines, keys, expected)?;
    if !verifier.is_end_signed {
        return Err(Tampered::Truncated {
            last: verifier.head.sequence,
            signed: verifier.signed,
        });
    }
    verifier.finish()
}

/// As [`verify`], of an export that may lack its signed end, as one of a service that does not run does.
/// Where it does ([`Report::is_end_signed`]), only `expected` finds that the last entries were cut off.
///
/// # Errors
/// [`Tampered`], but not that the end is missing.
pub fn verify_without_end<L: AsRef<[u8]>>(
    lines: impl IntoIterator<Item = L>,
    keys: &[PublicKey],
    expected: Option<Head>,
) -> Result<Report, Tampered> {
    walk(lines, keys, expected)?.finish()
}

/// To the signed end, or to the last line where there is none.
fn walk<'a, L: AsRef<[u8]>>(
    lines: impl IntoIterator<Item = L>,
    keys: &'a [PublicKey],
    expected: Option<Head>,
) -> Result<Verifier<'a>, Tampered> {
    let mut lines = (1..).zip(lines);
    let parse = |(number, line): (u64, L)| Line::parse(line.as_ref()).ok_or(Tampered::Line { line: number });
    let Some(Line::Start(Start { store, before })) = lines.next().map(parse).transpose()? else {
        return Err(Tampered::Line { line: 1 });
    };
    if before.sequence == 0 && before != Head::empty(store) {
        return Err(Tampered::Line { line: 1 });
    }
    let mut verifier = Verifier::new(store, before, keys);
    if let Some(expected) = expected {
        verifier = verifier.expecting(expected);
    }
    while let Some((number, line)) = lines.next() {
        match parse((number, line))? {
            Line::Entry(entry) => verifier.push(&entry)?,
            Line::End { statement, signature } => {
                verifier.end(&statement, &signature)?;
                return match lines.next() {
                    Some((line, _)) => Err(Tampered::Line { line }),
                    None => Ok(verifier),
                };
            }
            Line::Start(_) => return Err(Tampered::Line { line: number }),
        }
    }
    Ok(verifier)
}

/// A checkpoint as it stands in the log.
#[derive(Deserialize)]
struct CheckpointV1 {
    event: String,
    upto: String,
    hash: String,
    said: String,
    signature: String,
}

impl CheckpointV1 {
    /// None for other entries. Text of a caller cannot contain the mark: its quotes are escaped.
    fn parse(entry: &[u8]) -> Option<Self> {
        const MARK: &[u8] = b"\"event\":\"audit.checkpoint\"";
        if !entry.windows(MARK.len()).any(|window| window == MARK) {
            return None;
        }
        let read: Self = serde_json::from_slice(entry).ok()?;
        (read.event == "audit.checkpoint").then_some(read)
    }
}
