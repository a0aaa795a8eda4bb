//! The shared secret of a key exchange: erased when dropped, never printed.
//!
//! It cannot be cloned or compared; whoever needs the bytes borrows them for a key schedule.

use zeroize::Zeroizing;

/// A shared secret. Dropping it erases the bytes; `Debug` prints `<redacted>`.
pub struct SharedSecret(Zeroizing<Box<[u8]>>);

impl SharedSecret {
    /// Takes ownership of secret bytes.
    pub(crate) fn new(bytes: Box<[u8]>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Joins parts in order, without leaving a copy behind (the buffer has its final size from the start).
    pub(crate) fn join(parts: &[Self]) -> Self {
        let mut joined = vec![0; parts.iter().map(|part| part.as_bytes().len()).sum()].into_boxed_slice();
        let mut rest = &mut joined[..];
        for part in parts {
            let (here, after) = rest.split_at_mut(part.as_bytes().len());
            here.copy_from_slice(part.as_bytes());
            rest = after;
        }
        Self::new(joined)
    }

    /// The secret bytes, for a key schedule.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for SharedSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SharedSecret(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::SharedSecret;

    #[test]
    fn debug_never_shows_the_bytes() {
        let secret = SharedSecret::new(Box::new([0xab; 32]));
        assert_eq!(format!("{secret:?}"), "SharedSecret(<redacted>)");
    }

    #[test]
    fn join_keeps_the_order_of_the_parts() {
        let parts = [
            SharedSecret::new(Box::new([1, 2])),
            SharedSecret::new(Box::new([3])),
        ];
        assert_eq!(SharedSecret::join(&parts).as_bytes(), [1, 2, 3]);
    }
}
