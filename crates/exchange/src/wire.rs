//! Bytes of messages: big-endian numbers and length-prefixed strings, one encoding for each value.
//!
//! The reader never allocates by a length that it has not seen the bytes of, and says where it stopped.

/// Why bytes are not the message that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {reason}")]
pub struct Malformed {
    /// Where reading stopped, from the first byte of the message.
    pub offset: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

/// Reads one message from front to back.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(crate) const fn malformed(&self, reason: &'static str) -> Malformed {
        Malformed {
            offset: self.offset,
            reason,
        }
    }

    /// Fails with `reason` where `holds` is false.
    pub(crate) const fn require(&self, holds: bool, reason: &'static str) -> Result<(), Malformed> {
        if holds {
            Ok(())
        } else {
            Err(self.malformed(reason))
        }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self
            .offset
            .checked_add(length)
            .ok_or(self.malformed("the length overflows"))?;
        let taken = self
            .bytes
            .get(self.offset..end)
            .ok_or(self.malformed("the message ends too early"))?;
        self.offset = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        Ok(*self
            .take(N)?
            .first_chunk()
            .expect("take returned exactly N bytes"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A string of up to 255 bytes behind its length.
    pub(crate) fn short(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// A string of up to 65,535 bytes behind its length.
    pub(crate) fn long(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// As [`Self::short`], in UTF-8 without control characters.
    pub(crate) fn text(&mut self) -> Result<String, Malformed> {
        let refused = self.malformed("the text is not UTF-8 without control characters");
        let text = str::from_utf8(self.short()?).map_err(|_not_utf8| refused)?;
        if text.chars().any(char::is_control) {
            return Err(refused);
        }
        Ok(text.to_owned())
    }

    pub(crate) fn finish(self) -> Result<(), Malformed> {
        self.require(
            self.offset == self.bytes.len(),
            "the message goes on after its end",
        )
    }
}

/// Writes one message from front to back. What does not fit is remembered and refused at the end.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    overflow: Option<Malformed>,
}

impl Writer {
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.raw(&[value]);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.raw(&value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.raw(&value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.raw(&value.to_be_bytes());
    }

    /// A count of things that follow, at most 255.
    pub(crate) fn count(&mut self, count: usize) {
        match u8::try_from(count) {
            Ok(count) => self.u8(count),
            Err(_too_many) => self.overflowed(),
        }
    }

    pub(crate) fn short(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn long(&mut self, bytes: &[u8]) {
        match u16::try_from(bytes.len()) {
            Ok(length) => self.u16(length),
            Err(_too_long) => self.overflowed(),
        }
        self.raw(bytes);
    }

    const fn overflowed(&mut self) {
        self.overflow = Some(Malformed {
            offset: self.bytes.len(),
            reason: "the field is too long for its length",
        });
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>, Malformed> {
        self.overflow.map_or(Ok(self.bytes), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_reads_back() {
        let mut writer = Writer::default();
        writer.u16(0xabcd);
        writer.u64(7);
        writer.short(b"name");
        writer.long(&[9; 300]);
        let bytes = writer.finish().unwrap();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u16(), Ok(0xabcd));
        assert_eq!(reader.u64(), Ok(7));
        assert_eq!(reader.text().as_deref(), Ok("name"));
        assert_eq!(reader.long(), Ok(&[9; 300][..]));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn a_field_that_does_not_fit_is_refused_and_not_cut() {
        let mut writer = Writer::default();
        writer.short(&[0; 256]);
        assert!(writer.finish().is_err());
        let mut writer = Writer::default();
        writer.long(&[0; 0x1_0000]);
        assert!(writer.finish().is_err());
    }

    #[test]
    fn an_end_too_early_and_one_too_late_are_named() {
        let mut reader = Reader::new(&[0, 5, 1, 2]);
        assert_eq!(
            reader.long(),
            Err(Malformed {
                offset: 2,
                reason: "the message ends too early"
            })
        );
        let mut reader = Reader::new(&[1, 2]);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.finish().unwrap_err().offset, 1);
    }

    #[test]
    fn text_with_a_control_character_is_refused() {
        assert!(Reader::new(b"\x03a\nb").text().is_err());
        assert!(Reader::new(b"\x01\xff").text().is_err());
    }
}
