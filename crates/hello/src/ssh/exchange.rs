//! The packets of the hybrid key exchange (RFC 10042) and the one that ends it early: fields only.
//!
//! What the strings hold (encapsulation key and point, ciphertext and point) depends on the method and
//! is for whoever does the cryptography.

use super::message;
use super::wire::put_string;
use crate::malformed::{Flaw, Malformed};
use crate::reader::Reader;

/// `SSH_MSG_KEX_HYBRID_INIT`, number 30.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KexHybridInit<'a> {
    /// `C_INIT`: the client's encapsulation key and its classical public key, one after the other.
    pub client_init: &'a [u8],
}

/// `SSH_MSG_KEX_HYBRID_REPLY`, number 31.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KexHybridReply<'a> {
    /// `K_S`: the server's public host key.
    pub host_key: &'a [u8],
    /// `S_REPLY`: the ciphertext and the server's classical public key, one after the other.
    pub server_reply: &'a [u8],
    /// The signature on the exchange hash.
    pub signature: &'a [u8],
}

/// `SSH_MSG_DISCONNECT` (RFC 4253 §11.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Disconnect<'a> {
    /// Why, as a number; 3 is `KEY_EXCHANGE_FAILED`.
    pub reason: u32,
    /// Why, in words; UTF-8 by the rules, but nobody checks.
    pub description: &'a [u8],
}

impl<'a> KexHybridInit<'a> {
    /// Reads the payload of a packet.
    ///
    /// # Errors
    /// When it is another message, or bytes are missing or left over.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = open(payload, message::KEX_HYBRID_INIT)?;
        let client_init = reader.string("C_INIT")?;
        reader.end("SSH_MSG_KEX_HYBRID_INIT")?;
        Ok(Self { client_init })
    }

    /// The payload of a packet.
    pub fn to_payload(&self) -> Vec<u8> {
        let mut payload = vec![message::KEX_HYBRID_INIT];
        put_string(&mut payload, self.client_init);
        payload
    }
}

impl<'a> KexHybridReply<'a> {
    /// Reads the payload of a packet.
    ///
    /// # Errors
    /// When it is another message, or bytes are missing or left over.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = open(payload, message::KEX_HYBRID_REPLY)?;
        let host_key = reader.string("K_S")?;
        let server_reply = reader.string("S_REPLY")?;
        let signature = reader.string("signature")?;
        reader.end("SSH_MSG_KEX_HYBRID_REPLY")?;
        Ok(Self {
            host_key,
            server_reply,
            signature,
        })
    }

    /// The payload of a packet.
    pub fn to_payload(&self) -> Vec<u8> {
        let mut payload = vec![message::KEX_HYBRID_REPLY];
        put_string(&mut payload, self.host_key);
        put_string(&mut payload, self.server_reply);
        put_string(&mut payload, self.signature);
        payload
    }
}

impl<'a> Disconnect<'a> {
    /// Reads the payload of a packet. The language tag at its end is not looked at.
    ///
    /// # Errors
    /// When it is another message, or bytes are missing.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = open(payload, message::DISCONNECT)?;
        Ok(Self {
            reason: reader.u32("reason code")?,
            description: reader.string("description")?,
        })
    }
}

fn open(payload: &[u8], number: u8) -> Result<Reader<'_>, Malformed> {
    let mut reader = Reader::new(payload);
    let start = reader;
    if reader.u8("message number")? != number {
        return Err(start.wrong("message number", Flaw::BadValue));
    }
    Ok(reader)
}
