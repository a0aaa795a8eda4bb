//! Witnesses: small files outside the database that remember how far it had come.
//!
//! Whoever puts back an older image of the database cannot put back a witness that lies elsewhere. A witness
//! is replaced at each open, at most once a second while the store is in use, and at close; no acknowledgement
//! waits for it. What it says was durable before it was written, so the database can never honestly be behind.

use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::fault::Fault;
use crate::lock;
use crate::log::{Head, StoreId};
use crate::open::Notice;
use crate::state::State;

const LABEL: &str = "hybridge-witness-v1";
const INTERVAL: Duration = Duration::from_secs(1);

/// How far a store has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub store: StoreId,
    /// How often the store was opened.
    pub generation: u64,
    pub head: Head,
}

impl fmt::Display for Standing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = &self.head.hash;
        write!(
            out,
            "log entry {} ({:02x}{:02x}{:02x}{:02x}), opening {}",
            self.head.sequence, hash[0], hash[1], hash[2], hash[3], self.generation
        )
    }
}

/// What was found where a witness should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Testimony {
    Absent,
    Unreadable(String),
    Says(Standing),
}

pub(crate) fn read(path: &Path) -> Testimony {
    match std::fs::read(path) {
        Ok(bytes) => {
            parse(&bytes).map_or_else(|| Testimony::Unreadable("it is damaged".into()), Testimony::Says)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Testimony::Absent,
        Err(error) => Testimony::Unreadable(error.to_string()),
    }
}

pub(crate) fn write(path: &Path, standing: &Standing) -> Result<(), Fault> {
    lock::replace(path, format(standing).as_bytes())
}

/// Says whether a store is behind its witness, or on another branch of history. `hash_at` is the hash of the
/// store's own log at the witness's sequence number, if it has that entry.
pub(crate) fn is_behind(ours: &Standing, theirs: &Standing, hash_at: Option<[u8; 32]>) -> bool {
    ours.generation < theirs.generation
        || ours.head.sequence < theirs.head.sequence
        || hash_at != Some(theirs.head.hash)
}

/// One line: label, store id, generation, sequence, hash, and the CRC-32 of all before it, in hexadecimal.
fn format(standing: &Standing) -> String {
    let mut line = format!(
        "{LABEL} {} {} {} ",
        standing.store, standing.generation, standing.head.sequence
    );
    for byte in standing.head.hash {
        write!(line, "{byte:02x}").expect("writing to a string cannot fail");
    }
    let checksum = crc32fast::hash(line.as_bytes());
    writeln!(line, " {checksum:08x}").expect("writing to a string cannot fail");
    line
}

fn parse(bytes: &[u8]) -> Option<Standing> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (line, checksum) = text.rsplit_once(' ')?;
    if u32::from_str_radix(checksum, 16).ok()? != crc32fast::hash(line.as_bytes()) {
        return None;
    }
    let fields: Vec<&str> = line.split(' ').collect();
    let [LABEL, store, generation, sequence, hash] = fields[..] else {
        return None;
    };
    Some(Standing {
        store: StoreId(unhex(store)?),
        generation: generation.parse().ok()?,
        head: Head {
            sequence: sequence.parse().ok()?,
            hash: unhex(hash)?,
        },
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Signals from the writer; both ends are dropped when it has ended.
pub(crate) struct Signals {
    /// The head has moved; at most one waits here.
    pub(crate) nudges: Receiver<()>,
    /// Nothing is ever sent: the writer's end is dropped.
    pub(crate) ended: Receiver<()>,
}

/// Keeps the witnesses up to date until the writer has ended. Sleeps while nothing moves.
pub(crate) fn run(state: &State, paths: &[PathBuf], signals: &Signals) {
    let mut last = None;
    while signals.nudges.recv().is_ok() {
        testify(state, paths, &mut last);
        if signals.ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Disconnected) {
            break;
        }
    }
    testify(state, paths, &mut last);
}

fn testify(state: &State, paths: &[PathBuf], last: &mut Option<Head>) {
    let head = state.head();
    if *last == Some(head) {
        return;
    }
    *last = Some(head);
    let standing = Standing {
        store: state.id,
        generation: state.generation,
        head,
    };
    for path in paths {
        if let Err(fault) = write(path, &standing) {
            state.add_notice(Notice::WitnessUnreachable {
                path: path.clone(),
                why: fault.to_string(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(generation: u64, sequence: u64) -> Standing {
        let hash = [u8::try_from(sequence).unwrap(); 32];
        Standing {
            store: StoreId([0xab; 16]),
            generation,
            head: Head { sequence, hash },
        }
    }

    #[test]
    fn a_witness_comes_back_from_its_line_and_no_byte_may_change() {
        let line = format(&standing(3, 200));
        assert_eq!(parse(line.as_bytes()), Some(standing(3, 200)));
        for at in 0..line.len() {
            let mut damaged = line.clone().into_bytes();
            damaged[at] ^= 1;
            assert_ne!(parse(&damaged), Some(standing(3, 200)), "byte {at}");
        }
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn a_store_is_behind_when_any_of_the_three_says_so() {
        let theirs = standing(3, 10);
        let same = Some(theirs.head.hash);
        assert!(!is_behind(&standing(3, 10), &theirs, same));
        assert!(!is_behind(&standing(4, 12), &theirs, same));
        assert!(is_behind(&standing(2, 10), &theirs, same), "opened less often");
        assert!(is_behind(&standing(3, 9), &theirs, None), "shorter log");
        assert!(
            is_behind(&standing(4, 12), &theirs, Some([0; 32])),
            "another branch"
        );
    }
}
