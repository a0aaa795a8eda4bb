//! Writes families of metrics: name, help, unit and type once, then a line per sample.
//! A thin layer over the encoder of `prometheus-client`, which knows the format and its escapes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Unit;

/// The labels of one sample.
pub(super) type Labels<'a> = Vec<(&'static str, Cow<'a, str>)>;

type NoExemplars<'a> = Option<&'a HashMap<usize, Exemplar<NoLabelSet, f64>>>;

/// What all samples of a metric have in common. The name lacks what the format adds: unit, `_total`, `_info`.
pub(super) struct Family {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
}

impl Family {
    pub(super) const fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            unit: None,
        }
    }

    pub(super) fn with_unit(name: &'static str, unit: Unit, help: &'static str) -> Self {
        Self {
            name,
            help,
            unit: Some(unit),
        }
    }
}

/// The values of one histogram: upper bounds with the number of values in each bucket, and their sum.
pub(super) struct Buckets {
    pub(super) sum: f64,
    pub(super) counts: Vec<(f64, u64)>,
}

/// The page that is being written.
pub(super) struct Page<'a>(DescriptorEncoder<'a>);

impl<'a> Page<'a> {
    pub(super) const fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    pub(super) fn counters<'s, V: EncodeCounterValue>(
        &mut self,
        family: &Family,
        samples: impl IntoIterator<Item = (Labels<'s>, V)>,
    ) -> fmt::Result {
        let Family { name, help, unit } = family;
        let mut metric = self
            .0
            .encode_descriptor(name, help, unit.as_ref(), MetricType::Counter)?;
        for (labels, value) in samples {
            metric
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, f64>(&value, None)?;
        }
        Ok(())
    }

    pub(super) fn gauges<'s, V: EncodeGaugeValue>(
        &mut self,
        family: &Family,
        samples: impl IntoIterator<Item = (Labels<'s>, V)>,
    ) -> fmt::Result {
        let Family { name, help, unit } = family;
        let mut metric = self
            .0
            .encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
        for (labels, value) in samples {
            metric.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    pub(super) fn infos<'s>(
        &mut self,
        family: &Family,
        samples: impl IntoIterator<Item = Labels<'s>>,
    ) -> fmt::Result {
        let Family { name, help, unit } = family;
        let mut metric = self
            .0
            .encode_descriptor(name, help, unit.as_ref(), MetricType::Info)?;
        for labels in samples {
            metric.encode_info(&labels)?;
        }
        Ok(())
    }

    pub(super) fn histograms<'s>(
        &mut self,
        family: &Family,
        samples: impl IntoIterator<Item = (Labels<'s>, Buckets)>,
    ) -> fmt::Result {
        let Family { name, help, unit } = family;
        let mut metric = self
            .0
            .encode_descriptor(name, help, unit.as_ref(), MetricType::Histogram)?;
        for (labels, Buckets { sum, counts }) in samples {
            let count = counts.iter().map(|(_, count)| count).sum();
            let no_exemplars: NoExemplars<'_> = None;
            metric
                .encode_family(&labels)?
                .encode_histogram(sum, count, &counts, no_exemplars)?;
        }
        Ok(())
    }
}
