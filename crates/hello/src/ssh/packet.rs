//! Binary packets before any key is in use (RFC 4253 §6): length, padding length, payload, padding.
//! No cipher and no MAC: after NEWKEYS this module has nothing to say.

use crate::malformed::{Flaw, Malformed};
use crate::reader::Reader;
use crate::writer::BuildError;

/// The longest packet every implementation must read, in bytes (RFC 4253 §6.1).
pub const MAX_PACKET: usize = 35_000;

/// Without a cipher packets come in multiples of eight bytes, and no shorter than sixteen.
const BLOCK: usize = 8;
const MIN_PACKET: usize = 16;
const MIN_PADDING: usize = 4;
const HEADER: usize = 5;

/// A packet and where it ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Packet<'a> {
    /// The payload; its first byte is the message number.
    pub payload: &'a [u8],
    /// How many bytes the packet takes.
    pub consumed: usize,
}

impl Packet<'_> {
    /// The message number.
    pub fn number(&self) -> u8 {
        self.payload.first().copied().unwrap_or_default()
    }
}

/// Reads the packet that `raw` begins with; `None` while it is not whole.
///
/// # Errors
/// When its lengths contradict each other or the rules, or it is longer than [`MAX_PACKET`].
pub fn locate_packet(raw: &[u8]) -> Result<Option<Packet<'_>>, Malformed> {
    let mut reader = Reader::new(raw);
    let Ok(length) = reader.u32("packet_length") else {
        return Ok(None);
    };
    let consumed = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(4);
    let wrong = |field, flaw, offset| Err(Malformed { field, flaw, offset });
    if consumed > MAX_PACKET {
        return wrong("packet_length", Flaw::TooLong, 0);
    }
    if consumed < MIN_PACKET || consumed % BLOCK != 0 {
        return wrong("packet_length", Flaw::BadLength, 0);
    }
    let Ok(padding) = reader.u8("padding_length") else {
        return Ok(None);
    };
    let padding = usize::from(padding);
    if padding < MIN_PADDING || HEADER + padding >= consumed {
        return wrong("padding_length", Flaw::BadLength, 4);
    }
    let packet = raw
        .get(..consumed)
        .and_then(|packet| packet.get(HEADER..consumed - padding));
    Ok(packet.map(|payload| Packet { payload, consumed }))
}

/// A packet around `payload`. Its padding is zeros: it hides nothing while nothing is encrypted.
///
/// # Errors
/// When the payload is empty or the packet would be longer than [`MAX_PACKET`].
pub fn build_packet(payload: &[u8]) -> Result<Vec<u8>, BuildError> {
    if payload.is_empty() {
        return Err(BuildError::Empty("payload"));
    }
    let total = (HEADER + payload.len() + MIN_PADDING)
        .next_multiple_of(BLOCK)
        .max(MIN_PACKET);
    if total > MAX_PACKET {
        return Err(BuildError::TooLong("payload"));
    }
    let padding = total - HEADER - payload.len();
    let too_long = |_| BuildError::TooLong("payload");
    let mut packet = Vec::with_capacity(total);
    packet.extend_from_slice(&u32::try_from(total - 4).map_err(too_long)?.to_be_bytes());
    packet.push(u8::try_from(padding).map_err(too_long)?);
    packet.extend_from_slice(payload);
    packet.resize(total, 0);
    Ok(packet)
}
