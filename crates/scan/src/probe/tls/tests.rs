//! The whole probe against servers that negotiate and break as they are told.
//!
//! They run over real TCP on the loopback interface; the servers are in `tests/server.rs`.

mod server;

use std::time::Duration;

use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion};
use hybridge_policy::endpoint::Verdict;

use crate::probe::report::{ClientHabit, GroupSupport, Preference, Report, Support, TlsReport};
use crate::probe::{Deps, Failure, Options, ProbeError, Protocol, Target, probe};
use server::{Flaw, Order, Server};

/// Long enough for a loaded machine; only the silent server ever makes it wait.
const PATIENCE: Duration = Duration::from_secs(20);

async fn look(server: Server, timeout: Duration) -> Result<Box<TlsReport>, ProbeError> {
    let address = server.listen().await;
    let target = Target {
        protocol: Protocol::Tls,
        host: address.ip().to_string(),
        port: address.port(),
    };
    let options = Options {
        timeout,
        sni: Some("server.example".to_owned()),
        ..Options::default()
    };
    match probe(
        &target,
        &options,
        Deps {
            chain: None,
            progress: &|_| {},
        },
    )
    .await?
    {
        Report::Tls(report) => Ok(report),
        Report::Ssh(_) => panic!("a TLS target"),
    }
}

async fn report(server: Server) -> Box<TlsReport> {
    look(server, PATIENCE).await.expect("a report")
}

fn support(report: &TlsReport, group: NamedGroup) -> GroupSupport {
    report
        .groups
        .iter()
        .find(|finding| finding.group == group)
        .expect("asked for")
        .summary()
}

fn outcomes(report: &TlsReport) -> Vec<(NamedGroup, bool)> {
    let selection = |one: &crate::probe::report::UpgradeFinding| one.outcome.clone().expect("an outcome");
    report
        .upgrades
        .iter()
        .map(selection)
        .map(|one| (one.group, one.by_retry))
        .collect()
}

#[tokio::test]
async fn finds_the_groups_and_the_order_of_a_server_that_upgrades() {
    let report = report(Server::good()).await;
    let by_share: Vec<_> = report
        .groups
        .iter()
        .filter(|one| one.by_share.is_yes())
        .map(|one| one.group)
        .collect();
    assert_eq!(
        by_share,
        [
            NamedGroup::X25519MLKEM768,
            NamedGroup::X25519,
            NamedGroup::secp256r1
        ]
    );
    assert_eq!(
        support(&report, NamedGroup::SecP256r1MLKEM768),
        GroupSupport::NotOffered
    );
    assert_eq!(support(&report, NamedGroup::X448), GroupSupport::NotOffered);
    assert!(
        report
            .groups
            .iter()
            .all(|one| one.by_share.is_yes() == one.by_retry.is_yes())
    );
    assert_eq!(
        report.preference,
        Preference::Server(vec![
            NamedGroup::X25519MLKEM768,
            NamedGroup::secp256r1,
            NamedGroup::X25519
        ])
    );
    let hybrid = NamedGroup::X25519MLKEM768;
    assert_eq!(
        outcomes(&report),
        [(hybrid, true), (hybrid, true), (hybrid, false)]
    );
    let greeting = report.greeting.expect("a greeting");
    assert_eq!(
        (greeting.version, greeting.group),
        (ProtocolVersion::TLS_1_3, Some(hybrid))
    );
}

