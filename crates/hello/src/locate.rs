//! Finds the ClientHello in the first bytes of a connection, however they are cut up.
//!
//! It decides as early as the bytes allow and never changes its mind: what a prefix of the bytes
//! decided, all of them decide. A [`Locator`] remembers how far it came, so that a hello that comes
//! one byte at a time costs no more than one that comes whole.

use crate::client_hello::{CLIENT_HELLO, MAX_CLIENT_HELLO};
use crate::foreign::{self, Foreign};
use crate::malformed::{Flaw, Malformed};

/// The longest plaintext of a record, in bytes (RFC 8446 §5.1).
pub const MAX_RECORD: usize = 16_384;

const RECORD_HEADER: usize = 5;
const HANDSHAKE_RECORD: u8 = 22;

/// What the bytes of a connection amount to so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress<'a> {
    /// Good so far; more is needed.
    Incomplete,
    /// A whole ClientHello message is here. Its inside is not checked yet.
    Complete(Located<'a>),
    /// This is not TLS.
    Foreign(Foreign),
    /// A ClientHello longer than [`MAX_CLIENT_HELLO`].
    TooLong,
    /// TLS records, but not those of a ClientHello; offsets count from the first byte of the connection.
    Malformed(Malformed),
}

/// A ClientHello message and where it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Located<'a> {
    /// The whole handshake message, its four-byte header included.
    pub message: &'a [u8],
    /// How many TLS records it came in.
    pub records: u16,
    /// How many of the bytes those records take; what follows is the next flight.
    pub consumed: usize,
}

/// Looks for the ClientHello in `raw`, everything received on the connection so far. The message is
/// borrowed from `raw` if it came in one record and put together in `scratch` if in several.
pub fn locate_client_hello<'a>(raw: &'a [u8], scratch: &'a mut Vec<u8>) -> Progress<'a> {
    Locator::default().advance(raw, scratch)
}

/// Looks for the ClientHello as bytes arrive, without looking at a complete record twice.
#[derive(Clone, Debug, Default)]
pub struct Locator {
    /// Where the first record begins that is not complete yet.
    at: usize,
    records: u16,
    /// How much of the message the complete records hold.
    gathered: usize,
    /// The message's header, as far as it is known.
    header: [u8; 4],
}

/// A record as its header tells it.
struct Record {
    length: usize,
    payload: usize,
}

impl Locator {
    /// The same as [`locate_client_hello`]; `raw` must begin with the bytes of the call before.
    pub fn advance<'a>(&mut self, raw: &'a [u8], scratch: &'a mut Vec<u8>) -> Progress<'a> {
        if self.at == 0
            && let Some(verdict) = not_tls(raw)
        {
            return verdict;
        }
        loop {
            let record = match self.next_record(raw) {
                Ok(Some(record)) => record,
                Ok(None) => return Progress::Incomplete,
                Err(malformed) => return Progress::Malformed(malformed),
            };
            let end = record.payload + record.length;
            let visible = raw.get(record.payload..end.min(raw.len())).unwrap_or_default();
            self.note_header(visible);
            if let Err(verdict) = self.check(&record, visible) {
                return verdict;
            }
            if raw.len() < end {
                return Progress::Incomplete;
            }
            self.gathered += record.length;
            self.records = self.records.saturating_add(1);
            self.at = end;
            if self.message_length() == Some(self.gathered) {
                return self.complete(raw, scratch);
            }
        }
    }

    /// The record that begins at `self.at`, once its header is here.
    fn next_record(&self, raw: &[u8]) -> Result<Option<Record>, Malformed> {
        let header = raw.get(self.at..).unwrap_or_default();
        let wrong = |field, flaw, offset| {
            Err(Malformed {
                field,
                flaw,
                offset: self.at + offset,
            })
        };
        if header.first().is_some_and(|&kind| kind != HANDSHAKE_RECORD) {
            return wrong("ContentType", Flaw::BadValue, 0);
        }
        if header.get(1).is_some_and(|&major| major != 3) {
            return wrong("legacy_record_version", Flaw::BadValue, 1);
        }
        let Some(&[_, _, _, high, low]) = header.first_chunk::<RECORD_HEADER>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        match length {
            0 => wrong("TLSPlaintext.length", Flaw::Empty, 3),
            1..=MAX_RECORD => Ok(Some(Record {
                length,
                payload: self.at + RECORD_HEADER,
            })),
            _ => wrong("TLSPlaintext.length", Flaw::BadLength, 3),
        }
    }

    /// Copies what `visible` shows of the message's first four bytes.
    fn note_header(&mut self, visible: &[u8]) {
        let unknown = self.header.iter_mut().skip(self.gathered);
        unknown.zip(visible).for_each(|(known, byte)| *known = *byte);
    }

    /// The length of the message, header included, once four bytes of it are gathered or visible.
    fn length_with(&self, visible: &[u8]) -> Option<usize> {
        let [_, a, b, c] = self.header;
        let body = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        (self.gathered + visible.len() >= 4).then_some(body + 4)
    }

    fn message_length(&self) -> Option<usize> {
        self.length_with(&[])
    }

    /// What the visible part of the message already gives away.
    fn check(&self, record: &Record, visible: &[u8]) -> Result<(), Progress<'static>> {
        let wrong = |field, flaw, offset| Err(Progress::Malformed(Malformed { field, flaw, offset }));
        let [kind, ..] = self.header;
        if self.gathered == 0 && !visible.is_empty() && kind != CLIENT_HELLO {
            return wrong("msg_type", Flaw::BadValue, record.payload);
        }
        match self.length_with(visible) {
            Some(length) if length > MAX_CLIENT_HELLO => Err(Progress::TooLong),
            Some(length) if self.gathered + record.length > length => wrong(
                "TLSPlaintext.fragment",
                Flaw::TrailingBytes,
                record.payload + length - self.gathered,
            ),
            _ => Ok(()),
        }
    }

    fn complete<'a>(&self, raw: &'a [u8], scratch: &'a mut Vec<u8>) -> Progress<'a> {
        let message = if self.records == 1 {
            raw.get(RECORD_HEADER..self.at).unwrap_or_default()
        } else {
            assemble(raw.get(..self.at).unwrap_or_default(), scratch);
            scratch.as_slice()
        };
        Progress::Complete(Located {
            message,
            records: self.records,
            consumed: self.at,
        })
    }
}

/// Puts the fragments of complete records one after the other.
fn assemble(mut records: &[u8], scratch: &mut Vec<u8>) {
    scratch.clear();
    while let Some((&[_, _, _, high, low], rest)) = records.split_first_chunk::<RECORD_HEADER>() {
        let length = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (fragment, next) = rest.split_at(length);
        scratch.extend_from_slice(fragment);
        records = next;
    }
}

/// Says if the first bytes cannot be a TLS record, or cannot tell yet.
fn not_tls(raw: &[u8]) -> Option<Progress<'static>> {
    match raw {
        [] => Some(Progress::Incomplete),
        [20..=24] => Some(Progress::Incomplete),
        [20..=24, 3, ..] => None,
        _ => Some(foreign::recognise(raw).map_or(Progress::Incomplete, Progress::Foreign)),
    }
}

#[cfg(test)]
mod tests;
