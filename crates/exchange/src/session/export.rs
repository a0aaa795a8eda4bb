//! Keys for other protocols, exported from a session (RFC 8446 §7.5, RFC 5705 §4).
//!
//! Both sides get the same bytes for the same label, context, length and epoch, and unrelated ones for any
//! other. An exported key does not lead back to the session's keys.

use super::{Session, SessionError, Side};
use crate::schedule::{LABEL_LEN_MAX, Secret, expand_label, hashed};
use crate::{CryptoError, Time};

impl<S: Side> Session<S> {
    /// Exports `length` bytes under a label (1 to 245 bytes) and a context (any bytes).
    ///
    /// # Errors
    /// [`SessionError::Expired`], [`SessionError::Label`], [`SessionError::TooLong`] for more than 255 hashes
    /// (8,160 bytes under SHA-256), [`SessionError::Crypto`].
    pub fn export(
        &self,
        label: &[u8],
        context: &[u8],
        length: usize,
        now: Time,
    ) -> Result<Secret, SessionError> {
        self.alive(now)?;
        let hash = self.agreed.suite.hash;
        if !(1..=LABEL_LEN_MAX).contains(&label.len()) {
            return Err(SessionError::Label { max: LABEL_LEN_MAX });
        }
        let max = 255 * hash.len();
        if length > max {
            return Err(SessionError::TooLong { max });
        }
        Ok(self.exported(label, context, length)?)
    }

    fn exported(&self, label: &[u8], context: &[u8], length: usize) -> Result<Secret, CryptoError> {
        let hash = self.agreed.suite.hash;
        let nothing = hashed(hash, &[]);
        let derived = expand_label(hash, &self.epoch.exporter, label, &nothing, hash.len())?;
        expand_label(hash, &derived, b"exporter", &hashed(hash, context), length)
    }
}
