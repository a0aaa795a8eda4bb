//! The key service's part of the metrics, after the edge's on the same page.
//!
//! Labels are operations and outcomes from closed lists. What is not known while sealed has no sample:
//! a missing number is not a zero.

use std::fmt;

use hybridge_keys::Count;
use hybridge_keys::audit::Outcome;
use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::key_watch::Look;

/// The end of a page (OpenMetrics 1.0 §Overall Structure); it stands once.
const END: &str = "# EOF\n";
/// The event of a rotation, by the schedule or by hand.
const ROTATION: &str = "key.rotate";

/// A look at the key service, at that time, with what was counted since it was opened.
#[derive(Debug)]
struct Exposition {
    look: Look,
    counts: Vec<Count>,
    now: Timestamp,
}

/// The page of the edge with the key service's metrics before its end.
pub(super) fn append(edge: String, look: Look, counts: Vec<Count>, now: Timestamp) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exposition { look, counts, now }));
    let mut page = edge.strip_suffix(END).map_or_else(|| edge.clone(), str::to_owned);
    text::encode(&mut page, &registry).expect("writing to a String cannot fail");
    page
}

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.operations(&mut encoder)?;
        self.rotations(&mut encoder)?;
        for (name, help, value) in self.gauges() {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            if let Some(value) = value {
                metric.encode_gauge(&value)?;
            }
        }
        let help = "Age of the newest backup.";
        let name = "hybridge_backup_age";
        let mut metric = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
        match self.look.backup.age(self.now) {
            Some(age) => metric.encode_gauge(&age.as_secs_f64()),
            None => Ok(()),
        }
    }
}

type Gauge = (&'static str, &'static str, Option<u64>);

impl Exposition {
    fn operations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Entries of the audit log since the start, by what was asked for and how it ended.";
        let name = "hybridge_key_operations";
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for count in &self.counts {
            let labels = [("operation", count.operation), ("outcome", count.outcome.name())];
            metric
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(&count.total, None)?;
        }
        Ok(())
    }

    /// Every outcome has a series from zero on, so that `rate` misses nothing.
    fn rotations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Rotations of keys since the start, by the schedule or by hand.";
        let name = "hybridge_key_rotations";
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for outcome in [Outcome::Done, Outcome::Refused, Outcome::Failed] {
            let of = |count: &&Count| count.operation == ROTATION && count.outcome == outcome;
            let total = self.counts.iter().find(of).map_or(0, |count| count.total);
            metric
                .encode_family(&[("outcome", outcome.name())])?
                .encode_counter::<NoLabelSet, _, u64>(&total, None)?;
        }
        Ok(())
    }

    fn gauges(&self) -> [Gauge; 8] {
        let look = &self.look;
        let count = |count: Option<usize>| count.map(|count| count as u64);
        let is = |state: bool| Some(u64::from(state));
        [
            (
                "hybridge_keys",
                "Keys, the service's own and destroyed ones included.",
                look.keys,
            ),
            (
                "hybridge_sealed",
                "1 while the key service is not open.",
                is(look.seal != "unsealed"),
            ),
            (
                "hybridge_selftest_failed",
                "1 after a self-test failed: no key is used.",
                is(look.self_test.is_some()),
            ),
            (
                "hybridge_store_failed",
                "1 after a fault: the store refuses everything.",
                is(look.store_fault.is_some()),
            ),
            (
                "hybridge_store_damaged_records",
                "Records that are damaged.",
                count(Some(look.damaged.len())),
            ),
            (
                "hybridge_key_rotations_overdue",
                "Keys that should have been rotated by now, 1,000 at most.",
                count(look.rotations_due),
            ),
            (
                "hybridge_key_versions_quarantined",
                "Versions in quarantine, 1,000 at most.",
                count(look.quarantined),
            ),
            (
                "hybridge_exchange_fallback_open",
                "Exceptions that allow a classical key exchange now: alert above 0.",
                count(look.exceptions),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_watch::LastBackup;
    use crate::wiring::key_health::tests::well;

    const EDGE: &str = "# HELP hybridge_x An x.\n# TYPE hybridge_x gauge\nhybridge_x 1\n# EOF\n";

    fn page(look: Look) -> String {
        let counts = vec![Count {
            operation: "key.rotate",
            outcome: Outcome::Failed,
            total: 2,
        }];
        append(EDGE.to_owned(), look, counts, Timestamp::constant(100, 0))
    }

    #[test]
    fn two_parts_are_one_page_with_one_end() {
        let backup = LastBackup {
            taken: Some(Timestamp::constant(40, 0)),
            age_max: None,
        };
        let page = page(Look { backup, ..well() });
        assert!(page.starts_with("# HELP hybridge_x An x.\n"), "{page}");
        assert_eq!(page.matches("# EOF").count(), 1);
        assert!(page.ends_with(END), "{page}");
        for line in [
            "hybridge_key_operations_total{operation=\"key.rotate\",outcome=\"failed\"} 2",
            "hybridge_key_rotations_total{outcome=\"done\"} 0",
            "hybridge_key_rotations_total{outcome=\"failed\"} 2",
            "hybridge_keys 2",
            "hybridge_sealed 0",
            "hybridge_backup_age_seconds 60.0",
        ] {
            assert!(page.lines().any(|each| each == line), "{line}: {page}");
        }
    }

    #[test]
    fn what_is_not_known_has_no_sample() {
        let page = page(Look {
            seal: "sealed",
            keys: None,
            rotations_due: None,
            exceptions: None,
            ..well()
        });
        assert!(page.contains("\nhybridge_sealed 1\n"), "{page}");
        for name in [
            "hybridge_keys",
            "hybridge_exchange_fallback_open",
            "hybridge_backup_age_seconds",
        ] {
            assert!(
                !page.lines().any(|line| line.starts_with(&format!("{name} "))),
                "{name}: {page}"
            );
        }
    }

    #[test]
    fn every_metric_is_in_the_reference() {
        let reference = include_str!("../../../../docs/metrics.md");
        let page = page(well());
        let names = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        for line in names.filter(|line| !line.starts_with("hybridge_x ")) {
            let (name, kind) = line.split_once(' ').unwrap_or_default();
            let total = if kind == "counter" { "_total" } else { "" };
            let row = format!("| `{name}{total}` | {kind} |");
            assert!(reference.contains(&row), "docs/metrics.md lacks {row}");
        }
    }
}
