//! Joins handshake messages that come in pieces, within a bound.
//!
//! A message that lies whole in the bytes at hand is passed on without a copy. Of one that is longer
//! than the bound only the beginning is kept; the rest is counted, so that the next is found.

use crate::handshake::HandshakeType;

/// The longest beginning of a message that is kept, in bytes.
pub(crate) const KEPT_MAX: usize = crate::client_hello::MAX_CLIENT_HELLO;

const HEADER: usize = 4;

/// A handshake message, or its beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: HandshakeType,
    pub(crate) bytes: &'a [u8],
    pub(crate) length: usize,
}

impl<'a> Message<'a> {
    fn new(bytes: &'a [u8], length: usize) -> Self {
        let kind = HandshakeType(bytes.first().copied().unwrap_or_default());
        Self {
            kind,
            bytes: bytes.get(..KEPT_MAX).unwrap_or(bytes),
            length,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Assembly {
    kept: Vec<u8>,
    /// How many bytes of the message have passed, kept or not.
    passed: usize,
}

impl Assembly {
    /// Forgets a message that will not be finished.
    pub(crate) fn abandon(&mut self) {
        self.kept.clear();
        self.passed = 0;
    }

    /// Gives back the memory.
    pub(crate) fn release(&mut self) {
        *self = Self::default();
    }

    #[cfg(test)]
    pub(crate) fn reserved(&self) -> usize {
        self.kept.capacity()
    }

    /// Takes the next bytes of the handshake stream and passes on every message they complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut on: impl FnMut(Message<'_>)) {
        while !bytes.is_empty() {
            bytes = if self.passed == 0
                && let Some(length) = whole(bytes)
            {
                let (message, rest) = bytes.split_at(length);
                on(Message::new(message, length));
                rest
            } else {
                self.gather(bytes, &mut on)
            };
        }
    }

    /// Adds bytes to the message under way, up to its end if that is among them; returns the others.
    fn gather<'b>(&mut self, bytes: &'b [u8], on: &mut impl FnMut(Message<'_>)) -> &'b [u8] {
        let target = length_of(&self.kept).unwrap_or(HEADER);
        let wanted = (target - self.passed).min(bytes.len());
        let (taken, rest) = bytes.split_at(wanted);
        let room = KEPT_MAX - self.kept.len();
        self.kept.extend_from_slice(taken.get(..room).unwrap_or(taken));
        self.passed += wanted;
        if length_of(&self.kept) == Some(self.passed) {
            on(Message::new(&self.kept, self.passed));
            self.abandon();
        }
        rest
    }
}

/// The length of the message that `bytes` begins with, header included.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let &[_, a, b, c] = bytes.first_chunk::<HEADER>()?;
    Some((usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)) + HEADER)
}

/// The same, if all of the message is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    length_of(bytes).filter(|length| *length <= bytes.len())
}
