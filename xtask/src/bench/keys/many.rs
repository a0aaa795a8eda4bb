//! What takes many keys, or none: memory, start, lookups, rotation under load.
//! Each is measured once: filling a store takes longer than its figures vary.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::super::measure::clock;
use super::super::process::{Process, pause};
use super::custody;
use super::service::{Cores, PORT, Place, Service};
use super::{Sample, Subject};

/// Where `up` listens besides the API.
const UP_PORT: u16 = 19_510;

fn sample(figure: impl Into<String>, value: f64) -> Sample {
    Sample::new(Subject::Hybridge, figure, value)
}

/// Resident memory of fresh processes that have settled.
pub(super) fn idle(place: &Place) -> anyhow::Result<Vec<Sample>> {
    let service = Service::fresh(place, Cores::Together)?;
    pause(Duration::from_secs(3));
    let serve = mebibytes(service.process()?.resident());
    drop(service);
    let folder = place.folder()?;
    let data = folder.path().join("data").to_string_lossy().into_owned();
    let (listen, api) = (format!("127.0.0.1:{UP_PORT}"), format!("127.0.0.1:{PORT}"));
    let binary = place.binary.to_string_lossy();
    let command = [
        &*binary, "up", "--data", &data, "--listen", &listen, "--api", &api,
    ];
    let mut up = Process::start_on(&Cores::Together.server(), &command)?;
    up.wait_for(UP_PORT).context("hybridge up did not start")?;
    pause(Duration::from_secs(3));
    Ok(vec![
        sample("idle serve, resident MiB", serve),
        sample("idle up, resident MiB", mebibytes(up.resident())),
    ])
}

/// Fills a store, then looks at start, lookups, memory and, if wanted, backup and restore.
pub(super) fn filled(place: &Place, keys: u64, restore: bool) -> anyhow::Result<Vec<Sample>> {
    let mut service = Service::fresh(place, Cores::Together)?;
    let mut samples = vec![fill(&service, "many/", keys, "AES-256-GCM")?];
    let with = |words: &str| format!("{keys} keys: {words}");
    samples.push(sample(
        with("resident MiB after the fill"),
        mebibytes(service.process()?.resident()),
    ));
    service.stop();
    samples.push(sample(
        with("start to the first answered lookup ms"),
        restarted(&mut service)?,
    ));
    samples.push(sample(
        with("resident MiB after the start"),
        mebibytes(service.process()?.resident()),
    ));
    samples.push(sample(with("database MiB"), database_mebibytes(&service)?));
    let count = keys.to_string();
    let show = [
        "--operation",
        "show",
        "--prefix",
        "many/",
        "--keys",
        &count,
        "--duration",
        "5s",
    ];
    for (words, clients, rate) in [
        ("lookup, 1 client", "1", None),
        ("lookup, 64 clients at 1000/s", "64", Some("1000")),
        ("lookup, 64 clients, closed loop", "64", None),
    ] {
        let pace = rate.map_or_else(Vec::new, |rate| vec!["--rate", rate]);
        let load = service
            .load(&[&show[..], &["--clients", clients], &pace].concat())?
            .flawless()?;
        for (name, field, scale) in [
            ("p50 ms", "p50_us", 0.001),
            ("p99 ms", "p99_us", 0.001),
            ("lookups/s", "requests_per_second", 1.0),
        ] {
            samples.push(sample(
                with(&format!("{words}, {name}")),
                load.number(field)? * scale,
            ));
        }
    }
    samples.push(sample(
        with("resident MiB after the lookups"),
        mebibytes(service.process()?.resident()),
    ));
    if restore {
        samples.extend(custody::restore(&service, keys)?);
    }
    Ok(samples)
}

/// Makes keys of a prefix, numbered from 0, as fast as it goes.
fn fill(service: &Service<'_>, prefix: &str, keys: u64, algorithm: &str) -> anyhow::Result<Sample> {
    crate::say(&format!("filling with {keys} {algorithm} keys"));
    let count = keys.to_string();
    let load = service
        .load(&[
            "--operation",
            "create",
            "--algorithm",
            algorithm,
            "--prefix",
            prefix,
            "--count",
            &count,
            "--clients",
            "256",
            "--duration",
            "3600s",
        ])?
        .flawless()?;
    Ok(sample(
        format!("{keys} keys: {algorithm} keys made/s, 256 clients"),
        load.number("requests_per_second")?,
    ))
}

/// From the start of the process to the first lookup that is answered, in milliseconds.
fn restarted(service: &mut Service<'_>) -> anyhow::Result<f64> {
    let fields = service.authorization()?;
    let began = clock();
    service.start()?;
    while !service.has("many%2F7", &fields) {
        if clock().duration_since(began) > Duration::from_secs(60) {
            bail!("no lookup was answered for a minute");
        }
        pause(Duration::from_millis(5));
    }
    Ok(clock().duration_since(began).as_secs_f64() * 1000.0)
}

/// Rotates every key while their old ciphertexts are decapsulated all the time.
pub(super) fn rotation(place: &Place, keys: u64) -> anyhow::Result<Vec<Sample>> {
    /// Of these the load has ciphertexts, made before the rotation.
    const LOADED: u64 = 1000;
    let service = Service::fresh(place, Cores::Together)?;
    fill(&service, "rotated/", keys, "X-Wing")?;
    let (count, loaded) = (keys.to_string(), keys.min(LOADED).to_string());
    let load = service.background(&[
        "--operation",
        "decapsulate",
        "--prefix",
        "rotated/",
        "--keys",
        &loaded,
        "--clients",
        "16",
        "--duration",
        "3600s",
    ])?;
    // The load makes its ciphertexts first.
    pause(Duration::from_secs(8));
    let rotated = service.load(&[
        "--operation",
        "rotate",
        "--prefix",
        "rotated/",
        "--keys",
        &count,
        "--count",
        &count,
        "--clients",
        "8",
        "--duration",
        "3600s",
    ])?;
    let load = load.stop()?.flawless().context("under rotation")?;
    let rotated = rotated.flawless()?;
    Ok(vec![
        sample(
            format!("rotation of {keys} X-Wing keys under load, s"),
            rotated.number("seconds")?,
        ),
        sample(
            format!("rotation of {keys} X-Wing keys: decapsulations meanwhile, none failed"),
            load.number("requests")?,
        ),
        sample(
            format!("rotation of {keys} X-Wing keys: decapsulation p99 ms"),
            load.number("p99_us")? / 1000.0,
        ),
    ])
}

fn database_mebibytes(service: &Service<'_>) -> anyhow::Result<f64> {
    let bytes = fs::metadata(service.path("data/keys.db"))?.len();
    Ok(mebibytes(bytes))
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a machine are far below 2^53")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
