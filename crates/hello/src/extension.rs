//! The extension types this crate knows by number (the IANA registry "TLS ExtensionType Values").
//! Plain numbers, because a hello may carry any number: a type of which we know nothing is no error.

/// RFC 6066 §3.
pub const SERVER_NAME: u16 = 0;
/// RFC 8446 §4.2.7.
pub const SUPPORTED_GROUPS: u16 = 10;
/// RFC 8422 §5.1.2.
pub const EC_POINT_FORMATS: u16 = 11;
/// RFC 8446 §4.2.3.
pub const SIGNATURE_ALGORITHMS: u16 = 13;
/// RFC 7301 §3.1: application-layer protocol negotiation.
pub const ALPN: u16 = 16;
/// RFC 7685.
pub const PADDING: u16 = 21;
/// RFC 7627 §5.1.
pub const EXTENDED_MASTER_SECRET: u16 = 23;
/// RFC 8879 §3.
pub const COMPRESS_CERTIFICATE: u16 = 27;
/// RFC 5077 §3.2.
pub const SESSION_TICKET: u16 = 35;
/// RFC 8446 §4.2.11.
pub const PRE_SHARED_KEY: u16 = 41;
/// RFC 8446 §4.2.10.
pub const EARLY_DATA: u16 = 42;
/// RFC 8446 §4.2.1.
pub const SUPPORTED_VERSIONS: u16 = 43;
/// RFC 8446 §4.2.2.
pub const COOKIE: u16 = 44;
/// RFC 8446 §4.2.9.
pub const PSK_KEY_EXCHANGE_MODES: u16 = 45;
/// RFC 8446 §4.2.8.
pub const KEY_SHARE: u16 = 51;
/// RFC 9849: encrypted ClientHello.
pub const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
/// RFC 5746 §3.2.
pub const RENEGOTIATION_INFO: u16 = 0xff01;
