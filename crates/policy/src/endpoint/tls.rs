//! Rules for TLS endpoints.
//!
//! Key exchange weighs most: what it does not protect today can be recorded and read later.

use super::{Answer, CertificateFact, GroupFact, Reason, Severity, TlsFacts, UpgradeFact, is_broken, suite};

/// The group that nearly every post-quantum client offers (RFC 10024).
const COMMON_GROUP: &str = "X25519MLKEM768";

/// How long before its end a certificate is worth a warning, in seconds.
const EXPIRY_WARNING: i64 = 14 * DAY;
const DAY: i64 = 86_400;

/// Smallest acceptable RSA modulus in bits (SP 800-131A).
const RSA_BITS_MIN: u32 = 2048;

pub(super) fn reasons(facts: &TlsFacts, now: i64) -> Vec<Reason> {
    let mut reasons = groups(&facts.groups);
    reasons.extend(facts.upgrades.iter().filter_map(upgrade));
    reasons.extend(
        facts
            .versions
            .iter()
            .filter_map(|(name, answer)| version(name, answer)),
    );
    reasons.extend(suites(facts));
    reasons.extend(chain(facts, now));
    reasons.extend(splits(facts));
    reasons
}

fn groups(groups: &[GroupFact]) -> Vec<Reason> {
    let post_quantum: Vec<_> = groups.iter().filter(|group| group.resists_quantum()).collect();
    let supported: Vec<_> = post_quantum.iter().filter(|group| group.supported()).collect();
    if supported.is_empty() {
        return vec![no_post_quantum(&post_quantum)];
    }
    let mut reasons: Vec<_> = supported.iter().filter_map(|group| halfway(group)).collect();
    let names: Vec<_> = supported.iter().map(|group| group.name.as_str()).collect();
    if names.contains(&COMMON_GROUP) {
        reasons.push(Reason::new(
            Severity::Note,
            "post-quantum-supported",
            format!("post-quantum key exchange is supported: {}", names.join(", ")),
        ));
    } else {
        reasons.push(uncommon_only(groups, &names));
    }
    reasons
}

fn no_post_quantum(tried: &[&GroupFact]) -> Reason {
    let unknown = tried
        .iter()
        .find_map(|group| match (&group.by_share, &group.by_retry) {
            (Answer::Unknown(reason), _) | (_, Answer::Unknown(reason)) => Some((&group.name, reason)),
            _ => None,
        });
    if let Some((name, reason)) = unknown {
        let text = format!("whether post-quantum key exchange is supported is not known: {name}: {reason}");
        return Reason::new(Severity::Unknown, "post-quantum-unknown", text);
    }
    if tried.is_empty() {
        let text = "no post-quantum group was tried";
        return Reason::new(Severity::Unknown, "post-quantum-unknown", text);
    }
    Reason::new(
        Severity::Fail,
        "post-quantum-missing",
        "no post-quantum key exchange: what is recorded today can be read once a quantum computer exists",
    )
    .remedy(format!(
        "enable {COMMON_GROUP} (RFC 10024) in the server, or put hybrid TLS in front of it"
    ))
}

/// The group is there for some clients and not for others.
fn halfway(group: &GroupFact) -> Option<Reason> {
    match (&group.by_share, &group.by_retry) {
        (Answer::Yes, Answer::No) => Some(
            Reason::new(
                Severity::Warn,
                "post-quantum-share-only",
                format!(
                    "{} only with a key share: a client that lists it without one never gets it",
                    group.name
                ),
            )
            .remedy("choose the group by HelloRetryRequest when the client lists it"),
        ),
        (Answer::No, Answer::Yes) => Some(Reason::new(
            Severity::Note,
            "post-quantum-retry-only",
            format!(
                "{} only by HelloRetryRequest, which costs every client a round trip",
                group.name
            ),
        )),
        _ => None,
    }
}

fn uncommon_only(groups: &[GroupFact], supported: &[&str]) -> Reason {
    let names = supported.join(", ");
    let common = groups.iter().find(|group| group.name == COMMON_GROUP);
    match common.map(|group| &group.by_share) {
        Some(Answer::No) => Reason::new(
            Severity::Warn,
            "post-quantum-uncommon",
            format!("only {names}: most clients offer {COMMON_GROUP} and nothing else that is post-quantum"),
        )
        .remedy(format!("enable {COMMON_GROUP} beside it")),
        _ => Reason::new(
            Severity::Unknown,
            "post-quantum-unknown",
            format!("{names} is supported; whether {COMMON_GROUP} is, was not found out"),
        ),
    }
}

