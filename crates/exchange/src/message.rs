//! The messages: what each holds, and exactly one encoding for it.
//!
//! A received message keeps the bytes it was read from, because the transcript is over bytes. Every message
//! begins with `HYKX`, the protocol's version and its own kind, so that none can be taken for another one.
//! Layouts are in docs/key-exchange.md.

mod handshake;
mod rekey;

pub use handshake::{Answer, Confirm, Init, Response, Share};
pub use rekey::{Rekey, Rekeyed};

pub use crate::wire::Malformed;
use crate::wire::{Reader, Writer};

const MAGIC: &[u8; 4] = b"HYKX";
/// The version of the protocol that this crate speaks.
pub const VERSION: u8 = 1;
/// No message of the protocol is longer, in bytes.
pub const MESSAGE_LEN_MAX: usize = 64 * 1024;

/// What tells messages apart, the last byte of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Init = 1,
    Answer = 2,
    Response = 3,
    Confirm = 4,
    Rekey = 5,
    Rekeyed = 6,
    Sealed = 7,
}

/// The six bytes before everything else.
pub(crate) const fn header(kind: Kind) -> [u8; 6] {
    let [a, b, c, d] = *MAGIC;
    [a, b, c, d, VERSION, kind as u8]
}

/// A message that has an encoding. Sealed: the messages are those of this module.
pub trait Message: body::Body {}
impl<M: body::Body> Message for M {}

pub(crate) mod body {
    use super::{Kind, Malformed, Reader, Writer};

    pub trait Body: Sized {
        const KIND: Kind;
        fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed>;
        fn write(&self, writer: &mut Writer);
    }
}

/// A message together with its bytes; proof that the one is the encoding of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded<M> {
    message: M,
    bytes: Vec<u8>,
}

impl<M: Message> Encoded<M> {
    /// Reads a message to its last byte.
    ///
    /// # Errors
    /// [`Malformed`] with the first offset that does not fit the layout, the version or a limit.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        reader.require(bytes.len() <= MESSAGE_LEN_MAX, "the message is too long")?;
        reader.require(bytes.starts_with(MAGIC), "not a message of this protocol")?;
        let [.., version, kind] = reader.array::<6>()?;
        reader.require(version == VERSION, "the version of the protocol is not 1")?;
        reader.require(kind == M::KIND as u8, "a message of another kind")?;
        let message = M::read(&mut reader)?;
        reader.finish()?;
        let bytes = bytes.to_vec();
        Ok(Self { message, bytes })
    }

    /// Encodes a message.
    ///
    /// # Errors
    /// [`Malformed`] where a field breaks a limit; what is returned always parses.
    pub fn compose(message: &M) -> Result<Self, Malformed> {
        let mut writer = Writer::default();
        writer.raw(&header(M::KIND));
        message.write(&mut writer);
        Self::parse(&writer.finish()?)
    }

    /// The encoding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<M> std::ops::Deref for Encoded<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.message
    }
}
