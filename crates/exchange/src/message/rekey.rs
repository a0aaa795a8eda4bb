//! The messages that take a session into its next epoch: Rekey from the client, Rekeyed from the server.
//! Their last field is the tag over everything before it.

use super::Kind;
use super::body::Body;
use crate::SessionId;
use crate::wire::{Malformed, Reader, Writer};

/// The client's wish for a new epoch, with a fresh share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekey {
    /// The session.
    pub session: SessionId,
    /// The epoch that is to begin: one more than the present one.
    pub epoch: u32,
    /// Fresh and random.
    pub nonce: [u8; 32],
    /// Ephemeral public key of the suite's KEM.
    pub public_key: Vec<u8>,
    /// Over the rest, by the client's re-key key of the present epoch.
    pub tag: Vec<u8>,
}

/// The server's answer, which begins the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// The session.
    pub session: SessionId,
    /// The epoch that begins.
    pub epoch: u32,
    /// Fresh and random.
    pub nonce: [u8; 32],
    /// Encapsulation to the client's share.
    pub ciphertext: Vec<u8>,
    /// Over Rekey and the rest, by the finished key of the epoch that begins.
    pub tag: Vec<u8>,
}

impl Body for Rekey {
    const KIND: Kind = Kind::Rekey;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            session: SessionId(reader.array()?),
            epoch: reader.u32()?,
            nonce: reader.array()?,
            public_key: reader.long()?.to_vec(),
            tag: reader.short()?.to_vec(),
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.raw(&self.session.0);
        writer.u32(self.epoch);
        writer.raw(&self.nonce);
        writer.long(&self.public_key);
        writer.short(&self.tag);
    }
}

impl Body for Rekeyed {
    const KIND: Kind = Kind::Rekeyed;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            session: SessionId(reader.array()?),
            epoch: reader.u32()?,
            nonce: reader.array()?,
            ciphertext: reader.long()?.to_vec(),
            tag: reader.short()?.to_vec(),
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.raw(&self.session.0);
        writer.u32(self.epoch);
        writer.raw(&self.nonce);
        writer.long(&self.ciphertext);
        writer.short(&self.tag);
    }
}
