//! Cipher suites: offers the rest again and again until the server refuses all of it.
//!
//! Where a server has no order of its own, the list is in ours.

use hybridge_hello::{CipherSuite, ProtocolVersion};

use super::ask::Asker;
use super::offer::{Offer, SUITES_TLS13, exchange_of};
use crate::probe::Failure;
use crate::probe::report::{GroupFinding, GroupSupport, Listing};

/// Suites in one hello: few enough for servers and boxes that dislike long hellos.
const BATCH: usize = 60;

/// Most questions about suites; real servers accept far fewer.
const QUESTIONS_MAX: usize = 120;

/// TLS 1.3 suites, asked with a group that the server has.
pub(super) async fn tls13(asker: Asker<'_>, groups: &[GroupFinding]) -> Listing {
    let by_share = |finding: &&GroupFinding| finding.summary() == GroupSupport::ByShare && shareable(finding);
    let Some(group) = groups.iter().rev().find(by_share).map(|finding| finding.group) else {
        return Listing {
            suites: Vec::new(),
            missing: missing_group(groups),
        };
    };
    let mut listing = Listing::default();
    exhaust(
        asker,
        &Offer::tls13(&[group], &[group]),
        &SUITES_TLS13,
        &mut listing,
    )
    .await;
    listing
}

/// Suites of TLS 1.2.
pub(super) async fn tls12(asker: Asker<'_>) -> Listing {
    let mut listing = Listing::default();
    for batch in batches() {
        let offer = Offer::older(ProtocolVersion::TLS_1_2, &batch);
        if !exhaust(asker, &offer, &batch, &mut listing).await {
            break;
        }
    }
    listing
}

/// Every registered suite before TLS 1.3 that needs no key shared beforehand; those with forward secrecy
/// and authenticated encryption come first, so that an ordinary server answers the first batch.
pub(super) fn batches() -> Vec<Vec<CipherSuite>> {
    let mut suites: Vec<_> = CipherSuite::NAMED
        .iter()
        .copied()
        .filter(|suite| is_askable(*suite))
        .collect();
    suites.sort_by_key(|suite| rank(*suite));
    suites.chunks(BATCH).map(<[_]>::to_vec).collect()
}

fn is_askable(suite: CipherSuite) -> bool {
    let name = suite.name().unwrap_or_default();
    let needs_secret = ["_PSK_", "_SRP_", "_KRB5_", "_ECCPWD_"]
        .iter()
        .any(|mark| name.contains(mark));
    !(suite.is_tls13() || suite.is_signalling() || needs_secret || suite.0 == 0)
}

fn rank(suite: CipherSuite) -> u8 {
    let name = suite.name().unwrap_or_default();
    let authenticated = ["_GCM_", "_CCM", "_POLY1305_"]
        .iter()
        .any(|mark| name.contains(mark));
    let usual = name.contains("_AES_") || name.contains("_CHACHA20_");
    match (
        usual,
        name.starts_with("TLS_ECDHE_"),
        name.starts_with("TLS_DHE_"),
    ) {
        (true, true, _) => u8::from(!authenticated),
        (true, _, true) => 2 + u8::from(!authenticated),
        (true, ..) => 4,
        (false, ..) => 5,
    }
}

/// Returns whether the server refused all the rest; otherwise the listing says what is missing.
async fn exhaust(asker: Asker<'_>, offer: &Offer, suites: &[CipherSuite], listing: &mut Listing) -> bool {
    let mut rest = suites.to_vec();
    while !rest.is_empty() {
        if listing.suites.len() >= QUESTIONS_MAX {
            listing.missing = Some(format!("asked no further after {QUESTIONS_MAX} suites"));
            return false;
        }
        match asker.ask(&offer.clone().with_suites(&rest)).await {
            Ok(flight) => {
                listing.suites.push(flight.hello.suite);
                rest.retain(|suite| *suite != flight.hello.suite);
            }
            Err(failure) if ends_list(&failure, listing) => return true,
            Err(failure) => {
                listing.missing = Some(failure.to_string());
                return false;
            }
        }
    }
    true
}

/// A refusal in words ends the list. A bare close does so too once the server has answered before.
fn ends_list(failure: &Failure, listing: &Listing) -> bool {
    failure.is_refusal() || (failure.is_by_peer() && !listing.suites.is_empty())
}

fn shareable(finding: &GroupFinding) -> bool {
    exchange_of(finding.group).is_some()
}

/// Without TLS 1.3 there is nothing to list; without knowing that, the list is missing.
fn missing_group(groups: &[GroupFinding]) -> Option<String> {
    let none = groups
        .iter()
        .all(|finding| finding.summary() == GroupSupport::NotOffered);
    (!none).then(|| "no group was accepted to ask with".to_owned())
}

#[cfg(test)]
mod tests {
    use hybridge_hello::CipherSuite;

    #[test]
    fn batches_hold_every_askable_suite_once_and_usual_ones_first() {
        let batches = super::batches();
        let all: Vec<_> = batches.concat();
        let mut unique = all.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(all.len(), unique.len());
        assert!(all.len() > 150, "only {} suites", all.len());
        assert!(batches.iter().all(|batch| batch.len() <= super::BATCH));
        assert!(batches[0].contains(&CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256));
        assert!(all.contains(&CipherSuite::TLS_RSA_WITH_NULL_MD5));
        assert!(!all.contains(&CipherSuite::TLS_AES_128_GCM_SHA256));
        assert!(!all.contains(&CipherSuite::TLS_FALLBACK_SCSV));
        assert!(!all.contains(&CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256));
    }
}
