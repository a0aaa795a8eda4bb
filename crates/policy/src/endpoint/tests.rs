//! Facts in, verdict and codes out.
//!
//! Each test changes one fact of a good endpoint and expects one verdict.

use hybridge_crypto::Algorithm;

use super::{
    Answer, Assessment, CertificateFact, GroupFact, HostKeyFact, Severity, SshFacts, TlsFacts, UpgradeFact,
    Verdict, assess_ssh, assess_tls,
};

const NOW: i64 = 1_795_000_000;
const DAY: i64 = 86_400;

fn group(name: &str, by_share: Answer, by_retry: Answer) -> GroupFact {
    GroupFact {
        name: name.to_owned(),
        algorithm: Algorithm::by_name(name),
        by_share,
        by_retry,
    }
}

fn certificate() -> CertificateFact {
    CertificateFact {
        subject: "CN=server.example".to_owned(),
        not_after: NOW + 90 * DAY,
        not_before: NOW - DAY,
        key: Algorithm::by_name("ECDSA-P-256"),
        key_text: "ECDSA-P-256".to_owned(),
        rsa_bits: None,
        signature: Algorithm::by_name("ecdsa-with-SHA256"),
        signature_text: "ecdsa-with-SHA256".to_owned(),
        self_signed: false,
    }
}

/// An endpoint with nothing to mend.
fn good() -> TlsFacts {
    TlsFacts {
        groups: vec![
            group("X25519MLKEM768", Answer::Yes, Answer::Yes),
            group("X25519", Answer::Yes, Answer::Yes),
        ],
        upgrades: vec![upgrade(Ok("X25519MLKEM768"))],
        versions: vec![
            ("TLS 1.0".to_owned(), Answer::No),
            ("TLS 1.2".to_owned(), Answer::Yes),
            ("TLS 1.3".to_owned(), Answer::Yes),
        ],
        suites: vec!["TLS_AES_128_GCM_SHA256".to_owned()],
        suites_missing: None,
        chain: Ok(vec![certificate()]),
        name_matches: Some(true),
        split_segments: Answer::Yes,
        split_records: Answer::Yes,
    }
}

fn upgrade(negotiated: Result<&str, &str>) -> UpgradeFact {
    UpgradeFact {
        client: "lists X25519 first".to_owned(),
        post_quantum: "X25519MLKEM768".to_owned(),
        negotiated: negotiated.map(str::to_owned).map_err(str::to_owned),
    }
}

fn unknown() -> Answer {
    Answer::Unknown("the connection timed out".to_owned())
}

fn codes(assessment: &Assessment) -> Vec<&'static str> {
    assessment
        .reasons
        .iter()
        .filter(|reason| reason.severity > Severity::Note)
        .map(|r| r.code)
        .collect()
}

fn check_tls(change: impl FnOnce(&mut TlsFacts), verdict: Verdict, expected: &[&str]) {
    let mut facts = good();
    change(&mut facts);
    let assessment = assess_tls(&facts, NOW);
    assert_eq!(codes(&assessment), expected, "{facts:?}");
    assert_eq!(assessment.verdict, verdict, "{facts:?}");
}

#[test]
fn a_good_endpoint_passes_and_still_says_what_was_found() {
    let assessment = assess_tls(&good(), NOW);
    assert_eq!(assessment.verdict, Verdict::Pass);
    let notes: Vec<_> = assessment.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(
        notes,
        [
            "post-quantum-supported",
            "tls-1.2-accepted",
            "certificate-quantum-vulnerable"
        ]
    );
}

#[test]
fn no_post_quantum_group_fails() {
    let change = |facts: &mut TlsFacts| facts.groups[0] = group("X25519MLKEM768", Answer::No, Answer::No);
    check_tls(change, Verdict::Fail, &["post-quantum-missing"]);
}

#[test]
fn a_group_that_could_not_be_tried_is_indeterminate_and_never_good_or_bad() {
    let change = |facts: &mut TlsFacts| facts.groups[0] = group("X25519MLKEM768", unknown(), Answer::No);
    check_tls(change, Verdict::Indeterminate, &["post-quantum-unknown"]);
    check_tls(
        |facts| facts.groups.clear(),
        Verdict::Indeterminate,
        &["post-quantum-unknown"],
    );
}

#[test]
fn a_group_with_share_only_or_an_uncommon_one_warns() {
    check_tls(
        |facts| facts.groups[0] = group("X25519MLKEM768", Answer::Yes, Answer::No),
        Verdict::Warn,
        &["post-quantum-share-only"],
    );
    let uncommon = |common| {
        move |facts: &mut TlsFacts| {
            facts.groups[0] = group("X25519MLKEM768", common, Answer::No);
            facts.groups.push(group("MLKEM1024", Answer::Yes, Answer::Yes));
        }
    };
    check_tls(uncommon(Answer::No), Verdict::Warn, &["post-quantum-uncommon"]);
    check_tls(
        uncommon(unknown()),
        Verdict::Indeterminate,
        &["post-quantum-unknown"],
    );
}

