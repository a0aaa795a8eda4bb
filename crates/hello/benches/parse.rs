//! What a proxy does with every first flight: find the hello, read it, take both fingerprints.
//! Flights are those of real clients; what a run gives goes to `docs/benchmarks.md`, not here.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hybridge_hello::{
    ClientHello, Located, Locator, Progress, ProtocolVersion, RecordTap, ServerHello, fingerprints,
    locate_client_hello, records,
};

const FLIGHTS: [(&str, &[u8]); 3] = [
    ("chromium", include_bytes!("../vectors/clients/chromium-156.bin")),
    (
        "openssl-3.5",
        include_bytes!("../vectors/clients/openssl-3.5.bin"),
    ),
    ("node-20", include_bytes!("../vectors/clients/node-20.bin")),
];

fn locate<'a>(flight: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Located<'a>> {
    match locate_client_hello(flight, scratch) {
        Progress::Complete(located) => Some(located),
        _ => None,
    }
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("client_hello");
    for (name, flight) in FLIGHTS {
        let mut scratch = Vec::new();
        let message = locate(flight, &mut scratch)
            .map(|located| located.message.to_vec())
            .unwrap_or_default();
        group.bench_function(format!("locate/{name}"), |b| {
            b.iter(|| locate(black_box(flight), &mut scratch).map(|located| located.consumed));
        });
        group.bench_function(format!("parse/{name}"), |b| {
            b.iter(|| ClientHello::parse(black_box(&message)));
        });
        group.bench_function(format!("parse+fingerprints/{name}"), |b| {
            b.iter(|| ClientHello::parse(black_box(&message)).map(|hello| fingerprints(&hello)));
        });
    }
    group.finish();
}

fn one_byte_at_a_time(c: &mut Criterion) {
    let flight = records(&FLIGHTS[0].1[5..], 1, ProtocolVersion::TLS_1_0);
    c.bench_function("locate/1-byte records in 1-byte segments", |b| {
        b.iter(|| {
            let mut locator = Locator::default();
            let mut scratch = Vec::new();
            let complete = |length: &usize| {
                matches!(
                    locator.advance(&flight[..*length], &mut scratch),
                    Progress::Complete(_)
                )
            };
            (0..=flight.len()).find(complete)
        });
    });
}

fn watching(c: &mut Criterion) {
    let server: &[u8] = include_bytes!("../vectors/transcripts/tls13.server.bin");
    c.bench_function("tap/tls13 server direction", |b| {
        b.iter_batched_ref(
            RecordTap::new,
            |tap| {
                let mut events = 0;
                tap.push(black_box(server), |_| events += 1);
                events
            },
            BatchSize::SmallInput,
        );
    });
    let message = &server[5..5 + 1210];
    c.bench_function("server_hello/parse", |b| {
        b.iter(|| ServerHello::parse(black_box(message)));
    });
}

criterion_group!(benches, reading, one_byte_at_a_time, watching);
criterion_main!(benches);
