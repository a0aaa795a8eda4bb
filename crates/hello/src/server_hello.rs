//! A ServerHello or HelloRetryRequest, read in place (RFC 8446 §4.1.3, §4.1.4; RFC 5246 §7.4.1.3).
//!
//! Both are one message; a special random tells them apart. As with the ClientHello everything is
//! checked once, and the accessors cannot fail.

use crate::client_hello::{extension_block, handshake_body, session_id};
use crate::extension;
use crate::group::NamedGroup;
use crate::list::{Extensions, KeyShare};
use crate::malformed::{Flaw, Malformed};
use crate::reader::Reader;
use crate::suite::CipherSuite;
use crate::version::ProtocolVersion;

/// The handshake type of a ServerHello (RFC 8446 §4).
pub(crate) const SERVER_HELLO: u8 = 2;

/// The random of a HelloRetryRequest: SHA-256 of that very name (RFC 8446 §4.1.3).
pub const HELLO_RETRY_REQUEST_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A server that knows a newer version says so in its random (RFC 8446 §4.1.3): if the client offered
/// that version as well, somebody in between took it away.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Downgrade {
    /// The server knows TLS 1.3 and was brought to TLS 1.2.
    ToTls12,
    /// The server knows TLS 1.2 or newer and was brought to TLS 1.1 or older.
    BelowTls12,
}

/// A ServerHello that keeps the grammar; it borrows the message it was read from.
#[derive(Clone, Copy, Debug)]
pub struct ServerHello<'a> {
    legacy_version: ProtocolVersion,
    random: &'a [u8; 32],
    session_id: &'a [u8],
    cipher_suite: CipherSuite,
    extensions: Reader<'a>,
    known: Known<'a>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known<'a> {
    version: Option<ProtocolVersion>,
    group: Option<NamedGroup>,
    share: &'a [u8],
    cookie: Option<&'a [u8]>,
    psk: Option<u16>,
}

impl<'a> ServerHello<'a> {
    /// Reads a whole handshake message, its four-byte header included.
    ///
    /// # Errors
    /// The first thing that breaks the grammar of RFC 8446 §4.1.3 and §4.2.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut body = handshake_body(&mut Reader::new(message), SERVER_HELLO)?;
        let legacy_version = ProtocolVersion(body.u16("legacy_version")?);
        let random = body.array("random")?;
        let session_id = session_id(&mut body)?;
        let cipher_suite = CipherSuite(body.u16("cipher_suite")?);
        body.u8("legacy_compression_method")?;
        let extensions = extension_block(&mut body)?;
        let known = read_extensions(extensions, *random == HELLO_RETRY_REQUEST_RANDOM)?;
        Ok(Self {
            legacy_version,
            random,
            session_id,
            cipher_suite,
            extensions,
            known,
        })
    }

    /// The version chosen: the extension's if there is one, else the field's (RFC 8446 §4.2.1).
    pub fn version(&self) -> ProtocolVersion {
        self.known.version.unwrap_or(self.legacy_version)
    }

    /// The version field of old.
    pub const fn legacy_version(&self) -> ProtocolVersion {
        self.legacy_version
    }

    /// The server's 32 random bytes.
    pub const fn random(&self) -> &'a [u8; 32] {
        self.random
    }

    /// Whether this is a HelloRetryRequest (RFC 8446 §4.1.4).
    pub fn is_hello_retry_request(&self) -> bool {
        *self.random == HELLO_RETRY_REQUEST_RANDOM
    }

    /// The session id: the client's own, echoed, in TLS 1.3.
    pub const fn session_id(&self) -> &'a [u8] {
        self.session_id
    }

    /// The cipher suite chosen.
    pub const fn cipher_suite(&self) -> CipherSuite {
        self.cipher_suite
    }

    /// The group chosen, or in a HelloRetryRequest asked for (RFC 8446 §4.2.8). TLS 1.2 says it later,
    /// in the ServerKeyExchange.
    pub const fn selected_group(&self) -> Option<NamedGroup> {
        self.known.group
    }

    /// The server's key share; a HelloRetryRequest has none.
    pub fn key_share(&self) -> Option<KeyShare<'a>> {
        let group = self.known.group.filter(|_| !self.is_hello_retry_request())?;
        Some(KeyShare {
            group,
            key_exchange: self.known.share,
        })
    }

    /// The cookie of a HelloRetryRequest (RFC 8446 §4.2.2).
    pub const fn cookie(&self) -> Option<&'a [u8]> {
        self.known.cookie
    }

    /// The index of the pre-shared key the server took: the handshake resumes (RFC 8446 §4.2.11).
    pub const fn selected_psk(&self) -> Option<u16> {
        self.known.psk
    }

    /// What the random says about a downgrade; compare with what the client offered.
    pub fn downgrade(&self) -> Option<Downgrade> {
        match self.random.last_chunk::<8>()? {
            b"DOWNGRD\x01" => Some(Downgrade::ToTls12),
            b"DOWNGRD\x00" => Some(Downgrade::BelowTls12),
            _ => None,
        }
    }

    /// Every extension as `(type, body)`, in wire order.
    pub const fn extensions(&self) -> Extensions<'a> {
        Extensions(self.extensions)
    }
}

/// A server answers what the client offered, so its extensions are few: repeats are sought by looking
/// back, and a message with more than [`EXTENSIONS_MAX`] of them is refused.
fn read_extensions(block: Reader<'_>, retry: bool) -> Result<Known<'_>, Malformed> {
    let mut known = Known::default();
    let mut rest = block;
    for index in 0.. {
        if rest.is_empty() {
            break;
        }
        let start = rest;
        let kind = rest.u16("extension_type")?;
        let mut body = rest.sub16("extension_data")?;
        if index >= EXTENSIONS_MAX {
            return Err(start.wrong("extensions", Flaw::TooLong));
        }
        if Extensions(block).take(index).any(|(earlier, _)| earlier == kind) {
            return Err(start.wrong("extension_type", Flaw::Duplicate));
        }
        read_one(&mut known, kind, &mut body, retry)?;
    }
    Ok(known)
}

const EXTENSIONS_MAX: usize = 64;

fn read_one<'a>(
    known: &mut Known<'a>,
    kind: u16,
    body: &mut Reader<'a>,
    retry: bool,
) -> Result<(), Malformed> {
    match kind {
        extension::SUPPORTED_VERSIONS => {
            known.version = Some(ProtocolVersion(body.u16("selected_version")?));
        }
        extension::KEY_SHARE => {
            known.group = Some(NamedGroup(body.u16("selected_group")?));
            if !retry {
                known.share = body.filled16("key_exchange")?;
            }
        }
        extension::COOKIE => known.cookie = Some(body.filled16("cookie")?),
        extension::PRE_SHARED_KEY => known.psk = Some(body.u16("selected_identity")?),
        _ => return Ok(()),
    }
    body.end("extension_data")
}

#[cfg(test)]
mod tests;
