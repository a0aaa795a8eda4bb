//! What both ends say of a handshake, and whether they say the same.
//!
//! `Handshake` is our record from `/v1/handshakes`; `Told` is the peer's own account. Groups have many
//! spellings, so they are compared by code point.

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// The hybrid that everybody has.
pub(super) const HYBRID: &str = "X25519MLKEM768";

/// Where no key exchange took place.
const NO_GROUP: &str = "none";

/// Our record of a handshake.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Handshake {
    pub(super) rung: Option<String>,
    pub(super) client_prefix: String,
    pub(super) sni_class: Option<String>,
    pub(super) offered_groups: Vec<String>,
    pub(super) shared_groups: Vec<String>,
    pub(super) group: Option<String>,
    pub(super) post_quantum: bool,
    pub(super) version: Option<String>,
    pub(super) signature_scheme: Option<String>,
    pub(super) ja4: Option<String>,
    pub(super) ja4_stable: Option<String>,
    pub(super) hello_records: Option<u32>,
    pub(super) hello_retry_request: bool,
    pub(super) resumed: bool,
    pub(super) outcome: String,
    pub(super) detail: Option<String>,
}

impl Handshake {
    /// Itself when it succeeded.
    ///
    /// # Errors
    /// How it ended, and why.
    pub(super) fn succeeded(&self) -> anyhow::Result<&Self> {
        let detail = self.detail.as_deref().unwrap_or("no detail");
        ensure!(
            self.outcome == "success",
            "our record says {}: {detail}",
            self.outcome
        );
        Ok(self)
    }
}

/// What a peer says of a handshake; `None` where it does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) retry: Option<bool>,
    pub(super) resumed: Option<bool>,
    /// Inside TLS, such as `HTTP/2.0` or `h2`.
    pub(super) protocol: Option<String>,
    /// What came back over the connection.
    pub(super) body: String,
}

/// What a handshake should come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expect {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) retry: bool,
    pub(super) resumed: bool,
}

impl Expect {
    /// TLS 1.2 resumed: an exchange without a group (RFC 5246 §7.3).
    pub(super) const TLS12_RESUMED: Self = Self::tls12(NO_GROUP).resumed();

    /// TLS 1.3 with this group, from a share in the first hello.
    pub(super) const fn share(group: &'static str) -> Self {
        Self {
            group,
            version: "TLS 1.3",
            retry: false,
            resumed: false,
        }
    }

    /// TLS 1.3 with this group, by HelloRetryRequest.
    pub(super) const fn retry(group: &'static str) -> Self {
        Self {
            retry: true,
            ..Self::share(group)
        }
    }

    /// TLS 1.2 with this group.
    pub(super) const fn tls12(group: &'static str) -> Self {
        Self {
            version: "TLS 1.2",
            ..Self::share(group)
        }
    }

    /// The same, resumed.
    pub(super) const fn resumed(self) -> Self {
        Self {
            resumed: true,
            ..self
        }
    }

    /// Compares our record with what is expected.
    ///
    /// # Errors
    /// The first thing that differs.
    pub(super) fn meets_record(&self, record: &Handshake) -> anyhow::Result<()> {
        record.succeeded()?;
        let group = record.group.as_deref().unwrap_or(NO_GROUP);
        ensure!(
            self.is_group(group),
            "our record says group {group}, expected {}",
            self.group
        );
        let version = record.version.as_deref().unwrap_or("none");
        ensure!(
            is_same_version(version, self.version),
            "our record says {version}, expected {}",
            self.version
        );
        let (retry, resumed) = (record.hello_retry_request, record.resumed);
        ensure!(
            retry == self.retry,
            "our record says retry: {retry}, expected {}",
            self.retry
        );
        ensure!(
            resumed == self.resumed,
            "our record says resumed: {resumed}, expected {}",
            self.resumed
        );
        let post_quantum = self.group.contains("MLKEM");
        ensure!(
            record.post_quantum == post_quantum,
            "our record says post_quantum: {}",
            record.post_quantum
        );
        Ok(())
    }

