//! A sync of the disk that fails once, with a part of what it should have written gone: from then on nothing
//! may be acknowledged until a restart, and the restart has everything that was.

use std::time::Duration;

use super::control::Field;
use super::kill;
use super::load::{self, Tally};
use super::oracle::Checked;
use super::service::{Service, pause, within};
use super::stage::{Plan, Stage};

/// Among so many syncs from now on the failing one is drawn.
const AMONG: u64 = 60;
/// How soon health must tell of it.
const HEALTH_WITHIN: Duration = Duration::from_secs(5);

/// Fails a sync in each round; clients watch that nothing is acknowledged afterwards.
pub(super) fn play(plan: &Plan, stage: &Stage) -> anyhow::Result<String> {
    let (mut tally, mut checked, mut others) = (Tally::default(), Checked::default(), 0);
    for round in 0..plan.rounds {
        let mut draw = plan.draw("fsync", round);
        let service = stage.serve()?;
        let mut which = 0;
        tally += load::run(stage, plan, (&service, round), || {
            load::wait(plan, &mut draw);
            let syncs = stage.control.value(Field::Syncs)?;
            stage
                .control
                .set(Field::FsyncFailAt, syncs + 2 + draw.below(AMONG))?;
            let failed = || stage.control.value(Field::Failed);
            within(Duration::from_secs(10), || Ok((failed()? > 0).then_some(())))?;
            which = failed()?;
            pause(Duration::from_millis(300));
            Ok(())
        })?;
        match which {
            0 => stage.find("no sync came to fail"),
            1 => says_so(stage, &service)?,
            _ => others += 1,
        }
        service.kill()?;
        checked += kill::recover(stage)?.1;
        if stage.has_findings() {
            break;
        }
        crate::say(&format!("fsync: round {} of {}", round + 1, plan.rounds));
    }
    Ok(format!(
        "{} failed syncs ({others} of other files than the database), {} acknowledged before, {} failed after; \
         checked {} keys, {} canaries, {} audit entries",
        plan.rounds, tally.acknowledged, tally.failed, checked.keys, checked.canaries, checked.entries
    ))
}

/// Health must not call a service ready that refuses everything.
fn says_so(stage: &Stage, service: &Service) -> anyhow::Result<()> {
    let mut client = service.client();
    let told = within(HEALTH_WITHIN, || {
        let health = client.get("/health")?;
        Ok((health.status == 503).then_some(()))
    })?;
    if told.is_none() {
        let health = client.get("/health")?.shown();
        stage.find(format!(
            "a sync of the database failed, and {HEALTH_WITHIN:?} later health says {health}"
        ));
    }
    Ok(())
}
