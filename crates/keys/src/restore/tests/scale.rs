//! How long a restore takes with many keys. Run by hand: it takes about a minute.
//!
//! The keys are copies of one, because making 100,000 of them takes longer than restoring them.

use std::sync::Arc;
use std::time::Duration;

use hybridge_store::{Transaction, Write};

use super::super::restore;
use super::{Origin, Target, name};
use crate::Key;
use crate::record::{self, VERSION, version_id};
use crate::seal::Protector;

/// Measures, for `docs/backup.md`: `cargo test -p hybridge-keys --release -- --ignored a_hundred_thousand`.
#[tokio::test]
#[ignore = "a measurement of about a minute"]
async fn a_hundred_thousand_keys_are_restored_within_a_minute() {
    let origin = Origin::new(1).await;
    let (id, key) = {
        let found = origin.keys.loaded(&name("key-0")).expect("there");
        (version_id(VERSION, &name("key-0"), 1), found.key.clone())
    };
    let version = origin.fixture.store.read(&id).expect("opens").expect("there");
    for batch in 0..100 {
        let mut transaction = Transaction::default();
        for number in 0..1000 {
            let key = Key {
                name: name(&format!("copy-{batch}-{number}")),
                ..key.clone()
            };
            let value = record::write_key(&key).expect("written");
            transaction
                .writes
                .push(Write::Put(record::key_id(&key.name), value));
            transaction.writes.push(Write::Put(
                version_id(VERSION, &key.name, 1),
                version.value.clone(),
            ));
            transaction.entries.push(vec![b'x'; 250]);
        }
        origin
            .fixture
            .store
            .commit(transaction)
            .wait()
            .expect("committed");
    }
    let began = tokio::time::Instant::now();
    let backup = origin.back_up(1).await;
    println!("backup: {:?}", began.elapsed());
    let target = Target::new();
    let began = tokio::time::Instant::now();
    let mut request = origin.request(&backup, &target, &Protector::KeyFile);
    request.elapsed = Arc::new(move || began.elapsed());
    let restored = restore(request, |_| Ok(())).await.expect("restored");
    println!("{}", restored.proof);
    assert!(restored.proof.is_complete());
    assert!(restored.proof.took < Duration::from_secs(60));
}
