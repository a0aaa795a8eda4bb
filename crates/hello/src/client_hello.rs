//! A ClientHello, read in place (RFC 8446 §4.1.2; RFC 5246 §7.4.1.2 for its elders).
//!
//! Everything is checked once, by [`ClientHello::parse`]; the accessors then cannot fail, allocate
//! nothing and borrow from the message. What this crate has no use for stays unread: the body of an
//! extension we do not name is bytes.

use crate::client_extensions::{self, Known};
use crate::group::NamedGroup;
use crate::list::{CodePoints, Extensions, KeyShares, ProtocolNames};
use crate::malformed::{Flaw, Malformed};
use crate::reader::Reader;
use crate::scheme::SignatureScheme;
use crate::suite::CipherSuite;
use crate::version::ProtocolVersion;

/// The longest ClientHello we read, in bytes, its four-byte header included.
pub const MAX_CLIENT_HELLO: usize = 16_384;

/// The handshake type of a ClientHello (RFC 8446 §4).
pub(crate) const CLIENT_HELLO: u8 = 1;

/// A ClientHello that keeps the grammar; it borrows the message it was read from.
#[derive(Clone, Copy, Debug)]
pub struct ClientHello<'a> {
    message: &'a [u8],
    legacy_version: ProtocolVersion,
    random: &'a [u8; 32],
    session_id: &'a [u8],
    cipher_suites: &'a [u8],
    compression_methods: &'a [u8],
    extensions: Reader<'a>,
    known: Known<'a>,
}

impl<'a> ClientHello<'a> {
    /// Reads a whole handshake message, its four-byte header included.
    ///
    /// # Errors
    /// The first thing that breaks the grammar of RFC 8446 §4.1.2 and §4.2: a length, an empty or odd
    /// list, an extension that comes twice, a `pre_shared_key` that is not last, bytes after the end;
    /// or a message longer than [`MAX_CLIENT_HELLO`].
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut body = open(message)?;
        let legacy_version = ProtocolVersion(body.u16("legacy_version")?);
        let random = body.array("random")?;
        let session_id = session_id(&mut body)?;
        let cipher_suites = body.sub16("cipher_suites")?.pairs("cipher_suites")?;
        let compression_methods = body.vec8("legacy_compression_methods")?;
        if compression_methods.is_empty() {
            return Err(body.wrong("legacy_compression_methods", Flaw::Empty));
        }
        let extensions = extension_block(&mut body)?;
        let known = client_extensions::read(extensions)?;
        Ok(Self {
            message,
            legacy_version,
            random,
            session_id,
            cipher_suites,
            compression_methods,
            extensions,
            known,
        })
    }

    /// The whole message, its four-byte header included.
    pub const fn message(&self) -> &'a [u8] {
        self.message
    }

    /// The version field of old, frozen at TLS 1.2 since (RFC 8446 §4.1.2).
    pub const fn legacy_version(&self) -> ProtocolVersion {
        self.legacy_version
    }

    /// The client's 32 random bytes.
    pub const fn random(&self) -> &'a [u8; 32] {
        self.random
    }

    /// The legacy session id, 0 to 32 bytes.
    pub const fn session_id(&self) -> &'a [u8] {
        self.session_id
    }

    /// The cipher suites in wire order, signalling values and GREASE included; at least one.
    pub const fn cipher_suites(&self) -> CodePoints<'a, CipherSuite> {
        CodePoints::new(self.cipher_suites)
    }

    /// The legacy compression methods; at least one.
    pub const fn compression_methods(&self) -> &'a [u8] {
        self.compression_methods
    }

    /// Every extension as `(type, body)`, in wire order.
    pub const fn extensions(&self) -> Extensions<'a> {
        Extensions(self.extensions)
    }

    /// The host the client asks for, if it names one that is a host name (RFC 6066 §3): letters,
    /// digits, hyphens, underscores and dots, neither an address nor longer than 253 bytes.
    pub const fn server_name(&self) -> Option<&'a str> {
        self.known.server_name
    }

    /// Whether the extension `server_name` is there at all, whatever it says.
    pub const fn has_server_name_extension(&self) -> bool {
        self.known.server_name_seen
    }

    /// The groups the client lists, in wire order (RFC 8446 §4.2.7); empty without the extension.
    pub const fn supported_groups(&self) -> CodePoints<'a, NamedGroup> {
        CodePoints::new(self.known.groups)
    }

    /// The key shares the client sends, in wire order (RFC 8446 §4.2.8).
    pub const fn key_shares(&self) -> KeyShares<'a> {
        KeyShares(self.known.shares)
    }

    /// The signature schemes the client accepts, in wire order (RFC 8446 §4.2.3).
    pub const fn signature_schemes(&self) -> CodePoints<'a, SignatureScheme> {
        CodePoints::new(self.known.schemes)
    }

    /// The application protocols the client offers, in wire order (RFC 7301 §3.1).
    pub const fn alpn(&self) -> ProtocolNames<'a> {
        ProtocolNames(self.known.alpn)
    }

    /// The versions of the extension `supported_versions`, in wire order (RFC 8446 §4.2.1).
    pub const fn supported_versions(&self) -> CodePoints<'a, ProtocolVersion> {
        CodePoints::new(self.known.versions)
    }

    /// The certificate compression algorithms the client can undo (RFC 8879 §3).
    pub const fn certificate_compression_algorithms(&self) -> CodePoints<'a, u16> {
        CodePoints::new(self.known.compression)
    }

    /// Whether the client offers TLS 1.3.
    pub fn offers_tls13(&self) -> bool {
        self.supported_versions()
            .any(|version| version == ProtocolVersion::TLS_1_3)
    }

    /// The highest version the client offers, GREASE aside (RFC 8446 §4.2.1).
    pub fn max_version(&self) -> ProtocolVersion {
        let listed = self
            .supported_versions()
            .filter(|version| !version.is_grease())
            .max();
        listed.unwrap_or(self.legacy_version)
    }

    /// Whether the client offers a pre-shared key: it wants to resume (RFC 8446 §4.2.11).
    pub const fn psk_offered(&self) -> bool {
        self.known.psk
    }

    /// Whether the client sends early data (RFC 8446 §4.2.10).
    pub const fn early_data(&self) -> bool {
        self.known.early_data
    }

    /// The cookie a second ClientHello brings back (RFC 8446 §4.2.2).
    pub const fn cookie(&self) -> Option<&'a [u8]> {
        self.known.cookie
    }

    /// Whether the client lists a group that resists a quantum computer.
    pub fn lists_post_quantum(&self) -> bool {
        self.supported_groups().any(NamedGroup::is_post_quantum)
    }

    /// Whether the client sends a key share for such a group, and so needs no retry.
    pub fn shares_post_quantum(&self) -> bool {
        self.key_shares().any(|share| share.group.is_post_quantum())
    }
}

