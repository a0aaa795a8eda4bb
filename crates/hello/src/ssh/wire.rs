//! `string` and `mpint` (RFC 4251 §5), reading and writing.
//! What goes into an exchange hash is put together with these two, byte for byte (RFC 4253 §8).

use crate::malformed::Malformed;
use crate::reader::Reader;

/// Appends a `string`: four bytes of length, then the bytes. What is over 4 GiB is cut.
pub fn put_string(to: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    to.extend_from_slice(&length.to_be_bytes());
    to.extend(bytes.iter().take(usize::try_from(length).unwrap_or(usize::MAX)));
}

/// Appends a non-negative number, given big-endian, as an `mpint`: no leading zeros, but one zero byte
/// where the first bit would otherwise be a sign.
pub fn put_mpint(to: &mut Vec<u8>, magnitude: &[u8]) {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let digits = magnitude.get(zeros..).unwrap_or_default();
    if digits.first().is_some_and(|first| first & 0x80 != 0) {
        let mut padded = Vec::with_capacity(digits.len() + 1);
        padded.push(0);
        padded.extend_from_slice(digits);
        put_string(to, &padded);
    } else {
        put_string(to, digits);
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, Malformed> {
        Ok(u32::from_be_bytes(*self.array(field)?))
    }

    pub(crate) fn string(&mut self, field: &'static str) -> Result<&'a [u8], Malformed> {
        let start = *self;
        let length = usize::try_from(self.u32(field)?).unwrap_or(usize::MAX);
        self.take(length, field).map_err(|malformed| Malformed {
            offset: start.offset(),
            ..malformed
        })
    }
}
