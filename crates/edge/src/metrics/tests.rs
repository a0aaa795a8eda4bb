//! Tests of the metrics: the format, which series there are, and that `docs/metrics.md` is true.
//! The last test asks Prometheus' own `promtool`, where it is installed.

use std::collections::{BTreeMap, BTreeSet};

use hybridge_policy::Rung;

use super::*;
use crate::counters::RouteCounters;
use crate::handshake::{Handshake, Outcome};
use crate::recorder::specimen::{NOON_US, classical, failed, hybrid};

const DOCUMENT: &str = include_str!("../../../../docs/metrics.md");

fn shop(handshakes: &[Handshake]) -> RouteMetrics {
    let counters = RouteCounters::new(2);
    for (index, handshake) in handshakes.iter().enumerate() {
        counters.on_core(index % 2).record(handshake);
    }
    counters.on_core(0).http_response(Arm::Control, 200);
    RouteMetrics {
        name: "shop".to_owned(),
        mode: Mode::Terminate,
        arms: Arms {
            control: Rung::Accept,
            canary: Rung::Upgrade,
            weight: 250,
        },
        totals: counters.merged(),
        certificates: vec![("shop.example \"a\\b\"".to_owned(), 1_800_000_000)],
    }
}

fn process() -> ProcessMetrics {
    ProcessMetrics {
        version: "0.1.0",
        started_us: NOON_US,
        usage: Usage {
            resident_bytes: Some(10_567_680),
            cpu_seconds: Some(1.25),
        },
        dropped_records: 3,
        clients: Counts {
            states: [1, 2, 3, 4, 5],
            evicted: 6,
        },
        clients_max: 4096,
    }
}

fn page() -> String {
    encode(
        vec![shop(&[hybrid(), classical(), failed(hybrid(), Outcome::AlertIn)])],
        process(),
    )
}

fn value(page: &str, series: &str) -> Option<String> {
    page.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned))
}

#[test]
fn numbers_arrive_under_their_names_and_labels() {
    let page = page();
    let arm = "route=\"shop\",side=\"downstream\",arm=\"control\"";
    for (series, expect) in [
        (
            format!("hybridge_edge_handshakes_total{{{arm},outcome=\"success\"}}"),
            "2",
        ),
        (
            format!("hybridge_edge_handshakes_total{{{arm},outcome=\"alert_in\"}}"),
            "1",
        ),
        (
            format!("hybridge_edge_handshakes_post_quantum_total{{{arm}}}"),
            "1",
        ),
        (
            format!("hybridge_edge_negotiated_groups_total{{{arm},group=\"X25519MLKEM768\"}}"),
            "1",
        ),
        (format!("hybridge_edge_hellos_would_reject_total{{{arm}}}"), "1"),
        (
            format!("hybridge_edge_handshake_duration_seconds_bucket{{le=\"0.001\",{arm}}}"),
            "0",
        ),
        (
            format!("hybridge_edge_handshake_duration_seconds_bucket{{le=\"0.0025\",{arm}}}"),
            "2",
        ),
        (
            format!("hybridge_edge_handshake_duration_seconds_sum{{{arm}}}"),
            "0.0028",
        ),
        (
            format!("hybridge_edge_hello_size_bytes_bucket{{le=\"+Inf\",{arm}}}"),
            "3",
        ),
        (
            "hybridge_edge_http_responses_total{route=\"shop\",arm=\"control\",class=\"2xx\"}".to_owned(),
            "1",
        ),
        ("hybridge_route_weight_ratio{route=\"shop\"}".to_owned(), "0.025"),
        (
            "hybridge_route_rung_info{route=\"shop\",arm=\"canary\",rung=\"upgrade\"}".to_owned(),
            "1",
        ),
        (
            "hybridge_route_info{route=\"shop\",mode=\"terminate\"}".to_owned(),
            "1",
        ),
        ("hybridge_clients{state=\"regressed\"}".to_owned(), "1"),
        ("hybridge_edge_records_dropped_total".to_owned(), "3"),
        ("process_start_time_seconds".to_owned(), "1795256100.0"),
        ("process_cpu_seconds_total".to_owned(), "1.25"),
    ] {
        let found = value(&page, &series).or_else(|| value(&page, &format!("{series}{{}}")));
        assert_eq!(found.as_deref(), Some(expect), "{series}\n{page}");
    }
}

