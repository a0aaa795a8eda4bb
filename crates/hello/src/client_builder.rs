//! Builds a ClientHello, for probes and tests (RFC 8446 §4.1.2).
//!
//! It writes what it is told, in one fixed order of extensions, and does no cryptography: random,
//! session id and key shares are the caller's bytes. What TLS 1.3 and what TLS 1.2 need beside the
//! lists follows from the versions offered.

use crate::client_hello::CLIENT_HELLO;
use crate::extension;
use crate::group::NamedGroup;
use crate::scheme::SignatureScheme;
use crate::suite::CipherSuite;
use crate::version::ProtocolVersion;
use crate::writer::{BuildError, Writer};

/// A ClientHello to be.
#[derive(Clone, Debug)]
pub struct ClientHelloBuilder {
    random: [u8; 32],
    session_id: Vec<u8>,
    versions: Vec<ProtocolVersion>,
    suites: Vec<CipherSuite>,
    groups: Vec<NamedGroup>,
    shares: Vec<(NamedGroup, Vec<u8>)>,
    schemes: Vec<SignatureScheme>,
    server_name: Option<String>,
    alpn: Vec<Vec<u8>>,
    cookie: Option<Vec<u8>>,
    extra: Vec<(u16, Vec<u8>)>,
}

impl ClientHelloBuilder {
    /// A hello that offers TLS 1.3 and, as yet, nothing else.
    pub fn new(random: [u8; 32]) -> Self {
        Self {
            random,
            session_id: Vec::new(),
            versions: vec![ProtocolVersion::TLS_1_3],
            suites: Vec::new(),
            groups: Vec::new(),
            shares: Vec::new(),
            schemes: Vec::new(),
            server_name: None,
            alpn: Vec::new(),
            cookie: None,
            extra: Vec::new(),
        }
    }

    /// The versions to offer, in order. Without TLS 1.3 among them the hello has no list of versions,
    /// only the highest of them in its version field.
    #[must_use]
    pub fn versions(mut self, versions: &[ProtocolVersion]) -> Self {
        self.versions = versions.to_vec();
        self
    }

    /// The cipher suites to offer, in order; at least one.
    #[must_use]
    pub fn cipher_suites(mut self, suites: &[CipherSuite]) -> Self {
        self.suites = suites.to_vec();
        self
    }

    /// The groups to list, in order; none leaves the extension out.
    #[must_use]
    pub fn groups(mut self, groups: &[NamedGroup]) -> Self {
        self.groups = groups.to_vec();
        self
    }

    /// Adds a key share. A TLS 1.3 hello without any asks for a HelloRetryRequest.
    #[must_use]
    pub fn key_share(mut self, group: NamedGroup, key_exchange: &[u8]) -> Self {
        self.shares.push((group, key_exchange.to_vec()));
        self
    }

    /// The signature schemes to accept, in order; none leaves the extension out.
    #[must_use]
    pub fn signature_schemes(mut self, schemes: &[SignatureScheme]) -> Self {
        self.schemes = schemes.to_vec();
        self
    }

    /// The host to ask for; it goes onto the wire as it is.
    #[must_use]
    pub fn server_name(mut self, name: &str) -> Self {
        self.server_name = Some(name.to_owned());
        self
    }

    /// The application protocols to offer, in order; none leaves the extension out.
    #[must_use]
    pub fn alpn(mut self, names: &[&[u8]]) -> Self {
        self.alpn = names.iter().map(|name| name.to_vec()).collect();
        self
    }

    /// The legacy session id, up to 32 bytes. Some middleboxes want 32 (RFC 8446 §D.4).
    #[must_use]
    pub fn session_id(mut self, session_id: &[u8]) -> Self {
        self.session_id = session_id.to_vec();
        self
    }

    /// The cookie of a HelloRetryRequest, to be brought back.
    #[must_use]
    pub fn cookie(mut self, cookie: &[u8]) -> Self {
        self.cookie = Some(cookie.to_vec());
        self
    }

    /// Adds an extension this builder does not know. A `pre_shared_key` goes last whatever the order.
    #[must_use]
    pub fn extension(mut self, kind: u16, body: &[u8]) -> Self {
        self.extra.push((kind, body.to_vec()));
        self
    }

    /// Turns the first hello into the second (RFC 8446 §4.1.2): one share, for the group asked for,
    /// the cookie if there was one, and no early data.
    #[must_use]
    pub fn retried(mut self, group: NamedGroup, key_exchange: &[u8], cookie: Option<&[u8]>) -> Self {
        self.shares = vec![(group, key_exchange.to_vec())];
        self.cookie = cookie.map(<[u8]>::to_vec);
        self.extra.retain(|(kind, _)| *kind != extension::EARLY_DATA);
        self
    }

    /// The handshake message, its four-byte header included.
    ///
    /// # Errors
    /// When something is empty, repeated or too long for its field.
    pub fn build(&self) -> Result<Vec<u8>, BuildError> {
        let mut writer = Writer::default();
        writer.u8(CLIENT_HELLO);
        writer.vec24("ClientHello", |body| self.body(body));
        writer.finish()
    }

