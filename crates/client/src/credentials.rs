//! Who the client is: a bearer token, a certificate, or both. Neither is ever printed.
//! What is wrong with them is said here, before any connection is made.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

/// What a request is authenticated with.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Sent with every request (RFC 6750 §2.1).
    pub token: Option<Token>,
    /// Presented in the TLS handshake.
    pub certificate: Option<Certificate>,
}

/// A bearer token; erased when dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Takes a token, without the white space around it that files have.
    ///
    /// # Errors
    /// [`CredentialsError::Token`] where it is empty or cannot stand in a header.
    pub fn new(text: &str) -> Result<Self, CredentialsError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialsError::Token);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The header's value, marked so that nothing prints it.
    pub(crate) fn header(&self) -> http::HeaderValue {
        let value = Zeroizing::new(format!("Bearer {}", *self.0));
        let mut header = http::HeaderValue::from_str(&value).expect("a token is graphic ASCII");
        header.set_sensitive(true);
        header
    }
}

/// A certificate chain with its private key.
pub struct Certificate {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// Reads a chain and a private key, both PEM.
    ///
    /// # Errors
    /// [`CredentialsError::Certificate`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CredentialsError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .filter_map(Result::ok)
            .collect();
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_malformed| CredentialsError::Certificate)?;
        if chain.is_empty() {
            return Err(CredentialsError::Certificate);
        }
        Ok(Self { chain, key })
    }
}

impl Clone for Certificate {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(<redacted>)")
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "Certificate({} in the chain, <redacted>)",
            self.chain.len()
        )
    }
}

/// Why credentials cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// Empty, or with bytes that no token has.
    #[error("the token is empty or has characters that no token has")]
    Token,
    /// No certificate or no private key in the PEM.
    #[error("there is no certificate or no private key in the PEM")]
    Certificate,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_trimmed_checked_and_never_printed() {
        let token = Token::new("hyb_secret\n").unwrap();
        assert_eq!(token.header().as_bytes(), b"Bearer hyb_secret");
        assert!(!format!("{token:?} {:?}", token.header()).contains("secret"));
        for bad in ["", " \n", "a b", "a\r\nX: y", "ü"] {
            assert_eq!(Token::new(bad).unwrap_err(), CredentialsError::Token, "{bad:?}");
        }
    }
}