#[test]
fn a_missed_upgrade_warns_and_names_both_groups() {
    check_tls(
        |facts| facts.upgrades = vec![upgrade(Ok("X25519"))],
        Verdict::Warn,
        &["upgrade-missed"],
    );
    let mut facts = good();
    facts.upgrades = vec![upgrade(Ok("X25519"))];
    assert_eq!(
        assess_tls(&facts, NOW).reasons[0].text,
        "prefers X25519 although X25519MLKEM768 is supported: \
         a client that lists X25519 first never gets the hybrid"
    );
    check_tls(
        |facts| facts.upgrades = vec![upgrade(Err("reset"))],
        Verdict::Indeterminate,
        &["upgrade-unknown"],
    );
}

#[test]
fn old_versions_fail_and_so_does_a_missing_new_one() {
    let version = |name: &str, answer| {
        let name = name.to_owned();
        move |facts: &mut TlsFacts| facts.versions = vec![(name, answer)]
    };
    check_tls(
        version("TLS 1.0", Answer::Yes),
        Verdict::Fail,
        &["tls-version-deprecated"],
    );
    check_tls(
        version("TLS 1.1", Answer::Yes),
        Verdict::Fail,
        &["tls-version-deprecated"],
    );
    check_tls(
        version("TLS 1.3", Answer::No),
        Verdict::Fail,
        &["tls-1.3-missing"],
    );
    check_tls(
        version("TLS 1.1", unknown()),
        Verdict::Indeterminate,
        &["tls-version-unknown"],
    );
}

