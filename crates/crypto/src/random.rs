//! The provider's random generator, for nonces and hello randoms.
//!
//! The one ambient input of this crate. A failure is an error, never weaker bytes.

use aws_lc_rs::rand;

/// Fills a buffer with random bytes.
///
/// # Errors
/// [`RandomError`] when the provider's generator fails; nothing in the buffer may be used then.
pub fn fill(buffer: &mut [u8]) -> Result<(), RandomError> {
    rand::fill(buffer).map_err(|_unspecified| RandomError)
}

/// An array of `N` random bytes.
///
/// # Errors
/// [`RandomError`] when the provider's generator fails.
pub fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut buffer = [0; N];
    fill(&mut buffer)?;
    Ok(buffer)
}

/// The random generator failed; the provider gives no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the random generator failed")]
pub struct RandomError;

#[cfg(test)]
mod tests {
    #[test]
    fn two_draws_differ() {
        assert_ne!(super::bytes::<32>(), super::bytes::<32>());
    }
}
