//! Tests of the restore: from a service with keys of each kind, through a backup, into an empty folder.
//! What was destroyed on the way must stay so.

#![expect(
    clippy::disallowed_methods,
    reason = "a test's own folder, and damage need not be written safely"
)]

mod powers;
mod scale;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hybridge_store::{Options, Store, Transaction, Write};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::backup::destination::Content;
use crate::backup::tests::{Fixture, at, signer};
use crate::change::Destroy;
use crate::recipient::{Cost, Passphrase};
use crate::record::{VERSION, read_version, version_id, write_version};
use crate::seal::{NewHolder, Offer, Root, Secret, Step, Unsealing};
use crate::{Config, Keys, NewKey, Purpose, State};

fn name(text: &str) -> KeyName {
    KeyName::parse(text).expect("a name")
}

fn caller() -> Caller {
    Caller::service("test")
}

/// A service with keys, and its folder of backups.
struct Origin {
    fixture: Fixture,
    keys: Keys,
}

const DAY: i64 = 24 * 3600;

impl Origin {
    async fn new(keys: usize) -> Self {
        let fixture = Fixture::new();
        let config = Config::new(fixture.folder.path().to_owned());
        let origin = Self {
            keys: Keys::over(fixture.store.clone(), config),
            fixture,
        };
        for number in 0..keys {
            let purpose = [Purpose::Kem, Purpose::Sign, Purpose::Encrypt, Purpose::Mac][number % 4];
            let new = NewKey::for_purpose(purpose);
            origin
                .keys
                .create(&caller(), &name(&format!("key-{number}")), &new, at(0))
                .await
                .expect("made");
        }
        origin
    }

    async fn back_up(&self, second: i64) -> Name {
        self.fixture
            .create(&self.fixture.directory, at(second))
            .await
            .name
    }

    /// Destroys a key and lets its window pass.
    async fn destroy(&self, key: &str) {
        let wait = Some(Duration::from_secs(DAY.unsigned_abs()));
        let destroy = Destroy { version: None, wait };
        self.keys
            .destroy(&caller(), &name(key), destroy, at(10))
            .await
            .expect("announced");
        let reaped = self.keys.reap(at(10 + 2 * DAY), 10).await.expect("reaped");
        assert!(
            reaped
                .iter()
                .any(|reaped| reaped.name == name(key) && reaped.result.is_ok()),
            "{reaped:?}"
        );
    }

    async fn restore(&self, backup: &Name, target: &Target) -> Result<Restored, RestoreError> {
        restore(self.request(backup, target, &Protector::KeyFile), |_| Ok(())).await
    }

    fn request<'a>(&'a self, backup: &'a Name, target: &'a Target, protector: &'a Protector) -> Request<'a> {
        Request {
            destination: &self.fixture.directory,
            name: backup,
            known: None,
            unlock: self.fixture.unlock(),
            folder: target.folder.path(),
            ignored: &["lock"],
            database: target.database(),
            witnesses: Vec::new(),
            protector,
            newer: Vec::new(),
            caller: &target.caller,
            now: at(3 * DAY),
            elapsed: Arc::new(|| Duration::from_secs(1)),
        }
    }
}

struct Target {
    folder: TempDir,
    caller: Caller,
}

impl Target {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            caller: caller(),
        }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("keys.db")
    }
}

fn service(restored: &Restored, target: &Target) -> Keys {
    Keys::over(
        restored.store.clone(),
        Config::new(target.folder.path().to_owned()),
    )
}

#[tokio::test]
async fn a_restore_brings_every_key_back_and_proves_it() {
    let origin = Origin::new(8).await;
    let backup = origin.back_up(1).await;
    let target = Target::new();
    let restored = origin.restore(&backup, &target).await.expect("restored");
    assert!(restored.proof.is_complete(), "{:?}", restored.proof);
    assert_eq!((restored.proof.keys, restored.proof.canaries_opened), (8, 8));
    assert_eq!(restored.proof.head, restored.store.head());
    assert!(
        restored
            .proof
            .to_string()
            .starts_with("8 keys, 8 canaries opened, log head 9 ")
    );
    for number in 0..8 {
        let key = name(&format!("key-{number}"));
        let (before, after) = (&origin.fixture.store, &restored.store);
        let id = version_id(VERSION, &key, 1);
        let read = |store: &Store| store.read(&id).expect("opens").expect("there");
        assert!(read(before) == read(after), "{key}");
    }
}

