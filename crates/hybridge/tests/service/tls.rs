//! The API as others reach it: TLS by the edge first, then a client certificate or a token.
//!
//! The certificates are made for each test. The service listens on loopback, too, behind its edge, and
//! nothing that is said there about a certificate counts.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use hybridge_client::{Certificate, Client, Credentials, ExchangeOptions, Options, Token, Trust};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use serde_json::json;

use crate::ask::{self, encrypt, get, make_key, post, refused};
use crate::exchange::identities;
use crate::process::{Home, Service};

const PAY: &str = "spiffe://example.org/pay";

/// An authority and its certificates.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

/// A chain and its private key, both PEM.
struct Pair(String, String);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self { params, key }
    }

    fn pem(&self) -> String {
        self.params.self_signed(&self.key).unwrap().pem()
    }

    fn issue(&self, name: SanType, usage: ExtendedKeyUsagePurpose) -> Pair {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![name];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Pair(certificate.pem(), key.serialize_pem())
    }

    fn client(&self, uri: &str) -> Pair {
        self.issue(
            SanType::URI(uri.try_into().unwrap()),
            ExtendedKeyUsagePurpose::ClientAuth,
        )
    }
}

/// A service behind TLS, and the authorities on both sides.
struct Site {
    home: Home,
    service: Service,
    servers: Authority,
    clients: Authority,
    port: u16,
}

impl Site {
    fn open() -> Self {
        let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
        // The edge says no port of its own choosing, so one that is free now is taken.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let home = Home::with(&format!(
            "[api]\nlisten = \"127.0.0.1:{port}\"\n\
             [api.tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\nclient_ca = \"clients.pem\"\n\
             [[api.identity]]\nname = \"{PAY}\"\n\
             binding = [{{ role = \"user\", names = [\"pay-*\"] }}]\n\
             [[api.identity]]\nname = \"spiffe://example.org/ops/*\"\nbinding = [{{ role = \"operator\" }}]\n"
        ));
        let name = SanType::DnsName("localhost".try_into().unwrap());
        let server = servers.issue(name, ExtendedKeyUsagePurpose::ServerAuth);
        for (file, content) in [
            ("server.pem", server.0),
            ("server.key", server.1),
            ("clients.pem", clients.pem()),
        ] {
            std::fs::write(home.path(file), content).unwrap();
        }
        let service = home.start();
        Self {
            home,
            service,
            servers,
            clients,
            port,
        }
    }

    /// Asks through the edge.
    fn client(&self, pair: Option<&Pair>, token: Option<&str>) -> Client {
        let credentials = Credentials {
            token: token.map(|token| Token::new(token).unwrap()),
            certificate: pair
                .map(|Pair(chain, key)| Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()),
        };
        let options = Options {
            trust: Trust::Pem(self.servers.pem().into_bytes()),
            ..Options::default()
        };
        Client::new(&format!("https://localhost:{}", self.port), &credentials, options).unwrap()
    }
}

#[tokio::test]
async fn a_spiffe_id_in_a_client_certificate_is_a_principal_with_its_role() {
    let site = Site::open();
    let admin = site.service.admin();
    for name in ["pay-in", "web"] {
        make_key(&admin, name, "encrypt").await;
    }
    let pay = site.client(Some(&site.clients.client(PAY)), None);
    let sealed = encrypt(&pay, "pay-in", b"x").await.unwrap();
    ask::decrypt(&pay, "pay-in", &sealed).await.unwrap();
    assert_eq!(encrypt(&pay, "web", b"x").await, refused("403 not_allowed"));
    let rotate = "/v1/keys/pay-in/rotate";
    assert_eq!(post(&pay, rotate, json!({})).await, refused("403 not_allowed"));
    let ops = site.client(Some(&site.clients.client("spiffe://example.org/ops/night")), None);
    post(&ops, rotate, json!({})).await.unwrap();
    assert_eq!(encrypt(&ops, "pay-in", b"x").await, refused("403 not_allowed"));
    let log = get(&admin, "/v1/audit?limit=1000").await.unwrap().to_string();
    assert!(
        log.contains(PAY) && log.contains("spiffe://example.org/ops/night"),
        "{log}"
    );
}