    /// Compares the peer's account with what is expected.
    ///
    /// # Errors
    /// The first thing that differs.
    pub(super) fn meets_peer(&self, told: &Told) -> anyhow::Result<()> {
        // Some tell the group of the session that they resumed.
        if let Some(group) = told.group.as_ref().filter(|_| self.group != NO_GROUP) {
            ensure!(
                self.is_group(group),
                "the peer says group {group}, expected {}",
                self.group
            );
        }
        if let Some(version) = &told.version {
            ensure!(
                is_same_version(version, self.version),
                "the peer says {version}, expected {}",
                self.version
            );
        }
        if let Some(retry) = told.retry {
            ensure!(
                retry == self.retry,
                "the peer says retry: {retry}, expected {}",
                self.retry
            );
        }
        if let Some(resumed) = told.resumed {
            ensure!(
                resumed == self.resumed,
                "the peer says resumed: {resumed}, expected {}",
                self.resumed
            );
        }
        Ok(())
    }

    /// Whether a name means the group that is expected.
    pub(super) fn is_group(&self, name: &str) -> bool {
        is_same_group(name, self.group) || (name == NO_GROUP && self.group == NO_GROUP)
    }

    /// In a few words, for the table.
    pub(super) fn words(&self) -> String {
        let mut words = format!("{} {}", self.version, self.group);
        if self.retry {
            words.push_str(" by retry");
        }
        if self.resumed {
            words.push_str(", resumed");
        }
        words
    }
}

/// Whether two names or code points (`0x11ec`) mean the same group.
pub(super) fn is_same_group(one: &str, other: &str) -> bool {
    code_point(one).is_ok_and(|one| code_point(other).is_ok_and(|other| one == other))
}

/// The code point of a group in anybody's spelling (IANA TLS Supported Groups).
///
/// # Errors
/// A name that we have not met.
pub(super) fn code_point(name: &str) -> anyhow::Result<u16> {
    if let Some(digits) = name.strip_prefix("0x") {
        return u16::from_str_radix(digits, 16).with_context(|| format!("group {name:?}"));
    }
    Ok(match name {
        "X25519MLKEM768" => 0x11ec,
        "SecP256r1MLKEM768" => 0x11eb,
        "SecP384r1MLKEM1024" => 0x11ed,
        "MLKEM512" => 0x0200,
        "MLKEM768" => 0x0201,
        "MLKEM1024" => 0x0202,
        "X25519" | "x25519" => 0x001d,
        "X448" | "x448" => 0x001e,
        "secp256r1" | "prime256v1" | "CurveP256" | "P-256" => 0x0017,
        "secp384r1" | "CurveP384" | "P-384" => 0x0018,
        "secp521r1" | "CurveP521" | "P-521" => 0x0019,
        "ffdhe2048" => 0x0100,
        "ffdhe3072" => 0x0101,
        _ => anyhow::bail!("an unknown name of a group: {name:?}"),
    })
}

/// `TLSv1.3`, `TLS 1.3` and `TLS1.3` are the same.
fn is_same_version(one: &str, other: &str) -> bool {
    let digits = |text: &str| {
        text.trim_start_matches(|letter: char| !letter.is_ascii_digit())
            .to_owned()
    };
    digits(one) == digits(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_compared_by_code_point() {
        assert!(is_same_group("0x11ec", HYBRID));
        assert!(is_same_group("prime256v1", "secp256r1"));
        assert!(!is_same_group("X25519", HYBRID));
        assert!(!is_same_group("nonsense", "nonsense"));
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(is_same_version("TLSv1.3", "TLS 1.3"));
        assert!(!is_same_version("TLSv1.2", "TLS 1.3"));
        assert!(!is_same_version("none", "TLS 1.3"));
    }

    #[test]
    fn an_account_that_differs_is_refused_and_silence_is_not() {
        let expect = Expect::retry(HYBRID);
        expect.meets_peer(&Told::default()).unwrap();
        let told = |group: &str, retry| Told {
            group: Some(group.to_owned()),
            retry: Some(retry),
            ..Told::default()
        };
        expect.meets_peer(&told("0x11ec", true)).unwrap();
        assert!(expect.meets_peer(&told("X25519", true)).is_err());
        assert!(expect.meets_peer(&told(HYBRID, false)).is_err());
    }
}
