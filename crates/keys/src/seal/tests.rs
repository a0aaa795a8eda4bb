//! Tests of the seal: what opens it, what does not and how that is said, and rekeys that are killed after
//! each of their steps, on a real store.

use hybridge_crypto::Algorithm;
use hybridge_store::{Id, Options, Store, StoreId, Table, Transaction, Write};
use zeroize::Zeroizing;

use super::*;
use crate::recipient::{Cost, Identity};

const STORE: StoreId = StoreId([7; 16]);

fn words(words: &str) -> Passphrase {
    let cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    Passphrase::with_cost(Zeroizing::new(words.to_owned()), cost)
}

fn holders(names: &[&str]) -> Vec<NewHolder> {
    let holder = |name: &&str| NewHolder {
        name: (*name).to_owned(),
        recipient: None,
    };
    names.iter().map(holder).collect()
}

fn two_of_three() -> Protector {
    Protector::Shares {
        threshold: 2,
        holders: holders(&["Ada", "Ben", "Cy"]),
    }
}

fn lines(prepared: &Prepared) -> Vec<String> {
    match prepared.delivery() {
        Delivery::Shares(shares) => shares.iter().map(|share| share.expose().to_owned()).collect(),
        other => panic!("{other:?}"),
    }
}

fn opened(step: Step) -> Unsealed {
    match step {
        Step::Unsealed(unsealed) => *unsealed,
        Step::Counted { .. } => panic!("{step:?}"),
    }
}

fn reread(prepared: &Prepared) -> Unsealing {
    Unsealing::new(Root::parse(&prepared.root().to_bytes()).expect("its own bytes"))
}

fn keys_of(unsealed: &Unsealed) -> Zeroizing<Vec<u8>> {
    unsealed.keyring().to_bytes()
}

#[test]
fn a_key_file_opens_its_store_and_no_other() {
    let prepared = initialise(STORE, &Protector::KeyFile).expect("prepared");
    let Delivery::KeyFile(file) = prepared.delivery() else {
        panic!("a key file")
    };
    assert!(file.expose().contains("for one machine"));
    let unsealed = opened(
        reread(&prepared)
            .offer(Offer::KeyFile(Secret(file.expose())))
            .expect("opens"),
    );
    let other = initialise(StoreId([8; 16]), &Protector::KeyFile).expect("prepared");
    let refused = reread(&other).offer(Offer::KeyFile(Secret(file.expose())));
    assert!(
        matches!(refused, Err(UnsealError::OtherStore { .. })),
        "{refused:?}"
    );
    assert_eq!(keys_of(&unsealed), keys_of(&prepared.into_unsealed()));
}

#[test]
fn a_wrong_passphrase_is_told_from_damage() {
    let prepared = initialise(STORE, &Protector::Passphrase(words("right"))).expect("prepared");
    let mut unsealing = reread(&prepared);
    let wrong = unsealing.offer(Offer::Passphrase(&words("wrong")));
    assert!(matches!(wrong, Err(UnsealError::WrongPassphrase)), "{wrong:?}");
    opened(
        unsealing
            .offer(Offer::Passphrase(&words("right")))
            .expect("opens"),
    );

    let mut root = prepared.root().clone();
    let last = root.0.keyring.len() - 1;
    root.0.keyring[last] ^= 1;
    let damaged = Unsealing::new(root).offer(Offer::Passphrase(&words("right")));
    assert!(matches!(damaged, Err(UnsealError::Damaged(_))), "{damaged:?}");
}

#[test]
fn nothing_in_the_root_record_can_be_changed() {
    let prepared = initialise(STORE, &two_of_three()).expect("prepared");
    let mut root = prepared.root().clone();
    let root::ProtectorV1::Shares { holders, .. } = &mut root.0.protector else {
        panic!("shares")
    };
    holders[0].name = "Eve".to_owned();
    let lines = lines(&prepared);
    let mut unsealing = Unsealing::new(root);
    unsealing.offer(Offer::Share(Secret(&lines[0]))).expect("counted");
    let changed = unsealing.offer(Offer::Share(Secret(&lines[1])));
    assert!(matches!(changed, Err(UnsealError::Damaged(_))), "{changed:?}");
}