#[tokio::test]
async fn a_restored_store_opens_again_with_its_new_key_file_and_not_with_an_old_epoch() {
    let origin = Origin::new(2).await;
    let backup = origin.back_up(1).await;
    let target = Target::new();
    let restored = origin.restore(&backup, &target).await.expect("restored");
    assert!(restored.unsealed.keyring().current() > origin.fixture.keyring().current());
    restored.store.close().expect("closed");
    let store = Store::open(&target.database(), Options::default()).expect("opens");
    let root = Root::parse(&store.root().expect("readable").expect("there")).expect("parses");
    let file = key_file::load(&target.folder.path().join(key_file::NAME))
        .expect("readable")
        .expect("there");
    let step = Unsealing::new(root)
        .offer(Offer::KeyFile(Secret(&file)))
        .expect("opens");
    assert!(matches!(step, Step::Unsealed(_)));
}

#[tokio::test]
async fn a_folder_with_anything_in_it_is_refused_and_nothing_is_written() {
    let origin = Origin::new(1).await;
    let backup = origin.back_up(1).await;
    let target = Target::new();
    std::fs::write(target.folder.path().join("lock"), "").expect("written");
    std::fs::write(target.folder.path().join("keys.db"), "").expect("written");
    let refused = origin.restore(&backup, &target).await;
    assert!(
        matches!(&refused, Err(RestoreError::NotEmpty { found, .. }) if found == "keys.db"),
        "{refused:?}"
    );
    assert_eq!(std::fs::metadata(target.database()).expect("there").len(), 0);
}

#[tokio::test]
async fn what_was_destroyed_after_the_backup_stays_destroyed_where_a_later_backup_is_reached() {
    let origin = Origin::new(4).await;
    let before = origin.back_up(1).await;
    origin.destroy("key-1").await;
    let after = origin.back_up(2).await;
    let target = Target::new();
    let restored = origin.restore(&before, &target).await.expect("restored");
    assert!(restored.newer.applied >= 2, "{:?}", restored.newer);
    assert_eq!(restored.newer.reached[0].0, after.to_string());
    assert!(!restored.newer.is_unknown());
    assert_eq!((restored.proof.keys, restored.proof.destroyed), (3, 1));

    let id = version_id(VERSION, &name("key-1"), 1);
    let record = restored.store.read(&id).expect("opens").expect("there");
    assert!(
        read_version(&id, &record.value)
            .expect("its record")
            .secret
            .is_empty()
    );
    let keys = service(&restored, &target);
    let loaded = keys.loaded(&name("key-1")).expect("there");
    assert!(loaded.key.destroyed.is_some());
    let signed = crate::tests::code(keys.stored(&name("key-1"), 1).map(|stored| stored.number));
    assert_eq!(signed, "state", "{:?}", State::Destroyed);
    let again = keys
        .create(
            &caller(),
            &name("key-1"),
            &NewKey::for_purpose(Purpose::Sign),
            at(4 * DAY),
        )
        .await;
    assert_eq!(crate::tests::code(again), "exists");
}

#[tokio::test]
async fn a_restore_says_when_no_later_tombstones_were_reached() {
    let origin = Origin::new(1).await;
    let backup = origin.back_up(1).await;
    let restored = origin.restore(&backup, &Target::new()).await.expect("restored");
    assert!(restored.newer.is_unknown());
    assert_eq!(restored.newer.applied, 0);
}

