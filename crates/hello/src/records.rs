//! Cuts a handshake message into TLS records (RFC 8446 §5.1).
//! Sizes are the caller's: a probe wants to see whether many small records survive the way.

use crate::locate::MAX_RECORD;
use crate::version::ProtocolVersion;

/// The message as plaintext handshake records of at most `fragment` bytes each (1 to 16,384; other
/// values are brought into that range), one after the other. A first ClientHello usually says
/// `record_version` TLS 1.0, everything after it TLS 1.2.
pub fn records(message: &[u8], fragment: usize, record_version: ProtocolVersion) -> Vec<u8> {
    let fragment = fragment.clamp(1, MAX_RECORD);
    let count = message.len().div_ceil(fragment);
    let mut out = Vec::with_capacity(message.len() + 5 * count);
    for piece in message.chunks(fragment) {
        let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
        out.push(22);
        out.extend_from_slice(&record_version.0.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(piece);
    }
    out
}