#[test]
fn any_two_of_three_shares_open_it_and_one_is_counted() {
    let prepared = initialise(STORE, &two_of_three()).expect("prepared");
    let lines = lines(&prepared);
    for (first, second) in [(0, 1), (1, 2), (2, 0)] {
        let mut unsealing = reread(&prepared);
        let step = unsealing
            .offer(Offer::Share(Secret(&lines[first])))
            .expect("counted");
        assert!(
            matches!(
                &step,
                Step::Counted {
                    given: 1,
                    threshold: 2,
                    ..
                }
            ),
            "{step:?}"
        );
        opened(
            unsealing
                .offer(Offer::Share(Secret(&lines[second])))
                .expect("opens"),
        );
    }
}

#[test]
fn fewer_shares_than_needed_give_another_key() {
    let three = Protector::Shares {
        threshold: 3,
        holders: holders(&["Ada", "Ben", "Cy"]),
    };
    let prepared = initialise(STORE, &three).expect("prepared");
    let part = |line: &String| {
        let (label, bytes) = share::read(line).expect("a share");
        hybridge_crypto::shamir::Share {
            index: label.index,
            bytes,
        }
    };
    let parts: Vec<_> = lines(&prepared).iter().map(part).collect();
    let two = hybridge_crypto::shamir::combine(&parts[..2]).expect("bytes of some kind");
    assert!(prepared.root().0.unwrap(&root::RootKey(two)).is_err());
    let all = hybridge_crypto::shamir::combine(&parts).expect("the root key");
    assert!(prepared.root().0.unwrap(&root::RootKey(all)).is_ok());
}

#[test]
fn a_wrong_share_is_named_and_costs_nothing() {
    let prepared = initialise(STORE, &two_of_three()).expect("prepared");
    let (good, foreign) = (
        lines(&prepared),
        lines(&initialise(STORE, &two_of_three()).expect("prepared")),
    );
    let mut unsealing = reread(&prepared);
    unsealing.offer(Offer::Share(Secret(&good[0]))).expect("counted");
    let wrong = unsealing
        .offer(Offer::Share(Secret(&foreign[1])))
        .expect_err("wrong");
    assert_eq!(
        wrong.to_string(),
        "share 2 (Ben) is wrong: it is not the one that was handed out"
    );
    let again = unsealing
        .offer(Offer::Share(Secret(&good[0])))
        .expect_err("again");
    assert_eq!(again.to_string(), "share 1 (Ada) was given already");
    let mut broken = good[2].clone();
    broken.truncate(broken.len() - 1);
    let broken = unsealing.offer(Offer::Share(Secret(&broken))).expect_err("cut");
    assert_eq!(broken.to_string(), "share 3 (Cy) cannot be read");
    opened(unsealing.offer(Offer::Share(Secret(&good[2]))).expect("opens"));
}

#[test]
fn shares_of_another_store_or_sealing_are_told() {
    let prepared = initialise(STORE, &two_of_three()).expect("prepared");
    let other = lines(&initialise(StoreId([8; 16]), &two_of_three()).expect("prepared"));
    let refused = reread(&prepared).offer(Offer::Share(Secret(&other[0])));
    assert!(
        matches!(refused, Err(UnsealError::OtherStore { .. })),
        "{refused:?}"
    );
    let old = lines(&prepared);
    let newer = prepared.into_unsealed().rekey(&two_of_three()).expect("prepared");
    let refused = reread(&newer).offer(Offer::Share(Secret(&old[0])));
    assert!(
        matches!(refused, Err(UnsealError::OtherSealing { theirs: 1, ours: 2 })),
        "{refused:?}"
    );
}

