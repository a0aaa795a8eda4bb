//! The opening of an SSH connection: identification, unencrypted packets, KEXINIT, key exchange fields.
//!
//! RFC 4253 up to the first NEWKEYS, RFC 10042 for the hybrid exchange; bytes only, no cryptography.

mod exchange;
mod identification;
mod kexinit;
mod method;
mod name_list;
mod packet;
mod wire;

pub use exchange::{Disconnect, KexHybridInit, KexHybridReply};
pub use identification::{
    Identification, LocatedIdentification, MAX_IDENTIFICATION, MAX_PREAMBLE, build_identification,
    locate_identification,
};
pub use kexinit::KexInit;
pub use method::{KexKind, KexMethod};
pub use name_list::NameList;
pub use packet::{MAX_PACKET, Packet, build_packet, locate_packet};
pub use wire::{put_mpint, put_string};

/// Message numbers (RFC 4250 §4.1.2).
pub mod message {
    /// The peer ends the connection and may say why.
    pub const DISCONNECT: u8 = 1;
    /// Noise, to be ignored.
    pub const IGNORE: u8 = 2;
    /// A message was not understood.
    pub const UNIMPLEMENTED: u8 = 3;
    /// Text for whoever debugs.
    pub const DEBUG: u8 = 4;
    /// What a side can do.
    pub const KEXINIT: u8 = 20;
    /// New keys from here on.
    pub const NEWKEYS: u8 = 21;
    /// `SSH_MSG_KEX_HYBRID_INIT` (RFC 10042), the same number as `SSH_MSG_KEX_ECDH_INIT`.
    pub const KEX_HYBRID_INIT: u8 = 30;
    /// `SSH_MSG_KEX_HYBRID_REPLY` (RFC 10042), the same number as `SSH_MSG_KEX_ECDH_REPLY`.
    pub const KEX_HYBRID_REPLY: u8 = 31;
}

#[cfg(test)]
mod tests;
