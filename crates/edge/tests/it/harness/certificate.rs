//! Certificates made on the spot, and a client's verifier that takes any of them but accepts only
//! the signature schemes it is told to.

use std::path::Path;
use std::sync::Arc;

use hybridge_edge::kx;
use hybridge_policy::Group;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// Writes `NAME.pem` and `NAME.key`, self-signed and issued by `NAME`.
pub(crate) fn make_certificate(
    directory: &Path,
    name: &str,
    names: &[&str],
    algorithm: &'static rcgen::SignatureAlgorithm,
) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    let issuer = format!("{name} of {}", params.subject_alt_names.len());
    params.distinguished_name.push(rcgen::DnType::CommonName, issuer);
    let certificate = params.self_signed(&key).unwrap();
    write(&directory.join(format!("{name}.pem")), &certificate.pem());
    write(&directory.join(format!("{name}.key")), &key.serialize_pem());
}

pub(crate) fn write(path: &Path, text: &str) {
    use std::io::Write;
    std::fs::File::create(path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

/// Believes every certificate, but checks the handshake's signature and offers these schemes alone.
#[derive(Debug)]
pub(crate) struct Schemes {
    offered: Vec<SignatureScheme>,
    provider: Arc<CryptoProvider>,
}

impl Schemes {
    pub(crate) fn new(offered: &[SignatureScheme]) -> Arc<Self> {
        Arc::new(Self {
            offered: offered.to_vec(),
            provider: kx::provider(&Group::ALL),
        })
    }
}

impl ServerCertVerifier for Schemes {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, leaf, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.offered.clone()
    }
}
