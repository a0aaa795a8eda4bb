//! The control of the test itself: losses that are real, and a ledger that was tampered with, must be seen.
//!
//! Nothing here is a fault of the service: each trick is played behind the back of both.

use std::fs;
use std::process::ExitCode;

use super::kill;
use super::ledger::{Deed, Event, Made};
use super::load;
use super::model::Model;
use super::oracle::{Oracle, Tolerance};
use super::stage::{Plan, Stage, copy};

/// What is done behind the oracle's back.
const TRICKS: [&str; 5] = [
    "an older copy of the disk is put back, witness and all",
    "the content of a canary is another one in the ledger",
    "the ledger says that a key was put aside",
    "the ledger says that a rotation was acknowledged",
    "a token is revoked in the ledger alone",
];

/// Plays every trick; each must be found out.
pub(super) fn run(plan: &Plan) -> anyhow::Result<ExitCode> {
    let mut missed = 0;
    for (number, trick) in TRICKS.iter().enumerate() {
        let stage = Stage::make(plan, &format!("control-{number}"))?;
        prepare(plan, &stage)?;
        if number == 0 {
            put_back(plan, &stage)?;
        } else {
            tamper(number, &stage)?;
        }
        let service = stage.serve()?;
        Oracle::new(&stage, service.client(), Tolerance::Exact).check()?;
        drop(service);
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
        super::service::pause(std::time::Duration::from_millis(700));
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
