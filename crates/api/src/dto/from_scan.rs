//! From the report of a probe to its shape on the wire.
//!
//! Nothing is judged or left out on the way; the verdict is the policy's at the time that is given.

use hybridge_hello::ssh::KexMethod;
use hybridge_policy::endpoint;
use hybridge_scan::probe::Report;
use hybridge_scan::probe::chain::{CertificateFinding as Certified, Negotiated};
use hybridge_scan::probe::report;
use hybridge_scan::probe::ssh;
use jiff::Timestamp;

use super::{
    Answer, CertificateFinding, Chain, Greeting, GroupFinding, GroupSupport, HostKeyFinding, KexFinding,
    Preference, PreferenceOrder, ProbeReport, Reason, Severity, SplitFinding, SshFindings, SuiteList,
    Support, Tls12Choice, TlsFindings, UpgradeFinding, Verdict, VersionFinding,
};

impl ProbeReport {
    /// The report on `target` with the verdict that holds at `now`.
    pub fn new(target: &str, report: &Report, now: Timestamp) -> Self {
        let assessment = report.assess(now.as_second());
        let (address, tls, ssh) = match report {
            Report::Tls(report) => (report.address, Some(TlsFindings::from(report.as_ref())), None),
            Report::Ssh(report) => (report.address, None, Some(SshFindings::from(report.as_ref()))),
        };
        Self {
            target: target.to_owned(),
            address: address.to_string(),
            verdict: assessment.verdict.into(),
            reasons: assessment.reasons.into_iter().map(Reason::from).collect(),
            tls,
            ssh,
        }
    }
}

impl From<endpoint::Verdict> for Verdict {
    fn from(verdict: endpoint::Verdict) -> Self {
        match verdict {
            endpoint::Verdict::Pass => Self::Pass,
            endpoint::Verdict::Warn => Self::Warn,
            endpoint::Verdict::Fail => Self::Fail,
            endpoint::Verdict::Indeterminate => Self::Indeterminate,
        }
    }
}

impl From<endpoint::Reason> for Reason {
    fn from(reason: endpoint::Reason) -> Self {
        let severity = match reason.severity {
            endpoint::Severity::Note => Severity::Note,
            endpoint::Severity::Warn => Severity::Warn,
            endpoint::Severity::Unknown => Severity::Unknown,
            endpoint::Severity::Fail => Severity::Fail,
        };
        Self {
            severity,
            code: reason.code.to_owned(),
            text: reason.text,
            remedy: reason.remedy,
        }
    }
}

impl From<&report::Support> for Support {
    fn from(support: &report::Support) -> Self {
        let answer = match support {
            report::Support::Yes => Answer::Yes,
            report::Support::No { .. } => Answer::No,
            report::Support::Unknown { .. } => Answer::Unknown,
            report::Support::NotTried { .. } => Answer::NotTried,
        };
        Self {
            answer,
            because: support.because().map(str::to_owned),
        }
    }
}

impl From<&report::TlsReport> for TlsFindings {
    fn from(report: &report::TlsReport) -> Self {
        Self {
            server_name: report.server_name.clone(),
            starttls: report.starttls.map(|protocol| protocol.as_str().to_owned()),
            greeting: report.greeting.as_ref().ok().map(Greeting::from),
            greeting_failure: report.greeting.as_ref().err().map(ToString::to_string),
            groups: report.groups.iter().map(GroupFinding::from).collect(),
            preference: Preference::from(&report.preference),
            upgrades: report.upgrades.iter().map(UpgradeFinding::from).collect(),
            versions: report.versions.iter().map(VersionFinding::from).collect(),
            suites_tls13: SuiteList::from(&report.suites_tls13),
            suites_tls12: SuiteList::from(&report.suites_tls12),
            tls12: report.tls12.as_ref().map(Tls12Choice::from),
            chain: report.chain.as_ref().ok().map(Chain::from),
            chain_missing: report.chain.as_ref().err().cloned(),
            split: SplitFinding::from(&report.split),
        }
    }
}

impl From<&report::Greeting> for Greeting {
    fn from(greeting: &report::Greeting) -> Self {
        Self {
            version: greeting.version.to_string(),
            suite: greeting.suite.to_string(),
            group: text(greeting.group),
            by_retry: greeting.by_retry,
        }
    }
}

impl From<&report::GroupFinding> for GroupFinding {
    fn from(finding: &report::GroupFinding) -> Self {
        let support = match finding.summary() {
            report::GroupSupport::ByShare => GroupSupport::ByShare,
            report::GroupSupport::ByRetry => GroupSupport::ByRetry,
            report::GroupSupport::NotOffered => GroupSupport::NotOffered,
            report::GroupSupport::Unknown => GroupSupport::Unknown,
        };
        Self {
            group: finding.group.to_string(),
            post_quantum: finding.group.is_post_quantum(),
            support,
            by_share: Support::from(&finding.by_share),
            by_retry: Support::from(&finding.by_retry),
        }
    }
}

