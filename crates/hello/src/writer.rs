//! Writes the length-prefixed vectors of TLS (RFC 8446 §3.4) and remembers what did not fit.
//!
//! Lengths are patched in after the body; the first one that overflows its prefix makes the whole
//! build fail, so that no caller has to check every step.

/// A message cannot be written as asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BuildError {
    /// A field is longer than its length prefix can say, or than the grammar allows.
    #[error("{0} is too long to be written")]
    TooLong(&'static str),
    /// A field is empty and must not be.
    #[error("{0} must not be empty")]
    Empty(&'static str),
    /// An extension was given twice, or once more than the builder writes it itself.
    #[error("the extension {0} would appear twice")]
    Duplicate(u16),
    /// Text holds a character that the format cannot carry.
    #[error("{0} holds a character that is not allowed there")]
    BadCharacter(&'static str),
}

#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    error: Option<BuildError>,
}

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }

    /// A list of two-byte values.
    pub(crate) fn u16s(&mut self, values: impl IntoIterator<Item = u16>) {
        values.into_iter().for_each(|value| self.u16(value));
    }

    /// `opaque field<0..2^8-1>`
    pub(crate) fn vec8(&mut self, field: &'static str, body: impl FnOnce(&mut Self)) {
        self.prefixed::<1>(field, body);
    }

    /// `opaque field<0..2^16-1>`
    pub(crate) fn vec16(&mut self, field: &'static str, body: impl FnOnce(&mut Self)) {
        self.prefixed::<2>(field, body);
    }

    /// `opaque field<0..2^24-1>`
    pub(crate) fn vec24(&mut self, field: &'static str, body: impl FnOnce(&mut Self)) {
        self.prefixed::<3>(field, body);
    }

    /// An extension: its type, then its body behind a length.
    pub(crate) fn extension(&mut self, kind: u16, body: impl FnOnce(&mut Self)) {
        self.u16(kind);
        self.vec16("extension_data", body);
    }

    /// An extension whose body is one vector with a two-byte length.
    pub(crate) fn extension16(&mut self, kind: u16, field: &'static str, body: impl FnOnce(&mut Self)) {
        self.extension(kind, |to| to.vec16(field, body));
    }

    /// What was written, unless something did not fit.
    pub(crate) fn finish(self) -> Result<Vec<u8>, BuildError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.bytes),
        }
    }

    fn prefixed<const N: usize>(&mut self, field: &'static str, body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; N]);
        body(self);
        let length = (self.bytes.len() - start - N).to_be_bytes();
        let (overflow, low) = length.split_at(length.len() - N);
        if overflow.iter().any(|&byte| byte != 0) {
            self.fail(BuildError::TooLong(field));
        }
        if let Some(prefix) = self.bytes.get_mut(start..start + N) {
            prefix.copy_from_slice(low);
        }
    }
}