#[tokio::test]
async fn finds_versions_suites_and_that_a_split_hello_survives() {
    let report = report(Server::good()).await;
    let accepted: Vec<_> = report
        .versions
        .iter()
        .map(|one| (one.version, one.support.is_yes()))
        .collect();
    assert_eq!(
        accepted,
        [
            (ProtocolVersion::TLS_1_0, false),
            (ProtocolVersion::TLS_1_1, false),
            (ProtocolVersion::TLS_1_2, true),
            (ProtocolVersion::TLS_1_3, true),
        ]
    );
    assert_eq!(
        report.suites_tls13.suites,
        [
            CipherSuite::TLS_AES_256_GCM_SHA384,
            CipherSuite::TLS_AES_128_GCM_SHA256
        ]
    );
    assert_eq!(
        report.suites_tls12.suites,
        [CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
    );
    assert_eq!(
        (&report.suites_tls13.missing, &report.suites_tls12.missing),
        (&None, &None)
    );
    assert_eq!(
        (&report.split.segments, &report.split.records),
        (&Support::Yes, &Support::Yes)
    );
    assert!(report.split.hello_len > 1216, "{}", report.split.hello_len);
}

#[tokio::test]
async fn a_server_that_follows_the_client_misses_upgrades() {
    let report = report(Server {
        order: Order::Client,
        ..Server::good()
    })
    .await;
    assert_eq!(report.preference, Preference::Client);
    let (classical, hybrid) = (NamedGroup::X25519, NamedGroup::X25519MLKEM768);
    assert_eq!(
        outcomes(&report),
        [(classical, false), (hybrid, true), (classical, false)]
    );
    let habits: Vec<_> = report.upgrades.iter().map(|one| one.habit).collect();
    assert_eq!(
        habits,
        [
            ClientHabit::ClassicalFirst,
            ClientHabit::PostQuantumFirstUnshared,
            ClientHabit::BothShared
        ]
    );
    let reasons = Report::Tls(report).assess(0).reasons;
    let missed = reasons
        .iter()
        .filter(|reason| reason.code == "upgrade-missed")
        .count();
    assert_eq!(missed, 2);
}

#[tokio::test]
async fn a_classical_server_fails_the_verdict() {
    let classical = vec![NamedGroup::secp256r1];
    let report = report(Server {
        groups: classical,
        ..Server::good()
    })
    .await;
    assert_eq!(
        support(&report, NamedGroup::X25519MLKEM768),
        GroupSupport::NotOffered
    );
    assert!(report.upgrades.is_empty());
    assert!(matches!(report.preference, Preference::Undetermined { .. }));
    let greeting = report.greeting.clone().expect("a greeting");
    assert_eq!(
        (greeting.group, greeting.by_retry),
        (Some(NamedGroup::secp256r1), true)
    );
    assert_eq!(Report::Tls(report).assess(0).verdict, Verdict::Fail);
}

#[tokio::test]
async fn a_server_without_tls_1_3_offers_no_group_and_old_versions_are_seen() {
    let versions = vec![ProtocolVersion::TLS_1_0, ProtocolVersion::TLS_1_2];
    let report = report(Server {
        versions,
        ..Server::good()
    })
    .await;
    assert!(
        report
            .groups
            .iter()
            .all(|one| one.summary() == GroupSupport::NotOffered),
        "{:?}",
        report.groups
    );
    let accepted: Vec<_> = report.versions.iter().map(|one| one.support.is_yes()).collect();
    assert_eq!(accepted, [true, false, true, false]);
    assert_eq!(report.suites_tls13.missing, None);
    let codes: Vec<_> = Report::Tls(report)
        .assess(0)
        .reasons
        .iter()
        .map(|reason| reason.code)
        .collect();
    assert!(
        codes.contains(&"tls-1.3-missing") && codes.contains(&"tls-version-deprecated"),
        "{codes:?}"
    );
}

#[tokio::test]
async fn a_group_without_retry_is_found_by_share_only() {
    let report = report(Server::with(Flaw::NoRetry)).await;
    let finding = &report.groups[0];
    assert!(finding.by_share.is_yes());
    assert!(
        matches!(finding.by_retry, Support::No { .. }),
        "{:?}",
        finding.by_retry
    );
    assert_eq!(finding.summary(), GroupSupport::ByShare);
}

#[tokio::test]
async fn a_retry_that_leads_nowhere_is_no_support() {
    let report = report(Server::with(Flaw::RetryLeadsNowhere)).await;
    let finding = &report.groups[0];
    assert!(finding.by_share.is_yes());
    let because = finding.by_retry.because().expect("a reason");
    assert!(
        because.starts_with("after a HelloRetryRequest for X25519MLKEM768"),
        "{because}"
    );
    assert!(matches!(finding.by_retry, Support::No { .. }));
    let codes: Vec<_> = Report::Tls(report)
        .assess(0)
        .reasons
        .iter()
        .map(|reason| reason.code)
        .collect();
    assert!(codes.contains(&"post-quantum-share-only") && codes.contains(&"upgrade-unknown"));
}

#[tokio::test]
async fn a_decoy_share_finds_the_retry_of_a_server_that_wants_shares() {
    let report = report(Server::with(Flaw::EmptySharesRefused)).await;
    assert!(report.groups[0].by_retry.is_yes(), "{:?}", report.groups[0]);
    assert!(matches!(report.preference, Preference::Undetermined { .. }));
}

#[tokio::test]
async fn a_share_that_cannot_be_completed_is_no_support() {
    let report = report(Server::with(Flaw::BadShares)).await;
    assert_eq!(
        support(&report, NamedGroup::X25519MLKEM768),
        GroupSupport::Unknown
    );
    let because = report.groups[0].by_share.because().expect("a reason").to_owned();
    assert!(because.contains("not a valid X25519MLKEM768 share"), "{because}");
    assert_eq!(Report::Tls(report).assess(0).verdict, Verdict::Indeterminate);
}

#[tokio::test]
async fn a_server_that_reads_one_segment_or_one_record_is_found_out() {
    let segments = report(Server::with(Flaw::FirstSegmentOnly)).await;
    assert_eq!(segments.split.segments, Support::no(Failure::Reset));
    assert_eq!(segments.split.records, Support::Yes);
    let records = report(Server::with(Flaw::OneRecordOnly)).await;
    assert_eq!(records.split.segments, Support::Yes);
    assert_eq!(records.split.records.because(), Some("alert decode_error"));
}

#[tokio::test]
async fn what_has_no_answer_is_unknown_and_the_verdict_indeterminate() {
    let closing = report(Server::with(Flaw::Closes)).await;
    assert_eq!(
        support(&closing, NamedGroup::X25519MLKEM768),
        GroupSupport::Unknown
    );
    assert_eq!(
        closing.groups[0].by_share.because(),
        Some("the connection was closed without an answer")
    );
    let broken = report(Server::with(Flaw::InternalError)).await;
    assert_eq!(
        support(&broken, NamedGroup::X25519MLKEM768),
        GroupSupport::Unknown
    );
    assert_eq!(broken.groups[0].by_share.because(), Some("alert internal_error"));
    let silent = look(Server::with(Flaw::Silent), Duration::from_millis(50))
        .await
        .expect("a report");
    assert_eq!(
        silent.groups[0].by_share.because(),
        Some("no answer within 50 ms")
    );
    assert!(matches!(silent.split.segments, Support::Unknown { .. }));
    assert!(silent.suites_tls12.missing.is_some() && silent.suites_tls13.missing.is_some());
    let assessment = Report::Tls(silent).assess(0);
    assert_eq!(assessment.verdict, Verdict::Indeterminate);
}

#[tokio::test]
async fn another_protocol_is_an_error_that_shows_its_first_words() {
    let error = look(Server::with(Flaw::Http), PATIENCE)
        .await
        .expect_err("no TLS there");
    assert!(error.to_string().contains("HTTP/1.1 400"), "{error}");
    assert!(matches!(error, ProbeError::OtherProtocol { expected: "TLS", .. }));
}

#[tokio::test]
async fn a_closed_port_is_an_error_that_names_the_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let target = Target {
        protocol: Protocol::Tls,
        host: "127.0.0.1".to_owned(),
        port,
    };
    let deps = Deps {
        chain: None,
        progress: &|_| {},
    };
    let error = probe(&target, &Options::default(), deps)
        .await
        .expect_err("nobody listens");
    assert!(
        matches!(
            error,
            ProbeError::Connect {
                failure: Failure::Refused,
                ..
            }
        ),
        "{error}"
    );
}
