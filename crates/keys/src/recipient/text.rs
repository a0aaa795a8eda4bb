//! Text forms: one line of `prefix:…:base64url`, with a checksum, so that what a person copied badly is told.
//!
//! The checksum is the first four bytes of SHA-256 over everything before it: prefix, separators and bytes.
//! It finds mistakes, not attackers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hybridge_crypto::digest::sha256;
use zeroize::Zeroizing;

const CHECKSUM_LEN: usize = 4;

/// `prefix:base64url(bytes ‖ checksum)`.
pub(crate) fn write(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut joined = Zeroizing::new(Vec::with_capacity(bytes.len() + CHECKSUM_LEN));
    joined.extend_from_slice(bytes);
    joined.extend_from_slice(&checksum(prefix, bytes));
    let body = Zeroizing::new(URL_SAFE_NO_PAD.encode(&joined[..]));
    let mut line = Zeroizing::new(String::with_capacity(prefix.len() + 1 + body.len()));
    line.push_str(prefix);
    line.push(':');
    line.push_str(&body);
    line
}

/// The prefix (everything before the last colon) and the bytes of a line that [`write`] made.
///
/// # Errors
/// [`TextError`] for what is not such a line.
pub(crate) fn read(line: &str) -> Result<(&str, Zeroizing<Vec<u8>>), TextError> {
    let (prefix, body) = line.trim().rsplit_once(':').ok_or(TextError::NoPrefix)?;
    let mut joined = decode(body)?;
    let bytes_len = joined
        .len()
        .checked_sub(CHECKSUM_LEN)
        .ok_or(TextError::Checksum)?;
    if joined[bytes_len..] != checksum(prefix, &joined[..bytes_len]) {
        return Err(TextError::Checksum);
    }
    joined.truncate(bytes_len);
    Ok((prefix, joined))
}

/// base64url without padding (RFC 4648 §5).
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding (RFC 4648 §5).
///
/// # Errors
/// [`TextError::Base64`] for anything else.
pub(crate) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, TextError> {
    match URL_SAFE_NO_PAD.decode(text) {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(_detail) => Err(TextError::Base64),
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

fn checksum(prefix: &str, bytes: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut covered = Zeroizing::new(Vec::with_capacity(prefix.len() + 1 + bytes.len()));
    covered.extend_from_slice(prefix.as_bytes());
    covered.push(b':');
    covered.extend_from_slice(bytes);
    let digest = sha256(&covered);
    [digest[0], digest[1], digest[2], digest[3]]
}

/// Why a line is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("there is no `prefix:` before the encoded part")]
    NoPrefix,
    #[error("the encoded part is not base64url without padding")]
    Base64,
    #[error("the checksum does not match: characters are missing, changed or swapped")]
    Checksum,
}

#[cfg(test)]
mod tests {
    use super::{TextError, hex, read, write};

    #[test]
    fn a_line_reads_back() {
        let line = write("hybridge-example:one", &[1, 2, 3]);
        let (prefix, bytes) = read(&line).expect("its own line");
        assert_eq!((prefix, &bytes[..]), ("hybridge-example:one", &[1, 2, 3][..]));
    }

    #[test]
    fn every_changed_character_is_told() {
        let line = write("p:1", &[9; 16]);
        for place in 0..line.len() {
            let mut changed = line.as_bytes().to_vec();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(read(&changed).is_err(), "{changed}");
        }
    }

    #[test]
    fn what_is_no_line_is_refused() {
        assert_eq!(read("no colon"), Err(TextError::NoPrefix));
        assert_eq!(read("p:***"), Err(TextError::Base64));
        assert_eq!(read("p:AAA"), Err(TextError::Checksum));
    }

    #[test]
    fn hex_is_lower_case_and_padded() {
        assert_eq!(hex(&[0x0a, 0xff]), "0aff");
    }
}