#[test]
fn suites_are_judged_by_their_names() {
    let suite = |name: &str| {
        let name = name.to_owned();
        move |facts: &mut TlsFacts| facts.suites = vec![name]
    };
    check_tls(
        suite("TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
        Verdict::Fail,
        &["suite-broken"],
    );
    check_tls(
        suite("TLS_RSA_WITH_AES_128_GCM_SHA256"),
        Verdict::Warn,
        &["suite-no-forward-secrecy"],
    );
    check_tls(
        |facts| facts.suites_missing = Some("timed out".to_owned()),
        Verdict::Indeterminate,
        &["suites-incomplete"],
    );
}

#[test]
fn many_suites_with_one_weakness_are_one_reason() {
    let mut facts = good();
    let modes = [
        "AES_128_CBC_SHA",
        "AES_256_CBC_SHA",
        "AES_128_GCM_SHA256",
        "AES_256_GCM_SHA384",
    ];
    facts.suites = modes
        .iter()
        .map(|mode| format!("TLS_DH_anon_WITH_{mode}"))
        .collect();
    let assessment = assess_tls(&facts, NOW);
    assert_eq!(codes(&assessment), ["suite-broken"]);
    let text = &assessment.reasons[0].text;
    assert!(
        text.contains("does not authenticate the server: TLS_DH_anon_WITH_AES_128_CBC_SHA, "),
        "{text}"
    );
    assert!(
        text.ends_with("TLS_DH_anon_WITH_AES_128_GCM_SHA256 and 1 more"),
        "{text}"
    );
}

#[test]
fn validity_is_measured_from_the_time_that_was_given() {
    let ends_in = |seconds: i64| {
        move |facts: &mut TlsFacts| {
            facts.chain = Ok(vec![CertificateFact {
                not_after: NOW + seconds,
                ..certificate()
            }]);
        }
    };
    check_tls(ends_in(15 * DAY), Verdict::Pass, &[]);
    check_tls(ends_in(6 * DAY), Verdict::Warn, &["certificate-expires"]);
    check_tls(ends_in(-1), Verdict::Fail, &["certificate-expired"]);
    check_tls(ends_in(i64::MIN / 2), Verdict::Fail, &["certificate-expired"]);
    check_tls(
        |facts| {
            facts.chain = Ok(vec![CertificateFact {
                not_before: NOW + 1,
                ..certificate()
            }]);
        },
        Verdict::Fail,
        &["certificate-not-yet-valid"],
    );
    let mut facts = good();
    ends_in(6 * DAY + 5)(&mut facts);
    assert_eq!(
        assess_tls(&facts, NOW).reasons[0].text,
        "the certificate of CN=server.example expires in 6 days"
    );
}

#[test]
fn weak_keys_and_broken_signatures_fail_but_not_a_roots_own_signature() {
    let chain = |change: fn(&mut CertificateFact)| {
        move |facts: &mut TlsFacts| {
            let mut one = certificate();
            change(&mut one);
            facts.chain = Ok(vec![one]);
        }
    };
    let sha1 = |one: &mut CertificateFact| one.signature = Algorithm::by_name("sha1WithRSAEncryption");
    check_tls(chain(sha1), Verdict::Fail, &["certificate-signature-broken"]);
    let root = |one: &mut CertificateFact| {
        one.signature = Algorithm::by_name("sha1WithRSAEncryption");
        one.self_signed = true;
    };
    check_tls(chain(root), Verdict::Pass, &[]);
    check_tls(
        chain(|one| one.rsa_bits = Some(1024)),
        Verdict::Fail,
        &["certificate-key-weak"],
    );
    check_tls(
        chain(|one| one.key = None),
        Verdict::Indeterminate,
        &["certificate-algorithm-unknown"],
    );
    check_tls(
        |f| f.name_matches = Some(false),
        Verdict::Warn,
        &["certificate-name"],
    );
    check_tls(
        |facts| facts.chain = Err("nobody fetched it".to_owned()),
        Verdict::Indeterminate,
        &["certificate-unknown"],
    );
}

#[test]
fn a_post_quantum_certificate_is_not_called_vulnerable() {
    let mut facts = good();
    facts.chain = Ok(vec![CertificateFact {
        key: Algorithm::by_name("ML-DSA-65"),
        ..certificate()
    }]);
    let assessment = assess_tls(&facts, NOW);
    assert!(
        assessment
            .reasons
            .iter()
            .all(|reason| reason.code != "certificate-quantum-vulnerable")
    );
}

#[test]
fn a_hello_that_must_not_be_split_fails() {
    check_tls(
        |facts| facts.split_segments = Answer::No,
        Verdict::Fail,
        &["hello-split-fails"],
    );
    check_tls(
        |facts| facts.split_records = Answer::No,
        Verdict::Warn,
        &["hello-split-fails"],
    );
    check_tls(
        |facts| facts.split_records = unknown(),
        Verdict::Indeterminate,
        &["hello-split-unknown"],
    );
}

#[test]
fn a_failure_outweighs_what_is_unknown() {
    let change = |facts: &mut TlsFacts| {
        facts.split_segments = Answer::No;
        facts.split_records = unknown();
    };
    check_tls(
        change,
        Verdict::Fail,
        &["hello-split-fails", "hello-split-unknown"],
    );
}

fn good_ssh() -> SshFacts {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    SshFacts {
        key_exchanges: names(&["mlkem768x25519-sha256", "curve25519-sha256"]),
        completed: vec![("mlkem768x25519-sha256".to_owned(), Answer::Yes)],
        host_key_algorithms: names(&["ssh-ed25519"]),
        host_keys: vec![HostKeyFact {
            algorithm: "ssh-ed25519".to_owned(),
            rsa_bits: None,
            verified: Answer::Yes,
        }],
        ciphers: names(&["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"]),
        macs: names(&["hmac-sha2-256-etm@openssh.com"]),
    }
}

fn check_ssh(change: impl FnOnce(&mut SshFacts), verdict: Verdict, expected: &[&str]) {
    let mut facts = good_ssh();
    change(&mut facts);
    let assessment = assess_ssh(&facts);
    assert_eq!(codes(&assessment), expected, "{facts:?}");
    assert_eq!(assessment.verdict, verdict, "{facts:?}");
}

#[test]
fn ssh_passes_when_a_post_quantum_exchange_completes() {
    check_ssh(|_| {}, Verdict::Pass, &[]);
}

#[test]
fn ssh_fails_without_one_or_when_one_that_is_advertised_does_not_complete() {
    check_ssh(
        |facts| facts.completed.clear(),
        Verdict::Fail,
        &["post-quantum-missing"],
    );
    check_ssh(
        |facts| facts.completed[0].1 = Answer::No,
        Verdict::Fail,
        &["post-quantum-fails"],
    );
}

#[test]
fn ssh_is_indeterminate_when_nothing_post_quantum_could_be_checked() {
    let unchecked = || {
        let reason = "advertised, not checked: no provider implements sntrup761";
        (
            "sntrup761x25519-sha512".to_owned(),
            Answer::Unknown(reason.to_owned()),
        )
    };
    check_ssh(
        |facts| facts.completed = vec![unchecked()],
        Verdict::Indeterminate,
        &["post-quantum-unknown"],
    );
    check_ssh(|facts| facts.completed.push(unchecked()), Verdict::Pass, &[]);
}

#[test]
fn ssh_warns_about_what_is_broken_today() {
    check_ssh(
        |facts| facts.key_exchanges.push("diffie-hellman-group1-sha1".to_owned()),
        Verdict::Warn,
        &["ssh-kex-broken"],
    );
    check_ssh(
        |facts| facts.host_key_algorithms.push("ssh-dss".to_owned()),
        Verdict::Warn,
        &["ssh-host-key-broken"],
    );
    check_ssh(
        |facts| facts.ciphers.push("3des-cbc".to_owned()),
        Verdict::Warn,
        &["ssh-transport-broken"],
    );
    check_ssh(
        |facts| facts.host_keys[0].rsa_bits = Some(1024),
        Verdict::Fail,
        &["ssh-host-key-weak"],
    );
    check_ssh(
        |facts| facts.host_keys[0].verified = Answer::No,
        Verdict::Fail,
        &["ssh-signature-invalid"],
    );
}