#[tokio::test]
async fn a_later_backup_that_does_not_verify_is_named_as_not_reached() {
    let origin = Origin::new(4).await;
    let before = origin.back_up(1).await;
    origin.destroy("key-1").await;
    let after = origin.back_up(2).await;
    let path = origin
        .fixture
        .folder
        .path()
        .join("backups")
        .join(after.container());
    let mut bytes = std::fs::read(&path).expect("read");
    *bytes.last_mut().expect("not empty") ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let restored = origin.restore(&before, &Target::new()).await.expect("restored");
    assert!(restored.newer.is_unknown());
    assert_eq!(restored.newer.unreached[0].0, after.to_string());
    assert_eq!(restored.proof.destroyed, 0);
}

#[tokio::test]
async fn an_old_database_is_a_source_of_tombstones_although_it_stays_sealed() {
    let origin = Origin::new(4).await;
    let before = origin.back_up(1).await;
    origin.destroy("key-2").await;
    let database = origin.fixture.store.path().to_owned();
    let Origin { fixture, keys } = origin;
    drop(keys);
    fixture.store.clone().close().expect("closed");
    let target = Target::new();
    let request = Request {
        destination: &fixture.directory,
        name: &before,
        known: None,
        unlock: fixture.unlock(),
        folder: target.folder.path(),
        ignored: &[],
        database: target.database(),
        witnesses: Vec::new(),
        protector: &Protector::KeyFile,
        newer: vec![
            Source::Database(database),
            Source::Database("/nowhere/keys.db".into()),
        ],
        caller: &target.caller,
        now: at(3 * DAY),
        elapsed: Arc::new(|| Duration::ZERO),
    };
    let restored = restore(request, |_| Ok(())).await.expect("restored");
    assert!(restored.newer.applied >= 2);
    assert_eq!(restored.newer.reached.len(), 1);
    assert_eq!(
        restored.newer.unreached,
        [("/nowhere/keys.db".to_owned(), "there is no such file".to_owned())]
    );
    assert_eq!(restored.proof.destroyed, 1);
}

#[tokio::test]
async fn a_canary_that_does_not_open_is_named() {
    let origin = Origin::new(2).await;
    let id = version_id(VERSION, &name("key-0"), 1);
    let record = origin.fixture.store.read(&id).expect("opens").expect("there");
    let mut stored = read_version(&id, &record.value).expect("its record");
    stored.secret[0] ^= 1;
    let writes = vec![Write::Put(id, write_version(&stored).expect("written"))];
    let transaction = Transaction {
        writes,
        ..Transaction::default()
    };
    origin
        .fixture
        .store
        .commit(transaction)
        .wait()
        .expect("committed");
    let backup = origin.back_up(1).await;
    let restored = origin.restore(&backup, &Target::new()).await.expect("restored");
    assert!(!restored.proof.is_complete());
    assert_eq!(restored.proof.failed, ["key-0"]);
    assert_eq!((restored.proof.keys, restored.proof.canaries_opened), (2, 1));
}

#[tokio::test]
async fn shares_are_delivered_before_anything_takes_effect() {
    let origin = Origin::new(1).await;
    let backup = origin.back_up(1).await;
    let holder = |name: &str| NewHolder {
        name: name.to_owned(),
        recipient: None,
    };
    let protector = Protector::Shares {
        threshold: 2,
        holders: vec![holder("Ada"), holder("Ben")],
    };
    let target = Target::new();
    let refused = restore(origin.request(&backup, &target, &protector), |_| {
        Err(io::Error::other("no printer"))
    })
    .await;
    assert!(matches!(refused, Err(RestoreError::Deliver(_))), "{refused:?}");
    assert!(!target.database().exists());

    let mut lines = Vec::new();
    let keep = |delivery: &Delivery| {
        let Delivery::Shares(shares) = delivery else {
            return Err(io::Error::other("no shares"));
        };
        lines = shares.iter().map(|share| share.expose().to_owned()).collect();
        Ok(())
    };
    let restored = restore(origin.request(&backup, &target, &protector), keep)
        .await
        .expect("restored");
    let mut unsealing = Unsealing::new(restored.unsealed.root().clone());
    unsealing.offer(Offer::Share(Secret(&lines[0]))).expect("counted");
    assert!(matches!(
        unsealing.offer(Offer::Share(Secret(&lines[1]))),
        Ok(Step::Unsealed(_))
    ));
    assert!(!target.folder.path().join(key_file::NAME).exists());
}