/// The body of a message that says it is a ClientHello and is as long as it says.
fn open(message: &[u8]) -> Result<Reader<'_>, Malformed> {
    let mut reader = Reader::new(message);
    if message.len() > MAX_CLIENT_HELLO {
        return Err(reader.wrong("ClientHello", Flaw::TooLong));
    }
    handshake_body(&mut reader, CLIENT_HELLO)
}

/// The body after a handshake header of type `expected` (RFC 8446 §4).
pub(crate) fn handshake_body<'a>(reader: &mut Reader<'a>, expected: u8) -> Result<Reader<'a>, Malformed> {
    let start = *reader;
    if reader.u8("msg_type")? != expected {
        return Err(start.wrong("msg_type", Flaw::BadValue));
    }
    let length = reader.u24("length")?;
    let body = reader.sub(length, "length")?;
    reader.end("length")?;
    Ok(body)
}

/// `opaque legacy_session_id<0..32>`
pub(crate) fn session_id<'a>(body: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let start = *body;
    let session_id = body.vec8("legacy_session_id")?;
    if session_id.len() > 32 {
        return Err(start.wrong("legacy_session_id", Flaw::BadLength));
    }
    Ok(session_id)
}

/// The extension block, which hellos before TLS 1.2 may lack altogether; nothing follows it.
pub(crate) fn extension_block<'a>(body: &mut Reader<'a>) -> Result<Reader<'a>, Malformed> {
    if body.is_empty() {
        return Ok(*body);
    }
    let block = body.sub16("extensions")?;
    body.end("extensions")?;
    Ok(block)
}

#[cfg(test)]
mod tests;
