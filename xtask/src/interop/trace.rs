//! Reads what `openssl s_client -trace` and `s_server -trace` print: OpenSSL's own account of a handshake.
//!
//! Of each ServerHello the selected group (RFC 8446 §4.2.8), of a TLS 1.2 ServerKeyExchange the named
//! curve, of each ClientHello the listed and the shared groups. Groups are kept as code points (`0x11ec`).

/// One handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Traced {
    /// Listed in the first ClientHello.
    pub(super) offered: Vec<String>,
    /// Shared in the first ClientHello.
    pub(super) shared: Vec<String>,
    pub(super) group: Option<String>,
    pub(super) retry: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    ClientHello,
    ServerHello,
    ServerKeyExchange,
    Elsewhere,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extension {
    SupportedGroups,
    KeyShare,
    /// The key share of a HelloRetryRequest: a group and no key.
    RetryShare,
    Other,
}

/// The handshakes in a trace, in their order.
pub(super) fn parse(text: &str) -> Vec<Traced> {
    let mut reader = Reader::default();
    text.lines().map(str::trim).for_each(|line| reader.read(line));
    reader.found
}

struct Reader {
    within: Within,
    extension: Extension,
    second_hello: bool,
    found: Vec<Traced>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            within: Within::Elsewhere,
            extension: Extension::Other,
            second_hello: false,
            found: Vec::new(),
        }
    }
}

impl Reader {
    fn read(&mut self, line: &str) {
        if let Some(within) = message(line) {
            self.enter(within);
        } else if let Some(rest) = line.strip_prefix("extension_type=") {
            self.extension = extension(rest);
        } else if let Some(group) = code_point(line) {
            self.note(line, group);
        }
    }

    fn enter(&mut self, within: Within) {
        self.within = within;
        self.extension = Extension::Other;
        if within == Within::ClientHello {
            self.second_hello = self
                .found
                .last()
                .is_some_and(|last| last.retry && last.group.is_none());
            if !self.second_hello {
                self.found.push(Traced::default());
            }
        }
    }

    fn note(&mut self, line: &str, group: String) {
        let Some(last) = self.found.last_mut() else { return };
        match (self.within, self.extension) {
            (Within::ClientHello, Extension::SupportedGroups) if !self.second_hello => {
                last.offered.push(group);
            }
            (Within::ClientHello, Extension::KeyShare) if !self.second_hello => last.shared.push(group),
            (Within::ServerHello, Extension::RetryShare) => last.retry = true,
            (Within::ServerHello, Extension::KeyShare) => last.group = Some(group),
            (Within::ServerKeyExchange, _) if line.starts_with("named_curve") => last.group = Some(group),
            _ => {}
        }
    }
}

fn message(line: &str) -> Option<Within> {
    if line.starts_with("Sent TLS Record") || line.starts_with("Received TLS Record") {
        return Some(Within::Elsewhere);
    }
    let (name, _) = line.split_once(", Length=")?;
    Some(match name {
        "ClientHello" => Within::ClientHello,
        "ServerHello" => Within::ServerHello,
        "ServerKeyExchange" => Within::ServerKeyExchange,
        _ => Within::Elsewhere,
    })
}

fn extension(rest: &str) -> Extension {
    if rest.starts_with("supported_groups(10)") {
        Extension::SupportedGroups
    } else if rest == "key_share(51), length=2" {
        Extension::RetryShare
    } else if rest.starts_with("key_share(51)") {
        Extension::KeyShare
    } else {
        Extension::Other
    }
}

/// `NamedGroup: X25519MLKEM768 (4588)` is `0x11ec`.
fn code_point(line: &str) -> Option<String> {
    let (_, number) = line.strip_suffix(')')?.rsplit_once(" (")?;
    let number: u16 = number.parse().ok()?;
    Some(format!("{number:#06x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: &str = "\
Received TLS Record
    ClientHello, Length=508
        extension_type=supported_groups(10), length=6
          ecdh_x25519 (29)
          X25519MLKEM768 (4588)
        extension_type=supported_versions(43), length=5
          TLS 1.3 (772)
        extension_type=key_share(51), length=38
            NamedGroup: ecdh_x25519 (29)
            key_exchange:  (len=32): 00
Sent TLS Record
    ServerHello, Length=84
        extension_type=key_share(51), length=2
            NamedGroup: X25519MLKEM768 (4588)
Received TLS Record
    ClientHello, Length=1512
        extension_type=key_share(51), length=1222
            NamedGroup: X25519MLKEM768 (4588)
Sent TLS Record
    ServerHello, Length=1206
        extension_type=supported_versions(43), length=2
            TLS 1.3 (772)
        extension_type=key_share(51), length=1124
            NamedGroup: X25519MLKEM768 (4588)
Received TLS Record
    ClientHello, Length=100
Sent TLS Record
    ServerKeyExchange, Length=110
      KeyExchangeAlgorithm=ECDHE
        named_curve: ecdh_x25519 (29)
";

    #[test]
    fn reads_a_retry_and_a_key_exchange_of_tls_1_2() {
        let first = Traced {
            offered: vec!["0x001d".to_owned(), "0x11ec".to_owned()],
            shared: vec!["0x001d".to_owned()],
            group: Some("0x11ec".to_owned()),
            retry: true,
        };
        let second = Traced {
            group: Some("0x001d".to_owned()),
            ..Traced::default()
        };
        assert_eq!(parse(RETRY), [first, second]);
    }

    #[test]
    fn finds_nothing_where_nothing_is() {
        assert_eq!(parse("CONNECTED(00000003)\nNew, TLSv1.3\n"), []);
    }
}
