//! What one of our hellos offers. It looks like that of an ordinary client, but for what is asked.
//!
//! Randoms and shares are fresh for every hello; an answer outside the offer is an error of the server.

use hybridge_crypto::kex::{ClientShare, Exchange};
use hybridge_crypto::random;
use hybridge_hello::{CipherSuite, ClientHelloBuilder, NamedGroup, ProtocolVersion, SignatureScheme};

use super::flight::Hello;
use crate::probe::Failure;

/// Every group that is asked for, post-quantum ones first.
pub(crate) const GROUPS: [NamedGroup; 13] = [
    NamedGroup::X25519MLKEM768,
    NamedGroup::SecP256r1MLKEM768,
    NamedGroup::SecP384r1MLKEM1024,
    NamedGroup::MLKEM512,
    NamedGroup::MLKEM768,
    NamedGroup::MLKEM1024,
    NamedGroup::X25519,
    NamedGroup::secp256r1,
    NamedGroup::secp384r1,
    NamedGroup::secp521r1,
    NamedGroup::X448,
    NamedGroup::ffdhe2048,
    NamedGroup::ffdhe3072,
];

/// The suites of TLS 1.3 (RFC 8446 §B.4), the usual ones first.
pub(crate) const SUITES_TLS13: [CipherSuite; 5] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_AES_128_CCM_SHA256,
    CipherSuite::TLS_AES_128_CCM_8_SHA256,
];

/// What browsers offer for TLS 1.2.
const SUITES_TLS12: [CipherSuite; 6] = [
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

const GREETING_GROUPS: [NamedGroup; 4] = [
    NamedGroup::X25519MLKEM768,
    NamedGroup::X25519,
    NamedGroup::secp256r1,
    NamedGroup::secp384r1,
];

const CLASSICAL_GROUPS: [NamedGroup; 7] = [
    NamedGroup::X25519,
    NamedGroup::secp256r1,
    NamedGroup::secp384r1,
    NamedGroup::secp521r1,
    NamedGroup::X448,
    NamedGroup::ffdhe2048,
    NamedGroup::ffdhe3072,
];

/// Wide enough for any certificate, so that a refusal is never about the signature.
const SCHEMES: [SignatureScheme; 17] = [
    SignatureScheme::ecdsa_secp256r1_sha256,
    SignatureScheme::rsa_pss_rsae_sha256,
    SignatureScheme::rsa_pkcs1_sha256,
    SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::rsa_pss_rsae_sha384,
    SignatureScheme::rsa_pkcs1_sha384,
    SignatureScheme::rsa_pss_rsae_sha512,
    SignatureScheme::rsa_pkcs1_sha512,
    SignatureScheme::ecdsa_secp521r1_sha512,
    SignatureScheme::ed25519,
    SignatureScheme::ed448,
    SignatureScheme::rsa_pss_pss_sha256,
    SignatureScheme::rsa_pss_pss_sha384,
    SignatureScheme::rsa_pss_pss_sha512,
    SignatureScheme::mldsa44,
    SignatureScheme::mldsa65,
    SignatureScheme::mldsa87,
];

/// What servers before TLS 1.2 sign with.
const SCHEMES_SHA1: [SignatureScheme; 3] = [
    SignatureScheme::rsa_pkcs1_sha1,
    SignatureScheme::ecdsa_sha1,
    SignatureScheme::dsa_sha1,
];

/// The exchange behind a group, if the provider can run it.
pub(crate) const fn exchange_of(group: NamedGroup) -> Option<Exchange> {
    Some(match group {
        NamedGroup::X25519MLKEM768 => Exchange::X25519MlKem768,
        NamedGroup::SecP256r1MLKEM768 => Exchange::SecP256r1MlKem768,
        NamedGroup::SecP384r1MLKEM1024 => Exchange::SecP384r1MlKem1024,
        NamedGroup::MLKEM512 => Exchange::MlKem512,
        NamedGroup::MLKEM768 => Exchange::MlKem768,
        NamedGroup::MLKEM1024 => Exchange::MlKem1024,
        NamedGroup::X25519 => Exchange::X25519,
        NamedGroup::secp256r1 => Exchange::P256,
        NamedGroup::secp384r1 => Exchange::P384,
        NamedGroup::secp521r1 => Exchange::P521,
        _ => return None,
    })
}

/// What a hello offers.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    versions: Vec<ProtocolVersion>,
    suites: Vec<CipherSuite>,
    groups: Vec<NamedGroup>,
    shared: Vec<NamedGroup>,
    schemes: Vec<SignatureScheme>,
}

impl Offer {
    /// An ordinary modern client: TLS 1.3 and 1.2, a post-quantum share and a classical one.
    pub(crate) fn greeting() -> Self {
        Self {
            versions: vec![ProtocolVersion::TLS_1_3, ProtocolVersion::TLS_1_2],
            suites: [&SUITES_TLS13[..3], &SUITES_TLS12].concat(),
            groups: GREETING_GROUPS.to_vec(),
            shared: GREETING_GROUPS[..2].to_vec(),
            schemes: SCHEMES.to_vec(),
        }
    }

