//! What arrives on a TLS port and is not TLS, told apart by its first bytes.
//! Names are for the operator's benefit; whoever answers such a peer, it is not us.

/// A protocol that is not TLS.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Foreign {
    /// A ClientHello in the format of SSL 2.0 (RFC 5246 §E.2; forbidden by RFC 6176).
    Sslv2,
    /// Plain HTTP: a request line (RFC 9112 §3).
    Http,
    /// An SSH identification string (RFC 4253 §4.2).
    Ssh,
    /// A PROXY protocol header, version 1 or 2.
    Proxy,
    /// None of the above.
    Other,
}

impl Foreign {
    /// A short stable word, fit for a metric label or a log field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sslv2 => "sslv2",
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::Proxy => "proxy",
            Self::Other => "other",
        }
    }
}

const OPENINGS: &[(&[u8], Foreign)] = &[
    (b"GET ", Foreign::Http),
    (b"POST ", Foreign::Http),
    (b"HEAD ", Foreign::Http),
    (b"PUT ", Foreign::Http),
    (b"DELETE ", Foreign::Http),
    (b"OPTIONS ", Foreign::Http),
    (b"CONNECT ", Foreign::Http),
    (b"PATCH ", Foreign::Http),
    (b"TRACE ", Foreign::Http),
    (b"PROPFIND ", Foreign::Http),
    (b"PRI * HTTP/2", Foreign::Http),
    (b"SSH-", Foreign::Ssh),
    (b"PROXY ", Foreign::Proxy),
    (b"\r\n\r\n\0\r\nQUIT\n", Foreign::Proxy),
];

/// Names the protocol of bytes that are not a TLS record; `None` while more than one name is possible.
pub(crate) fn recognise(raw: &[u8]) -> Option<Foreign> {
    if raw.first().is_some_and(|first| first & 0x80 != 0) {
        return sslv2(raw);
    }
    let opening = OPENINGS.iter().find(|(opening, _)| raw.starts_with(opening));
    if let Some((_, foreign)) = opening {
        return Some(*foreign);
    }
    let possible = OPENINGS.iter().any(|(opening, _)| opening.starts_with(raw));
    if possible { None } else { Some(Foreign::Other) }
}

/// A two-byte header with its high bit set, then the type `client_hello` and a version.
fn sslv2(raw: &[u8]) -> Option<Foreign> {
    match raw {
        [_, _, 1, 0, 2, ..] | [_, _, 1, 3, ..] => Some(Foreign::Sslv2),
        [_] | [_, _] | [_, _, 1] | [_, _, 1, 0] => None,
        _ => Some(Foreign::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_it_sees_as_soon_as_it_can() {
        let check = |raw: &[u8], expect| assert_eq!(recognise(raw), expect, "{raw:?}");
        check(b"G", None);
        check(b"GET ", Some(Foreign::Http));
        check(b"GET / HTTP/1.1\r\n", Some(Foreign::Http));
        check(b"GEX", Some(Foreign::Other));
        check(b"PR", None);
        check(b"PRI * HTTP/2.0\r\n", Some(Foreign::Http));
        check(b"PROXY TCP4", Some(Foreign::Proxy));
        check(b"PROPFIND /", Some(Foreign::Http));
        check(b"\r\n\r\n\0\r\nQUIT\n\x21", Some(Foreign::Proxy));
        check(b"\r\n", None);
        check(b"SSH-2.0-OpenSSH_10.0", Some(Foreign::Ssh));
        check(b"\x80\x2e\x01\x00\x02", Some(Foreign::Sslv2));
        check(b"\x80\x2e\x01\x03\x01", Some(Foreign::Sslv2));
        check(b"\x80", None);
        check(b"\x80\x2e\x02", Some(Foreign::Other));
        check(b"\x80\x2e\x01\x07", Some(Foreign::Other));
        check(b"EHLO x", Some(Foreign::Other));
        check(b"\0", Some(Foreign::Other));
        check(b"\x16\x02", Some(Foreign::Other));
    }
}
