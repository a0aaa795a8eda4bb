//! JA4 client fingerprints, as FoxIO defines them (FoxIO-LLC/ja4, technical_details/JA4.md; BSD licence).
//!
//! [`ja4`] is the published definition to the letter. [`ja4_stable`] is the same without the extensions
//! that come and go between two handshakes of one client: `pre_shared_key` (41) and `early_data` (42)
//! with resumption, `cookie` (44) with a retry, `padding` (21) with the length of the rest. They are
//! neither counted nor hashed, so a client keeps its stable fingerprint when it comes back.
//! Nothing is allocated: lists are sorted on the stack.

use std::fmt;
use std::str::FromStr;

use crate::client_hello::{ClientHello, MAX_CLIENT_HELLO};
use crate::code_point::is_grease;
use crate::extension;
use crate::list_hash::ListHash;
use crate::version::ProtocolVersion;

/// What the ClientHello came over: the first letter of a JA4.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Transport {
    /// TLS over TCP: `t`.
    Tcp,
    /// QUIC: `q`.
    Quic,
}

/// A JA4 fingerprint: 36 characters such as `t13d1516h2_8daaf6152771_e5627efa2ab1`.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ja4([u8; 36]);

impl Ja4 {
    /// The fingerprint as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The fingerprint as ASCII bytes.
    pub const fn as_bytes(&self) -> &[u8; 36] {
        &self.0
    }
}

/// A text that does not have the shape of a JA4 fingerprint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is no JA4 fingerprint")]
pub struct NotJa4(pub String);

/// Reads a fingerprint back, by its shape: three parts of 10, 12 and 12 characters.
impl FromStr for Ja4 {
    type Err = NotJa4;

    fn from_str(text: &str) -> Result<Self, NotJa4> {
        let separators = text.match_indices('_').map(|(at, _)| at);
        let characters = text
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        match <[u8; 36]>::try_from(text.as_bytes()) {
            Ok(bytes) if separators.eq([10, 23]) && characters => Ok(Self(bytes)),
            _ => Err(NotJa4(text.to_owned())),
        }
    }
}

impl fmt::Display for Ja4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Ja4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ja4({self})")
    }
}

/// The fingerprint of a ClientHello.
pub fn ja4(hello: &ClientHello<'_>, transport: Transport) -> Ja4 {
    let opening = Opening::of(hello, transport);
    with_extensions(hello, |kinds| opening.join(&Closing::of(hello, kinds, |_| true)))
}

/// The fingerprint without what comes and goes with resumption, retry and padding.
pub fn ja4_stable(hello: &ClientHello<'_>, transport: Transport) -> Ja4 {
    let opening = Opening::of(hello, transport);
    with_extensions(hello, |kinds| opening.join(&Closing::of(hello, kinds, stays)))
}

/// Both fingerprints of a ClientHello over TCP, `(ja4, ja4_stable)`, for little more than one costs.
pub fn fingerprints(hello: &ClientHello<'_>) -> (Ja4, Ja4) {
    let opening = Opening::of(hello, Transport::Tcp);
    with_extensions(hello, |kinds| {
        let plain = opening.join(&Closing::of(hello, kinds, |_| true));
        if kinds.iter().copied().all(stays) {
            return (plain, plain);
        }
        (plain, opening.join(&Closing::of(hello, kinds, stays)))
    })
}

/// Whether an extension is there in every handshake of a client.
const fn stays(kind: u16) -> bool {
    !matches!(
        kind,
        extension::PRE_SHARED_KEY | extension::EARLY_DATA | extension::COOKIE | extension::PADDING
    )
}

/// The parts that do not depend on which extensions count.
struct Opening {
    transport: u8,
    version: [u8; 2],
    server_name: u8,
    suites: [u8; 2],
    alpn: [u8; 2],
    suites_hash: [u8; 12],
}

impl Opening {
    fn of(hello: &ClientHello<'_>, transport: Transport) -> Self {
        let suites = hello.cipher_suites().map(|suite| suite.0);
        let (count, suites_hash) = sorted(suites, |suites| {
            let mut hash = ListHash::new();
            suites.iter().for_each(|suite| hash.item(*suite));
            (suites.len(), hash.finish())
        });
        Self {
            transport: match transport {
                Transport::Tcp => b't',
                Transport::Quic => b'q',
            },
            version: version(hello),
            server_name: if hello.has_server_name_extension() {
                b'd'
            } else {
                b'i'
            },
            suites: two_digits(count),
            alpn: alpn(hello.alpn().next().unwrap_or_default()),
            suites_hash,
        }
    }

