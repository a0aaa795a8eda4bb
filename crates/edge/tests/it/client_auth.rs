//! Routes that ask clients for certificates: who gets in, what the upstream is told, and that a connection
//! which shows none cannot come in by resuming one that did.

use std::path::Path;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};

use crate::harness::certificate::write;
use crate::harness::client::{connect_with, speaking};
use crate::harness::http::{Upstream, get, text};
use crate::harness::{CERTIFICATE, Edge, make_certificate, route};

/// An authority of client certificates.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

/// A client's certificate and key.
struct Holder(CertificateDer<'static>, PrivateKeyDer<'static>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self { params, key }
    }

    fn write(&self, path: &Path) {
        write(path, &self.params.self_signed(&self.key).unwrap().pem());
    }

    fn holder(&self, uri: &str, usage: ExtendedKeyUsagePurpose) -> Holder {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Holder(
            certificate.der().clone(),
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
    }
}

const PAY: &str = "spiffe://example.org/pay";

fn edge(upstream: &Upstream, authority: &Authority, mode: &str) -> Edge {
    let directory = tempfile::tempdir().unwrap();
    make_certificate(
        directory.path(),
        "leaf",
        &["localhost"],
        &rcgen::PKCS_ECDSA_P256_SHA256,
    );
    authority.write(&directory.path().join("clients.pem"));
    let extra = format!(
        "{CERTIFICATE}\nrung = 'upgrade'\nprotocol = 'http'\n\
         client_auth = {{ ca = '{{DIR}}/clients.pem', mode = '{mode}' }}"
    );
    let toml = format!("process.cores = 1\n{}", route("r", upstream.address, &extra));
    Edge::start_in(directory, &toml)
}

fn client(holder: Option<&Holder>, version: &'static rustls::SupportedProtocolVersion) -> ClientConfig {
    let mut config = speaking(&[version]);
    if let Some(Holder(certificate, key)) = holder {
        let provider = config.crypto_provider();
        let key = provider.key_provider.load_private_key(key.clone_key()).unwrap();
        let certified = rustls::sign::CertifiedKey::new(vec![certificate.clone()], key);
        config.client_auth_cert_resolver = Arc::new(rustls::sign::SingleCertAndKey::from(certified));
    }
    config
}

/// What the upstream is told of a request by this client; none if it is not let in.
async fn told(edge: &Edge, config: impl Into<Arc<ClientConfig>>) -> Option<String> {
    let stream = connect_with(edge.address("r"), config).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .ok()?;
    tokio::spawn(connection);
    let mut request = get("/head");
    let forged = "spiffe://example.org/admin".parse().unwrap();
    request.headers_mut().insert("hybridge-tls-client", forged);
    request
        .headers_mut()
        .insert("client-cert", ":Zm9yZ2Vk:".parse().unwrap());
    Some(text(sender.send_request(request).await.ok()?).await)
}

#[tokio::test]
async fn the_upstream_learns_who_the_client_is() {
    let (upstream, authority) = (Upstream::start().await, Authority::new("clients"));
    let edge = edge(&upstream, &authority, "required");
    let holder = authority.holder(PAY, ExtendedKeyUsagePurpose::ClientAuth);
    for version in [&TLS13, &TLS12] {
        let head = told(&edge, client(Some(&holder), version)).await.expect("let in");
        assert!(head.contains(&format!("hybridge-tls-client: {PAY}\n")), "{head}");
        assert!(head.contains("client-cert: :MI"), "{head}");
        assert!(!head.contains("admin") && !head.contains("Zm9yZ2Vk"), "{head}");
    }
}

#[tokio::test]
async fn who_shows_no_good_certificate_stays_out() {
    let (upstream, authority) = (Upstream::start().await, Authority::new("clients"));
    let stranger = Authority::new("clients");
    let edge = edge(&upstream, &authority, "required");
    let holders = [
        None,
        Some(stranger.holder(PAY, ExtendedKeyUsagePurpose::ClientAuth)),
        Some(authority.holder(PAY, ExtendedKeyUsagePurpose::ServerAuth)),
    ];
    for version in [&TLS13, &TLS12] {
        for (index, holder) in holders.iter().enumerate() {
            let told = told(&edge, client(holder.as_ref(), version)).await;
            assert_eq!(told, None, "{index} {version:?}");
        }
    }
    assert_eq!(upstream.requests(), 0);
}

#[tokio::test]
async fn where_certificates_are_optional_none_is_told_of_none_and_a_bad_one_stays_out() {
    let (upstream, authority) = (Upstream::start().await, Authority::new("clients"));
    let edge = edge(&upstream, &authority, "optional");
    let head = told(&edge, client(None, &TLS13)).await.expect("let in");
    assert!(
        !head.contains("client-cert") && !head.contains("hybridge-tls-client"),
        "{head}"
    );
    let bad = Authority::new("other").holder(PAY, ExtendedKeyUsagePurpose::ClientAuth);
    assert_eq!(told(&edge, client(Some(&bad), &TLS13)).await, None);
}

#[tokio::test]
async fn a_session_is_never_resumed() {
    let (upstream, authority) = (Upstream::start().await, Authority::new("clients"));
    let edge = edge(&upstream, &authority, "required");
    let holder = authority.holder(PAY, ExtendedKeyUsagePurpose::ClientAuth);
    for version in [&TLS13, &TLS12] {
        let mut with = client(Some(&holder), version);
        with.resumption = Resumption::in_memory_sessions(8);
        let mut without = client(None, version);
        without.resumption = with.resumption.clone();
        assert!(told(&edge, with).await.is_some(), "{version:?}");
        assert_eq!(told(&edge, without).await, None, "{version:?}");
    }
    assert!(
        edge.handshakes(2)
            .await
            .iter()
            .all(|record| !record.handshake.negotiated.resumed)
    );
}