impl From<&report::Preference> for Preference {
    fn from(preference: &report::Preference) -> Self {
        let (order, groups, because) = match preference {
            report::Preference::Server(groups) => (PreferenceOrder::Server, groups.clone(), None),
            report::Preference::Client => (PreferenceOrder::Client, Vec::new(), None),
            report::Preference::Mixed { forward, reverse } => {
                (PreferenceOrder::Mixed, vec![*forward, *reverse], None)
            }
            report::Preference::Undetermined { because } => {
                (PreferenceOrder::Undetermined, Vec::new(), Some(because.clone()))
            }
        };
        Self {
            order,
            groups: groups.iter().map(ToString::to_string).collect(),
            because,
        }
    }
}

impl From<&report::UpgradeFinding> for UpgradeFinding {
    fn from(finding: &report::UpgradeFinding) -> Self {
        let selection = finding.outcome.as_ref().ok();
        Self {
            client: finding.habit.describe(finding.classical, finding.post_quantum),
            classical: finding.classical.to_string(),
            post_quantum: finding.post_quantum.to_string(),
            group: selection.map(|selection| selection.group.to_string()),
            by_retry: selection.is_some_and(|selection| selection.by_retry),
            missed: selection.is_some_and(|selection| !selection.group.is_post_quantum()),
            failure: finding.outcome.as_ref().err().map(ToString::to_string),
        }
    }
}

impl From<&report::VersionFinding> for VersionFinding {
    fn from(finding: &report::VersionFinding) -> Self {
        Self {
            version: finding.version.to_string(),
            support: Support::from(&finding.support),
        }
    }
}

impl From<&report::Listing> for SuiteList {
    fn from(listing: &report::Listing) -> Self {
        let suites = listing.suites.iter().map(ToString::to_string).collect();
        Self {
            suites,
            missing: listing.missing.clone(),
        }
    }
}

impl From<&report::Tls12Choice> for Tls12Choice {
    fn from(choice: &report::Tls12Choice) -> Self {
        let signature_scheme = text(choice.scheme);
        Self {
            suite: choice.suite.to_string(),
            group: text(choice.group),
            signature_scheme,
        }
    }
}

impl From<&report::ChainFinding> for Chain {
    fn from(chain: &report::ChainFinding) -> Self {
        let Negotiated {
            version,
            suite,
            group,
            scheme,
            alpn,
        } = &chain.negotiated;
        Self {
            certificates: chain.certificates.iter().map(CertificateFinding::from).collect(),
            name_matches: chain.name_matches,
            version: text(*version),
            suite: text(*suite),
            group: text(*group),
            signature_scheme: text(*scheme),
            alpn: alpn.clone(),
        }
    }
}

impl From<&Certified> for CertificateFinding {
    fn from(certificate: &Certified) -> Self {
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            names: certificate.names.clone(),
            valid_from: Timestamp::from_second(certificate.not_before).ok(),
            expires_at: Timestamp::from_second(certificate.not_after).ok(),
            key_algorithm: certificate.key_text.clone(),
            signature_algorithm: certificate.signature_text.clone(),
            self_signed: certificate.self_signed,
            is_authority: certificate.is_authority,
            fingerprint_sha256: hexadecimal(&certificate.fingerprint_sha256),
            der_bytes: certificate.der_len,
        }
    }
}

impl From<&report::SplitFinding> for SplitFinding {
    fn from(finding: &report::SplitFinding) -> Self {
        Self {
            hello_bytes: finding.hello_len,
            segments: Support::from(&finding.segments),
            records: Support::from(&finding.records),
        }
    }
}

impl From<&ssh::SshReport> for SshFindings {
    fn from(report: &ssh::SshReport) -> Self {
        let lists = &report.algorithms;
        Self {
            identification: report.identification.clone(),
            key_exchanges: report.key_exchanges.iter().map(KexFinding::from).collect(),
            host_keys: report.host_keys.iter().map(HostKeyFinding::from).collect(),
            host_key_algorithms: lists.host_key.clone(),
            ciphers_to_server: lists.ciphers_to_server.clone(),
            ciphers_to_client: lists.ciphers_to_client.clone(),
            macs_to_server: lists.macs_to_server.clone(),
            macs_to_client: lists.macs_to_client.clone(),
        }
    }
}

impl From<&ssh::KexFinding> for KexFinding {
    fn from(finding: &ssh::KexFinding) -> Self {
        Self {
            method: finding.method.clone(),
            post_quantum: KexMethod(&finding.method).is_post_quantum(),
            completes: Support::from(&finding.completes),
        }
    }
}

impl From<&ssh::HostKeyFinding> for HostKeyFinding {
    fn from(finding: &ssh::HostKeyFinding) -> Self {
        Self {
            algorithm: finding.algorithm.clone(),
            rsa_bits: finding.rsa_bits,
            fingerprint_sha256: finding
                .fingerprint_sha256
                .as_ref()
                .map(|digest| hexadecimal(digest)),
            verified: Support::from(&finding.verified),
        }
    }
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "from_scan_tests.rs"]
mod tests;