#[test]
fn a_share_that_is_sealed_to_its_holder_opens_for_the_holder_alone() {
    let x_wing = Algorithm::by_name("X-Wing").expect("in the table");
    let (ada, eve) = (
        Identity::generate(x_wing).expect("made"),
        Identity::generate(x_wing).expect("made"),
    );
    let mut holders = holders(&["Ada", "Ben"]);
    holders[0].recipient = Some(ada.recipient());
    let prepared = initialise(
        STORE,
        &Protector::Shares {
            threshold: 2,
            holders,
        },
    )
    .expect("prepared");
    let lines = lines(&prepared);
    let mut unsealing = reread(&prepared);
    assert!(unsealing.offer(Offer::Share(Secret(&lines[0]))).is_err());
    let refused = unsealing
        .offer(Offer::SealedShare(&lines[0], &eve))
        .expect_err("not hers");
    assert_eq!(refused.to_string(), "share 1 (Ada) cannot be read");
    unsealing
        .offer(Offer::SealedShare(&lines[0], &ada))
        .expect("counted");
    opened(unsealing.offer(Offer::Share(Secret(&lines[1]))).expect("opens"));
}

#[test]
fn another_kind_of_offer_is_refused_with_what_is_taken() {
    let prepared = initialise(STORE, &two_of_three()).expect("prepared");
    let refused = reread(&prepared)
        .offer(Offer::Passphrase(&words("any")))
        .expect_err("refused");
    assert_eq!(
        refused.to_string(),
        "this store is opened with something else; it takes shares"
    );
}

#[test]
fn a_protector_that_cannot_be_is_refused() {
    let shares = |threshold, names: &[&str]| Protector::Shares {
        threshold,
        holders: holders(names),
    };
    for protector in [shares(1, &["Ada", "Ben"]), shares(3, &["Ada", "Ben"])] {
        assert!(matches!(
            initialise(STORE, &protector),
            Err(SealError::Bounds { .. })
        ));
    }
    assert!(matches!(
        initialise(STORE, &shares(2, &["Ada", "Ada"])),
        Err(SealError::HolderName(_))
    ));
    assert!(matches!(
        initialise(STORE, &shares(2, &["Ada", " "])),
        Err(SealError::HolderName(_))
    ));
}

#[test]
fn shares_can_be_confirmed_before_the_record_is_committed() {
    let mut prepared = initialise(STORE, &two_of_three()).expect("prepared");
    let lines = lines(&prepared);
    let step = prepared
        .confirm(Offer::Share(Secret(&lines[0])))
        .expect("counted");
    assert!(matches!(step, Step::Counted { given: 1, .. }));
    opened(
        prepared
            .confirm(Offer::Share(Secret(&lines[2])))
            .expect("all confirmed"),
    );
}

#[test]
fn no_secret_of_a_seal_is_printed() {
    let prepared = initialise(STORE, &two_of_three()).expect("prepared");
    let shown = format!("{prepared:?} {:?}", Secret("hush"));
    assert!(!shown.contains("hush"));
    for line in lines(&prepared) {
        let secret = line.rsplit(':').next().expect("the share");
        assert!(!shown.contains(secret) && !shown.contains(&line));
    }
}

/// A data directory: the store's file and its key files, as they would be found after a crash.
struct Disk {
    folder: tempfile::TempDir,
}

const TABLE: Table = Table("key");

impl Disk {
    fn new() -> (Self, Unsealed) {
        let disk = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        let store = disk.open();
        let prepared = initialise(store.id(), &Protector::KeyFile).expect("prepared");
        let unsealed = rekey_steps(&disk, &store, prepared, 3);
        let puts = (0..10_u8).map(|key| Write::Put(Id::new(TABLE, [key]), vec![key; 9].into()));
        let transaction = Transaction {
            writes: puts.collect(),
            ..Transaction::default()
        };
        store.commit(transaction).wait().expect("committed");
        store.close().expect("closed");
        (disk, unsealed)
    }

    fn open(&self) -> Store {
        Store::open(&self.folder.path().join("store"), Options::default()).expect("opens")
    }

