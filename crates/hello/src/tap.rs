//! Watches one direction of a TLS connection whose bytes are forwarded untouched.
//!
//! Sans-IO: bytes are pushed as they pass, in any pieces, and events come out; the pieces make no
//! difference to the events. Memory is bounded, and none is taken while messages come whole. What is
//! encrypted shows only its type and length, which is enough to tell an alert (19 bytes in TLS 1.3)
//! from a Finished. Call [`RecordTap::stop`] once the handshake is over: a stopped tap costs nothing.

use crate::alert::AlertDescription;
use crate::assembly::{Assembly, Message};
use crate::handshake::HandshakeType;
use crate::server_hello::HELLO_RETRY_REQUEST_RANDOM;

/// Something that passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TapEvent<'a> {
    /// A handshake message in plaintext, whatever records it came in.
    Handshake {
        /// What message it is.
        kind: HandshakeType,
        /// The message with its four-byte header; only its first 16,384 bytes if it is longer.
        message: &'a [u8],
        /// The length of the whole message in bytes, header included.
        length: usize,
    },
    /// An alert in plaintext.
    Alert {
        /// 1 is a warning, 2 is fatal.
        level: u8,
        /// What it says.
        description: AlertDescription,
    },
    /// A whole record that shows nothing but its outside.
    Encrypted {
        /// The type on the outside of the record: 21 alert, 22 handshake, 23 application data.
        content_type: u8,
        /// The length of its ciphertext in bytes, without the header of the record.
        length: u16,
    },
    /// A ChangeCipherSpec. In TLS 1.2 what follows is encrypted; in TLS 1.3 it means nothing.
    ChangeCipherSpec,
    /// The bytes are no TLS records, or none any more; the tap has stopped.
    NotTls,
}

const HEADER: usize = 5;
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// The longest record anything in use sends, in bytes without its header (RFC 5246 §6.2.3).
const RECORD_MAX: usize = 16_384 + 2048;

/// A ClientHello up to the end of its random: what tells a second one from ciphertext.
const HELLO_OPENING: usize = 38;

/// An observer of one direction of a TLS connection.
#[derive(Debug, Default)]
pub struct RecordTap {
    stopped: bool,
    records: u64,
    state: State,
    history: History,
    assembly: Assembly,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum State {
    Header {
        bytes: [u8; HEADER],
        filled: usize,
    },
    /// The first bytes of a payload, which decide what to do with the record.
    Opening {
        record: Record,
        bytes: [u8; HELLO_OPENING],
        filled: usize,
        wanted: usize,
    },
    Plain {
        left: usize,
    },
    Opaque {
        record: Record,
        left: usize,
    },
}

#[derive(Clone, Copy, Debug)]
struct Record {
    kind: u8,
    length: usize,
}

impl Default for State {
    fn default() -> Self {
        Self::Header {
            bytes: [0; HEADER],
            filled: 0,
        }
    }
}

/// What has passed, as far as it decides whether the next handshake record is plaintext.
#[derive(Debug, Default)]
struct History {
    ciphers_changed: bool,
    messages: u32,
    /// The last message was a HelloRetryRequest: its successor is plaintext.
    retry: bool,
    /// Version and random of a ClientHello that was the first message.
    first_hello: Option<[u8; HELLO_OPENING - 4]>,
}

/// How a handshake record is to be read.
enum Secrecy {
    Plain,
    Encrypted,
    /// Its first bytes will tell.
    Unclear,
}

impl RecordTap {
    /// A tap at the start of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records have begun, those after a stop not counted.
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Whether the tap has stopped, by [`Self::stop`] or because it saw no TLS.
    pub const fn finished(&self) -> bool {
        self.stopped
    }

    /// Stops watching and gives back the memory; further bytes are ignored.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.assembly.release();
    }