#[test]
fn a_label_value_is_escaped() {
    let expect =
        r#"hybridge_certificate_expiry_timestamp_seconds{route="shop",certificate="shop.example \"a\\b\""}"#;
    assert_eq!(value(&page(), expect).as_deref(), Some("1800000000"));
}

#[test]
fn of_several_certificates_with_one_name_the_page_has_the_first_to_end() {
    let certificates = [30, 10, 20].map(|end| ("shop.example".to_owned(), end)).to_vec();
    let page = encode(
        vec![RouteMetrics {
            certificates,
            ..shop(&[])
        }],
        process(),
    );
    let expiries: Vec<_> = page
        .lines()
        .filter(|line| line.contains("certificate=\"shop.example\""))
        .collect();
    assert_eq!(expiries.len(), 1, "{expiries:?}");
    assert!(expiries[0].ends_with("} 10"), "{expiries:?}");
}

/// A sample line: name, labels without `le`, and `le`.
fn parse(line: &str) -> (&str, Vec<(&str, &str)>, Option<&str>) {
    let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
    assert!(value.parse::<f64>().is_ok_and(|value| value >= 0.0), "{line}");
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let pairs = labels
        .strip_suffix('}')
        .expect("labels are closed")
        .split("\",")
        .filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        pair.trim_end_matches('"')
            .split_once("=\"")
            .expect("a label has a value")
    });
    let (bounds, labels): (Vec<_>, Vec<_>) = pairs.partition(|(key, _)| *key == "le");
    (name, labels, bounds.first().map(|(_, bound)| *bound))
}

/// Names as PromQL writes them, with type and label names: what the page has.
fn emitted(page: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut families: Vec<(&str, &str)> = Vec::new();
    let mut found = BTreeMap::new();
    for line in page.lines().filter(|line| *line != "# EOF") {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            families.push(declared.split_once(' ').expect("a type has a name"));
        }
        if line.starts_with('#') {
            continue;
        }
        let (name, labels, _) = parse(line);
        let (family, kind) = families.last().expect("a family is declared before its samples");
        assert!(name.starts_with(family), "{line} in the family {family}");
        let name = if *kind == "histogram" { *family } else { name };
        let labels = labels.into_iter().map(|(key, _)| key.to_owned()).collect();
        found.insert(name.to_owned(), ((*kind).to_owned(), labels));
    }
    let names: BTreeSet<_> = families.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), families.len(), "a family is declared twice");
    assert_eq!(found.len(), families.len(), "a family has no sample");
    found
}

#[test]
fn the_page_keeps_to_the_format() {
    let page = page();
    assert!(page.ends_with("\n# EOF\n"));
    assert_eq!(page.matches("# EOF").count(), 1);
    emitted(&page);
    let mut seen = BTreeSet::new();
    let mut below: Option<u64> = None;
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (series, number) = line.rsplit_once(' ').expect("a sample has a value");
        assert!(seen.insert(series), "{series} is there twice");
        let (_, _, bound) = parse(line);
        let count: u64 = if bound.is_some() {
            number.parse().expect("a bucket has a count")
        } else {
            0
        };
        assert!(
            below.is_none_or(|below| bound.is_none() || below <= count),
            "{line} is below the bucket before"
        );
        below = bound.filter(|bound| *bound != "+Inf").map(|_| count);
    }
}

#[test]
fn only_what_is_in_use_has_series_and_then_from_zero_on() {
    let quiet = encode(vec![shop(&[])], process());
    assert_eq!(value(&quiet, "hybridge_edge_missed_upgrades_total{route=\"shop\",side=\"downstream\",arm=\"canary\",rung=\"upgrade\"}").as_deref(), Some("0"));
    assert!(!quiet.contains("side=\"upstream\""));
    let without_canary = RouteMetrics {
        arms: Arms::uniform(Rung::Upgrade),
        ..shop(&[])
    };
    let page = encode(vec![without_canary], process());
    assert!(!page.contains("arm=\"canary\",outcome") && !page.contains("arm=\"canary\",rung"));
    let originate = RouteMetrics {
        mode: Mode::Originate,
        ..shop(&[])
    };
    assert!(
        encode(vec![originate], process())
            .contains("side=\"upstream\",arm=\"canary\",outcome=\"success\"} 0")
    );
    let tls_out = encode(
        vec![shop(&[Handshake {
            side: Side::Upstream,
            ..hybrid()
        }])],
        process(),
    );
    assert!(tls_out.contains("side=\"upstream\",arm=\"control\",group=\"X25519MLKEM768\"} 1"));
    assert!(!tls_out.contains("hybridge_edge_hellos_total{route=\"shop\",side=\"upstream\""));
}

