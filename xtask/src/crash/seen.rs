//! The control of the test itself: losses that are real, and a ledger that was tampered with, must be seen.
//!
//! Nothing here is a fault of the service: each trick is played behind the back of both.

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use super::control::Field;
use super::kill;
use super::ledger::{Deed, Event, Made};
use super::load;
use super::model::Model;
use super::oracle::{Oracle, Tolerance};
use super::service::pause;
use super::stage::{Plan, Stage, copy};

/// What is done behind the oracle's back.
const TRICKS: [&str; 6] = [
    "an older copy of the disk is put back, witness and all",
    "the content of a canary is another one in the ledger",
    "the ledger says that a key was put aside",
    "the ledger says that a rotation was acknowledged",
    "a token is revoked in the ledger alone",
    "syncs are lies, and the power goes",
];

/// Plays every trick; each must be found out.
pub(super) fn run(plan: &Plan) -> anyhow::Result<ExitCode> {
    let mut missed = 0;
    for (number, trick) in TRICKS.iter().enumerate() {
        let stage = Stage::make(plan, &format!("control-{number}"))?;
        prepare(plan, &stage)?;
        match number {
            0 => put_back(plan, &stage)?,
            5 => lose_power(plan, &stage)?,
            _ => tamper(number, &stage)?,
        }
        match stage.serve() {
            Ok(service) => drop(Oracle::new(&stage, service.client(), Tolerance::Exact).check()?),
            Err(error) => stage.find(format!("{error:#}")),
        }
        let findings = stage.take_findings();
        let verdict = match findings.first() {
            Some(first) => format!("seen, {} findings; the first: {first}", findings.len()),
            None => "NOT SEEN".to_owned(),
        };
        missed += u64::from(findings.is_empty());
        crate::say(&format!("control: {trick}: {verdict}"));
        stage.clear()?;
    }
    fs::remove_dir_all(&plan.folder)?;
    Ok(if missed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Some history that is as it should be.
fn prepare(plan: &Plan, stage: &Stage) -> anyhow::Result<()> {
    let service = stage.serve()?;
    let mut draw = plan.draw("control", 0);
    load::run(stage, plan, (&service, 0), || {
        load::wait(plan, &mut draw);
        pause(Duration::from_millis(700));
        Ok(())
    })?;
    service.kill()?;
    drop(kill::recover(stage)?);
    let findings = stage.take_findings();
    anyhow::ensure!(findings.is_empty(), "before any trick: {findings:?}");
    Ok(())
}

fn put_back(plan: &Plan, stage: &Stage) -> anyhow::Result<()> {
    let older = stage.folder.join("older");
    copy(&stage.place.disk, &older)?;
    prepare(plan, stage)?;
    fs::remove_dir_all(&stage.place.disk)?;
    copy(&older, &stage.place.disk)
}

/// The disk says that it has written what it has not; the witness goes too, or the start would be refused.
fn lose_power(plan: &Plan, stage: &Stage) -> anyhow::Result<()> {
    let service = stage.serve()?;
    let mut draw = plan.draw("control", 5);
    stage.control.set(Field::Lie, 1)?;
    stage.control.set(Field::Power, draw.next() | 1)?;
    load::run(stage, plan, (&service, 5), || {
        pause(Duration::from_millis(500));
        let steps = stage.control.value(Field::Steps)?;
        stage.control.set(Field::KillAt, steps + 20)?;
        pause(Duration::from_millis(500));
        Ok(())
    })?;
    service.kill()?;
    Ok(fs::remove_file(stage.place.disk.join("data.witness"))?)
}

/// Adds lines to the ledger that the service knows nothing of.
fn tamper(number: usize, stage: &Stage) -> anyhow::Result<()> {
    let model = stage.ledger.read()?;
    let Some((deed, made)) = lie(number, &model) else {
        anyhow::bail!("the load left nothing to lie about");
    };
    let id = model.last + 1;
    stage.ledger.write(&Event::Sent { id, deed })?;
    let request = model.acknowledged.last().map(|(request, _deed)| request.clone());
    stage.ledger.write(&Event::Done {
        id,
        request: request.unwrap_or_default(),
        made,
    })
}

fn lie(number: usize, model: &Model) -> Option<(Deed, Option<Made>)> {
    let mut keys = model.keys.iter();
    let (name, key) = keys.find(|(_, key)| {
        key.shape.protects() && key.canaries.iter().any(|canary| key.shape.opens(canary.version))
    })?;
    let key_name = name.clone();
    Some(match number {
        1 => {
            let mut canary = key
                .canaries
                .iter()
                .find(|canary| key.shape.opens(canary.version))?
                .clone();
            canary.content = "d3Jvbmc=".to_owned();
            let deed = Deed::Protect {
                key: key_name,
                purpose: key.purpose,
                content: canary.content.clone(),
            };
            (deed, Some(Made::Canary(canary)))
        }
        2 => (
            Deed::Disable {
                key: key_name,
                version: None,
            },
            None,
        ),
        3 => (Deed::Rotate { key: key_name }, None),
        _ => {
            let mut tokens = model.tokens.iter();
            let (id, _token) = tokens.find(|(_, token)| !token.revoked)?;
            (Deed::TokenRevoke { id: id.clone() }, None)
        }
    })
}