    /// Takes the next bytes that pass and reports what they complete.
    pub fn push(&mut self, mut bytes: &[u8], mut on: impl FnMut(TapEvent<'_>)) {
        while !self.stopped && !bytes.is_empty() {
            bytes = match self.state {
                State::Header {
                    bytes: header,
                    filled,
                } => self.header(header, filled, bytes, &mut on),
                State::Opening { record, .. } => self.opening(record, bytes, &mut on),
                State::Plain { left } => self.plain(left, bytes, &mut on),
                State::Opaque { record, left } => self.opaque(record, left, bytes, &mut on),
            };
        }
    }

    fn header<'b>(
        &mut self,
        mut header: [u8; HEADER],
        mut filled: usize,
        bytes: &'b [u8],
        on: &mut impl FnMut(TapEvent<'_>),
    ) -> &'b [u8] {
        let rest = fill(&mut header, &mut filled, bytes);
        self.state = State::Header {
            bytes: header,
            filled,
        };
        if !plausible(&header, filled) {
            self.refuse(on);
        } else if filled == HEADER {
            let [kind, _, _, high, low] = header;
            self.begin(
                Record {
                    kind,
                    length: usize::from(u16::from_be_bytes([high, low])),
                },
                on,
            );
        }
        rest
    }

    /// Decides from its header what to do with a record.
    fn begin(&mut self, record: Record, on: &mut impl FnMut(TapEvent<'_>)) {
        self.records += 1;
        if record.kind != HANDSHAKE {
            self.assembly.abandon();
        }
        let opening = |wanted| State::Opening {
            record,
            bytes: [0; HELLO_OPENING],
            filled: 0,
            wanted,
        };
        let opaque = State::Opaque {
            record,
            left: record.length,
        };
        self.state = match (record.kind, record.length) {
            (CHANGE_CIPHER_SPEC, 1) => opening(1),
            (ALERT, 2) => opening(2),
            (CHANGE_CIPHER_SPEC, _) | (ALERT | HANDSHAKE, 0) => return self.refuse(on),
            (HANDSHAKE, length) => match self.history.secrecy(length) {
                Secrecy::Plain => State::Plain { left: length },
                Secrecy::Encrypted => opaque,
                Secrecy::Unclear => opening(length.min(HELLO_OPENING)),
            },
            (_, 0) => end_opaque(record, on),
            _ => opaque,
        };
    }

    fn opening<'b>(
        &mut self,
        record: Record,
        bytes: &'b [u8],
        on: &mut impl FnMut(TapEvent<'_>),
    ) -> &'b [u8] {
        let State::Opening {
            bytes: opening,
            filled,
            wanted,
            ..
        } = &mut self.state
        else {
            return bytes;
        };
        let room = opening.get_mut(..*wanted).unwrap_or_default();
        let rest = fill(room, filled, bytes);
        if *filled < *wanted {
            return rest;
        }
        let opening = *opening;
        self.state = State::default();
        match (record.kind, opening) {
            (CHANGE_CIPHER_SPEC, [1, ..]) => {
                self.history.ciphers_changed = true;
                on(TapEvent::ChangeCipherSpec);
            }
            (CHANGE_CIPHER_SPEC, _) => self.refuse(on),
            (ALERT, [level, description, ..]) => {
                on(TapEvent::Alert {
                    level,
                    description: AlertDescription(description),
                });
            }
            _ => self.decide(record, &opening, on),
        }
        rest
    }