    /// What a start does: read the root record, find what opens it, unseal, finish what was begun.
    fn start(&self, secrets: &[Vec<String>]) -> (Store, Unsealed) {
        let store = self.open();
        let root = Root::parse(&store.root().expect("readable").expect("there")).expect("parses");
        let unsealed = self.unseal(&root, secrets);
        store.unseal(unsealed.keyring_copy());
        let unsealed = rekey::settle(&store, self.folder.path(), unsealed, |_| {}).expect("settles");
        (store, unsealed)
    }

    fn unseal(&self, root: &Root, secrets: &[Vec<String>]) -> Unsealed {
        let mut unsealing = Unsealing::new(root.clone());
        if root.scheme() == Scheme::KeyFile {
            let file = rekey::key_file_for(root, self.folder.path())
                .expect("readable")
                .expect("there");
            return opened(unsealing.offer(Offer::KeyFile(Secret(&file))).expect("opens"));
        }
        let shares = &secrets[usize::try_from(root.sealing()).expect("small") - 1];
        unsealing
            .offer(Offer::Share(Secret(&shares[0])))
            .expect("counted");
        opened(unsealing.offer(Offer::Share(Secret(&shares[1]))).expect("opens"))
    }

    fn has(&self, name: &str) -> bool {
        self.folder.path().join(name).exists()
    }
}

/// The first `steps` of a rekey, by hand: as far as it came before it was killed.
fn rekey_steps(disk: &Disk, store: &Store, prepared: Prepared, steps: usize) -> Unsealed {
    let folder = disk.folder.path();
    if let (Delivery::KeyFile(file), 1..) = (prepared.delivery(), steps) {
        key_file::store(&folder.join(key_file::NEXT_NAME), file.expose()).expect("written");
    }
    if steps >= 2 {
        store
            .put_root(prepared.root().to_bytes())
            .wait()
            .expect("committed");
    }
    let unsealed = prepared.into_unsealed();
    if steps >= 2 {
        store.unseal(unsealed.keyring_copy());
    }
    if steps >= 3 && disk.has(key_file::NEXT_NAME) {
        key_file::promote(folder).expect("renamed");
    }
    if steps >= 4 {
        store.reseal(0, 3).expect("moved");
    }
    if steps >= 5 {
        store.reseal(0, 100).expect("moved");
    }
    if steps >= 6 {
        let trimmed = unsealed.trimmed().expect("trimmed");
        store
            .put_root(trimmed.root().to_bytes())
            .wait()
            .expect("committed");
        return trimmed;
    }
    unsealed
}

#[test]
fn a_rekey_that_is_killed_after_any_step_leaves_a_store_that_opens() {
    for protector in [Protector::KeyFile, two_of_three()] {
        for steps in 0..=6 {
            let (disk, unsealed) = Disk::new();
            let prepared = unsealed.rekey(&protector).expect("prepared");
            let shares = match prepared.delivery() {
                Delivery::Shares(_) => lines(&prepared),
                _ => Vec::new(),
            };
            let store = disk.open();
            store.unseal(unsealed.keyring_copy());
            rekey_steps(&disk, &store, prepared, steps);
            store.close().expect("closed");

            check_recovered(&disk, &[Vec::new(), shares], if steps < 2 { 1 } else { 2 });
        }
    }
}

fn check_recovered(disk: &Disk, secrets: &[Vec<String>], sealing: u32) {
    for _start in 0..2 {
        let (store, unsealed) = disk.start(secrets);
        assert_eq!(unsealed.root().sealing(), sealing);
        assert_eq!(unsealed.keyring().epochs().count(), 1);
        for key in 0..10_u8 {
            let record = store.read(&Id::new(TABLE, [key])).expect("opens").expect("there");
            assert_eq!(*record.value, [key; 9]);
        }
        let by_key_file = unsealed.root().scheme() == Scheme::KeyFile;
        assert_eq!(disk.has(key_file::NAME), by_key_file);
        assert!(!disk.has(key_file::NEXT_NAME));
        store.close().expect("closed");
    }
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(key_file::NAME);
    key_file::store(&path, "text").expect("written");
    let mode = || std::fs::metadata(&path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("set");
    assert!(matches!(
        key_file::load(&path),
        Err(key_file::KeyFileError::Open { mode: 0o640 })
    ));
}
