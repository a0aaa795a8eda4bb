//! Hands the facts of a report to the policy.
//!
//! A translation and no judgement: what was not tried is as unknown to the policy as what failed.

use hybridge_crypto::Algorithm;
use hybridge_policy::endpoint::{
    Answer, Assessment, CertificateFact, GroupFact, HostKeyFact, SshFacts, TlsFacts, UpgradeFact, assess_ssh,
    assess_tls,
};

use super::chain::CertificateFinding;
use super::report::{GroupFinding, Listing, Report, Support, TlsReport, UpgradeFinding};
use super::ssh::{KexFinding, SshReport};
use hybridge_hello::ssh::KexMethod;

impl Report {
    /// The verdict at the time `now`, in seconds since 1970.
    #[must_use]
    pub fn assess(&self, now: i64) -> Assessment {
        match self {
            Self::Tls(report) => assess_tls(&report.facts(), now),
            Self::Ssh(report) => assess_ssh(&report.facts()),
        }
    }
}

impl TlsReport {
    /// What the policy needs to know.
    #[must_use]
    pub fn facts(&self) -> TlsFacts {
        let listings = [&self.suites_tls13, &self.suites_tls12];
        let certificates = |chain: &super::report::ChainFinding| {
            chain.certificates.iter().map(CertificateFinding::fact).collect()
        };
        TlsFacts {
            groups: self.groups.iter().map(GroupFinding::fact).collect(),
            upgrades: self.upgrades.iter().map(UpgradeFinding::fact).collect(),
            versions: self
                .versions
                .iter()
                .map(|one| (one.version.to_string(), one.support.answer()))
                .collect(),
            suites: listings
                .iter()
                .flat_map(|one| &one.suites)
                .map(ToString::to_string)
                .collect(),
            suites_missing: listings
                .iter()
                .find_map(|listing: &&Listing| listing.missing.clone()),
            chain: self.chain.as_ref().map(certificates).map_err(Clone::clone),
            name_matches: self.chain.as_ref().ok().and_then(|chain| chain.name_matches),
            split_segments: self.split.segments.answer(),
            split_records: self.split.records.answer(),
        }
    }
}

impl SshReport {
    /// What the policy needs to know.
    #[must_use]
    pub fn facts(&self) -> SshFacts {
        let both = |one: &[String], other: &[String]| {
            let more = other.iter().filter(|name| !one.contains(name));
            one.iter().chain(more).cloned().collect()
        };
        let lists = &self.algorithms;
        let post_quantum = |finding: &&KexFinding| KexMethod(&finding.method).is_post_quantum();
        let completed = self.key_exchanges.iter().filter(post_quantum);
        let host_keys = self.host_keys.iter().map(|one| HostKeyFact {
            algorithm: one.algorithm.clone(),
            rsa_bits: one.rsa_bits,
            verified: one.verified.answer(),
        });
        SshFacts {
            key_exchanges: self
                .key_exchanges
                .iter()
                .map(|finding| finding.method.clone())
                .collect(),
            completed: completed
                .map(|one| (one.method.clone(), one.completes.answer()))
                .collect(),
            host_key_algorithms: lists.host_key.clone(),
            host_keys: host_keys.collect(),
            ciphers: both(&lists.ciphers_to_server, &lists.ciphers_to_client),
            macs: both(&lists.macs_to_server, &lists.macs_to_client),
        }
    }
}

impl Support {
    fn answer(&self) -> Answer {
        match self {
            Self::Yes => Answer::Yes,
            Self::No { .. } => Answer::No,
            Self::Unknown { because } | Self::NotTried { because } => Answer::Unknown(because.clone()),
        }
    }
}

impl GroupFinding {
    fn fact(&self) -> GroupFact {
        let name = self.group.to_string();
        GroupFact {
            algorithm: Algorithm::by_name(&name),
            name,
            by_share: self.by_share.answer(),
            by_retry: self.by_retry.answer(),
        }
    }
}

impl UpgradeFinding {
    fn fact(&self) -> UpgradeFact {
        UpgradeFact {
            client: self.habit.describe(self.classical, self.post_quantum),
            post_quantum: self.post_quantum.to_string(),
            negotiated: match &self.outcome {
                Ok(selection) => Ok(selection.group.to_string()),
                Err(failure) => Err(failure.to_string()),
            },
        }
    }
}

impl CertificateFinding {
    fn fact(&self) -> CertificateFact {
        CertificateFact {
            subject: self.subject.clone(),
            not_after: self.not_after,
            not_before: self.not_before,
            key: self.key,
            key_text: self.key_text.clone(),
            rsa_bits: self.rsa_bits,
            signature: self.signature,
            signature_text: self.signature_text.clone(),
            self_signed: self.self_signed,
        }
    }
}