    fn body(&self, to: &mut Writer) {
        if self.session_id.len() > 32 {
            to.fail(BuildError::TooLong("legacy_session_id"));
        }
        if self.suites.is_empty() {
            to.fail(BuildError::Empty("cipher_suites"));
        }
        let highest = self.versions.iter().filter(|version| !version.is_grease()).max();
        to.u16(
            highest
                .copied()
                .unwrap_or_default()
                .min(ProtocolVersion::TLS_1_2)
                .0,
        );
        to.bytes(&self.random);
        to.vec8("legacy_session_id", |to| to.bytes(&self.session_id));
        to.vec16("cipher_suites", |to| {
            to.u16s(self.suites.iter().map(|suite| suite.0));
        });
        to.vec8("legacy_compression_methods", |to| to.u8(0));
        to.vec16("extensions", |to| self.extensions(to));
    }

    fn offers_tls13(&self) -> bool {
        self.versions.contains(&ProtocolVersion::TLS_1_3)
    }

    fn offers_older(&self) -> bool {
        self.versions
            .iter()
            .any(|version| *version < ProtocolVersion::TLS_1_3)
    }

    fn extensions(&self, to: &mut Writer) {
        self.refuse_repeats(to);
        self.names(to);
        self.lists(to);
        if self.offers_older() {
            self.older(to);
        }
        if self.offers_tls13() {
            self.newer(to);
        }
        let (last, others): (Vec<_>, Vec<_>) = self
            .extra
            .iter()
            .partition(|(kind, _)| *kind == extension::PRE_SHARED_KEY);
        for (kind, body) in others.into_iter().chain(last) {
            to.extension(*kind, |to| to.bytes(body));
        }
    }

    fn names(&self, to: &mut Writer) {
        if let Some(name) = &self.server_name {
            to.extension16(extension::SERVER_NAME, "server_name_list", |to| {
                host_name(to, name);
            });
        }
        if !self.alpn.is_empty() {
            to.extension16(extension::ALPN, "protocol_name_list", |to| {
                self.protocol_names(to);
            });
        }
    }

    fn protocol_names(&self, to: &mut Writer) {
        for name in &self.alpn {
            if name.is_empty() {
                to.fail(BuildError::Empty("ProtocolName"));
            }
            to.vec8("ProtocolName", |to| to.bytes(name));
        }
    }

    fn lists(&self, to: &mut Writer) {
        if !self.groups.is_empty() {
            let groups = self.groups.iter().map(|group| group.0);
            to.extension16(extension::SUPPORTED_GROUPS, "supported_groups", |to| {
                to.u16s(groups);
            });
        }
        if !self.schemes.is_empty() {
            let schemes = self.schemes.iter().map(|scheme| scheme.0);
            to.extension16(extension::SIGNATURE_ALGORITHMS, "signature_algorithms", |to| {
                to.u16s(schemes);
            });
        }
    }

    /// What a TLS 1.2 server wants to see: uncompressed points, RFC 7627, RFC 5746.
    fn older(&self, to: &mut Writer) {
        if !self.groups.is_empty() {
            to.extension(extension::EC_POINT_FORMATS, |to| to.bytes(&[1, 0]));
        }
        to.extension(extension::EXTENDED_MASTER_SECRET, |_| {});
        to.extension(extension::RENEGOTIATION_INFO, |to| to.bytes(&[0]));
    }

    /// What only TLS 1.3 has.
    fn newer(&self, to: &mut Writer) {
        to.extension(extension::SUPPORTED_VERSIONS, |to| {
            to.vec8("supported_versions", |to| {
                to.u16s(self.versions.iter().map(|version| version.0));
            });
        });
        if let Some(cookie) = &self.cookie {
            to.extension16(extension::COOKIE, "cookie", |to| to.bytes(cookie));
        }
        to.extension(extension::PSK_KEY_EXCHANGE_MODES, |to| to.bytes(&[1, 1]));
        to.extension16(extension::KEY_SHARE, "client_shares", |to| self.key_shares(to));
    }

    fn key_shares(&self, to: &mut Writer) {
        for (group, share) in &self.shares {
            if share.is_empty() {
                to.fail(BuildError::Empty("key_exchange"));
            }
            to.u16(group.0);
            to.vec16("key_exchange", |to| to.bytes(share));
        }
    }

    /// An extra extension must be neither twice there nor one that this builder writes.
    fn refuse_repeats(&self, to: &mut Writer) {
        for (index, (kind, _)) in self.extra.iter().enumerate() {
            let twice = self.extra.iter().take(index).any(|(earlier, _)| earlier == kind);
            if twice || self.writes(*kind) {
                to.fail(BuildError::Duplicate(*kind));
            }
        }
    }

    fn writes(&self, kind: u16) -> bool {
        match kind {
            extension::SERVER_NAME => self.server_name.is_some(),
            extension::ALPN => !self.alpn.is_empty(),
            extension::SUPPORTED_GROUPS => !self.groups.is_empty(),
            extension::SIGNATURE_ALGORITHMS => !self.schemes.is_empty(),
            extension::EC_POINT_FORMATS => self.offers_older() && !self.groups.is_empty(),
            extension::EXTENDED_MASTER_SECRET | extension::RENEGOTIATION_INFO => self.offers_older(),
            extension::COOKIE => self.offers_tls13() && self.cookie.is_some(),
            extension::SUPPORTED_VERSIONS | extension::PSK_KEY_EXCHANGE_MODES | extension::KEY_SHARE => {
                self.offers_tls13()
            }
            _ => false,
        }
    }
}

/// The one entry of a `ServerNameList` (RFC 6066 §3).
fn host_name(to: &mut Writer, name: &str) {
    if name.is_empty() {
        to.fail(BuildError::Empty("host_name"));
    }
    to.u8(0);
    to.vec16("host_name", |to| to.bytes(name.as_bytes()));
}

#[cfg(test)]
mod tests;