    /// Goes on with a handshake record whose first bytes have come.
    fn decide(&mut self, record: Record, opening: &[u8; HELLO_OPENING], on: &mut impl FnMut(TapEvent<'_>)) {
        let shown = record.length.min(HELLO_OPENING);
        let left = record.length - shown;
        let opening = opening.get(..shown).unwrap_or_default();
        if self.history.is_second_hello(opening) {
            self.feed(opening, on);
            self.state = if left == 0 {
                State::default()
            } else {
                State::Plain { left }
            };
        } else {
            self.state = if left == 0 {
                end_opaque(record, on)
            } else {
                State::Opaque { record, left }
            };
        }
    }

    fn plain<'b>(&mut self, left: usize, bytes: &'b [u8], on: &mut impl FnMut(TapEvent<'_>)) -> &'b [u8] {
        let (taken, rest) = bytes.split_at(left.min(bytes.len()));
        self.feed(taken, on);
        let left = left - taken.len();
        self.state = if left == 0 {
            State::default()
        } else {
            State::Plain { left }
        };
        rest
    }

    fn feed(&mut self, bytes: &[u8], on: &mut impl FnMut(TapEvent<'_>)) {
        let history = &mut self.history;
        self.assembly.feed(bytes, |message| {
            history.note(&message);
            on(TapEvent::Handshake {
                kind: message.kind,
                message: message.bytes,
                length: message.length,
            });
        });
    }

    fn opaque<'b>(
        &mut self,
        record: Record,
        left: usize,
        bytes: &'b [u8],
        on: &mut impl FnMut(TapEvent<'_>),
    ) -> &'b [u8] {
        let (taken, rest) = bytes.split_at(left.min(bytes.len()));
        let left = left - taken.len();
        self.state = if left == 0 {
            end_opaque(record, on)
        } else {
            State::Opaque { record, left }
        };
        rest
    }

    fn refuse(&mut self, on: &mut impl FnMut(TapEvent<'_>)) {
        self.stop();
        on(TapEvent::NotTls);
    }
}

impl History {
    fn note(&mut self, message: &Message<'_>) {
        let after_header = message
            .bytes
            .get(4..HELLO_OPENING)
            .and_then(|opening| opening.first_chunk());
        let random = message.bytes.get(6..HELLO_OPENING);
        self.retry =
            message.kind == HandshakeType::SERVER_HELLO && random == Some(&HELLO_RETRY_REQUEST_RANDOM);
        if self.messages == 0 && message.kind == HandshakeType::CLIENT_HELLO {
            self.first_hello = after_header.copied();
        }
        self.messages = self.messages.saturating_add(1);
    }

    /// After a ChangeCipherSpec a handshake record is ciphertext in TLS 1.2, but in TLS 1.3 it may be
    /// the ServerHello after a HelloRetryRequest, or the client's second hello (RFC 8446 §D.4).
    fn secrecy(&self, length: usize) -> Secrecy {
        if !self.ciphers_changed || self.retry {
            Secrecy::Plain
        } else if self.messages == 1 && self.first_hello.is_some() && length > 6 {
            Secrecy::Unclear
        } else {
            Secrecy::Encrypted
        }
    }

    /// A second hello repeats the version and the random of the first (RFC 8446 §4.1.2).
    fn is_second_hello(&self, opening: &[u8]) -> bool {
        let (Some(first), [1, _, _, _, repeated @ ..]) = (&self.first_hello, opening) else {
            return false;
        };
        first.starts_with(repeated)
    }
}

/// Reports a record of which only the outside can be read.
fn end_opaque(record: Record, on: &mut impl FnMut(TapEvent<'_>)) -> State {
    let length = u16::try_from(record.length).unwrap_or(u16::MAX);
    on(TapEvent::Encrypted {
        content_type: record.kind,
        length,
    });
    State::default()
}

/// Moves bytes into the free part of `room` and returns those that did not fit.
fn fill<'b>(room: &mut [u8], filled: &mut usize, bytes: &'b [u8]) -> &'b [u8] {
    let free = room.get_mut(*filled..).unwrap_or_default();
    let count = free.len().min(bytes.len());
    let (taken, rest) = bytes.split_at(count);
    free.iter_mut().zip(taken).for_each(|(to, from)| *to = *from);
    *filled += count;
    rest
}

/// Whether the first `filled` bytes can be those of a record's header.
fn plausible(header: &[u8; HEADER], filled: usize) -> bool {
    let [kind, major, _, high, low] = *header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    (filled < 1 || (20..=24).contains(&kind))
        && (filled < 2 || major == 3)
        && (filled < HEADER || length <= RECORD_MAX)
}

#[cfg(test)]
mod tests;
