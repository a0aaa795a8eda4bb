//! Death at each write step of a script, from the first start of an empty directory on: before the step,
//! after it, or in the middle of what it writes; every other time with the loss of what was not synced, and
//! with a second death while the store recovers.

use std::sync::atomic::Ordering;

use anyhow::Context as _;

use super::control::Field;
use super::draw::Draw;
use super::kill;
use super::ledger::{Deed, Purpose};
use super::load::{Ended, Tally, Worker};
use super::oracle::Checked;
use super::service::{Service, Started};
use super::stage::{Plan, Stage};

/// Steps of one recovery among which the second death is drawn.
const RECOVERY_STEPS: u64 = 24;
/// Steps after which something was wrong, before the run ends.
const WRONG_MAX: u64 = 20;
const MODES: [&str; 3] = ["before", "after", "torn"];

/// One death.
#[derive(Clone, Copy, Debug)]
struct Death {
    step: u64,
    mode: u64,
    /// Seeds the loss of unsynced writes; 0 is none.
    power: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    deaths: u64,
    losses: u64,
    /// Deaths during recovery.
    again: u64,
    /// Steps that this run did not come to.
    missed: u64,
    /// Steps after which something was wrong.
    wrong: u64,
}

/// Counts the steps of the script, then dies at each, or at as many as wanted.
pub(super) fn play(plan: &Plan, stage: &Stage, wanted: Option<u64>) -> anyhow::Result<String> {
    let (steps, starts) = rehearse(plan)?;
    let stride = wanted.map_or(1, |wanted| steps.div_ceil(wanted.max(1)));
    let (mut counts, mut checked, mut acknowledged) = (Counts::default(), Checked::default(), 0);
    for step in (1..=steps).step_by(usize::try_from(stride)?) {
        let mut draw = plan.draw("steps", step);
        let death = Death {
            step,
            mode: draw.below(3),
            power: if draw.once_in(2) { draw.next() | 1 } else { 0 },
        };
        let (tally, sum) = die(plan, stage, (death, &mut draw), &mut counts)?;
        acknowledged += tally.acknowledged;
        checked += sum;
        if step % 50 == 0 {
            crate::say(&format!("steps: {step} of {steps}"));
        }
        if counts.wrong >= WRONG_MAX {
            break;
        }
    }
    Ok(format!(
        "{} deaths at {steps} steps ({starts} of them at the first start), {} with power loss, {} more during \
         recovery, {} not reached; {acknowledged} acknowledged; checked {} keys, {} canaries, {} audit entries",
        counts.deaths,
        counts.losses,
        counts.again,
        counts.missed,
        checked.keys,
        checked.canaries,
        checked.entries
    ))
}

/// How many steps the script takes, and its first start alone.
fn rehearse(plan: &Plan) -> anyhow::Result<(u64, u64)> {
    let stage = Stage::make(plan, "steps-rehearsal")?;
    let service = stage.serve()?;
    let starts = stage.control.value(Field::Steps)?;
    script(&stage, &service, plan.draw("script", 0))?;
    service.end()?;
    let steps = stage.control.value(Field::Steps)?;
    stage.clear()?;
    Ok((steps, starts))
}

fn die(
    plan: &Plan,
    stage: &Stage,
    (death, draw): (Death, &mut Draw),
    counts: &mut Counts,
) -> anyhow::Result<(Tally, Checked)> {
    let own = Stage::make(plan, &format!("steps-{}", death.step))?;
    own.control.set(Field::Power, death.power)?;
    own.control.set(Field::Mode, death.mode)?;
    own.control.set(Field::KillAt, death.step)?;
    let tally = live(plan, &own)?;
    let died = own.control.value(Field::Killed)?;
    counts.deaths += died;
    counts.missed += 1 - died;
    counts.losses += u64::from(died == 1 && death.power != 0);
    if draw.once_in(2) {
        counts.again += die_again(&own, draw)?;
    }
    let told = || {
        format!(
            "step {} ({}, power {})",
            death.step,
            MODES[usize::try_from(death.mode).unwrap_or(0)],
            death.power
        )
    };
    let recovered = kill::recover(&own).with_context(told);
    let findings = own.take_findings();
    match recovered {
        Ok((service, checked)) if findings.is_empty() => {
            drop(service);
            own.clear()?;
            Ok((tally, checked))
        }
        recovered => {
            counts.wrong += 1;
            stage.find(format!("{} in {}:", told(), own.folder.display()));
            findings.into_iter().for_each(|finding| stage.find(finding));
            if let Err(error) = recovered {
                stage.find(format!("{error:#}; its log ends: {}", own.place.said(0)));
            }
            Ok((tally, Checked::default()))
        }
    }
}

/// The life until the death, or until the end of the script where the step was not reached.
fn live(plan: &Plan, own: &Stage) -> anyhow::Result<Tally> {
    let Started::Serving(service) = own.place.start(&own.control)? else {
        return Ok(Tally::default());
    };
    let tally = script(own, &service, plan.draw("script", 0))?;
    service.end()?;
    Ok(tally)
}

/// Dies once more, at one of the first steps of the recovery.
fn die_again(own: &Stage, draw: &mut Draw) -> anyhow::Result<u64> {
    own.control.calm()?;
    own.control.set(Field::Power, draw.next() | 1)?;
    own.control.set(Field::Mode, draw.below(3))?;
    own.control.set(Field::KillAt, 1 + draw.below(RECOVERY_STEPS))?;
    if let Started::Serving(service) = own.place.start(&own.control)? {
        service.kill()?;
    }
    own.control.value(Field::Killed)
}

/// A short life with everything in it, one thing after the other.
fn script(stage: &Stage, service: &Service, mut draw: Draw) -> anyhow::Result<Tally> {
    let known = stage.ledger.read()?;
    stage.next.fetch_max(known.last + 1, Ordering::Relaxed);
    let content: Vec<String> = (0..4).map(|_index| draw.content()).collect();
    let mut worker = Worker::new(stage, service.client(), ("s", &known), draw);
    for deed in deeds(&content) {
        if worker.perform(deed)? == Ended::Unanswered {
            return Ok(worker.tally);
        }
    }
    let token = worker.model.tokens.keys().next().cloned();
    if let Some(id) = token {
        worker.perform(Deed::TokenRevoke { id })?;
    }
    Ok(worker.tally)
}

fn deeds(content: &[String]) -> Vec<Deed> {
    let (a, b) = (|| "s-a".to_owned(), || "s-b".to_owned());
    let create = |key: String, purpose| Deed::Create {
        once: format!("once-{key}"),
        key,
        purpose,
    };
    let protect = |key: String, purpose, index: usize| Deed::Protect {
        key,
        purpose,
        content: content.get(index).cloned().unwrap_or_default(),
    };
    let version = None;
    vec![
        create(a(), Purpose::Encrypt),
        protect(a(), Purpose::Encrypt, 0),
        Deed::Rotate { key: a() },
        protect(a(), Purpose::Encrypt, 1),
        create(b(), Purpose::Sign),
        protect(b(), Purpose::Sign, 2),
        Deed::Disable { key: a(), version },
        Deed::Enable { key: a(), version },
        Deed::Compromise { key: a() },
        protect(a(), Purpose::Encrypt, 3),
        Deed::Destroy {
            key: a(),
            version: Some(1),
        },
        Deed::Cancel {
            key: a(),
            version: Some(1),
        },
        Deed::Disable {
            key: a(),
            version: Some(1),
        },
        Deed::Destroy { key: b(), version },
        Deed::TokenCreate {
            name: "s-token".to_owned(),
            once: "once-s-token".to_owned(),
        },
    ]
}
