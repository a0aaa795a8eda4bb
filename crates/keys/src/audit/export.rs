//! The export: one JSON object per line; a first line that says of what, a last line that is signed.
//!
//! An entry stands in its line byte for byte, so that its hash can be computed from the text. The layout of
//! a line is fixed; `docs/audit.md` has it. A file without its last line was cut short.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hybridge_store::{Entry, Head, StoreId};
use jiff::Timestamp;

use super::statement::Statement;

/// The first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The store whose log it is.
    pub store: StoreId,
    /// The log before the first line of it.
    pub before: Head,
}

/// A line of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Of what it is an export.
    Start(Start),
    /// One entry.
    Entry(Entry),
    /// The end, signed.
    End {
        /// What is signed.
        statement: Statement,
        /// The signature.
        signature: Vec<u8>,
    },
}

impl Line {
    /// The line without its line feed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Start(Start { store, before }) => format!(
                r#"{{"hybridge-audit":1,"store":"{store}","before":{},"hash":"{}"}}"#,
                before.sequence,
                hex(&before.hash)
            )
            .into_bytes(),
            Self::Entry(entry) => {
                let head = format!(
                    r#"{{"sequence":{},"hash":"{}","entry":"#,
                    entry.sequence,
                    hex(&entry.hash)
                );
                [head.as_bytes(), &entry.bytes, b"}"].concat()
            }
            Self::End { statement, signature } => format!(
                r#"{{"end":{},"hash":"{}","time":{},"store":"{}","signature":"{}"}}"#,
                statement.head.sequence,
                hex(&statement.head.hash),
                statement.time.as_millisecond(),
                statement.store,
                STANDARD.encode(signature)
            )
            .into_bytes(),
        }
    }

    /// Reads a line without its line feed; none for anything that `to_bytes` would not write.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let mut rest = Rest(line);
        let parsed = match rest.field()? {
            b"hybridge-audit" => rest.start(),
            b"sequence" => rest.entry(),
            b"end" => rest.end(),
            _ => None,
        }?;
        (parsed.to_bytes() == line).then_some(parsed)
    }
}

/// What is left of a line.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.0.iter().position(|byte| *byte == end)?;
        let (found, rest) = self.0.split_at(at);
        self.0 = &rest[1..];
        Some(found)
    }

    /// The name of the next field, up to and with its colon.
    fn field(&mut self) -> Option<&'a [u8]> {
        self.until(b'"')?;
        let name = self.until(b'"')?;
        self.until(b':')?;
        Some(name)
    }

    fn named(&mut self, name: &str) -> Option<()> {
        (self.field()? == name.as_bytes()).then_some(())
    }

    fn number<T: std::str::FromStr>(&mut self) -> Option<T> {
        let len = self
            .0
            .iter()
            .position(|byte| !byte.is_ascii_digit() && *byte != b'-')?;
        let (digits, rest) = self.0.split_at(len);
        self.0 = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        self.until(b'"')?;
        self.until(b'"')
    }

    fn hex<const N: usize>(&mut self) -> Option<[u8; N]> {
        unhex(self.text()?)
    }

    fn start(&mut self) -> Option<Line> {
        self.number::<u8>()?;
        self.named("store")?;
        let store = StoreId(self.hex()?);
        self.named("before")?;
        let sequence = self.number()?;
        self.named("hash")?;
        let hash = self.hex()?;
        let before = Head { sequence, hash };
        Some(Line::Start(Start { store, before }))
    }

    fn entry(&mut self) -> Option<Line> {
        let sequence = self.number()?;
        self.named("hash")?;
        let hash = self.hex()?;
        self.named("entry")?;
        let bytes = self.0.strip_suffix(b"}")?.to_vec();
        if !bytes.starts_with(b"{") || !bytes.ends_with(b"}") {
            return None;
        }
        Some(Line::Entry(Entry {
            sequence,
            hash,
            bytes,
        }))
    }

    fn end(&mut self) -> Option<Line> {
        let sequence = self.number()?;
        self.named("hash")?;
        let hash = self.hex()?;
        self.named("time")?;
        let time = Timestamp::from_millisecond(self.number()?).ok()?;
        self.named("store")?;
        let store = StoreId(self.hex()?);
        self.named("signature")?;
        let signature = STANDARD.decode(self.text()?).ok()?;
        let head = Head { sequence, hash };
        let statement = Statement { store, head, time };
        Some(Line::End { statement, signature })
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn unhex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use hybridge_store::{Entry, Head, StoreId};
    use jiff::Timestamp;

    use super::{Line, Start};
    use crate::audit::Statement;

    #[test]
    fn lines_read_back_as_they_were_written_and_in_no_other_form() {
        let (store, hash) = (StoreId([7; 16]), [0xab; 32]);
        let head = Head { sequence: 9, hash };
        let time = Timestamp::constant(5, 0);
        let lines = [
            Line::Start(Start { store, before: head }),
            Line::Entry(Entry {
                sequence: 9,
                hash,
                bytes: br#"{"v":1,"event":"x"}"#.to_vec(),
            }),
            Line::End {
                statement: Statement { store, head, time },
                signature: vec![1, 2, 3],
            },
        ];
        for line in lines {
            let bytes = line.to_bytes();
            let value: serde_json::Value = serde_json::from_slice(&bytes).expect("valid JSON");
            assert!(value.is_object());
            assert_eq!(Line::parse(&bytes), Some(line));
            for cut in 0..bytes.len() {
                assert_eq!(Line::parse(&bytes[..cut]), None);
            }
            let spaced = String::from_utf8(bytes).expect("text").replacen(':', ": ", 1);
            assert_eq!(Line::parse(spaced.as_bytes()), None);
        }
    }
}
