//! SIGKILL at random moments under load, a check after each restart, and a second restart that must give
//! the same. Now and then the wall clock jumps past the window of announced destructions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::audit::{self, Verified};
use super::control::Field;
use super::draw::Draw;
use super::ledger::Event;
use super::load::{self, Tally};
use super::model::Shape;
use super::oracle::{Checked, Oracle, Tolerance};
use super::service::{Service, within};
use super::stage::{Plan, Stage};

/// Beyond the shortest window of a destruction.
const BEYOND_WINDOW: u64 = 25 * 3600;
/// Times that the clock jumps; later the service's own tokens and schedules would be due.
const JUMPS_MAX: u64 = 40;

/// Among so many steps of a load the one with the power loss is drawn.
const WRITES: u64 = 1500;

/// Kills, restarts and checks.
pub(super) fn play(plan: &Plan, stage: &Stage) -> anyhow::Result<String> {
    let (mut tally, mut checked) = (Tally::default(), Checked::default());
    let (mut losses, mut jumps, mut reaped) = (0, 0, 0);
    for round in 0..plan.rounds {
        let mut draw = plan.draw("kill", round);
        let service = stage.serve()?;
        with_power(stage, &mut draw)?;
        tally += load::run(stage, plan, (&service, round), || {
            load::wait(plan, &mut draw);
            let id = service.id().to_string();
            // Ours, by its id; reaped when the service is dropped.
            std::process::Command::new("kill").args(["-KILL", &id]).status()?;
            Ok(())
        })?;
        service.kill()?;
        losses += stage.control.value(Field::Killed)?;
        let (service, sum) = recover(stage)?;
        checked += sum;
        if draw.once_in(3) && jumps < JUMPS_MAX {
            jumps += 1;
            service.kill()?;
            reaped += jump(stage)?;
        } else {
            service.kill()?;
        }
        if stage.has_findings() {
            break;
        }
        crate::say(&format!("kill: round {} of {}", round + 1, plan.rounds));
    }
    let service = stage.serve()?;
    let verified = verify(stage, &service)?;
    Ok(format!(
        "{} kills ({losses} of them power losses at a write), {} acknowledged, {} refused, {} unanswered; checked {} keys, {} canaries, {} tokens, \
         {} audit entries; {reaped} keys and versions destroyed after {jumps} jumps of the clock; audit {verified}",
        plan.rounds,
        tally.acknowledged,
        tally.refused,
        tally.unanswered,
        checked.keys,
        checked.canaries,
        checked.tokens,
        checked.entries,
    ))
}

/// Every other time, the death comes at a drawn write under load instead, and takes what was not synced along.
fn with_power(stage: &Stage, draw: &mut Draw) -> anyhow::Result<()> {
    if draw.once_in(2) {
        return Ok(());
    }
    stage.control.set(Field::Power, draw.next() | 1)?;
    stage.control.set(Field::Mode, draw.below(3))?;
    let steps = stage.control.value(Field::Steps)?;
    stage.control.set(Field::KillAt, steps + 1 + draw.below(WRITES))?;
    Ok(())
}

/// Restarts and checks; kills and restarts once more, and compares: recovery must be idempotent. The
/// service that runs afterwards has been checked too.
pub(super) fn recover(stage: &Stage) -> anyhow::Result<(Service, Checked)> {
    let service = stage.serve()?;
    let checked = Oracle::new(stage, service.client(), Tolerance::Exact).check()?;
    let before = snapshot(&service)?;
    service.kill()?;
    let service = stage.serve()?;
    let after = snapshot(&service)?;
    if let Some((name, was)) = before.iter().find(|(name, was)| after.get(*name) != Some(was)) {
        let is = after.get(name);
        stage.find(format!("a second restart changed {name}: {was}, now {is:?}"));
    }
    Oracle::new(stage, service.client(), Tolerance::Exact).check()?;
    Ok((service, checked))
}

/// Keys and tokens as they are shown.
fn snapshot(service: &Service) -> anyhow::Result<BTreeMap<String, Value>> {
    let mut client = service.client();
    let mut shown = BTreeMap::new();
    for (path, list, name) in [
        ("/v1/keys?limit=1000", "/keys", "name"),
        ("/v1/tokens?limit=1000", "", "id"),
    ] {
        let page = client.get(path)?.body;
        for item in page.pointer(list).and_then(Value::as_array).into_iter().flatten() {
            let mut item = item.clone();
            if let Some(members) = item.as_object_mut() {
                members.remove("last_used_at");
            }
            shown.insert(item[name].as_str().unwrap_or_default().to_owned(), item);
        }
    }
    Ok(shown)
}

/// Lets the windows of all announced destructions end, and waits until they are carried out.
fn jump(stage: &Stage) -> anyhow::Result<u64> {
    let skew = stage.control.value(Field::Skew)?;
    stage.control.set(Field::Skew, skew + BEYOND_WINDOW)?;
    let service = stage.serve()?;
    let mut client = service.client();
    let mut reaped = 0;
    let model = stage.ledger.read()?;
    for (name, key) in &model.keys {
        let expected = key.shape.reaped();
        if expected == key.shape {
            continue;
        }
        let path = format!("/v1/keys/{name}");
        let gone = within(Duration::from_secs(20), || {
            let shown = Shape::shown(&client.get(&path)?.body);
            Ok((shown.as_ref() == Some(&expected)).then_some(()))
        })?;
        if gone.is_none() {
            let shown = client.get(&path)?.shown();
            stage.find(format!("{name} is not destroyed after its window: {shown}"));
        }
        reaped += 1;
        stage.ledger.write(&Event::Reaped { key: name.clone() })?;
    }
    Oracle::new(stage, service.client(), Tolerance::Exact).check()?;
    service.kill()?;
    Ok(reaped)
}

/// What `hybridge audit verify` says of the whole log.
pub(super) fn verify(stage: &Stage, service: &Service) -> anyhow::Result<&'static str> {
    Ok(match audit::verify(service)? {
        Verified::Sound => "verifies",
        Verified::NotThere => "not verified offline: this build has no audit command",
        Verified::Wrong(why) => {
            stage.find(why);
            "does not verify"
        }
    })
}
