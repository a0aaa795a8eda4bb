//! The ServerKeyExchange of TLS 1.2 and before, where an elliptic-curve handshake names its group
//! (RFC 8422 §5.4, RFC 5489 §2). TLS 1.3 has no such message.

use crate::client_hello::handshake_body;
use crate::group::NamedGroup;
use crate::handshake::HandshakeType;
use crate::malformed::{Flaw, Malformed};
use crate::reader::Reader;
use crate::scheme::SignatureScheme;
use crate::suite::CipherSuite;
use crate::version::ProtocolVersion;

/// What a ServerKeyExchange says of the agreement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerKeyExchange<'a> {
    /// The group of the exchange; `None` where it is not one of named elliptic curves.
    pub group: Option<NamedGroup>,
    /// The server's public point; empty where there is no group.
    pub public: &'a [u8],
    /// The scheme of the signature; before TLS 1.2 the message does not say.
    pub scheme: Option<SignatureScheme>,
}

impl<'a> ServerKeyExchange<'a> {
    /// Reads a whole handshake message. How it is to be read follows from what the ServerHello chose.
    ///
    /// # Errors
    /// When it is another message, or its parameters break the grammar.
    pub fn parse(message: &'a [u8], suite: CipherSuite, version: ProtocolVersion) -> Result<Self, Malformed> {
        let mut body = handshake_body(&mut Reader::new(message), HandshakeType::SERVER_KEY_EXCHANGE.0)?;
        let name = suite.name().unwrap_or_default();
        if !name.starts_with("TLS_ECDHE_") && !name.starts_with("TLS_ECDH_anon_") {
            return Ok(Self {
                group: None,
                public: &[],
                scheme: None,
            });
        }
        let psk = name.starts_with("TLS_ECDHE_PSK_");
        if psk {
            body.vec16("psk_identity_hint")?;
        }
        let (group, public) = named_curve(&mut body)?;
        let signed = !psk && !name.starts_with("TLS_ECDH_anon_") && version >= ProtocolVersion::TLS_1_2;
        let scheme = if signed {
            Some(SignatureScheme(body.u16("algorithm")?))
        } else {
            None
        };
        Ok(Self {
            group: Some(group),
            public,
            scheme,
        })
    }
}

/// `ServerECDHParams`, of whose curve types only `named_curve` (3) is still allowed.
fn named_curve<'a>(body: &mut Reader<'a>) -> Result<(NamedGroup, &'a [u8]), Malformed> {
    let start = *body;
    if body.u8("curve_type")? != 3 {
        return Err(start.wrong("curve_type", Flaw::BadValue));
    }
    let group = NamedGroup(body.u16("namedcurve")?);
    Ok((group, body.vec8("point")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// curve x25519, a point of four bytes for brevity, then rsa_pss_rsae_sha256 and no signature.
    const SIGNED: &[u8] = &[12, 0, 0, 12, 3, 0, 29, 4, 1, 2, 3, 4, 8, 4, 0, 0];

    fn check(
        message: &[u8],
        suite: CipherSuite,
        version: ProtocolVersion,
        expect: Option<(u16, Option<u16>)>,
    ) {
        let read = ServerKeyExchange::parse(message, suite, version).ok();
        let found = read.map(|read| {
            (
                read.group.map_or(0, |group| group.0),
                read.scheme.map(|scheme| scheme.0),
            )
        });
        assert_eq!(found, expect, "{suite} {version}");
    }

    #[test]
    fn names_the_group_of_an_elliptic_curve_handshake() {
        let ecdhe = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
        check(
            SIGNED,
            ecdhe,
            ProtocolVersion::TLS_1_2,
            Some((0x001d, Some(0x0804))),
        );
        check(SIGNED, ecdhe, ProtocolVersion::TLS_1_0, Some((0x001d, None)));
        let psk = [&[12, 0, 0, 12, 0, 2, 9, 9, 3, 0, 23, 4][..], &[1, 2, 3, 4]].concat();
        check(
            &psk,
            CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA,
            ProtocolVersion::TLS_1_2,
            Some((23, None)),
        );
    }

    #[test]
    fn names_no_group_for_other_exchanges() {
        check(
            SIGNED,
            CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
            ProtocolVersion::TLS_1_2,
            Some((0, None)),
        );
    }

    #[test]
    fn refuses_explicit_curves_and_short_messages() {
        let ecdhe = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
        check(&[12, 0, 0, 1, 1], ecdhe, ProtocolVersion::TLS_1_2, None);
        check(&[12, 0, 0, 4, 3, 0, 29, 9], ecdhe, ProtocolVersion::TLS_1_2, None);
        check(&[14, 0, 0, 0], ecdhe, ProtocolVersion::TLS_1_2, None);
    }
}
