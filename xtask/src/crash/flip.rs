//! Bytes of the database that change while the service is stopped: the damage must be told, at the start or
//! of the record alone; everything else works, and no content is ever wrong.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::sync::PoisonError;
use std::time::Duration;

use super::draw::Draw;
use super::kill;
use super::load;
use super::oracle::{Checked, Oracle, Tolerance};
use super::service::{Started, pause};
use super::stage::{Plan, Stage, copy};

/// Damaged copies for each round.
const TRIALS: u64 = 8;
/// Longer than the witness takes to hear of the last entry.
const WITNESS_TIME: Duration = Duration::from_millis(1500);

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    refused: u64,
    told: u64,
    harmless: u64,
}

/// Damages copies of a disk one after the other.
pub(super) fn play(plan: &Plan, stage: &Stage) -> anyhow::Result<String> {
    prepare(plan, stage)?;
    let good = stage.folder.join("good");
    copy(&stage.place.disk, &good)?;
    let (mut counts, mut checked) = (Counts::default(), Checked::default());
    let trials = plan.rounds * TRIALS;
    for trial in 0..trials {
        fs::remove_dir_all(&stage.place.disk)?;
        copy(&good, &stage.place.disk)?;
        let what = damage(stage, &mut plan.draw("flip", trial))?;
        let found = try_one(stage, &what, &mut counts)?;
        checked += found;
        if stage.has_findings() {
            stage.find(format!("trial {trial}: {what}"));
            break;
        }
        if trial % TRIALS == 0 {
            crate::say(&format!("flip: {trial} of {trials}"));
        }
    }
    if !stage.has_findings() {
        fs::remove_dir_all(&stage.place.disk)?;
        copy(&good, &stage.place.disk)?;
        kill::recover(stage)?;
    }
    Ok(format!(
        "{trials} damaged copies: {} refused at the start, {} told of damaged records ({} answers), {} harmless; \
         checked {} keys, {} canaries",
        counts.refused, counts.told, checked.damaged, counts.harmless, checked.keys, checked.canaries
    ))
}

/// A disk with some history, both in the database and in its write-ahead log.
fn prepare(plan: &Plan, stage: &Stage) -> anyhow::Result<()> {
    let service = stage.serve()?;
    let mut draw = plan.draw("flip", u64::MAX >> 17);
    load::run(stage, plan, (&service, 0), || {
        load::wait(plan, &mut draw);
        Ok(())
    })?;
    service.end()?;
    let service = stage.serve()?;
    load::run(stage, plan, (&service, 1), || {
        pause(Duration::from_millis(300));
        Ok(())
    })?;
    Oracle::new(stage, service.client(), Tolerance::Exact).check()?;
    pause(WITNESS_TIME);
    service.kill()
}

/// Flips some bits, or wipes a sector; says what it did.
fn damage(stage: &Stage, draw: &mut Draw) -> anyhow::Result<String> {
    let name = if draw.once_in(2) { "keys.db-wal" } else { "keys.db" };
    let file = File::options()
        .read(true)
        .write(true)
        .open(stage.place.home().join(name))?;
    let size = file.metadata()?.len();
    anyhow::ensure!(size > 0, "{name} is empty");
    if draw.once_in(4) {
        let at = draw.below(size) / 512 * 512;
        let length = usize::try_from((size - at).min(512))?;
        file.write_all_at(&vec![0; length], at)?;
        return Ok(format!("{name}: {length} bytes from {at} on are zero"));
    }
    let mut places = Vec::new();
    for _flip in 0..=draw.below(4) {
        let (at, bit) = (draw.below(size), draw.below(8));
        let mut byte = [0];
        file.read_exact_at(&mut byte, at)?;
        file.write_all_at(&[byte[0] ^ (1 << bit)], at)?;
        places.push(format!("{at}.{bit}"));
    }
    Ok(format!("{name}: bits {} are flipped", places.join(", ")))
}

fn try_one(stage: &Stage, what: &str, counts: &mut Counts) -> anyhow::Result<Checked> {
    let hashes = || stage.hashes.lock().unwrap_or_else(PoisonError::into_inner);
    let known = hashes().clone();
    stage.control.calm()?;
    let checked = match stage.place.start(&stage.control)? {
        Started::Ended(status, said) => {
            counts.refused += 1;
            if status.code().is_none() || said.contains("panicked") || !said.contains("error: ") {
                stage.find(format!("the refusal to start is not clear: {status}, {said}"));
            }
            Checked::default()
        }
        Started::Serving(mut service) => {
            let checked = Oracle::new(stage, service.client(), Tolerance::Damage).check();
            if checked.is_err() && !service.is_alive()? {
                stage.find(format!("the service ended over {what}: {}", stage.place.said(0)));
            }
            service.kill()?;
            let checked = checked?;
            if checked.damaged > 0 {
                counts.told += 1;
            } else {
                counts.harmless += 1;
            }
            checked
        }
    };
    *hashes() = known;
    Ok(checked)
}
