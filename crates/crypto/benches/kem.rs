//! What stored keys cost beside the provider's own calls: `provider` is the same mathematics with nothing around.
//!
//! X-Wing decapsulation may cost little more than the sum of its three parts.

use std::hint::black_box;

use aws_lc_rs::{agreement, digest, kem as provider};
use criterion::{Criterion, criterion_group, criterion_main};
use hybridge_crypto::kem::{self, PrivateKey};

/// ML-KEM-768, X25519 and SHA3-256, each alone.
fn parts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("provider");
    let key = provider::DecapsulationKey::generate(&provider::ML_KEM_768).expect("generator");
    let public = key.encapsulation_key().expect("its own public key");
    let (ciphertext, _) = public.encapsulate().expect("its own public key");
    group.bench_function("ML-KEM-768 decapsulate", |bencher| {
        bencher.iter(|| key.decapsulate(black_box(ciphertext.as_ref()).into()));
    });

    let [ours, theirs] =
        [(), ()].map(|()| agreement::PrivateKey::generate(&agreement::X25519).expect("generator"));
    let share = theirs.compute_public_key().expect("its own public key");
    group.bench_function("X25519 agree", |bencher| {
        bencher.iter(|| {
            let peer = agreement::UnparsedPublicKey::new(&agreement::X25519, black_box(share.as_ref()));
            agreement::agree(&ours, peer, (), |secret| Ok(secret[0]))
        });
    });

    group.bench_function("SHA3-256 of 134 bytes", |bencher| {
        bencher.iter(|| digest::digest(&digest::SHA3_256, black_box(&[7; 134])));
    });
    group.finish();
}

/// Every KEM: a key made, read, encapsulated to, and used.
fn stored_keys(criterion: &mut Criterion) {
    for algorithm in kem::algorithms() {
        let mut group = criterion.benchmark_group(algorithm.name);
        let key = PrivateKey::generate(algorithm).expect("generator");
        let (ciphertext, _) = kem::encapsulate(algorithm, key.public_key()).expect("its own public key");
        let stored = key.to_bytes();
        group.bench_function("generate", |bencher| {
            bencher.iter(|| PrivateKey::generate(algorithm));
        });
        group.bench_function("read", |bencher| {
            bencher.iter(|| PrivateKey::from_bytes(algorithm, black_box(&stored)));
        });
        group.bench_function("encapsulate", |bencher| {
            bencher.iter(|| kem::encapsulate(algorithm, black_box(key.public_key())));
        });
        group.bench_function("decapsulate", |bencher| {
            bencher.iter(|| key.decapsulate(black_box(&ciphertext)));
        });
        group.finish();
    }
}

criterion_group!(benches, parts, stored_keys);
criterion_main!(benches);
