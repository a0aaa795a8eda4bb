//! Tests of backups over a real store and real keys; the fixture is also that of the restore.
//! Each writes into a folder of its own.

#![expect(
    clippy::disallowed_methods,
    reason = "a test's own folder, and damage need not be written safely"
)]

use std::path::Path;
use std::sync::{Arc, OnceLock};

use hybridge_crypto::{Algorithm, sign};
use hybridge_store::{Id, Keyring, Options, Store, Table, Transaction, Write};
use jiff::Timestamp;
use object_store::memory::InMemory;
use tempfile::TempDir;

use super::*;
use crate::recipient::{Identity, Lock, OpenError};
use crate::record::TOMBSTONE;

const TABLE: Table = Table("key");

/// A store in a folder, a signer, an identity, and a folder of backups.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    pub(crate) keyring: Vec<u8>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) directory: Directory,
}

pub(crate) fn signer() -> &'static sign::PrivateKey {
    static KEY: OnceLock<sign::PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| sign::PrivateKey::generate(named("MLDSA65-Ed25519-SHA512")).expect("a key"))
}

pub(crate) fn named(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect("in the table")
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("store"), Options::default()).expect("opens");
        let keyring = Keyring::generate().expect("a keyring");
        let bytes = keyring.to_bytes().to_vec();
        store.unseal(keyring);
        Self {
            directory: Directory::open(&folder.path().join("backups")).expect("a folder"),
            identity: Arc::new(Identity::generate(named("X-Wing")).expect("an identity")),
            keyring: bytes,
            folder,
            store,
        }
    }

    pub(crate) fn put(&self, table: Table, key: &[u8], value: &[u8]) {
        let transaction = Transaction {
            writes: vec![Write::Put(Id::new(table, key), value.to_vec().into())],
            entries: vec![format!("{{\"put\":{}}}", value.len()).into_bytes()],
            ..Transaction::default()
        };
        self.store.commit(transaction).wait().expect("committed");
    }

    pub(crate) fn keyring(&self) -> Keyring {
        Keyring::from_bytes(&self.keyring).expect("its own bytes")
    }

    pub(crate) fn lock(&self) -> Lock {
        Lock::Recipients(vec![self.identity.recipient()])
    }

    pub(crate) fn unlock(&self) -> Unlock {
        Unlock::Identity(self.identity.clone())
    }

    pub(crate) async fn create(&self, destination: &dyn Destination, now: Timestamp) -> Created {
        let lock = self.lock();
        let request = Request {
            lock: &lock,
            signer: signer(),
            spool: self.folder.path(),
            sealing: 1,
            now,
        };
        create(&self.store, self.keyring(), destination, &request)
            .await
            .expect("created")
    }

    async fn verify(&self, name: &Name, unlock: Option<Unlock>) -> Result<Report, BackupError> {
        verify(
            &self.directory,
            name,
            Some(&Signer::of(signer())),
            unlock,
            self.folder.path(),
        )
        .await
    }

    fn container(&self, name: &Name) -> std::path::PathBuf {
        self.folder.path().join("backups").join(name.container())
    }
}

