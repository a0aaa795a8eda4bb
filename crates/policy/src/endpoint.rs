//! The verdict on an endpoint: facts that a probe gathered go in, reasons and remedies come out.
//!
//! No clock and no network here; `now` is an argument. A fact that is missing is never taken for a good or
//! a bad one: it becomes a reason of its own, and the verdict says indeterminate.

mod ssh;
mod suite;
mod tls;

use hybridge_crypto::{Algorithm, Status};

/// What an endpoint is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing to do.
    Pass,
    /// Works, with something to mend.
    Warn,
    /// Not acceptable.
    Fail,
    /// Something that decides could not be found out.
    Indeterminate,
}

impl Verdict {
    /// The word a person and a program read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Indeterminate => "indeterminate",
        }
    }
}

/// How much a reason weighs, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; changes no verdict.
    Note,
    /// To mend.
    Warn,
    /// A fact that decides is missing.
    Unknown,
    /// Not acceptable.
    Fail,
}

/// One reason behind a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// How much it weighs.
    pub severity: Severity,
    /// A stable word for programs, such as `tls-version-deprecated`.
    pub code: &'static str,
    /// What was found, in words.
    pub text: String,
    /// What to do about it, if there is something to do.
    pub remedy: Option<String>,
}

impl Reason {
    fn new(severity: Severity, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            text: text.into(),
            remedy: None,
        }
    }

    fn remedy(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }
}

/// A verdict with its reasons, the heaviest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// What the reasons amount to.
    pub verdict: Verdict,
    /// Why, the heaviest first; in the order of discovery where they weigh the same.
    pub reasons: Vec<Reason>,
}

impl Assessment {
    fn of(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.severity));
        let verdict = match reasons.first().map(|reason| reason.severity) {
            Some(Severity::Fail) => Verdict::Fail,
            Some(Severity::Unknown) => Verdict::Indeterminate,
            Some(Severity::Warn) => Verdict::Warn,
            Some(Severity::Note) | None => Verdict::Pass,
        };
        Self { verdict, reasons }
    }
}

/// What the endpoint did when it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It did.
    Yes,
    /// It refused in a way that says so.
    No,
    /// It could not be found out; the reason in words.
    Unknown(String),
}

/// Facts about one TLS endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// One entry per key exchange group that was tried.
    pub groups: Vec<GroupFact>,
    /// What clients that list the post-quantum group get, when both kinds of group are supported.
    pub upgrades: Vec<UpgradeFact>,
    /// Protocol versions that were tried, such as `TLS 1.2`.
    pub versions: Vec<(String, Answer)>,
    /// Names of the accepted cipher suites (IANA registry).
    pub suites: Vec<String>,
    /// Why the list of suites may be incomplete, or `None`.
    pub suites_missing: Option<String>,
    /// The certificate chain, leaf first, or why it was not seen.
    pub chain: Result<Vec<CertificateFact>, String>,
    /// Whether the leaf is valid for the name that was asked for; `None` when no name was asked for.
    pub name_matches: Option<bool>,
    /// Whether a ClientHello in two TCP segments survives.
    pub split_segments: Answer,
    /// Whether a ClientHello in several TLS records survives.
    pub split_records: Answer,
}

/// A key exchange group and how it can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFact {
    /// Its name as the TLS registry writes it.
    pub name: String,
    /// The algorithm behind it, if the table knows one.
    pub algorithm: Option<&'static Algorithm>,
    /// With a key share in the first hello.
    pub by_share: Answer,
    /// By HelloRetryRequest.
    pub by_retry: Answer,
}

impl GroupFact {
    fn resists_quantum(&self) -> bool {
        self.algorithm
            .is_some_and(|algorithm| algorithm.status.resists_quantum())
    }

    fn supported(&self) -> bool {
        self.by_share == Answer::Yes || self.by_retry == Answer::Yes
    }
}

/// One way in which real clients offer a post-quantum group, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeFact {
    /// The client, in words that continue "a client that …".
    pub client: String,
    /// The post-quantum group it lists.
    pub post_quantum: String,
    /// The group it ends up with, or why that is not known.
    pub negotiated: Result<String, String>,
}

/// One certificate of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFact {
    /// The subject, as text.
    pub subject: String,
    /// End of validity in seconds since 1970.
    pub not_after: i64,
    /// Start of validity in seconds since 1970.
    pub not_before: i64,
    /// The key's algorithm, if the table knows it.
    pub key: Option<&'static Algorithm>,
    /// The key's algorithm and size as text, such as `RSA-2048`.
    pub key_text: String,
    /// Size of an RSA modulus in bits; `None` for other keys.
    pub rsa_bits: Option<u32>,
    /// The signature's algorithm, if the table knows it.
    pub signature: Option<&'static Algorithm>,
    /// The signature's algorithm as text.
    pub signature_text: String,
    /// Whether it signs itself: a root's own signature is trusted by nobody and weighs nothing.
    pub self_signed: bool,
}

/// Facts about one SSH endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshFacts {
    /// Key exchange methods it advertises, in its order, protocol markers left out.
    pub key_exchanges: Vec<String>,
    /// For each post-quantum method: whether the exchange completes.
    pub completed: Vec<(String, Answer)>,
    /// Host key algorithms it advertises.
    pub host_key_algorithms: Vec<String>,
    /// Host keys that were seen: algorithm, and RSA bits.
    pub host_keys: Vec<HostKeyFact>,
    /// Ciphers in either direction.
    pub ciphers: Vec<String>,
    /// MACs in either direction.
    pub macs: Vec<String>,
}

/// A host key that signed an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKeyFact {
    /// Algorithm of the key, such as `ssh-ed25519`.
    pub algorithm: String,
    /// Size of an RSA modulus in bits; `None` for other keys.
    pub rsa_bits: Option<u32>,
    /// Whether its signature over the exchange verified.
    pub verified: Answer,
}

/// Judges a TLS endpoint at the time `now`, in seconds since 1970.
#[must_use]
pub fn assess_tls(facts: &TlsFacts, now: i64) -> Assessment {
    Assessment::of(tls::reasons(facts, now))
}

/// Judges an SSH endpoint.
#[must_use]
pub fn assess_ssh(facts: &SshFacts) -> Assessment {
    Assessment::of(ssh::reasons(facts))
}

fn is_broken(algorithm: Option<&Algorithm>) -> bool {
    algorithm.is_some_and(|algorithm| algorithm.status == Status::Broken)
}

#[cfg(test)]
mod tests;
