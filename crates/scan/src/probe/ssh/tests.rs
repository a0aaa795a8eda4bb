//! Whole exchanges against a server of our own: real shares, a real Ed25519 host key, and broken ones.
//!
//! The server writes out the exchange hash a second time, so an error in ours cannot agree with itself.

use hybridge_crypto::digest;
use hybridge_crypto::kex::{Exchange, respond};
use hybridge_hello::ssh::{
    KexHybridInit, KexHybridReply, KexInit, KexKind, NameList, build_packet, locate_identification,
    locate_packet, message, put_mpint, put_string,
};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData, SigningKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::SshReport;
use crate::probe::report::{Report, Support};
use crate::probe::{Deps, Failure, Options, ProbeError, Protocol, Target, probe};

/// What is wrong with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// Signs something else.
    WrongSignature,
    /// Answers with a share that is too short.
    ShortReply,
    /// Disconnects with a reason instead of answering.
    Disconnects,
    /// Sends noise before every packet, and lines before its identification.
    Talkative,
    /// Guesses its first method, and sends a packet for it when another one was agreed on.
    WrongGuess,
    /// Never sends NEWKEYS but something else.
    NoNewKeys,
}

const IDENTIFICATION: &str = "SSH-2.0-OpenSSH_10.0 test";

async fn listen(methods: &'static str, flaw: Flaw) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                Peer {
                    stream,
                    received: Vec::new(),
                    flaw,
                }
                .serve(methods)
                .await
            });
        }
    });
    Target {
        protocol: Protocol::Ssh,
        host: address.ip().to_string(),
        port: address.port(),
    }
}

struct Peer {
    stream: TcpStream,
    received: Vec<u8>,
    flaw: Flaw,
}

impl Peer {
    async fn serve(mut self, methods: &str) -> Option<()> {
        if self.flaw == Flaw::Talkative {
            self.stream
                .write_all(b"Authorised users only\r\nGo away\r\n")
                .await
                .ok()?;
        }
        self.stream
            .write_all(format!("{IDENTIFICATION}\r\n").as_bytes())
            .await
            .ok()?;
        let lists = self.lists(methods);
        self.say(&lists).await?;
        let client = self.identification().await?;
        let client_lists = self.packet().await?;
        let agreed = KexInit::parse(&client_lists).expect("a KEXINIT");
        let method = agreed.kex_algorithms.iter().next().expect("a method").to_owned();
        assert_eq!(agreed.server_host_key_algorithms.as_str(), "ssh-ed25519");
        if self.flaw == Flaw::WrongGuess && methods.split(',').next() != Some(&method) {
            self.say(&[message::KEX_HYBRID_REPLY, 1, 2, 3]).await?;
        }
        let init = self.packet().await?;
        let init = KexHybridInit::parse(&init).expect("an init");
        if self.flaw == Flaw::Disconnects {
            let mut goodbye = vec![message::DISCONNECT, 0, 0, 0, 3];
            put_string(&mut goodbye, b"no common ground");
            put_string(&mut goodbye, b"");
            return self.say(&goodbye).await;
        }
        let reply = self.answer(
            &method,
            [client.as_bytes(), &client_lists, &lists, init.client_init],
        );
        self.say(&reply).await?;
        let last = if self.flaw == Flaw::NoNewKeys {
            message::KEXINIT
        } else {
            message::NEWKEYS
        };
        self.say(&[last]).await?;
        let goodbye = self.packet().await?;
        assert_eq!(goodbye[0], message::DISCONNECT);
        Some(())
    }

    fn lists(&self, methods: &str) -> Vec<u8> {
        let list = |text: &'static str| NameList::parse(text.as_bytes()).expect("a list");
        KexInit {
            cookie: [3; 16],
            kex_algorithms: NameList::parse(methods.as_bytes()).expect("a list"),
            server_host_key_algorithms: list("ssh-ed25519"),
            encryption_client_to_server: list("aes256-gcm@openssh.com"),
            encryption_server_to_client: list("aes256-gcm@openssh.com"),
            mac_client_to_server: list("hmac-sha2-256"),
            mac_server_to_client: list("hmac-sha2-256"),
            compression_client_to_server: list("none"),
            compression_server_to_client: list("none"),
            first_kex_packet_follows: self.flaw == Flaw::WrongGuess,
            ..KexInit::default()
        }
        .to_payload()
    }

    /// The reply, with a signature over the exchange hash of RFC 4253 §8 written out once more.
    fn answer(&self, method: &str, [client, client_lists, lists, init]: [&[u8]; 4]) -> Vec<u8> {
        let exchange = match method {
            "mlkem768x25519-sha256" => Exchange::SshMlKem768X25519,
            "mlkem1024nistp384-sha384" => Exchange::SshMlKem1024NistP384,
            _ => Exchange::X25519,
        };
        let (mut share, secret) = respond(exchange, init).expect("a valid share");
        let key = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
        let mut host_key = Vec::new();
        put_string(&mut host_key, b"ssh-ed25519");
        put_string(&mut host_key, key.der_bytes());
        let mut hashed = Vec::new();
        for part in [
            client,
            IDENTIFICATION.as_bytes(),
            client_lists,
            lists,
            &host_key,
            init,
            &share,
        ] {
            put_string(&mut hashed, part);
        }
        match exchange {
            Exchange::X25519 => put_mpint(&mut hashed, secret.as_bytes()),
            _ => put_string(&mut hashed, secret.as_bytes()),
        }
        let mut hash = match exchange {
            Exchange::SshMlKem1024NistP384 => digest::sha384(&hashed).to_vec(),
            _ => digest::sha256(&hashed).to_vec(),
        };
        if self.flaw == Flaw::WrongSignature {
            hash[0] ^= 1;
        }
        let mut signature = Vec::new();
        put_string(&mut signature, b"ssh-ed25519");
        put_string(&mut signature, &key.sign(&hash).expect("a signature"));
        if self.flaw == Flaw::ShortReply {
            share.pop();
        }
        KexHybridReply {
            host_key: &host_key,
            server_reply: &share,
            signature: &signature,
        }
        .to_payload()
    }