    /// TLS 1.3 alone, with these groups listed and those shared.
    pub(crate) fn tls13(groups: &[NamedGroup], shared: &[NamedGroup]) -> Self {
        Self {
            versions: vec![ProtocolVersion::TLS_1_3],
            suites: SUITES_TLS13.to_vec(),
            groups: groups.to_vec(),
            shared: shared.to_vec(),
            schemes: SCHEMES.to_vec(),
        }
    }

    /// One version before TLS 1.3. Old servers sign with SHA-1, so that is offered too.
    pub(crate) fn older(version: ProtocolVersion, suites: &[CipherSuite]) -> Self {
        Self {
            versions: vec![version],
            suites: suites.to_vec(),
            groups: CLASSICAL_GROUPS.to_vec(),
            shared: Vec::new(),
            schemes: [&SCHEMES[..], &SCHEMES_SHA1].concat(),
        }
    }

    /// The same with other suites.
    pub(crate) fn with_suites(self, suites: &[CipherSuite]) -> Self {
        Self {
            suites: suites.to_vec(),
            ..self
        }
    }

    /// Draws randoms and shares, so that the offer can be sent once.
    pub(crate) fn draft(&self, server_name: Option<&str>) -> Result<Draft, Failure> {
        let random = random::bytes().map_err(provider)?;
        let session_id: [u8; 32] = random::bytes().map_err(provider)?;
        let mut builder = ClientHelloBuilder::new(random)
            .session_id(&session_id)
            .versions(&self.versions)
            .cipher_suites(&self.suites)
            .groups(&self.groups)
            .signature_schemes(&self.schemes);
        if let Some(name) = server_name {
            builder = builder.server_name(name);
        }
        let mut shares = Vec::new();
        for group in &self.shared {
            let share = generate(*group)?;
            builder = builder.key_share(*group, share.public());
            shares.push((*group, share));
        }
        Ok(Draft {
            offer: self.clone(),
            builder,
            session_id,
            shares,
        })
    }

    /// Whether the answer is one that this offer allows (RFC 8446 §4.1.3).
    fn check(&self, hello: &Hello, session_id: &[u8]) -> Result<(), Failure> {
        let tls13 = hello.version == ProtocolVersion::TLS_1_3;
        let group = hello.group.unwrap_or_default();
        let wrong = if tls13 && !self.versions.contains(&hello.version) {
            Some(format!("version {} was not offered", hello.version))
        } else if !self.suites.contains(&hello.suite) {
            Some(format!("suite {} was not offered", hello.suite))
        } else if tls13 && !self.groups.contains(&group) {
            Some(format!("group {group} was not offered"))
        } else if tls13 && hello.session_id != session_id {
            Some("the session id is not echoed".to_owned())
        } else {
            None
        };
        wrong.map_or(Ok(()), |what| Err(Failure::nonsense(what)))
    }
}

/// An offer with the secrets to go through with it.
#[derive(Debug)]
pub(crate) struct Draft {
    offer: Offer,
    builder: ClientHelloBuilder,
    session_id: [u8; 32],
    shares: Vec<(NamedGroup, ClientShare)>,
}

impl Draft {
    /// The handshake message.
    pub(crate) fn message(&self) -> Result<Vec<u8>, Failure> {
        self.builder.build().map_err(provider)
    }

    /// Checks an answer, and completes the exchange if it carries a share: a share that cannot be
    /// completed is no support.
    pub(crate) fn accept(&mut self, hello: &Hello) -> Result<(), Failure> {
        self.offer.check(hello, &self.session_id)?;
        if hello.is_retry || hello.version < ProtocolVersion::TLS_1_3 {
            return Ok(());
        }
        let chosen = self
            .shares
            .iter()
            .position(|(group, _)| Some(*group) == hello.group);
        let Some(index) = chosen else {
            return Err(Failure::nonsense("a ServerHello for a group without a share"));
        };
        let (_, share) = self.shares.swap_remove(index);
        match share.complete(&hello.share) {
            Ok(_secret) => Ok(()),
            Err(error) => Err(Failure::nonsense(error.to_string())),
        }
    }

    /// The second hello, with a share of the group that was asked for (RFC 8446 §4.1.2). `None` when the
    /// provider has no such share.
    pub(crate) fn retry(&mut self, hello: &Hello) -> Result<Option<Vec<u8>>, Failure> {
        let group = hello.group.unwrap_or_default();
        if self.shares.iter().any(|(shared, _)| *shared == group) {
            return Err(Failure::nonsense(
                "a HelloRetryRequest for a group that was shared",
            ));
        }
        if exchange_of(group).is_none() {
            return Ok(None);
        }
        let share = generate(group)?;
        self.builder = self
            .builder
            .clone()
            .retried(group, share.public(), hello.cookie.as_deref());
        self.shares = vec![(group, share)];
        self.message().map(Some)
    }
}

fn generate(group: NamedGroup) -> Result<ClientShare, Failure> {
    let exchange =
        exchange_of(group).ok_or_else(|| Failure::Provider(format!("no provider makes {group} shares")))?;
    ClientShare::generate(exchange).map_err(provider)
}

fn provider(error: impl std::fmt::Display) -> Failure {
    Failure::Provider(error.to_string())
}
