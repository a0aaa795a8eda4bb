//! The messages of an exchange: Init, Answer inside Response, Confirm.
//! What a field means is said here, what it may hold is checked when it is read.

use super::Kind;
use super::body::Body;
use crate::suite::Code;
use crate::time::Time;
use crate::wire::{Malformed, Reader, Writer};
use crate::{KeyId, SessionId};

/// Suites in one Init, at most.
pub(crate) const SUITES_MAX: usize = 16;
/// Shares in one Init, at most.
pub(crate) const SHARES_MAX: usize = 4;
/// Bytes of application context on either side, at most.
pub(crate) const CONTEXT_LEN_MAX: usize = 1024;

/// What the client says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    /// Fresh and random for each Init; the server refuses one that it has seen.
    pub nonce: [u8; 32],
    /// The client's clock.
    pub time: Time,
    /// What the client accepts, best first; no repetition; codes unknown to the server are skipped.
    pub suites: Vec<Code>,
    /// Ephemeral public keys, at most one for each KEM of `suites`.
    pub shares: Vec<Share>,
    /// The identity key that the client will check against, if it has just one.
    pub identity: Option<KeyId>,
    /// Bytes of the application, bound to the session.
    pub context: Vec<u8>,
}

/// An ephemeral public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Code point of the KEM (RFC 9180 §7.1).
    pub kem: u16,
    /// The public key as the KEM encodes it.
    pub public_key: Vec<u8>,
}

/// What the server says, before it is signed and confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Names the session from now on.
    pub session: SessionId,
    /// Fresh and random.
    pub nonce: [u8; 32],
    /// The server's clock.
    pub time: Time,
    /// From here on the session is refused.
    pub expires: Time,
    /// One of those that the client accepts.
    pub suite: Code,
    /// Encapsulation to the client's share for the suite's KEM.
    pub ciphertext: Vec<u8>,
    /// The identity key that signs.
    pub identity: KeyId,
    /// Under which name the server knows who sent the Init.
    pub caller: String,
    /// The exception under which a classical suite was chosen; empty for a hybrid one.
    pub exception: String,
    /// Bytes of the application, bound to the session.
    pub context: Vec<u8>,
}

/// What the server sends: the answer, its signature, and proof that the server has the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Encoding of an [`Answer`].
    pub answer: Vec<u8>,
    /// Over Init and Answer, by the identity key.
    pub signature: Vec<u8>,
    /// Over Init, Answer and signature, by the server's finished key.
    pub confirmation: Vec<u8>,
}

/// What the client says last: proof that it has the keys and heard the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// The session that is confirmed.
    pub session: SessionId,
    /// Over everything before it, by the client's finished key.
    pub confirmation: Vec<u8>,
}

impl Body for Init {
    const KIND: Kind = Kind::Init;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let nonce = reader.array()?;
        let time = Time(reader.u64()?);
        let suites = read_suites(reader)?;
        let shares = read_shares(reader, &suites)?;
        let identity = read_identity(reader)?;
        let context = read_context(reader)?;
        Ok(Self {
            nonce,
            time,
            suites,
            shares,
            identity,
            context,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.raw(&self.nonce);
        writer.u64(self.time.0);
        writer.count(self.suites.len());
        for suite in &self.suites {
            write_code(writer, *suite);
        }
        writer.count(self.shares.len());
        for share in &self.shares {
            writer.u16(share.kem);
            writer.long(&share.public_key);
        }
        writer.short(self.identity.as_ref().map_or(&[], |identity| &identity.0));
        writer.long(&self.context);
    }
}

fn read_code(reader: &mut Reader<'_>) -> Result<Code, Malformed> {
    Ok(Code {
        kem: reader.u16()?,
        kdf: reader.u16()?,
        aead: reader.u16()?,
    })
}

fn write_code(writer: &mut Writer, code: Code) {
    writer.u16(code.kem);
    writer.u16(code.kdf);
    writer.u16(code.aead);
}

fn read_suites(reader: &mut Reader<'_>) -> Result<Vec<Code>, Malformed> {
    let count = usize::from(reader.u8()?);
    reader.require((1..=SUITES_MAX).contains(&count), "between 1 and 16 suites")?;
    let mut suites = Vec::with_capacity(count);
    for _ in 0..count {
        let code = read_code(reader)?;
        reader.require(!suites.contains(&code), "a suite is listed twice")?;
        suites.push(code);
    }
    Ok(suites)
}

fn read_shares(reader: &mut Reader<'_>, suites: &[Code]) -> Result<Vec<Share>, Malformed> {
    let count = usize::from(reader.u8()?);
    reader.require((1..=SHARES_MAX).contains(&count), "between 1 and 4 shares")?;
    let mut shares: Vec<Share> = Vec::with_capacity(count);
    for _ in 0..count {
        let kem = reader.u16()?;
        let offered = suites.iter().any(|suite| suite.kem == kem);
        reader.require(offered, "a share belongs to none of the suites")?;
        let again = shares.iter().any(|share| share.kem == kem);
        reader.require(!again, "two shares belong to one KEM")?;
        let public_key = reader.long()?.to_vec();
        shares.push(Share { kem, public_key });
    }
    Ok(shares)
}

fn read_identity(reader: &mut Reader<'_>) -> Result<Option<KeyId>, Malformed> {
    let refused = reader.malformed("a key id has 32 bytes");
    match reader.short()? {
        [] => Ok(None),
        id => Ok(Some(KeyId(id.try_into().map_err(|_length| refused)?))),
    }
}

fn read_context(reader: &mut Reader<'_>) -> Result<Vec<u8>, Malformed> {
    let context = reader.long()?;
    reader.require(
        context.len() <= CONTEXT_LEN_MAX,
        "the context is longer than 1024 bytes",
    )?;
    Ok(context.to_vec())
}

impl Body for Answer {
    const KIND: Kind = Kind::Answer;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            session: SessionId(reader.array()?),
            nonce: reader.array()?,
            time: Time(reader.u64()?),
            expires: Time(reader.u64()?),
            suite: read_code(reader)?,
            ciphertext: reader.long()?.to_vec(),
            identity: KeyId(reader.array()?),
            caller: reader.text()?,
            exception: reader.text()?,
            context: read_context(reader)?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.raw(&self.session.0);
        writer.raw(&self.nonce);
        writer.u64(self.time.0);
        writer.u64(self.expires.0);
        write_code(writer, self.suite);
        writer.long(&self.ciphertext);
        writer.raw(&self.identity.0);
        writer.short(self.caller.as_bytes());
        writer.short(self.exception.as_bytes());
        writer.long(&self.context);
    }
}

impl Body for Response {
    const KIND: Kind = Kind::Response;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            answer: reader.long()?.to_vec(),
            signature: reader.long()?.to_vec(),
            confirmation: reader.short()?.to_vec(),
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.long(&self.answer);
        writer.long(&self.signature);
        writer.short(&self.confirmation);
    }
}

impl Body for Confirm {
    const KIND: Kind = Kind::Confirm;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            session: SessionId(reader.array()?),
            confirmation: reader.short()?.to_vec(),
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.raw(&self.session.0);
        writer.short(&self.confirmation);
    }
}
