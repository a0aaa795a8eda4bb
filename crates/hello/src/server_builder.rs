//! Builds a ServerHello or a HelloRetryRequest, for tests of whatever reads them (RFC 8446 §4.1.3).
//! Like the ClientHello's builder it writes what it is told and knows no cryptography.

use crate::extension;
use crate::group::NamedGroup;
use crate::server_hello::{HELLO_RETRY_REQUEST_RANDOM, SERVER_HELLO};
use crate::suite::CipherSuite;
use crate::version::ProtocolVersion;
use crate::writer::{BuildError, Writer};

/// A ServerHello to be.
#[derive(Clone, Debug)]
pub struct ServerHelloBuilder {
    random: [u8; 32],
    session_id: Vec<u8>,
    suite: CipherSuite,
    version: ProtocolVersion,
    group: Option<(NamedGroup, Vec<u8>)>,
    extra: Vec<(u16, Vec<u8>)>,
}

impl ServerHelloBuilder {
    /// A ServerHello of TLS 1.3 without a key share.
    pub fn new(random: [u8; 32], suite: CipherSuite) -> Self {
        Self {
            random,
            session_id: Vec::new(),
            suite,
            version: ProtocolVersion::TLS_1_3,
            group: None,
            extra: Vec::new(),
        }
    }

    /// A HelloRetryRequest that asks for a share of `group`.
    pub fn retry(group: NamedGroup, suite: CipherSuite) -> Self {
        Self {
            group: Some((group, Vec::new())),
            ..Self::new(HELLO_RETRY_REQUEST_RANDOM, suite)
        }
    }

    /// The version chosen; below TLS 1.3 it stands in the version field alone.
    #[must_use]
    pub fn version(mut self, version: ProtocolVersion) -> Self {
        self.version = version;
        self
    }

    /// The session id, up to 32 bytes.
    #[must_use]
    pub fn session_id(mut self, session_id: &[u8]) -> Self {
        self.session_id = session_id.to_vec();
        self
    }

    /// The server's key share.
    #[must_use]
    pub fn key_share(mut self, group: NamedGroup, key_exchange: &[u8]) -> Self {
        self.group = Some((group, key_exchange.to_vec()));
        self
    }

    /// Adds an extension as it is.
    #[must_use]
    pub fn extension(mut self, kind: u16, body: &[u8]) -> Self {
        self.extra.push((kind, body.to_vec()));
        self
    }

    /// The handshake message, its four-byte header included.
    ///
    /// # Errors
    /// When something is too long for its field.
    pub fn build(&self) -> Result<Vec<u8>, BuildError> {
        let mut writer = Writer::default();
        writer.u8(SERVER_HELLO);
        writer.vec24("ServerHello", |to| self.body(to));
        writer.finish()
    }

    fn body(&self, to: &mut Writer) {
        if self.session_id.len() > 32 {
            to.fail(BuildError::TooLong("legacy_session_id"));
        }
        to.u16(self.version.min(ProtocolVersion::TLS_1_2).0);
        to.bytes(&self.random);
        to.vec8("legacy_session_id", |to| to.bytes(&self.session_id));
        to.u16(self.suite.0);
        to.u8(0);
        to.vec16("extensions", |to| self.extensions(to));
    }

    fn extensions(&self, to: &mut Writer) {
        if self.version >= ProtocolVersion::TLS_1_3 {
            to.extension(extension::SUPPORTED_VERSIONS, |to| to.u16(self.version.0));
        }
        match &self.group {
            Some((group, _)) if self.random == HELLO_RETRY_REQUEST_RANDOM => {
                to.extension(extension::KEY_SHARE, |to| to.u16(group.0));
            }
            Some((group, share)) => to.extension(extension::KEY_SHARE, |to| {
                to.u16(group.0);
                to.vec16("key_exchange", |to| to.bytes(share));
            }),
            None => {}
        }
        for (kind, body) in &self.extra {
            to.extension(*kind, |to| to.bytes(body));
        }
    }
}