#[test]
fn an_observed_route_has_no_rung_and_no_weight() {
    let observed = RouteMetrics {
        mode: Mode::Observe,
        ..shop(&[])
    };
    let page = encode(vec![observed], process());
    assert!(!page.contains("hybridge_route_rung_info{") && !page.contains("hybridge_route_weight_ratio{"));
}

#[test]
fn nothing_on_the_page_names_a_client() {
    let page = page();
    let (ja4, _) = hybrid()
        .offered
        .and_then(|offered| offered.fingerprints)
        .expect("the specimen has them");
    assert!(!page.contains(ja4.as_str()) && !page.contains(&hybrid().client.to_string()));
}

#[test]
fn what_the_system_does_not_say_is_left_out() {
    let page = encode(
        vec![shop(&[])],
        ProcessMetrics {
            usage: Usage::default(),
            ..process()
        },
    );
    assert!(
        !page
            .lines()
            .any(|line| line.starts_with("process_cpu_seconds_total"))
    );
    assert!(Usage::read().resident_bytes.is_none_or(|bytes| bytes > 100_000));
}

/// The document without the key service's section, which the binary's own tests compare.
fn of_the_edge() -> String {
    let sections = DOCUMENT.split("\n## ");
    let own = sections.filter(|section| !section.starts_with("Key service"));
    own.collect::<Vec<_>>().join("\n## ")
}

/// The rows of the document's tables of metrics: name, type, label names.
fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let document = of_the_edge();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let metrics = rows.filter(|row| row.starts_with("hybridge_") || row.starts_with("process_"));
    let parsed = metrics.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = cells[2]
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        (
            cells[0].trim_end_matches('`').to_owned(),
            (cells[1].to_owned(), labels),
        )
    });
    parsed.collect()
}

#[test]
fn the_document_has_every_metric_with_its_type_and_labels_and_no_other() {
    let (emitted, documented) = (emitted(&page()), documented());
    for (name, shape) in &emitted {
        assert_eq!(documented.get(name), Some(shape), "docs/metrics.md on {name}");
    }
    let gone: Vec<_> = documented
        .keys()
        .filter(|name| !emitted.contains_key(*name))
        .collect();
    assert!(
        gone.is_empty(),
        "docs/metrics.md describes what is not there: {gone:?}"
    );
}

#[test]
fn the_document_uses_only_metrics_that_exist() {
    let emitted = emitted(&page());
    let of_the_key_service = |word: &str| DOCUMENT.contains(&format!("\n| `{word}` |"));
    let words = DOCUMENT.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    for word in words.filter(|word| word.starts_with("hybridge_") || word.starts_with("process_")) {
        let parts = ["_bucket", "_sum", "_count"]
            .into_iter()
            .filter_map(|part| word.strip_suffix(part));
        let of_histogram = parts
            .into_iter()
            .any(|name| emitted.get(name).is_some_and(|(kind, _)| kind == "histogram"));
        assert!(
            of_histogram || emitted.contains_key(word) || of_the_key_service(word),
            "docs/metrics.md: there is no {word}"
        );
    }
}

/// `promtool` reads the older text format, whose families carry the suffix that OpenMetrics adds.
fn in_the_older_format(page: &str) -> String {
    let line = |line: &str| {
        let kind =
            |kind: &str| page.contains(&format!("# TYPE {} {kind}", line.split(' ').nth(2).unwrap_or("")));
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        match words.first().map(String::as_str) {
            Some("#") if kind("counter\n") => words[2].push_str("_total"),
            Some("#") if kind("info\n") => words[2].push_str("_info"),
            _ => {}
        }
        words.join(" ").replace("_info info", "_info gauge")
    };
    let kept = page
        .lines()
        .filter(|line| !line.starts_with("# UNIT") && *line != "# EOF");
    kept.map(|each| line(each) + "\n").collect()
}

#[test]
#[ignore = "needs promtool, which comes with Prometheus: cargo test -p hybridge-edge -- --ignored promtool"]
fn promtool_has_nothing_to_say_against_the_page() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut promtool = Command::new("promtool");
    let piped = promtool
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = piped.spawn().expect("promtool is installed");
    let mut stdin = running.stdin.take().expect("it was piped");
    stdin
        .write_all(in_the_older_format(&page()).as_bytes())
        .expect("promtool reads");
    drop(stdin);
    let output = running.wait_with_output().expect("promtool ends");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