fn upgrade(fact: &UpgradeFact) -> Option<Reason> {
    let wanted = &fact.post_quantum;
    match &fact.negotiated {
        Ok(group) if group == wanted => None,
        Ok(group) => Some(
            Reason::new(
                Severity::Warn,
                "upgrade-missed",
                format!(
                    "prefers {group} although {wanted} is supported: a client that {} never gets the hybrid",
                    fact.client
                ),
            )
            .remedy(format!(
                "let the server choose {wanted} whenever the client lists it"
            )),
        ),
        Err(reason) => Some(Reason::new(
            Severity::Unknown,
            "upgrade-unknown",
            format!(
                "what a client gets that {} was not found out: {reason}",
                fact.client
            ),
        )),
    }
}

fn version(name: &str, answer: &Answer) -> Option<Reason> {
    let deprecated = matches!(name, "SSL 3.0" | "TLS 1.0" | "TLS 1.1");
    match (name, answer) {
        (_, Answer::Yes) if deprecated => Some(
            Reason::new(
                Severity::Fail,
                "tls-version-deprecated",
                format!("{name} accepted, which RFC 8996 forbids"),
            )
            .remedy(format!("switch {name} off")),
        ),
        ("TLS 1.2", Answer::Yes) => Some(Reason::new(
            Severity::Note,
            "tls-1.2-accepted",
            "TLS 1.2 accepted: it has no post-quantum key exchange, so clients limited to it stay exposed",
        )),
        ("TLS 1.3", Answer::No) => Some(
            Reason::new(
                Severity::Fail,
                "tls-1.3-missing",
                "TLS 1.3 refused: post-quantum key exchange exists only there",
            )
            .remedy("enable TLS 1.3"),
        ),
        (_, Answer::Unknown(reason)) => Some(Reason::new(
            Severity::Unknown,
            "tls-version-unknown",
            format!("whether {name} is accepted is not known: {reason}"),
        )),
        _ => None,
    }
}

fn suites(facts: &TlsFacts) -> Vec<Reason> {
    let mut reasons = broken_suites(&facts.suites);
    let is_static = |name: &&String| suite::static_key_exchange(name) && suite::broken(name).is_none();
    let static_suites: Vec<_> = facts
        .suites
        .iter()
        .filter(is_static)
        .map(String::as_str)
        .collect();
    if !static_suites.is_empty() {
        let text = format!(
            "accepted without forward secrecy, so that one stolen key opens all recordings: {}",
            enumerate(&static_suites)
        );
        let reason = Reason::new(Severity::Warn, "suite-no-forward-secrecy", text);
        reasons.push(reason.remedy("accept ECDHE suites only"));
    }
    if let Some(missing) = &facts.suites_missing {
        let text = format!("the list of cipher suites may be incomplete: {missing}");
        reasons.push(Reason::new(Severity::Unknown, "suites-incomplete", text));
    }
    reasons
}

/// One reason for each weakness, however many suites have it.
fn broken_suites(suites: &[String]) -> Vec<Reason> {
    let mut weaknesses: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in suites {
        let Some(weakness) = suite::broken(name) else {
            continue;
        };
        match weaknesses.iter_mut().find(|(known, _)| *known == weakness) {
            Some((_, names)) => names.push(name),
            None => weaknesses.push((weakness, vec![name])),
        }
    }
    let reason = |(weakness, names): &(&str, Vec<&str>)| {
        let text = format!("accepted although each of these {weakness}: {}", enumerate(names));
        Reason::new(Severity::Fail, "suite-broken", text).remedy("switch these suites off")
    };
    weaknesses.iter().map(reason).collect()
}

