//! A full disk under load, then room again: the service refuses what it cannot write, loses nothing, and
//! goes on by itself.

use std::time::Duration;

use super::control::Field;
use super::kill;
use super::load::{self, Tally};
use super::oracle::{Checked, Oracle, Tolerance};
use super::service::{Service, pause, within};
use super::stage::{Plan, Stage};

/// How soon it must go on once there is room.
const AGAIN_WITHIN: Duration = Duration::from_secs(10);

/// Fills the disk, makes room, and checks without a restart, then with one.
pub(super) fn play(plan: &Plan, stage: &Stage) -> anyhow::Result<String> {
    let (mut tally, mut checked) = (Tally::default(), Checked::default());
    for round in 0..plan.rounds {
        let mut draw = plan.draw("full", round);
        let mut service = stage.serve()?;
        tally += load::run(stage, plan, (&service, round), || {
            load::wait(plan, &mut draw);
            stage.control.set(Field::Full, 1)?;
            pause(Duration::from_millis(200 + draw.below(800)));
            stage.control.set(Field::Full, 0)?;
            goes_on(stage, &service)?;
            pause(Duration::from_millis(200));
            Ok(())
        })?;
        if service.is_alive()? {
            checked += Oracle::new(stage, service.client(), Tolerance::Exact).check()?;
        } else {
            stage.find("the service ended when the disk was full");
        }
        service.kill()?;
        checked += kill::recover(stage)?.1;
        if stage.has_findings() {
            break;
        }
        crate::say(&format!("full: round {} of {}", round + 1, plan.rounds));
    }
    if tally.failed == 0 {
        stage.find("the full disk was never felt: nothing was refused for it");
    }
    Ok(format!(
        "{} times full, {} acknowledged, {} failed meanwhile; checked {} keys, {} canaries, {} audit entries",
        plan.rounds, tally.acknowledged, tally.failed, checked.keys, checked.canaries, checked.entries
    ))
}

/// Something that must be written works again without anybody's help.
fn goes_on(stage: &Stage, service: &Service) -> anyhow::Result<()> {
    let mut client = service.client();
    let mut last = String::new();
    let again = within(AGAIN_WITHIN, || {
        // Looking at a key is an entry of the audit log.
        let reply = client.get("/v1/keys?limit=1")?;
        last = reply.shown();
        Ok(reply.is_done().then_some(()))
    })?;
    if again.is_none() {
        stage.find(format!(
            "there is room again, and the service does not go on within {AGAIN_WITHIN:?}: {last}"
        ));
    }
    Ok(())
}