#[tokio::test]
async fn a_certificate_of_nobody_or_of_another_authority_opens_nothing() {
    let site = Site::open();
    let stranger = site.client(Some(&site.clients.client("spiffe://example.org/other")), None);
    assert_eq!(
        get(&stranger, "/v1/keys").await,
        refused("401 credential_refused")
    );
    let impostor = site.client(Some(&Authority::new("clients").client(PAY)), None);
    let answer = get(&impostor, "/v1/keys").await.unwrap_err();
    assert!(answer.starts_with("no answer"), "the handshake fails: {answer}");
    let name = SanType::URI(PAY.try_into().unwrap());
    let server = site.clients.issue(name, ExtendedKeyUsagePurpose::ServerAuth);
    let answer = get(&site.client(Some(&server), None), "/v1/keys")
        .await
        .unwrap_err();
    assert!(
        answer.starts_with("no answer"),
        "a server's certificate is no client's: {answer}"
    );
    let nobody = site.client(None, None);
    assert_eq!(get(&nobody, "/v1/keys").await, refused("401 unauthenticated"));
    assert_eq!(get(&nobody, "/metrics").await, refused("401 unauthenticated"));
    get(&nobody, "/health").await.unwrap();
    let token = site.service.admin_token();
    get(&site.client(None, Some(&token)), "/v1/keys").await.unwrap();
}

#[tokio::test]
async fn who_says_a_name_behind_the_edge_is_not_believed() {
    let site = Site::open();
    make_key(&site.service.admin(), "pay-in", "encrypt").await;
    let address = site.service.url.trim_start_matches("http://").to_owned();
    for proof in [
        "",
        "hybridge-edge-proof: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
    ] {
        let request = format!(
            "GET /v1/keys/pay-in HTTP/1.1\r\nHost: {address}\r\nhybridge-tls-client: {PAY}\r\n{proof}Connection: close\r\n\r\n"
        );
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 401") || answer.starts_with("HTTP/1.1 403"),
            "{answer}"
        );
        assert!(!answer.contains("pay-in\",\"purpose"), "{answer}");
    }
}

#[tokio::test]
async fn a_name_that_a_client_says_itself_is_taken_away_by_the_edge() {
    let site = Site::open();
    make_key(&site.service.admin(), "pay-in", "encrypt").await;
    let answer = said_through_tls(&site, &format!("hybridge-tls-client: {PAY}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let token = format!("authorization: Bearer {}\r\n", site.service.admin_token());
    let answer = said_through_tls(&site, &token).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// One request through the edge without a certificate, with these fields.
async fn said_through_tls(site: &Site, fields: &str) -> String {
    use rustls::pki_types::pem::PemObject as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut roots = rustls::RootCertStore::empty();
    let authority = rustls::pki_types::CertificateDer::from_pem_slice(site.servers.pem().as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", site.port))
        .await
        .unwrap();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let mut stream = connector
        .connect("localhost".try_into().unwrap(), stream)
        .await
        .unwrap();
    let request = format!(
        "GET /v1/keys/pay-in HTTP/1.1\r\nHost: localhost:{}\r\n{fields}Connection: close\r\n\r\n",
        site.port
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The end of the answer counts, not how the connection ends.
    let _ended = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_session_is_agreed_under_the_name_in_the_certificate_and_the_seal_ends_it() {
    let site = Site::open();
    let trusted = identities(&site.service).await;
    let pay = site.client(Some(&site.clients.client(PAY)), None);
    let options = ExchangeOptions {
        caller: Some(PAY),
        ..ExchangeOptions::new(&trusted)
    };
    let session = pay.exchange(&options).await.unwrap();
    let seal = format!("/v1/sessions/{}/seal", session.agreed().session);
    let body = json!({"plaintext": ask::encode(b"x")});
    post(&pay, &seal, body.clone()).await.unwrap();
    let other = site.service.admin();
    assert_eq!(
        post(&other, &seal, body.clone()).await,
        refused("404 session_unknown")
    );
    post(&other, "/v1/seal/seal", json!({})).await.unwrap();
    // A certificate can be checked while the service is sealed; what its holder agreed is gone.
    let sealed = post(&pay, &seal, body).await.unwrap_err();
    assert!(
        sealed.starts_with("503") || sealed == "404 session_unknown",
        "{sealed}"
    );
    assert_eq!(get(&pay, "/v1/keys").await, refused("503 sealed"));
}

#[tokio::test]
async fn the_way_in_is_hybrid() {
    let site = Site::open();
    let (_code, said) = site.home.run(&["probe", &format!("localhost:{}", site.port)]);
    assert!(
        said.contains("X25519MLKEM768        supported by share"),
        "{said}"
    );
}

#[test]
fn beyond_loopback_nothing_listens_without_tls() {
    let home = Home::new();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8000"] {
        let (code, said) = home.run(&["serve", "--api", listen]);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("is not a loopback address"), "{said}");
        std::fs::write(home.path("file.toml"), format!("[api]\nlisten = \"{listen}\"\n")).unwrap();
        let (code, said) = home.run(&["serve", "--config", "file.toml"]);
        assert_eq!(code, Some(3), "{said}");
    }
}