/// The first names, and how many more there are.
fn enumerate(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let shown = names.get(..SHOWN).unwrap_or(names).join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn chain(facts: &TlsFacts, now: i64) -> Vec<Reason> {
    let certificates = match &facts.chain {
        Ok(certificates) => certificates,
        Err(reason) => {
            let text = format!("the certificate was not seen: {reason}");
            return vec![Reason::new(Severity::Unknown, "certificate-unknown", text)];
        }
    };
    let mut reasons: Vec<_> = certificates
        .iter()
        .flat_map(|one| certificate(one, now))
        .collect();
    if facts.name_matches == Some(false) {
        let text = "the certificate is not valid for the name that was asked for";
        reasons.push(Reason::new(Severity::Warn, "certificate-name", text));
    }
    let vulnerable = |one: &&CertificateFact| one.key.is_some_and(|key| !key.status.resists_quantum());
    if let Some(leaf) = certificates.first().filter(vulnerable) {
        let text = format!(
            "{} certificate is quantum-vulnerable, which matters later than key exchange: \
             a signature cannot be forged backwards in time",
            leaf.key_text
        );
        reasons.push(Reason::new(
            Severity::Note,
            "certificate-quantum-vulnerable",
            text,
        ));
    }
    reasons
}

fn certificate(fact: &CertificateFact, now: i64) -> Vec<Reason> {
    let mut reasons: Vec<_> = validity(fact, now).into_iter().collect();
    let subject = &fact.subject;
    if fact.rsa_bits.is_some_and(|bits| bits < RSA_BITS_MIN) || is_broken(fact.key) {
        let text = format!("the key of {subject} is too weak: {}", fact.key_text);
        reasons.push(
            Reason::new(Severity::Fail, "certificate-key-weak", text).remedy("issue a new certificate"),
        );
    }
    if is_broken(fact.signature) && !fact.self_signed {
        let text = format!(
            "the certificate of {subject} is signed with {}",
            fact.signature_text
        );
        reasons.push(
            Reason::new(Severity::Fail, "certificate-signature-broken", text)
                .remedy("issue a new certificate"),
        );
    }
    if fact.key.is_none() || (fact.signature.is_none() && !fact.self_signed) {
        let text = format!(
            "the certificate of {subject} uses an algorithm that is not known here: {} signed with {}",
            fact.key_text, fact.signature_text
        );
        reasons.push(Reason::new(
            Severity::Unknown,
            "certificate-algorithm-unknown",
            text,
        ));
    }
    reasons
}

fn validity(fact: &CertificateFact, now: i64) -> Option<Reason> {
    let left = fact.not_after.saturating_sub(now);
    let subject = &fact.subject;
    let (severity, code, text) = if left < 0 {
        (
            Severity::Fail,
            "certificate-expired",
            format!("the certificate of {subject} expired {} ago", days(-left)),
        )
    } else if fact.not_before > now {
        let ahead = days(fact.not_before.saturating_sub(now));
        (
            Severity::Fail,
            "certificate-not-yet-valid",
            format!("the certificate of {subject} is valid only in {ahead}"),
        )
    } else if left < EXPIRY_WARNING {
        (
            Severity::Warn,
            "certificate-expires",
            format!("the certificate of {subject} expires in {}", days(left)),
        )
    } else {
        return None;
    };
    Some(Reason::new(severity, code, text).remedy("renew it, and let something renew it by itself"))
}

fn days(seconds: i64) -> String {
    match seconds / DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn splits(facts: &TlsFacts) -> Vec<Reason> {
    let segments = split(
        &facts.split_segments,
        Severity::Fail,
        "two TCP segments",
        "post-quantum hellos do not fit into one segment, so such clients cannot connect",
    );
    let records = split(
        &facts.split_records,
        Severity::Warn,
        "several TLS records",
        "RFC 8446 §5.1 allows it",
    );
    segments.into_iter().chain(records).collect()
}

fn split(answer: &Answer, severity: Severity, how: &str, why: &str) -> Option<Reason> {
    match answer {
        Answer::Yes => None,
        Answer::No => Some(
            Reason::new(
                severity,
                "hello-split-fails",
                format!("a ClientHello in {how} fails: {why}"),
            )
            .remedy("find the server or the box in between that reads only the first piece, and update it"),
        ),
        Answer::Unknown(reason) => Some(Reason::new(
            Severity::Unknown,
            "hello-split-unknown",
            format!("whether a ClientHello in {how} survives is not known: {reason}"),
        )),
    }
}