fn filled() -> Fixture {
    let fixture = Fixture::new();
    for key in 0..20_u8 {
        fixture.put(TABLE, &[b'k', key], &[key; 100]);
    }
    fixture.put(TOMBSTONE, b"gone", b"when");
    fixture
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_verifies_down_to_its_records() {
    let fixture = filled();
    let created = fixture.create(&fixture.directory, at(0)).await;
    let manifest = &created.manifest;
    assert_eq!(
        (
            manifest.rows,
            manifest.keys,
            manifest.tombstones.count,
            manifest.head.sequence
        ),
        (21, 20, 1, 21)
    );
    let report = fixture
        .verify(&created.name, Some(fixture.unlock()))
        .await
        .expect("verifies");
    assert_eq!((report.depth, report.signer_was_known), (Depth::Contents, true));
    let outside = fixture.verify(&created.name, None).await.expect("verifies");
    assert_eq!(outside.depth, Depth::Outside);
}

#[tokio::test]
async fn nothing_but_the_two_files_of_a_backup_is_left() {
    let fixture = filled();
    let name = fixture.create(&fixture.directory, at(0)).await.name;
    let folder = fixture.folder.path().join("backups");
    assert_eq!(names(&folder), [name.container(), name.manifest()]);
}

#[tokio::test]
async fn a_backup_of_one_moment_is_made_while_others_write() {
    let fixture = filled();
    let store = fixture.store.clone();
    let writing = tokio::task::spawn_blocking(move || {
        for round in 0..200_u32 {
            let key = round.to_be_bytes();
            let writes = [&b"a"[..], b"b"]
                .map(|side| Write::Put(Id::new(TABLE, [side, &key[..]].concat()), vec![1].into()));
            let transaction = Transaction {
                writes: writes.to_vec(),
                entries: vec![b"{}".to_vec()],
                ..Transaction::default()
            };
            store.commit(transaction).wait().expect("committed");
        }
    });
    for round in 0..5 {
        let created = fixture.create(&fixture.directory, at(round)).await;
        // Pairs were written together, so a consistent snapshot has an even number of them.
        assert_eq!((created.manifest.rows - 21) % 2, 0);
        assert_eq!(
            created.manifest.head.sequence,
            21 + (created.manifest.rows - 21) / 2
        );
        fixture
            .verify(&created.name, Some(fixture.unlock()))
            .await
            .expect("verifies");
    }
    writing.await.expect("written");
}

#[tokio::test]
async fn a_changed_container_is_found_without_opening_it() {
    let fixture = filled();
    let name = fixture.create(&fixture.directory, at(0)).await.name;
    let mut bytes = std::fs::read(fixture.container(&name)).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(fixture.container(&name), bytes).expect("written");
    let found = fixture.verify(&name, None).await;
    assert!(matches!(found, Err(BackupError::Mismatch { .. })), "{found:?}");
}

#[tokio::test]
async fn a_manifest_of_another_signer_is_refused() {
    let fixture = filled();
    let other = sign::PrivateKey::generate(named("MLDSA65-Ed25519-SHA512")).expect("a key");
    let lock = fixture.lock();
    let request = Request {
        lock: &lock,
        signer: &other,
        spool: fixture.folder.path(),
        sealing: 1,
        now: at(0),
    };
    let created = create(&fixture.store, fixture.keyring(), &fixture.directory, &request)
        .await
        .expect("created");
    let found = fixture.verify(&created.name, None).await;
    assert!(
        matches!(
            found,
            Err(BackupError::Manifest(ManifestError::OtherSigner { .. }))
        ),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_changed_manifest_is_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let fixture = filled();
    let name = fixture.create(&fixture.directory, at(0)).await.name;
    let path = fixture.folder.path().join("backups").join(name.manifest());
    let mut envelope: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).expect("read")).expect("JSON");
    let payload = STANDARD
        .decode(envelope["payload"].as_str().expect("text"))
        .expect("base64");
    let payload = String::from_utf8(payload)
        .expect("UTF-8")
        .replace("\"rows\":21", "\"rows\":20");
    envelope["payload"] = STANDARD.encode(payload).into();
    std::fs::write(&path, envelope.to_string()).expect("written");
    let found = fixture.verify(&name, None).await;
    assert!(
        matches!(found, Err(BackupError::Manifest(ManifestError::Signature(_)))),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_manifest_under_another_name_is_refused() {
    let fixture = filled();
    let (one, other) = (
        fixture.create(&fixture.directory, at(0)).await.name,
        fixture.create(&fixture.directory, at(1)).await.name,
    );
    let folder = fixture.folder.path().join("backups");
    std::fs::copy(folder.join(one.manifest()), folder.join(other.manifest())).expect("copied");
    let found = fixture.verify(&other, None).await;
    assert!(matches!(found, Err(BackupError::Mismatch { .. })), "{found:?}");
}

#[tokio::test]
async fn a_wrong_identity_or_passphrase_does_not_open_it() {
    let fixture = filled();
    let name = fixture.create(&fixture.directory, at(0)).await.name;
    let stranger = Arc::new(Identity::generate(named("X-Wing")).expect("an identity"));
    let found = fixture.verify(&name, Some(Unlock::Identity(stranger))).await;
    assert!(
        matches!(found, Err(BackupError::Open(OpenError::NotARecipient { .. }))),
        "{found:?}"
    );
    let words = crate::recipient::Passphrase::new("words".to_owned().into());
    let found = fixture.verify(&name, Some(Unlock::Passphrase(words))).await;
    assert!(
        matches!(found, Err(BackupError::Open(OpenError::NeedsIdentity))),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_keyring_that_does_not_open_every_row_makes_no_backup() {
    let fixture = filled();
    fixture
        .store
        .unseal(fixture.keyring().with_new_epoch().expect("a new epoch"));
    fixture.put(TABLE, b"newer", b"x");
    let lock = fixture.lock();
    let request = Request {
        lock: &lock,
        signer: signer(),
        spool: fixture.folder.path(),
        sealing: 1,
        now: at(0),
    };
    let found = create(&fixture.store, fixture.keyring(), &fixture.directory, &request).await;
    assert!(
        matches!(found, Err(BackupError::KeyringTooOld { epoch: 2 })),
        "{found:?}"
    );
    assert!(names(&fixture.folder.path().join("backups")).is_empty());
}

#[tokio::test]
async fn a_container_without_a_manifest_is_no_backup_and_one_without_its_container_is_told() {
    let fixture = filled();
    let (one, other) = (
        fixture.create(&fixture.directory, at(0)).await.name,
        fixture.create(&fixture.directory, at(1)).await.name,
    );
    let folder = fixture.folder.path().join("backups");
    std::fs::remove_file(folder.join(one.manifest())).expect("removed");
    std::fs::remove_file(folder.join(other.container())).expect("removed");
    let listed = list(&fixture.directory, Some(fixture.store.id()), None)
        .await
        .expect("listed");
    assert_eq!(listed.len(), 1);
    assert!(matches!(listed[0].manifest, Err(BackupError::Mismatch { .. })));
}

#[tokio::test]
async fn pruning_keeps_the_newest_that_verifies_and_deletes_the_old() {
    let fixture = filled();
    let mut made = Vec::new();
    for second in 0..4 {
        made.push(fixture.create(&fixture.directory, at(second)).await.name);
    }
    std::fs::write(fixture.container(&made[3]), b"short").expect("written");
    let keep = Keep {
        age: std::time::Duration::from_secs(60),
        at_least: 0,
    };
    let spool = fixture.folder.path();
    let known = Signer::of(signer());
    let pruned = prune(
        &fixture.directory,
        fixture.store.id(),
        Some(&known),
        (keep, at(3600)),
        spool,
    )
    .await
    .expect("pruned");
    assert_eq!(pruned.newest.as_ref(), Some(&made[2]));
    assert_eq!(pruned.deleted, made[..2]);
    let again = prune(
        &fixture.directory,
        fixture.store.id(),
        Some(&known),
        (keep, at(3600)),
        spool,
    )
    .await;
    assert!(again.expect("pruned").deleted.is_empty());
}

#[tokio::test]
async fn pruning_deletes_nothing_where_no_backup_verifies() {
    let fixture = filled();
    for second in 0..3 {
        let name = fixture.create(&fixture.directory, at(second)).await.name;
        let len = std::fs::metadata(fixture.container(&name)).expect("there").len();
        std::fs::write(
            fixture.container(&name),
            vec![0; usize::try_from(len).expect("small")],
        )
        .expect("written");
    }
    let keep = Keep {
        age: std::time::Duration::ZERO,
        at_least: 0,
    };
    let spool = fixture.folder.path();
    let pruned = prune(
        &fixture.directory,
        fixture.store.id(),
        None,
        (keep, at(3600)),
        spool,
    )
    .await
    .expect("pruned");
    assert_eq!((pruned.deleted.len(), pruned.kept, pruned.newest), (0, 3, None));
}

#[tokio::test]
async fn backups_are_a_witness_against_an_older_image() {
    let fixture = filled();
    let known = Signer::of(signer());
    let path = fixture.store.path().to_owned();
    let older = fixture.folder.path().join("older");
    let heard = testimony(&fixture.directory, &fixture.store, &known)
        .await
        .expect("heard");
    assert_eq!(heard, Testimony::Silent);
    fixture.store.clone().close().expect("closed");
    std::fs::copy(&path, &older).expect("copied");

    let store = Store::open(&path, Options::default()).expect("opens");
    store.unseal(fixture.keyring());
    let fixture = Fixture { store, ..fixture };
    fixture.put(TABLE, b"later", b"x");
    let newest = fixture.create(&fixture.directory, at(0)).await.name;
    let heard = testimony(&fixture.directory, &fixture.store, &known)
        .await
        .expect("heard");
    assert_eq!(
        heard,
        Testimony::Agrees {
            newest: newest.clone()
        }
    );

    let back = Store::open(&older, Options::default()).expect("opens");
    let heard = testimony(&fixture.directory, &back, &known).await.expect("heard");
    assert_eq!(
        heard,
        Testimony::RolledBack {
            newest: newest.clone(),
            theirs: 22,
            ours: 21
        }
    );
    back.unseal(fixture.keyring());
    let transaction = Transaction {
        entries: vec![b"{}".to_vec()],
        ..Transaction::default()
    };
    back.commit(transaction).wait().expect("committed");
    let heard = testimony(&fixture.directory, &back, &known).await.expect("heard");
    assert_eq!(heard, Testimony::OtherHistory { newest, sequence: 22 });
}

#[tokio::test]
async fn what_a_killed_backup_left_goes_after_a_day() {
    let fixture = filled();
    let folder = fixture.folder.path().join("backups");
    let of = |store| folder.join(format!(".{}.partial", Name::new(store, at(0)).container()));
    let (ours, foreign) = (of(fixture.store.id()), of(hybridge_store::StoreId([0xff; 16])));
    std::fs::write(&ours, "half").expect("written");
    std::fs::write(&foreign, "half").expect("written");
    let written = std::fs::metadata(&ours)
        .and_then(|found| found.modified())
        .expect("there");
    let written = Timestamp::try_from(written).expect("a time");
    let after = |hours| written + jiff::SignedDuration::from_hours(hours);
    fixture.create(&fixture.directory, after(23)).await;
    assert!(ours.exists());
    fixture.create(&fixture.directory, after(25)).await;
    assert!(!ours.exists() && foreign.exists());
}

#[tokio::test]
async fn a_backup_goes_to_a_bucket_and_verifies_there() {
    let fixture = filled();
    let bucket = Bucket::over(Arc::new(InMemory::new()), "", "memory".to_owned());
    let name = fixture.create(&bucket, at(0)).await.name;
    let report = verify(
        &bucket,
        &name,
        None,
        Some(fixture.unlock()),
        fixture.folder.path(),
    )
    .await;
    let report = report.expect("verifies");
    assert_eq!((report.depth, report.signer_was_known), (Depth::Contents, false));
    let left = names(fixture.folder.path());
    assert!(left.iter().all(|name| !name.starts_with('.')), "{left:?}");
}
