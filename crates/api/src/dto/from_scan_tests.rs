//! A report says on the wire what the probe found.
//!
//! The report is made by hand, so that every kind of answer occurs; no connection is opened.

use std::net::SocketAddr;

use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion};
use hybridge_scan::probe::Report;
use hybridge_scan::probe::report::{
    ClientHabit, Greeting, GroupFinding, Listing, Preference, Selection, SplitFinding, Support, TlsReport,
    UpgradeFinding, VersionFinding,
};
use serde_json::json;

use super::ProbeReport;
use crate::harness::now;

fn refused() -> Support {
    Support::No {
        because: "alert handshake_failure".to_owned(),
    }
}

fn report() -> Report {
    let hybrid = NamedGroup::X25519MLKEM768;
    let selection = |group, by_retry| Ok(Selection { group, by_retry });
    let upgrade = |habit, outcome| UpgradeFinding {
        habit,
        classical: NamedGroup::X25519,
        post_quantum: hybrid,
        outcome,
    };
    Report::Tls(Box::new(TlsReport {
        address: SocketAddr::from(([192, 0, 2, 1], 443)),
        server_name: Some("web.example".to_owned()),
        starttls: None,
        greeting: Ok(Greeting {
            version: ProtocolVersion::TLS_1_3,
            suite: CipherSuite(0x1301),
            group: Some(hybrid),
            by_retry: false,
        }),
        groups: vec![
            GroupFinding {
                group: hybrid,
                by_share: Support::Yes,
                by_retry: Support::Yes,
            },
            GroupFinding {
                group: NamedGroup::X448,
                by_share: refused(),
                by_retry: refused(),
            },
        ],
        preference: Preference::Client,
        upgrades: vec![
            upgrade(ClientHabit::ClassicalFirst, selection(NamedGroup::X25519, false)),
            upgrade(ClientHabit::BothShared, selection(hybrid, false)),
        ],
        versions: vec![VersionFinding {
            version: ProtocolVersion::TLS_1_2,
            support: refused(),
        }],
        suites_tls13: Listing {
            suites: vec![CipherSuite(0x1301)],
            missing: None,
        },
        suites_tls12: Listing::default(),
        tls12: None,
        chain: Err("nobody finished a handshake".to_owned()),
        split: SplitFinding {
            hello_len: 1_771,
            segments: Support::Yes,
            records: Support::NotTried {
                because: "no time".to_owned(),
            },
        },
    }))
}

#[test]
fn a_report_says_on_the_wire_what_was_found() {
    let report = ProbeReport::new("web.example:443", &report(), now());
    let json = serde_json::to_value(report).expect("JSON");
    assert_eq!(
        (&json["target"], &json["address"]),
        (&json!("web.example:443"), &json!("192.0.2.1:443"))
    );
    assert_eq!(json["ssh"], json!(null));
    let tls = &json["tls"];
    let greeting = json!({"version": "TLS 1.3", "suite": "TLS_AES_128_GCM_SHA256", "group": "X25519MLKEM768", "by_retry": false});
    assert_eq!(tls["greeting"], greeting);
    let no = json!({"answer": "no", "because": "alert handshake_failure"});
    assert_eq!(tls["groups"][0]["support"], "by_share");
    assert_eq!(
        tls["groups"][0]["by_share"],
        json!({"answer": "yes", "because": null})
    );
    assert_eq!(
        (&tls["groups"][1]["support"], &tls["groups"][1]["by_share"]),
        (&json!("not_offered"), &no)
    );
    assert_eq!(tls["versions"], json!([{"version": "TLS 1.2", "support": no}]));
    assert_eq!(
        (&tls["chain"], &tls["chain_missing"]),
        (&json!(null), &json!("nobody finished a handshake"))
    );
    assert_eq!(tls["split"]["records"]["answer"], "not_tried");
}

#[test]
fn a_missed_upgrade_is_called_one() {
    let report = ProbeReport::new("web.example:443", &report(), now());
    let upgrades = report.tls.expect("TLS").upgrades;
    assert_eq!(
        (upgrades[0].missed, upgrades[0].group.as_deref()),
        (true, Some("X25519"))
    );
    assert_eq!(
        (upgrades[1].missed, upgrades[1].group.as_deref()),
        (false, Some("X25519MLKEM768"))
    );
}

#[test]
fn the_verdict_and_its_reasons_are_those_of_the_policy() {
    let scanned = report();
    let expected = scanned.assess(now().as_second());
    let report = ProbeReport::new("web.example:443", &scanned, now());
    let codes = Vec::from_iter(report.reasons.iter().map(|reason| reason.code.as_str()));
    assert_eq!(
        codes,
        Vec::from_iter(expected.reasons.iter().map(|reason| reason.code))
    );
    assert!(!codes.is_empty());
    let verdict = serde_json::to_value(report.verdict).expect("JSON");
    assert_eq!(verdict, expected.verdict.as_str());
}
