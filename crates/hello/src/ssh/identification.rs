//! Identification strings (RFC 4253 §4.2).
//! Reading is lenient where peers are known to be (a bare LF, lines before); writing is strict.

use crate::malformed::{Flaw, Malformed};
use crate::writer::BuildError;

/// The longest identification string in bytes, its line end included.
pub const MAX_IDENTIFICATION: usize = 255;

/// How many bytes of other lines a server may send before its identification; a limit of ours.
pub const MAX_PREAMBLE: usize = 8192;

/// An identification string such as `SSH-2.0-OpenSSH_10.0p2 Debian-7`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identification<'a> {
    text: &'a str,
    protocol: &'a str,
    software: &'a str,
    comments: Option<&'a str>,
}

/// An identification string and where it ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LocatedIdentification<'a> {
    /// What the peer says it is.
    pub identification: Identification<'a>,
    /// How many bytes it takes, with the lines before it and its line end.
    pub consumed: usize,
}

impl<'a> Identification<'a> {
    /// Reads a line, given without its line end.
    ///
    /// # Errors
    /// When it does not begin with `SSH-`, lacks a version or a software name, holds control or
    /// non-UTF-8 characters, or is longer than 253 bytes.
    pub fn parse(line: &'a [u8]) -> Result<Self, Malformed> {
        let wrong = |flaw, offset| Malformed {
            field: "identification",
            flaw,
            offset,
        };
        if line.len() > MAX_IDENTIFICATION - 2 {
            return Err(wrong(Flaw::TooLong, 0));
        }
        if let Some(offset) = line.iter().position(u8::is_ascii_control) {
            return Err(wrong(Flaw::BadValue, offset));
        }
        let text = std::str::from_utf8(line).map_err(|error| wrong(Flaw::BadValue, error.valid_up_to()))?;
        let fields = text.strip_prefix("SSH-").ok_or(wrong(Flaw::BadValue, 0))?;
        let (protocol, rest) = fields.split_once('-').ok_or(wrong(Flaw::Truncated, 4))?;
        let (software, comments) = match rest.split_once(' ') {
            Some((software, comments)) => (software, Some(comments)),
            None => (rest, None),
        };
        if protocol.is_empty() || software.is_empty() {
            return Err(wrong(Flaw::Empty, 4));
        }
        Ok(Self {
            text,
            protocol,
            software,
            comments,
        })
    }

    /// The whole string without its line end: `V_C` or `V_S` of the exchange hash (RFC 4253 §8).
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The protocol version, `2.0` as a rule.
    pub const fn protocol(&self) -> &'a str {
        self.protocol
    }

    /// The software and its version.
    pub const fn software(&self) -> &'a str {
        self.software
    }

    /// What follows the first space.
    pub const fn comments(&self) -> Option<&'a str> {
        self.comments
    }

    /// Whether the peer speaks version 2; `1.99` says so too (RFC 4253 §5.1).
    pub fn speaks_version_2(&self) -> bool {
        matches!(self.protocol, "2.0" | "1.99")
    }
}

/// Looks for the identification string in the first bytes from a peer; `None` while it is not whole.
/// Lines that do not begin with `SSH-` are passed over, as a client must. A line may end with LF alone.
///
/// # Errors
/// When the string is malformed or too long, or more than [`MAX_PREAMBLE`] bytes come before it;
/// offsets count from the first byte.
pub fn locate_identification(raw: &[u8]) -> Result<Option<LocatedIdentification<'_>>, Malformed> {
    let mut start = 0;
    loop {
        let rest = raw.get(start..).unwrap_or_default();
        let line_end = rest.iter().position(|byte| *byte == b'\n');
        let ours = rest.starts_with(b"SSH-");
        let limit = if ours {
            start + MAX_IDENTIFICATION
        } else {
            MAX_PREAMBLE
        };
        let reached = start + line_end.map_or(rest.len(), |end| end + 1);
        if reached > limit {
            return Err(Malformed {
                field: "identification",
                flaw: Flaw::TooLong,
                offset: start,
            });
        }
        let Some(line_end) = line_end else {
            return Ok(None);
        };
        if ours {
            let line = rest.get(..line_end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let identification = Identification::parse(line).map_err(|malformed| Malformed {
                offset: malformed.offset + start,
                ..malformed
            })?;
            return Ok(Some(LocatedIdentification {
                identification,
                consumed: reached,
            }));
        }
        start = reached;
    }
}

/// An identification string of protocol 2.0 with its line end, ready to be sent.
///
/// # Errors
/// When the software name is empty or holds spaces, when either holds what is not printable ASCII, or
/// when the whole is longer than [`MAX_IDENTIFICATION`].
pub fn build_identification(software: &str, comments: Option<&str>) -> Result<Vec<u8>, BuildError> {
    if software.is_empty() {
        return Err(BuildError::Empty("software"));
    }
    if !software.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BuildError::BadCharacter("software"));
    }
    if !comments
        .unwrap_or_default()
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        return Err(BuildError::BadCharacter("comments"));
    }
    let separator = if comments.is_some() { " " } else { "" };
    let line = format!(
        "SSH-2.0-{software}{separator}{}\r\n",
        comments.unwrap_or_default()
    );
    if line.len() > MAX_IDENTIFICATION {
        return Err(BuildError::TooLong("identification"));
    }
    Ok(line.into_bytes())
}