#[tokio::test]
async fn a_witness_that_has_seen_more_is_reported_and_does_not_stop_a_restore() {
    let origin = Origin::new(1).await;
    let backup = origin.back_up(1).await;
    let witness = origin.fixture.folder.path().join("witness");
    let database = origin.fixture.store.path().to_owned();
    origin.fixture.store.clone().close().expect("closed");
    let options = Options {
        witness: vec![witness.clone()],
        accept_rollback: false,
    };
    let store = Store::open(&database, options).expect("opens");
    let transaction = Transaction {
        entries: vec![b"{}".to_vec()],
        ..Transaction::default()
    };
    store.commit(transaction).wait().expect("committed");
    store.close().expect("closed");
    let target = Target::new();
    let mut request = origin.request(&backup, &target, &Protector::KeyFile);
    request.witnesses = vec![witness];
    let restored = restore(request, |_| Ok(())).await.expect("restored");
    assert_eq!(restored.witness.expect("it had seen more").head.sequence, 2);
}

#[tokio::test]
async fn a_passphrase_restores_and_a_wrong_one_writes_nothing() {
    let origin = Origin::new(1).await;
    let cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    let words = |words: &str| Passphrase::with_cost(Zeroizing::new(words.to_owned()), cost);
    let lock = crate::recipient::Lock::Passphrase(words("right"));
    let fixture = &origin.fixture;
    let request = crate::backup::Request {
        lock: &lock,
        signer: signer(),
        spool: fixture.folder.path(),
        sealing: 1,
        now: at(1),
    };
    let created =
        crate::backup::create(&fixture.store, fixture.keyring(), &fixture.directory, &request).await;
    let backup = created.expect("created").name;
    let target = Target::new();
    let mut request = origin.request(&backup, &target, &Protector::KeyFile);
    request.unlock = Unlock::Passphrase(words("wrong"));
    assert!(matches!(
        restore(request, |_| Ok(())).await,
        Err(RestoreError::Backup(BackupError::Open(_)))
    ));
    assert_eq!(
        std::fs::read_dir(target.folder.path()).expect("a folder").count(),
        0
    );
    let mut request = origin.request(&backup, &target, &Protector::KeyFile);
    request.unlock = Unlock::Passphrase(words("right"));
    assert!(
        restore(request, |_| Ok(()))
            .await
            .expect("restored")
            .proof
            .is_complete()
    );
}

#[tokio::test]
async fn a_restore_is_in_the_audit_log_of_what_it_restored() {
    let origin = Origin::new(1).await;
    let backup = origin.back_up(1).await;
    let restored = origin.restore(&backup, &Target::new()).await.expect("restored");
    let entries = restored
        .store
        .log(restored.store.head().sequence, 1)
        .expect("readable");
    let entry: serde_json::Value = serde_json::from_slice(&entries[0].bytes).expect("JSON");
    assert_eq!(
        (&entry["event"], &entry["newer"]),
        (&"backup.restore".into(), &"unknown".into())
    );
}

#[tokio::test]
async fn a_manifest_that_was_cut_short_restores_nothing() {
    let origin = Origin::new(1).await;
    let backup = origin.back_up(1).await;
    let folder = origin.fixture.folder.path().join("backups");
    let bytes = std::fs::read(folder.join(backup.manifest())).expect("read");
    std::fs::remove_file(folder.join(backup.manifest())).expect("removed");
    let cut = Content::Bytes(&bytes[..bytes.len() - 40]);
    origin
        .fixture
        .directory
        .put(&backup.manifest(), cut)
        .await
        .expect("put");
    let target = Target::new();
    assert!(matches!(
        origin.restore(&backup, &target).await,
        Err(RestoreError::Backup(BackupError::Manifest(_)))
    ));
    assert!(!target.database().exists());
}
