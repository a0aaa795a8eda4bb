//! One cycle: open everything, disturb it on a drawn schedule, close everything, look at what is left.
//! And the drain: the edge is told to end while connections are in mid-exchange.

use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::process::{Resources, Talking, now, pause, poll};
use super::report::{Counts, Cycle, Drain};
use super::stage::{Shape, Stage, value};

/// Descriptors that may be left over: what the API and the runtime open on their own.
pub(super) const DESCRIPTOR_SLACK: usize = 8;
/// To open or close everything, on a busy machine.
const LONG: Duration = Duration::from_secs(600);
/// Of the connections, how many must be back after the upstream was killed; the rest is churn.
const BACK_PERCENT: usize = 95;
/// How long the drain lasts before the clients are told to close.
const DRAIN_TIME: Duration = Duration::from_secs(3);

/// What every cycle does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) connections: usize,
    /// Time of the schedule.
    pub(super) time: Duration,
    pub(super) seed: u64,
}

/// What the driver does to the edge and its upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// SIGHUP with another canary and a second route.
    AddSecond,
    /// SIGHUP with another canary.
    Reload,
    /// The weight by POST.
    Weight,
    /// SIGHUP without the second route; its connections go on.
    RemoveSecond,
    /// SIGKILL to the upstream, and a new one.
    KillUpstream,
}

/// When, in thousandths of the time; a drawn jitter is added.
const SCHEDULE: [(u64, Event); 8] = [
    (50, Event::AddSecond),
    (150, Event::Weight),
    (250, Event::Reload),
    (400, Event::KillUpstream),
    (600, Event::Weight),
    (700, Event::RemoveSecond),
    (800, Event::Weight),
    (900, Event::Reload),
];
const JITTER: u64 = 60;

/// Runs one cycle and leaves the edge without clients.
pub(super) fn run(stage: &mut Stage, plan: &Plan, number: u64) -> anyhow::Result<Cycle> {
    let before = stage.edge.resources()?;
    let seed = plan.seed.wrapping_mul(1000).wrapping_add(number);
    let mut clients = stage.clients(plan.connections, seed)?;
    clients.expect("open", LONG)?;
    let (began, mut during) = (now(), stage.edge.resources()?);
    clients.ask("go")?;
    let mut draw = Draw(seed);
    for (place, event) in SCHEDULE {
        let place = u32::try_from(place + draw.below(JITTER))?;
        pause((plan.time * place / 1000).saturating_sub(began.elapsed()));
        act(stage, &mut clients, event, &mut draw).with_context(|| format!("{event:?}"))?;
    }
    let peak = until_back(&mut clients, plan.connections)?;
    pause(plan.time / 5);
    let again = stage.edge.resources()?;
    during.descriptors = during.descriptors.max(again.descriptors);
    during.resident = during.resident.max(again.resident);
    let counts = finish(clients)?;
    let after = settled(stage, before)?;
    Ok(Cycle {
        counts,
        peak,
        during,
        after,
        open: gauge(stage, "open")?,
        half_open: gauge(stage, "half_open")?,
        reloads: SCHEDULE.iter().filter(|(_, event)| reloads(*event)).count(),
        weights: SCHEDULE
            .iter()
            .filter(|(_, event)| *event == Event::Weight)
            .count(),
    })
}

fn reloads(event: Event) -> bool {
    matches!(event, Event::AddSecond | Event::Reload | Event::RemoveSecond)
}

fn act(stage: &mut Stage, clients: &mut Talking, event: Event, draw: &mut Draw) -> anyhow::Result<()> {
    let weight = 1 + draw.below(10_000);
    match event {
        Event::AddSecond => {
            stage.reload(Shape { weight, second: true })?;
            clients.ask("second on")?;
        }
        Event::Reload => {
            let second = stage.has_second()?;
            stage.reload(Shape { weight, second })?;
        }
        Event::Weight => stage.set_weight(weight)?,
        Event::RemoveSecond => {
            clients.ask("second off")?;
            stage.reload(Shape {
                weight,
                second: false,
            })?;
        }
        Event::KillUpstream => {
            clients.ask("down")?;
            stage.restart_upstream()?;
            clients.ask("up")?;
        }
    }
    Ok(())
}

/// Waits until nearly all connections are open again, or one has failed; returns the most that ever were.
fn until_back(clients: &mut Talking, connections: usize) -> anyhow::Result<usize> {
    let mut last = Open::default();
    let back = poll(LONG, || {
        last = count(clients)?;
        let enough = last.now * 100 >= connections * BACK_PERCENT || last.failed > 0;
        Ok(enough.then_some(last.peak))
    })?;
    back.with_context(|| format!("{} of {connections} connections are open", last.now))
}

/// What the load counts.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    now: usize,
    peak: usize,
    failed: usize,
}

fn count(clients: &mut Talking) -> anyhow::Result<Open> {
    let answer = clients.ask("count")?;
    let numbers: Result<Vec<usize>, _> = answer.split_whitespace().map(str::parse).collect();
    match numbers.as_deref() {
        Ok(&[now, peak, failed]) => Ok(Open { now, peak, failed }),
        _ => anyhow::bail!("the load counted {answer:?}"),
    }
}

fn finish(mut clients: Talking) -> anyhow::Result<Counts> {
    clients.ask("finish")?;
    let counts: Counts = serde_json::from_str(&clients.expect("done", LONG)?)?;
    clients.finished()?;
    Ok(counts)
}

/// Waits until the edge has closed what its clients left, and says what it uses then.
fn settled(stage: &mut Stage, before: Resources) -> anyhow::Result<Resources> {
    stage.edge.alive().with_context(|| stage.log_end())?;
    let most = before.descriptors + DESCRIPTOR_SLACK;
    poll(Duration::from_secs(30), || {
        let closed = stage.edge.resources()?.descriptors <= most;
        Ok(closed.then_some(()))
    })?;
    stage.edge.resources()
}

fn gauge(stage: &Stage, name: &str) -> anyhow::Result<f64> {
    let series = format!("hybridge_edge_connections_{name}{{route=\"soak\"}}");
    value(&stage.metrics()?, &series).with_context(|| format!("/metrics has no {series}"))
}

/// SIGTERM with connections in mid-exchange: they go on, new ones are refused, the edge ends by itself.
pub(super) fn drain(stage: &mut Stage, connections: usize, seed: u64) -> anyhow::Result<Drain> {
    let mut clients = stage.clients(connections, seed)?;
    clients.expect("open", LONG)?;
    pause(Duration::from_secs(1));
    stage.edge.signal("TERM")?;
    let closed = poll(Duration::from_secs(10), || Ok(stage.refuses().then_some(())))?;
    ensure!(
        closed.is_some(),
        "the edge still accepts ten seconds after SIGTERM"
    );
    let refused = (0..20).filter(|_| stage.refuses()).count();
    pause(DRAIN_TIME);
    stage.edge.alive().context("before its connections were done")?;
    let open = count(&mut clients)?.now;
    let counts = finish(clients)?;
    let began = now();
    let status = stage.edge.ended(Duration::from_secs(30))?;
    Ok(Drain {
        counts,
        connections,
        open,
        refused,
        code: status.code(),
        ended_after: began.elapsed(),
    })
}

/// SplitMix64, for the times of a schedule.
#[derive(Debug)]
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}
