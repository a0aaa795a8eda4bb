//! Protocol versions of SSL, TLS and DTLS, as the wire carries them.
//! Drafts and GREASE have no name; they are values like any other.

use crate::code_point::code_points;

code_points! {
    /// A protocol version. DTLS numbers run backwards; compare TLS versions only with TLS versions.
    ProtocolVersion, "protocol version", aliases ALIASES,
    {
        SSL_2_0 = 0x0002 => "SSL 2.0",
        SSL_3_0 = 0x0300 => "SSL 3.0",
        TLS_1_0 = 0x0301 => "TLS 1.0",
        TLS_1_1 = 0x0302 => "TLS 1.1",
        TLS_1_2 = 0x0303 => "TLS 1.2",
        TLS_1_3 = 0x0304 => "TLS 1.3",
        DTLS_1_0 = 0xfeff => "DTLS 1.0",
        DTLS_1_2 = 0xfefd => "DTLS 1.2",
        DTLS_1_3 = 0xfefc => "DTLS 1.3",
    }
}

/// Spellings of nginx, OpenSSL and the RFCs.
const ALIASES: &[(&str, u16)] = &[
    ("SSLv3", 0x0300),
    ("TLSv1", 0x0301),
    ("TLSv1.0", 0x0301),
    ("TLSv1.1", 0x0302),
    ("TLSv1.2", 0x0303),
    ("TLSv1.3", 0x0304),
    ("1.0", 0x0301),
    ("1.1", 0x0302),
    ("1.2", 0x0303),
    ("1.3", 0x0304),
];