    fn join(&self, closing: &Closing) -> Ja4 {
        let [v0, v1] = self.version;
        let [c0, c1] = self.suites;
        let [e0, e1] = closing.extensions;
        let [a0, a1] = self.alpn;
        let mut text = [b'_'; 36];
        let parts: [&[u8]; 3] = [
            &[self.transport, v0, v1, self.server_name, c0, c1, e0, e1, a0, a1],
            &self.suites_hash,
            &closing.hash,
        ];
        for (start, part) in [0, 11, 24].into_iter().zip(parts) {
            text.iter_mut()
                .skip(start)
                .zip(part)
                .for_each(|(to, from)| *to = *from);
        }
        Ja4(text)
    }
}

/// The parts that do.
struct Closing {
    extensions: [u8; 2],
    hash: [u8; 12],
}

impl Closing {
    /// `kinds` is sorted and free of GREASE; those that `counts` refuses are left out.
    fn of(hello: &ClientHello<'_>, kinds: &[u16], counts: fn(u16) -> bool) -> Self {
        let mut hash = ListHash::new();
        let mut count = 0;
        for &kind in kinds.iter().filter(|kind| counts(**kind)) {
            count += 1;
            if !matches!(kind, extension::SERVER_NAME | extension::ALPN) {
                hash.item(kind);
            }
        }
        let schemes = hello.signature_schemes().filter(|scheme| !scheme.is_grease());
        for (index, scheme) in schemes.enumerate() {
            if index == 0 {
                hash.underscore();
            }
            hash.item(scheme.0);
        }
        Self {
            extensions: two_digits(count),
            hash: hash.finish(),
        }
    }
}

/// Calls `then` with the hello's extension types, sorted and free of GREASE.
fn with_extensions<T>(hello: &ClientHello<'_>, then: impl FnOnce(&[u16]) -> T) -> T {
    sorted(hello.extensions().map(|(kind, _)| kind), then)
}

/// A list longer than this is not seen in honest traffic.
const USUAL_MAX: usize = 64;

/// Calls `then` with the values sorted and free of GREASE.
fn sorted<T>(values: impl Iterator<Item = u16> + Clone, then: impl FnOnce(&[u16]) -> T) -> T {
    let values = values.filter(|value| !is_grease(*value));
    if values.clone().count() <= USUAL_MAX {
        sorted_in(&mut [0; USUAL_MAX], values, then)
    } else {
        sorted_many(values, then)
    }
}

/// The same for a list of any length that fits a ClientHello.
#[cold]
#[inline(never)]
fn sorted_many<T>(values: impl Iterator<Item = u16>, then: impl FnOnce(&[u16]) -> T) -> T {
    sorted_in(&mut [0; MAX_CLIENT_HELLO / 2], values, then)
}

fn sorted_in<T>(room: &mut [u16], values: impl Iterator<Item = u16>, then: impl FnOnce(&[u16]) -> T) -> T {
    let mut length = 0;
    for (slot, value) in room.iter_mut().zip(values) {
        *slot = value;
        length += 1;
    }
    let filled = room.get_mut(..length).unwrap_or_default();
    filled.sort_unstable();
    then(filled)
}

/// The highest version listed, or the legacy one where there is no list.
fn version(hello: &ClientHello<'_>) -> [u8; 2] {
    let mut listed = hello.supported_versions();
    let highest = if listed.len() == 0 {
        Some(hello.legacy_version())
    } else {
        listed.by_ref().filter(|version| !version.is_grease()).max()
    };
    match highest {
        Some(ProtocolVersion::TLS_1_3) => *b"13",
        Some(ProtocolVersion::TLS_1_2) => *b"12",
        Some(ProtocolVersion::TLS_1_1) => *b"11",
        Some(ProtocolVersion::TLS_1_0) => *b"10",
        Some(ProtocolVersion::SSL_3_0) => *b"s3",
        Some(ProtocolVersion::SSL_2_0) => *b"s2",
        Some(ProtocolVersion::DTLS_1_0) => *b"d1",
        Some(ProtocolVersion::DTLS_1_2) => *b"d2",
        Some(ProtocolVersion::DTLS_1_3) => *b"d3",
        _ => *b"00",
    }
}

/// First and last character of the protocol name, or of its hexadecimal form if either is none.
fn alpn(name: &[u8]) -> [u8; 2] {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else {
        return *b"00";
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [first, last];
    }
    let [high, _] = crate::list_hash::hexadecimal(first);
    let [_, low] = crate::list_hash::hexadecimal(last);
    [high, low]
}

/// A count as two digits, 99 at most.
fn two_digits(count: usize) -> [u8; 2] {
    let count = u8::try_from(count).unwrap_or(u8::MAX).min(99);
    [b'0' + count / 10, b'0' + count % 10]
}

#[cfg(test)]
mod tests;
