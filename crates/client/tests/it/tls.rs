//! TLS: the hybrid group, authorities of one's own, and nobody else's.
//! The certificates are made for each test.

use std::sync::{Arc, Mutex};

use hybridge_client::{Client, Credentials, Error, Method, Options, Trust};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::NamedGroup;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::service::{drive, ok};

/// A TLS service: its URL, its certificate, and the groups that were negotiated with it.
async fn serve_tls() -> (String, String, Arc<Mutex<Vec<NamedGroup>>>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let groups: Arc<Mutex<Vec<NamedGroup>>> = Arc::default();
    let seen = Arc::clone(&groups);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else {
                continue;
            };
            let group = stream.get_ref().1.negotiated_key_exchange_group();
            seen.lock().unwrap().extend(group.map(|group| group.name()));
            tokio::spawn(drive(stream, 1, Arc::new(|_| ok(&json!({"secure": true})))));
        }
    });
    (url, cert.pem(), groups)
}

fn client(url: &str, trust: Trust) -> Result<Client, Error> {
    let options = Options {
        trust,
        ..Options::default()
    };
    Client::new(url, &Credentials::default(), options)
}

#[tokio::test]
async fn tls_uses_the_hybrid_group_and_the_authority_that_was_given() {
    let (url, certificate, groups) = serve_tls().await;
    let client = client(&url, Trust::Pem(certificate.into_bytes())).unwrap();
    let answer = client.call(Method::GET, "/", None).await.unwrap();
    assert_eq!(answer, json!({"secure": true}));
    assert_eq!(*groups.lock().unwrap(), [NamedGroup::X25519MLKEM768]);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let (url, _, groups) = serve_tls().await;
    let other = generate_simple_self_signed(vec!["localhost".to_owned()])
        .unwrap()
        .cert
        .pem();
    let client = client(&url, Trust::Pem(other.into_bytes())).unwrap();
    let refused = client.call(Method::GET, "/", None).await;
    assert!(matches!(refused, Err(Error::Connect { .. })), "{refused:?}");
    assert!(groups.lock().unwrap().is_empty());
}
