//! A cursor over borrowed bytes that knows where it is, so that every error can say so.
//!
//! A sub-reader shares the bytes of its parent: offsets count from the start of the message whatever
//! the depth. Nothing here indexes without having checked.

use crate::malformed::{Flaw, Malformed};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.at
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// What has not been read yet.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[cold]
    pub(crate) const fn wrong(&self, field: &'static str, flaw: Flaw) -> Malformed {
        Malformed {
            field,
            flaw,
            offset: self.at,
        }
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, Malformed> {
        let &[byte] = self.array::<1>(field)?;
        Ok(byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, Malformed> {
        Ok(u16::from_be_bytes(*self.array(field)?))
    }

    #[inline]
    pub(crate) fn u24(&mut self, field: &'static str) -> Result<usize, Malformed> {
        let &[a, b, c] = self.array::<3>(field)?;
        Ok(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<&'a [u8; N], Malformed> {
        match self.rest().first_chunk() {
            Some(array) => {
                self.at += N;
                Ok(array)
            }
            None => Err(self.wrong(field, Flaw::Truncated)),
        }
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], Malformed> {
        match self.rest().get(..length) {
            Some(taken) => {
                self.at += length;
                Ok(taken)
            }
            None => Err(self.wrong(field, Flaw::Truncated)),
        }
    }

    /// `opaque field<0..2^8-1>`
    #[inline]
    pub(crate) fn vec8(&mut self, field: &'static str) -> Result<&'a [u8], Malformed> {
        let length = self.u8(field)?;
        self.take(usize::from(length), field)
    }

    /// `opaque field<0..2^16-1>`
    #[inline]
    pub(crate) fn vec16(&mut self, field: &'static str) -> Result<&'a [u8], Malformed> {
        let length = self.u16(field)?;
        self.take(usize::from(length), field)
    }

    /// `opaque field<1..2^16-1>`
    #[inline]
    pub(crate) fn filled16(&mut self, field: &'static str) -> Result<&'a [u8], Malformed> {
        let start = *self;
        let bytes = self.vec16(field)?;
        if bytes.is_empty() {
            Err(start.wrong(field, Flaw::Empty))
        } else {
            Ok(bytes)
        }
    }

    /// A reader over the next `length` bytes, which this reader then has behind it.
    #[inline]
    pub(crate) fn sub(&mut self, length: usize, field: &'static str) -> Result<Self, Malformed> {
        let start = self.at;
        self.take(length, field)?;
        let bytes = self.bytes.get(..self.at).unwrap_or_default();
        Ok(Self { bytes, at: start })
    }

    #[inline]
    pub(crate) fn sub8(&mut self, field: &'static str) -> Result<Self, Malformed> {
        let length = self.u8(field)?;
        self.sub(usize::from(length), field)
    }

    #[inline]
    pub(crate) fn sub16(&mut self, field: &'static str) -> Result<Self, Malformed> {
        let length = self.u16(field)?;
        self.sub(usize::from(length), field)
    }

    #[inline]
    pub(crate) fn end(&self, field: &'static str) -> Result<(), Malformed> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.wrong(field, Flaw::TrailingBytes))
        }
    }

    /// What is left, as a list of two-byte values: not empty, not odd.
    #[inline]
    pub(crate) fn pairs(&mut self, field: &'static str) -> Result<&'a [u8], Malformed> {
        let pairs = self.rest();
        if pairs.is_empty() {
            return Err(self.wrong(field, Flaw::Empty));
        }
        if !pairs.len().is_multiple_of(2) {
            return Err(self.wrong(field, Flaw::BadLength));
        }
        self.at += pairs.len();
        Ok(pairs)
    }
}
