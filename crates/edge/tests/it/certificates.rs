//! Which certificate a client gets: by its server name and by the signature schemes it can verify;
//! and that certificates are compressed for clients that ask for it (RFC 8879).

use std::sync::Arc;

use hybridge_edge::handshake::{Outcome, SniClass};
use rustls::SignatureScheme as Scheme;
use rustls::client::Resumption;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection};

use crate::harness::certificate::Schemes;
use crate::harness::client::{connect_as, speaking};
use crate::harness::{Edge, echo, make_certificate, terminating};

const RSA: Scheme = Scheme::RSA_PSS_SHA256;
const P256: Scheme = Scheme::ECDSA_NISTP256_SHA256;
const ED: Scheme = Scheme::ED25519;
const ML_DSA: Scheme = Scheme::ML_DSA_65;

/// An edge with four kinds of keys for `localhost`, and an ECDSA one for `*.shop.example`.
async fn five_certificates() -> Edge {
    let directory = tempfile::tempdir().unwrap();
    let make = |name, names: &[&str], algorithm| make_certificate(directory.path(), name, names, algorithm);
    make("rsa", &["localhost"], &rcgen::PKCS_RSA_SHA256);
    make("ecdsa", &["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256);
    make("ed", &["localhost"], &rcgen::PKCS_ED25519);
    make("mldsa", &["localhost"], &rcgen::PKCS_ML_DSA_65);
    make("shop", &["*.shop.example"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let files = ["rsa", "ecdsa", "ed", "mldsa", "shop"]
        .map(|name| format!("{{ chain = '{{DIR}}/{name}.pem', key = '{{DIR}}/{name}.key' }}"))
        .join(", ");
    let toml = terminating(echo().await, "")
        .replace(crate::harness::CERTIFICATE, &format!("certificate = [{files}]"));
    Edge::start_in(directory, &toml)
}

fn verifying(schemes: &[Scheme], version: &'static rustls::SupportedProtocolVersion) -> ClientConfig {
    let mut config = speaking(&[version]);
    config.dangerous().set_certificate_verifier(Schemes::new(schemes));
    config.resumption = Resumption::disabled();
    config
}

fn leaf_in(edge: &Edge, name: &str) -> Vec<u8> {
    use rustls::pki_types::pem::PemObject;
    let path = edge.directory.path().join(format!("{name}.pem"));
    rustls::pki_types::CertificateDer::from_pem_file(path)
        .unwrap()
        .to_vec()
}

#[tokio::test]
async fn the_first_certificate_that_the_client_can_verify_is_chosen_post_quantum_first() {
    let edge = five_certificates().await;
    let cases: [(&[Scheme], &str, Scheme); 8] = [
        (&[RSA, P256, ED, ML_DSA], "mldsa", ML_DSA),
        (&[ML_DSA], "mldsa", ML_DSA),
        (&[ED, P256, RSA], "rsa", RSA),
        (&[ED, P256], "ecdsa", P256),
        (&[ED], "ed", ED),
        (&[Scheme::RSA_PKCS1_SHA256, P256], "ecdsa", P256),
        (&[Scheme::RSA_PSS_SHA512, RSA], "rsa", Scheme::RSA_PSS_SHA512),
        (&[Scheme::ECDSA_NISTP384_SHA384, ED], "ed", ED),
    ];
    for (count, (schemes, expect, scheme)) in cases.into_iter().enumerate() {
        let stream = connect_as("localhost", edge.address("r"), verifying(schemes, &TLS13)).await;
        let stream = stream.unwrap();
        let leaf = &stream.get_ref().1.peer_certificates().unwrap()[0];
        assert_eq!(leaf.as_ref(), leaf_in(&edge, expect), "{schemes:?}");
        let record = edge.handshakes(count + 1).await[0].handshake;
        assert_eq!(
            record.negotiated.scheme.map(|scheme| scheme.0),
            Some(u16::from(scheme)),
            "{schemes:?}"
        );
    }
}

#[tokio::test]
async fn a_client_that_can_verify_none_of_them_is_refused_with_an_alert() {
    let edge = five_certificates().await;
    let config = verifying(&[Scheme::ECDSA_NISTP521_SHA512], &TLS13);
    assert!(connect_as("localhost", edge.address("r"), config).await.is_err());
    let record = edge.record().await;
    assert_eq!((record.outcome, record.alert), (Outcome::AlertOut, Some(40)));
}

#[tokio::test]
async fn tls_1_2_gets_a_certificate_that_fits_its_suites() {
    let edge = five_certificates().await;
    let cases: [(&[Scheme], &str, Scheme); 3] = [
        (&[P256], "ecdsa", P256),
        (&[Scheme::RSA_PKCS1_SHA256], "rsa", Scheme::RSA_PKCS1_SHA256),
        (&[ED], "ed", ED),
    ];
    for (count, (schemes, expect, scheme)) in cases.into_iter().enumerate() {
        let stream = connect_as("localhost", edge.address("r"), verifying(schemes, &TLS12)).await;
        let stream = stream.unwrap();
        let leaf = &stream.get_ref().1.peer_certificates().unwrap()[0];
        assert_eq!(leaf.as_ref(), leaf_in(&edge, expect), "{schemes:?}");
        let record = edge.handshakes(count + 1).await[0].handshake;
        assert_eq!(
            record.negotiated.scheme.map(|scheme| scheme.0),
            Some(u16::from(scheme))
        );
    }
}

#[tokio::test]
async fn tls_1_2_with_suites_of_one_kind_is_recorded_with_the_scheme_that_was_used() {
    let edge = five_certificates().await;
    for (suites, expect, scheme) in [("_ECDSA_", "ecdsa", P256), ("_RSA_", "rsa", RSA)] {
        let mut config = verifying(&[P256, RSA], &TLS12);
        let mut provider = (**config.crypto_provider()).clone();
        provider
            .cipher_suites
            .retain(|suite| format!("{:?}", suite.suite()).contains(suites));
        config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&TLS12])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Schemes::new(&[P256, RSA]))
            .with_no_client_auth();
        let stream = connect_as("localhost", edge.address("r"), config).await.unwrap();
        let leaf = &stream.get_ref().1.peer_certificates().unwrap()[0];
        assert_eq!(leaf.as_ref(), leaf_in(&edge, expect), "{suites}");
        let count = if expect == "ecdsa" { 1 } else { 2 };
        let record = edge.handshakes(count).await[0].handshake;
        assert_eq!(
            record.negotiated.scheme.map(|scheme| scheme.0),
            Some(u16::from(scheme)),
            "{suites}"
        );
    }
}

#[tokio::test]
async fn the_server_name_chooses_before_the_kind_of_key() {
    let edge = five_certificates().await;
    let all = [RSA, P256, ED, ML_DSA];
    let cases = [
        ("api.shop.example", &all[..], "shop", SniClass::Known),
        ("API.SHOP.EXAMPLE", &all[..], "shop", SniClass::Known),
        ("shop.example", &all[..], "mldsa", SniClass::Unknown),
        ("api.shop.example", &[ED], "ed", SniClass::Known),
        ("127.0.0.1", &all[..], "mldsa", SniClass::Absent),
    ];
    for (count, (name, schemes, expect, sni)) in cases.into_iter().enumerate() {
        let stream = connect_as(name, edge.address("r"), verifying(schemes, &TLS13))
            .await
            .unwrap();
        let leaf = &stream.get_ref().1.peer_certificates().unwrap()[0];
        assert_eq!(leaf.as_ref(), leaf_in(&edge, expect), "{name} {schemes:?}");
        let record = edge.handshakes(count + 1).await[0].handshake;
        assert_eq!(record.offered.unwrap().sni, sni, "{name}");
    }
}

/// The bytes that a client reads until its handshake is complete.
fn handshake_bytes(address: std::net::SocketAddr, config: ClientConfig) -> usize {
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let mut read = 0;
    while connection.is_handshaking() {
        read += connection.complete_io(&mut stream).unwrap().0;
    }
    read
}

#[tokio::test]
async fn certificates_are_compressed_for_clients_that_can_expand_them() {
    let directory = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..60).map(|n| format!("shop-{n}.europe.example.com")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("localhost");
    make_certificate(directory.path(), "leaf", &names, &rcgen::PKCS_ECDSA_P256_SHA256);
    let edge = Edge::start_in(directory, &terminating(echo().await, ""));
    let (address, whole) = (edge.address("r"), leaf_in(&edge, "leaf").len());
    let read = tokio::task::spawn_blocking(move || {
        let mut plain = verifying(&[P256], &TLS13);
        plain.cert_decompressors = vec![];
        let only = |decompressor| {
            let mut config = verifying(&[P256], &TLS13);
            config.cert_decompressors = vec![decompressor];
            config
        };
        let brotli = only(rustls::compress::BROTLI_DECOMPRESSOR);
        let zlib = only(rustls::compress::ZLIB_DECOMPRESSOR);
        [plain, brotli, zlib].map(|config| handshake_bytes(address, config))
    });
    let [plain, brotli, zlib] = read.await.unwrap();
    assert!(plain > whole, "{plain} of {whole}");
    assert!(brotli + whole / 2 < plain, "brotli: {brotli} of {plain}");
    assert!(zlib + whole / 2 < plain, "zlib: {zlib} of {plain}");
    for record in edge.handshakes(3).await {
        assert_eq!(record.handshake.outcome, Outcome::Success);
    }
}
