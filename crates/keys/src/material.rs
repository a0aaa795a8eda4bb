//! The secret of one version, expanded and ready for use.
//!
//! The only place in the crate where key bytes become a key. Everything in it is erased when dropped; no
//! part of it can be printed.

use hybridge_crypto::{Algorithm, Family, aead, kem, mac, sign, state};
use zeroize::Zeroizing;

use crate::{Error, Purpose};

/// A key of some kind, ready for use.
pub(crate) enum Material {
    Kem(kem::PrivateKey),
    Sign(sign::PrivateKey),
    Aead(aead::Key),
    Mac(mac::Key),
}

impl Material {
    /// Makes new material; key pairs are tested for pairwise consistency.
    pub(crate) fn generate(purpose: Purpose, algorithm: &'static Algorithm) -> Result<Self, Error> {
        state::check()?;

        match purpose {
            Purpose::Kem => kem::PrivateKey::generate(algorithm)
                .map(Self::Kem)
                .map_err(failed(algorithm)),
            Purpose::Sign => sign::PrivateKey::generate(algorithm)
                .map(Self::Sign)
                .map_err(failed(algorithm)),
            Purpose::Encrypt | Purpose::Wrap => aead::Key::generate(algorithm)
                .map(Self::Aead)
                .map_err(failed(algorithm)),
            Purpose::Mac => mac::Key::generate(algorithm)
                .map(Self::Mac)
                .map_err(failed(algorithm)),
        }
    }

    /// Makes new material without holding up others: slow algorithms run on a thread of their own.
    pub(crate) async fn generate_aside(
        purpose: Purpose,
        algorithm: &'static Algorithm,
    ) -> Result<Self, Error> {
        if is_slow(algorithm) {
            aside(move || Self::generate(purpose, algorithm)).await
        } else {
            Self::generate(purpose, algorithm)
        }
    }

    /// Reads material in its stored form.
    pub(crate) fn read(purpose: Purpose, algorithm: &'static Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        state::check()?;

        match purpose {
            Purpose::Kem => kem::PrivateKey::from_bytes(algorithm, bytes)
                .map(Self::Kem)
                .map_err(failed(algorithm)),
            Purpose::Sign => sign::PrivateKey::from_bytes(algorithm, bytes)
                .map(Self::Sign)
                .map_err(failed(algorithm)),
            Purpose::Encrypt | Purpose::Wrap => aead::Key::from_bytes(algorithm, bytes)
                .map(Self::Aead)
                .map_err(failed(algorithm)),
            Purpose::Mac => mac::Key::from_bytes(algorithm, bytes)
                .map(Self::Mac)
                .map_err(failed(algorithm)),
        }
    }

    /// The stored form.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Kem(key) => key.to_bytes(),
            Self::Sign(key) => key.to_bytes(),
            Self::Aead(key) => key.to_bytes(),
            Self::Mac(key) => key.to_bytes(),
        }
    }

    /// The public half in its raw form; empty for symmetric keys.
    pub(crate) fn public_key(&self) -> &[u8] {
        match self {
            Self::Kem(key) => key.public_key(),
            Self::Sign(key) => key.public_key(),
            Self::Aead(_) | Self::Mac(_) => &[],
        }
    }
}

/// True where making a key or a signature takes milliseconds and more.
pub(crate) fn is_slow(algorithm: &Algorithm) -> bool {
    matches!(algorithm.family, Family::SlhDsa | Family::Rsa)
}

/// Runs something slow where it holds up no other request.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(gone) => Err(Error::store(gone)),
    }
}

/// What the provider said, with the algorithm's name; the error state stays what it is.
pub(crate) fn failed<E>(algorithm: &'static Algorithm) -> impl Fn(E) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |source| {
        state::failure().map_or_else(
            || Error::Crypto {
                algorithm: algorithm.name,
                source: Box::new(source),
            },
            Error::Failed,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Material;
    use crate::Purpose;

    #[test]
    fn material_comes_back_from_its_stored_form() {
        for purpose in Purpose::ALL {
            let algorithm = purpose.default_algorithm();
            let made = Material::generate(purpose, algorithm).expect("the provider works");
            let read = Material::read(purpose, algorithm, &made.to_bytes()).expect("its own form");
            assert_eq!(read.public_key(), made.public_key());
            assert_eq!(*read.to_bytes(), *made.to_bytes());
        }
    }

    #[test]
    fn material_of_another_form_is_refused() {
        for purpose in [Purpose::Kem, Purpose::Sign, Purpose::Encrypt] {
            assert!(Material::read(purpose, purpose.default_algorithm(), &[1; 7]).is_err());
        }
    }
}
