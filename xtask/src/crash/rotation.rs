//! A full rotation by the service's own schedule: the wall clock jumps past the period of all keys at once,
//! clients encrypt and decrypt meanwhile, and not one of their requests may fail.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::control::Field;
use super::draw::Draw;
use super::http::Client;
use super::service::{Service, now, pause};
use super::stage::{Plan, Stage};

/// Keys for each round that is asked for; ten rounds are the full size.
const KEYS_PER_ROUND: u64 = 1000;
const MAKERS: u64 = 16;
const CLIENTS: u64 = 6;
/// The goal for 10,000 keys.
const LIMIT: Duration = Duration::from_secs(300);
/// Beyond the rotation period of the keys, a day.
const JUMP: u64 = 25 * 3600;

/// Makes the keys, lets all of them come due, and measures.
pub(super) fn play(plan: &Plan, stage: &Stage) -> anyhow::Result<String> {
    let service = stage.serve()?;
    let count = plan.rounds * KEYS_PER_ROUND;
    let began = now();
    make(&service, count)?;
    let made = began.elapsed();
    let (stop, requests) = (AtomicBool::new(false), AtomicU64::new(0));
    let took = std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (stop, requests, draw) = (&stop, &requests, plan.draw("rotation", number));
            let client = service.client();
            scope.spawn(move || {
                let worked = work(client, draw, count, (stop, requests));
                worked.unwrap_or_else(|error| stage.find(format!("a request failed meanwhile: {error:#}")));
            });
        }
        pause(Duration::from_secs(1));
        let took = rotate(stage, &service, count);
        stop.store(true, Ordering::Relaxed);
        took
    })?;
    if took > LIMIT {
        stage.find(format!("the rotation of {count} keys took {took:?}"));
    }
    service.kill()?;
    let service = stage.serve()?;
    let rotated = rotated(&mut service.client())?;
    if rotated != count {
        stage.find(format!("{rotated} of {count} keys are rotated after a restart"));
    }
    Ok(format!(
        "{count} keys made in {:.1} s and all rotated in {:.1} s under {} requests, none failed",
        made.as_secs_f64(),
        took.as_secs_f64(),
        requests.load(Ordering::Relaxed)
    ))
}

fn make(service: &Service, count: u64) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let makers: Vec<_> = (0..MAKERS)
            .map(|maker| {
                let client = service.client();
                scope.spawn(move || make_some(client, maker, count))
            })
            .collect();
        makers.into_iter().try_for_each(|maker| {
            let joined = maker.join();
            joined.map_err(|_panic| anyhow::anyhow!("a maker panicked"))?
        })
    })
}

fn make_some(mut client: Client, first: u64, count: u64) -> anyhow::Result<()> {
    for number in (first..count).step_by(usize::try_from(MAKERS)?) {
        let policy = json!({"rotation_period_seconds": 86_400});
        let body = json!({"name": name(number), "purpose": "encrypt", "policy": policy});
        let reply = client.post("/v1/keys", &body)?;
        ensure!(reply.is_done(), "{}", reply.shown());
    }
    Ok(())
}

fn name(number: u64) -> String {
    format!("r{number:05}")
}

/// Encrypts with one key and opens what was encrypted with it, or another one, before.
fn work(
    mut client: Client,
    mut draw: Draw,
    count: u64,
    (stop, requests): (&AtomicBool, &AtomicU64),
) -> anyhow::Result<()> {
    let mut kept: Vec<(String, Value, String)> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let (key, content) = (name(draw.below(count)), draw.content());
        let reply = client.post(&format!("/v1/keys/{key}/encrypt"), &json!({"plaintext": content}))?;
        ensure!(reply.is_done(), "{key}: {}", reply.shown());
        kept.push((key, reply.body["ciphertext"].clone(), content));
        let (key, ciphertext, content) = draw.one_of(&kept).context("nothing was kept")?;
        let body = json!({"ciphertext": ciphertext});
        let reply = client.post(&format!("/v1/keys/{key}/decrypt"), &body)?;
        ensure!(
            reply.is_done() && reply.body["plaintext"] == content.as_str(),
            "{key} does not open: {}",
            reply.shown()
        );
        requests.fetch_add(2, Ordering::Relaxed);
    }
    Ok(())
}

/// Lets every key come due and waits until all have a second version.
fn rotate(stage: &Stage, service: &Service, count: u64) -> anyhow::Result<Duration> {
    let mut client = service.client();
    let began = now();
    stage.control.set(Field::Skew, JUMP)?;
    loop {
        let done = rotated(&mut client)?;
        if done >= count {
            return Ok(began.elapsed());
        }
        ensure!(
            began.elapsed() < LIMIT * 2,
            "{done} of {count} keys are rotated after {:?}",
            began.elapsed()
        );
        pause(Duration::from_millis(500));
    }
}

/// How many keys have exactly a second version.
fn rotated(client: &mut Client) -> anyhow::Result<u64> {
    let (mut rotated, mut after) = (0, String::from("r"));
    loop {
        let page = client.get(&format!("/v1/keys?prefix=r&limit=1000&after={after}"))?;
        ensure!(page.is_done(), "the list of keys: {}", page.shown());
        let keys = page.body["keys"].as_array().cloned().unwrap_or_default();
        rotated += keys.iter().filter(|key| key["primary"] == 2).count() as u64;
        match page.body["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return Ok(rotated),
        }
    }
}
