//! What operations cost, how many keys are made, and how long exchanges take.
//! Each sample is from a fresh service, so that no round meets what another left behind.

use anyhow::Context as _;
use serde_json::Value;

use super::service::{Cores, Load, Place, Service};
use super::{Sample, Subject};

/// Operations whose cost is compared: in words, the library's algorithm and operation, and the load's arguments.
const COMPARED: [(&str, &str, &str, &str); 2] = [
    ("ML-DSA-65 sign", "ML-DSA-65", "raw-sign", "sign"),
    ("X-Wing decapsulate", "X-Wing", "decapsulate", "decapsulate"),
];
/// The name of a figure that OpenBao has too.
pub(super) const ED25519: &str = "Ed25519 sign CPU us";
pub(super) const ECDSA: &str = "ECDSA P-256 sign CPU us";
pub(super) const ENCRYPT: &str = "AES-256-GCM encrypt CPU us";

/// CPU time of the bare library and of the service.
pub(super) fn costs(place: &Place, seconds: u64) -> anyhow::Result<Vec<Sample>> {
    let mut samples = library(place)?;
    let service = Service::fresh(place, Cores::Apart)?;
    for (words, algorithm, _, operation) in COMPARED {
        for batch in ["1", "32"] {
            let load = cost(
                &service,
                seconds,
                &[
                    "--operation",
                    operation,
                    "--algorithm",
                    algorithm,
                    "--batch",
                    batch,
                ],
            )?;
            samples.push(Sample::new(Subject::Hybridge, figure(words, batch), load.0));
            samples.push(Sample::new(
                Subject::Hybridge,
                format!("{words}, batch of {batch}, items/s"),
                load.1.number("items_per_second")?,
            ));
        }
    }
    for (figure, operation, algorithm) in [
        (ED25519, "sign", "Ed25519"),
        (ECDSA, "sign", "ECDSA-P256"),
        (ENCRYPT, "encrypt", "AES-256-GCM"),
    ] {
        let (cost, load) = cost(
            &service,
            seconds,
            &["--operation", operation, "--algorithm", algorithm],
        )?;
        samples.push(Sample::new(Subject::Hybridge, figure, cost));
        let rate = figure.replace("CPU us", "requests/s");
        samples.push(Sample::new(
            Subject::Hybridge,
            rate,
            load.number("requests_per_second")?,
        ));
    }
    Ok(samples)
}

fn figure(words: &str, batch: &str) -> String {
    match batch {
        "1" => format!("{words} CPU us"),
        _ => format!("{words}, batches of {batch}, CPU us"),
    }
}

fn library(place: &Place) -> anyhow::Result<Vec<Sample>> {
    let report = place.json(
        &Cores::Apart.server(),
        &["bench", "crypto", "--duration", "500ms"],
    )?;
    let mut samples = Vec::new();
    for (words, algorithm, operation, _) in COMPARED {
        let cost = cpu_us(&report, algorithm, operation)?;
        for batch in ["1", "32"] {
            samples.push(Sample::new(Subject::Library, figure(words, batch), cost));
        }
    }
    for (figure, algorithm, operation) in [
        ("ML-DSA-65 sign with its verification CPU us", "ML-DSA-65", "sign"),
        (ED25519, "Ed25519", "raw-sign"),
        (ENCRYPT, "AES-256-GCM", "seal"),
        ("X-Wing key CPU us", "X-Wing", "keygen"),
    ] {
        let cost = cpu_us(&report, algorithm, operation)?;
        samples.push(Sample::new(Subject::Library, figure, cost));
    }
    Ok(samples)
}

fn cpu_us(report: &Value, algorithm: &str, operation: &str) -> anyhow::Result<f64> {
    let rows = report["rows"].as_array().into_iter().flatten();
    let mut rows = rows.filter(|row| row["algorithm"] == algorithm && row["operation"] == operation);
    let found = rows.next().and_then(|row| row["cpu_us"].as_f64());
    found.with_context(|| format!("bench crypto reports no {operation} of {algorithm}"))
}

/// The server's CPU time for one item, in microseconds, with the load's own report.
fn cost(service: &Service<'_>, seconds: u64, arguments: &[&str]) -> anyhow::Result<(f64, Load)> {
    // Keys are made and connections opened in a short load first, with the same arguments.
    let duration = format!("{seconds}s");
    service.load(&[arguments, &["--duration", "300ms"]].concat())?;
    let before = service.process()?.cpu_s();
    let load = service
        .load(&[arguments, &["--duration", &duration]].concat())?
        .flawless()?;
    let spent = service.process()?.cpu_s() - before;
    Ok((spent * 1e6 / load.items()?, load))
}

/// Durable creations per second at 64 clients, and what one costs.
pub(super) fn creations(place: &Place, seconds: u64) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for algorithm in ["AES-256-GCM", "Ed25519", "X-Wing"] {
        for cores in [Cores::Together, Cores::Apart] {
            let service = Service::fresh(place, cores)?;
            let arguments = ["--operation", "create", "--algorithm", algorithm];
            let (cost, load) = cost(&service, seconds, &arguments)?;
            let mut push =
                |figure: String, value| samples.push(Sample::new(Subject::Hybridge, figure, value));
            match cores {
                Cores::Together => {
                    push(created(algorithm), load.number("requests_per_second")?);
                    push(
                        format!("{algorithm} creation p95 ms"),
                        load.number("p95_us")? / 1000.0,
                    );
                }
                Cores::Apart => push(format!("{algorithm} creation CPU us"), cost),
            }
        }
    }
    Ok(samples)
}

/// The name of a figure that OpenBao has too.
pub(super) fn created(algorithm: &str) -> String {
    format!("{algorithm} keys made/s")
}

/// Exchanges as fast as they go, and at a rate; the client's work is on the same cores.
pub(super) fn exchanges(place: &Place, seconds: u64, rate: u32) -> anyhow::Result<Vec<Sample>> {
    let duration = format!("{seconds}s");
    let at = rate.to_string();
    let closed = ["--operation", "exchange", "--duration", &duration];
    let open = [&closed[..], &["--rate", &at]].concat();
    let mut samples = Vec::new();
    for (words, arguments) in [
        ("closed loop".to_owned(), &closed[..]),
        (format!("{rate}/s"), &open[..]),
    ] {
        let service = Service::fresh(place, Cores::Together)?;
        service.load(&["--operation", "exchange", "--duration", "300ms"])?;
        let load = service.load(arguments)?.flawless()?;
        let mut push = |figure: String, name: &str, scale: f64| {
            let value = load.number(name)? * scale;
            samples.push(Sample::new(Subject::Hybridge, figure, value));
            anyhow::Ok(())
        };
        push(
            format!("exchange, 64 clients, {words}: exchanges/s"),
            "requests_per_second",
            1.0,
        )?;
        push(format!("exchange, 64 clients, {words}: p50 ms"), "p50_us", 0.001)?;
        push(format!("exchange, 64 clients, {words}: p95 ms"), "p95_us", 0.001)?;
        push(format!("exchange, 64 clients, {words}: p99 ms"), "p99_us", 0.001)?;
    }
    Ok(samples)
}