    async fn say(&mut self, payload: &[u8]) -> Option<()> {
        if self.flaw == Flaw::Talkative {
            let noise = build_packet(&[message::IGNORE, 0, 0, 0, 0]).expect("a packet");
            self.stream.write_all(&noise).await.ok()?;
        }
        let packet = build_packet(payload).expect("a packet");
        self.stream.write_all(&packet).await.ok()
    }

    async fn identification(&mut self) -> Option<String> {
        loop {
            if let Some(located) = locate_identification(&self.received).expect("an identification") {
                let text = located.identification.as_str().to_owned();
                let consumed = located.consumed;
                self.received.drain(..consumed);
                return Some(text);
            }
            self.fill().await?;
        }
    }

    async fn packet(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(packet) = locate_packet(&self.received).expect("a packet") {
                let (payload, consumed) = (packet.payload.to_vec(), packet.consumed);
                self.received.drain(..consumed);
                return Some(payload);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Option<()> {
        let mut chunk = [0; 4096];
        let count = self
            .stream
            .read(&mut chunk)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        self.received.extend_from_slice(&chunk[..count]);
        Some(())
    }
}

async fn report(methods: &'static str, flaw: Flaw) -> Box<SshReport> {
    let target = listen(methods, flaw).await;
    match probe(
        &target,
        &Options::default(),
        Deps {
            chain: None,
            progress: &|_| {},
        },
    )
    .await
    {
        Ok(Report::Ssh(report)) => report,
        other => panic!("{other:?}"),
    }
}

fn completes<'a>(report: &'a SshReport, method: &str) -> &'a Support {
    let found = report
        .key_exchanges
        .iter()
        .find(|finding| finding.method == method);
    &found.expect("advertised").completes
}

const MIXED: &str = "mlkem1024nistp384-sha384,mlkem768x25519-sha256,sntrup761x25519-sha512,curve25519-sha256,\
                     kex-strict-s-v00@openssh.com";

#[tokio::test]
async fn every_post_quantum_exchange_that_we_can_run_completes() {
    for flaw in [Flaw::None, Flaw::Talkative, Flaw::WrongGuess] {
        let report = report(MIXED, flaw).await;
        assert_eq!(report.identification, IDENTIFICATION);
        assert!(
            completes(&report, "mlkem768x25519-sha256").is_yes(),
            "{flaw:?}: {report:?}"
        );
        assert!(
            completes(&report, "mlkem1024nistp384-sha384").is_yes(),
            "{flaw:?}: {report:?}"
        );
        assert_eq!(
            completes(&report, "sntrup761x25519-sha512").because(),
            Some("advertised, not checked: no provider implements sntrup761")
        );
        assert!(matches!(
            completes(&report, "curve25519-sha256"),
            Support::NotTried { .. }
        ));
        assert!(
            report
                .key_exchanges
                .iter()
                .all(|finding| finding.kind != KexKind::Signal)
        );
        let host_keys: Vec<_> = report
            .host_keys
            .iter()
            .map(|key| (&*key.algorithm, &key.verified))
            .collect();
        assert_eq!(host_keys, [("ssh-ed25519", &Support::Yes)]);
    }
}

#[tokio::test]
async fn a_classical_server_still_shows_its_host_key() {
    let report = report("curve25519-sha256", Flaw::None).await;
    assert_eq!(report.host_keys[0].verified, Support::Yes);
    assert!(report.host_keys[0].fingerprint_sha256.is_some());
}

#[tokio::test]
async fn a_signature_over_something_else_fails_the_exchange() {
    let report = report("mlkem768x25519-sha256", Flaw::WrongSignature).await;
    let because = completes(&report, "mlkem768x25519-sha256").because();
    assert_eq!(because, Some("the signature of the host key does not verify"));
    assert!(matches!(report.host_keys[0].verified, Support::No { .. }));
}

#[tokio::test]
async fn an_exchange_that_is_advertised_and_broken_is_a_no_with_its_reason() {
    let cases = [
        (Flaw::ShortReply, "not a valid mlkem768x25519-sha256 share"),
        (Flaw::Disconnects, "disconnected (3): no common ground"),
        (Flaw::NoNewKeys, "no NEWKEYS"),
    ];
    for (flaw, words) in cases {
        let report = report("mlkem768x25519-sha256", flaw).await;
        match completes(&report, "mlkem768x25519-sha256") {
            Support::No { because } => assert!(because.contains(words), "{because}"),
            other => panic!("{flaw:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_of_another_protocol_is_an_error_that_shows_its_first_words() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let target = Target {
        protocol: Protocol::Ssh,
        host: "127.0.0.1".to_owned(),
        port,
    };
    let deps = Deps {
        chain: None,
        progress: &|_| {},
    };
    let error = probe(&target, &Options::default(), deps)
        .await
        .expect_err("no SSH there");
    let opening = matches!(&error, ProbeError::OtherProtocol { failure: Failure::OtherProtocol { opening }, .. }
        if opening.starts_with("HTTP/1.1 400"));
    assert!(opening, "{error:?}");
}
