//! What one epoch of a session may do, in each direction.
//!
//! Below what RFC 8446 §5.5 and RFC 9001 §6.6 derive for AES-256-GCM and ChaCha20-Poly1305 with nonces that
//! never repeat: 2^36 bytes are 2^32 blocks (confidentiality), and 2^20 forgeries of 2^20 blocks each
//! succeed with a probability below 2^-80 (integrity).

/// Messages.
pub const MESSAGES_MAX: u64 = 1 << 32;
/// Bytes of plaintext: 64 GiB.
pub const BYTES_MAX: u64 = 1 << 36;
/// Bytes of plaintext in one message: 16 MiB.
pub const MESSAGE_LEN_MAX: usize = 1 << 24;
/// Messages that do not open.
pub const FORGERIES_MAX: u64 = 1 << 20;
