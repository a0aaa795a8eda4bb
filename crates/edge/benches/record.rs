//! What the telemetry costs a core for each handshake: counting the record and handing it over.
//!
//! `core` is what the core does; the ring is emptied between batches, so that no record is dropped.
//! `recorder` is what the control thread does for each record, with the client register behind it.

use std::hint::black_box;
use std::net::Ipv4Addr;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hybridge_edge::arms::Arm;
use hybridge_edge::counters::RouteCounters;
use hybridge_edge::handshake::{Groups, Handshake, Negotiated, Offered, Outcome, RouteId, Side, SniClass};
use hybridge_edge::prefix::Prefix;
use hybridge_edge::recorder::{self, Recording};
use hybridge_edge::register::Clients;
use hybridge_hello::{CipherSuite, ClientHello, ClientHelloBuilder, Ja4, NamedGroup, ProtocolVersion};
use hybridge_hello::{SignatureScheme, fingerprints};
use hybridge_policy::Rung;

/// Records per iteration where a ring is involved.
const BATCH: u32 = 1000;

fn fingerprint() -> (Ja4, Ja4) {
    let hello = ClientHelloBuilder::new([7; 32]).cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let bytes = hello.build().expect("the hello is complete");
    fingerprints(&ClientHello::parse(&bytes).expect("what we build we can read"))
}

fn handshake(fingerprints: (Ja4, Ja4), client: u32) -> Handshake {
    let groups = [NamedGroup::X25519MLKEM768, NamedGroup::x25519];
    Handshake {
        at_us: 1_795_256_100_000_000 + i64::from(client),
        route: RouteId(0),
        side: Side::Downstream,
        arm: Some(if client.is_multiple_of(3) {
            Arm::Canary
        } else {
            Arm::Control
        }),
        rung: Some(Rung::Upgrade),
        client: Prefix::of(Ipv4Addr::from(client << 8).into()),
        offered: Some(Offered {
            groups: Groups::collect(groups.into_iter()),
            shares: Groups::collect(groups.into_iter()),
            version: ProtocolVersion::TLS_1_3,
            sni: SniClass::Known,
            fingerprints: Some(fingerprints),
            can_post_quantum: true,
            shares_post_quantum: true,
            hello_bytes: 1736,
            segments: 2,
            records: 1,
        }),
        negotiated: Negotiated {
            group: Some(NamedGroup::X25519MLKEM768),
            version: Some(ProtocolVersion::TLS_1_3),
            suite: Some(CipherSuite::TLS_AES_128_GCM_SHA256),
            scheme: Some(SignatureScheme::ecdsa_secp256r1_sha256),
            retry: false,
            resumed: false,
        },
        outcome: Outcome::Success,
        alert: None,
        hello_us: 300 + client % 1000,
        finished_us: 1400 + client % 5000,
    }
}

fn on_core(criterion: &mut Criterion) {
    let handshakes: Vec<Handshake> = (0..1024).map(|n| handshake(fingerprint(), n)).collect();
    let counters = RouteCounters::new(1);
    let mut group = criterion.benchmark_group("core");
    group.throughput(Throughput::Elements(1));
    let mut turn = handshakes.iter().cycle();
    group.bench_function("record", |bencher| {
        bencher.iter(|| {
            counters
                .on_core(0)
                .record(black_box(turn.next().expect("a cycle has no end")));
        });
    });
    group.throughput(Throughput::Elements(u64::from(BATCH)));
    let (mut recordings, mut recorder) = recorder::ring(1, 8192);
    let recent = recorder.recent();
    group.bench_function("record_and_push_1000", |bencher| {
        let record = |_: usize| {
            for handshake in turn.by_ref().take(BATCH as usize) {
                counters.on_core(0).record(black_box(handshake));
                recordings[0].push(*handshake);
            }
        };
        bencher.iter_batched(|| recorder.drain(), record, BatchSize::PerIteration);
    });
    assert_eq!(
        recent.dropped(),
        0,
        "a full ring is cheaper than what is to be measured"
    );
    group.finish();
}

fn on_control_thread(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("recorder");
    group.throughput(Throughput::Elements(u64::from(BATCH)));
    for (name, networks) in [
        ("few_clients", 100),
        ("full_register", 4096),
        ("ever_new_clients", u32::MAX),
    ] {
        let fingerprints = fingerprint();
        let (mut recordings, recorder) = recorder::ring(1, 8192);
        let mut recorder = recorder.feeding(Clients::in_memory(4096));
        let mut client: u32 = 0;
        let mut fill = |recording: &mut Recording| {
            for _ in 0..BATCH {
                client = client.wrapping_add(1);
                recording.push(handshake(fingerprints, (client % networks) & 0xff_ffff));
            }
        };
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || fill(&mut recordings[0]),
                |()| recorder.drain(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, on_core, on_control_thread);
criterion_main!(benches);
