//! The counters as OpenMetrics 1.0 text.
//!
//! Rules: names begin with `hybridge_` (three of the process with `process_`, as every dashboard
//! expects them); units are base units; every label comes from a closed list or from the
//! configuration, never from a peer. `docs/metrics.md` describes each metric, and a test holds it to
//! that. Gathering is the caller's work; this only writes down.

mod arm;
mod page;
mod process;
mod route;
#[cfg(test)]
mod tests;

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

pub use process::Usage;

use crate::arms::{Arm, Arms};
use crate::config::Mode;
use crate::counters::RouteTotals;
use crate::handshake::Side;
use crate::register::Counts;
use page::Page;

/// The content type of what [`encode`] returns.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What there is to say about a route.
#[derive(Clone, Debug)]
pub struct RouteMetrics {
    /// Its name.
    pub name: String,
    /// What it does with TLS.
    pub mode: Mode,
    /// Rungs and weight in force.
    pub arms: Arms,
    /// What was counted.
    pub totals: RouteTotals,
    /// Each certificate that it presents: a name for it, and the end of its validity in seconds since
    /// the Unix epoch. Of several with one name, the page has the one that ends first.
    pub certificates: Vec<(String, i64)>,
}

/// What there is to say about the process.
#[derive(Clone, Debug)]
pub struct ProcessMetrics {
    /// Version of the program.
    pub version: &'static str,
    /// When it started, in microseconds since the Unix epoch.
    pub started_us: i64,
    /// What it uses of the machine.
    pub usage: Usage,
    /// Records that were lost because a ring was full.
    pub dropped_records: u64,
    /// The client register.
    pub clients: Counts,
    /// Clients that the register can hold.
    pub clients_max: usize,
}

/// The whole page, `# EOF` included.
pub fn encode(routes: Vec<RouteMetrics>, process: ProcessMetrics) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exposition { routes, process }));
    let mut text = String::new();
    text::encode(&mut text, &registry).expect("writing to a String cannot fail");
    text
}

#[derive(Debug)]
struct Exposition {
    routes: Vec<RouteMetrics>,
    process: ProcessMetrics,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page::new(encoder);
        arm::write(&mut page, &self.routes)?;
        route::write(&mut page, &self.routes)?;
        process::write(&mut page, &self.process)
    }
}

impl RouteMetrics {
    /// The side that the route's own rung is about.
    fn governed_side(&self) -> Side {
        match self.mode {
            Mode::Originate => Side::Upstream,
            Mode::Terminate | Mode::Observe => Side::Downstream,
        }
    }

    /// The arms that exist; without a canary there is only the control.
    fn arms_in_force(&self) -> impl Iterator<Item = Arm> + '_ {
        let has_canary = self.arms.weight > 0 || self.arms.canary != self.arms.control;
        Arm::ALL
            .into_iter()
            .filter(move |arm| *arm == Arm::Control || has_canary)
    }

    /// Where handshakes are to be expected, or were: only these get series, from zero on.
    fn is_in_use(&self, side: Side, arm: Option<Arm>) -> bool {
        let expected = side == self.governed_side() && self.arms_in_force().any(|each| Some(each) == arm);
        expected || self.totals.tally(side, arm).handshakes() > 0
    }
}
