//! From an empty folder to an open service and back.
//!
//! With it, the audit log: its export, its signatures and every forgery of them.

use hybridge_store::Head;
use tempfile::TempDir;

use crate::audit::{Line, Tampered, verify};
use crate::recipient::Identity;
use crate::seal::{Delivery, NewHolder, Prepared, Proof, Protector, Secret};
use crate::tests::{at, code, name};
use crate::{Caller, Config, Keys, NewKey, Purpose, SealState, StartError};

fn caller() -> Caller {
    Caller {
        name: "token:test".to_owned(),
        request: "r1".to_owned(),
        peer: None,
    }
}

/// A service under a key file.
pub(crate) async fn started(folder: &TempDir) -> Keys {
    let keys = Keys::open(Config::new(folder.path().to_owned())).expect("a new store");
    assert_eq!(keys.seal_state().expect("a state"), SealState::Uninitialised);
    let prepared = keys.prepare_seal(&Protector::KeyFile).expect("a seal");
    assert!(matches!(prepared.delivery(), Delivery::KeyFile(_)));
    keys.put_seal(&caller(), prepared, at(0)).await.expect("open");
    keys
}

async fn export(keys: &Keys, from: u64) -> Vec<Vec<u8>> {
    let mut export = keys.audit_export(&caller(), from, at(9)).await.expect("begun");
    let mut lines = Vec::new();
    while let Some(some) = export.lines().expect("the log can be read") {
        lines.extend(some.iter().map(Line::to_bytes));
    }
    lines
}

#[tokio::test]
async fn a_key_file_opens_the_service_again() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    keys.create(&caller(), &name("k"), &NewKey::for_purpose(Purpose::Mac), at(1))
        .await
        .expect("created");
    keys.close(at(2)).await.expect("closed");
    let keys = Keys::open(Config::new(folder.path().to_owned())).expect("the store");
    assert!(matches!(
        keys.seal_state().expect("a state"),
        SealState::Sealed { .. }
    ));
    assert_eq!(code(keys.show(&name("k"), at(3))), "sealed");
    assert!(!keys.health(at(3)).is_serving());
    keys.unseal_with_key_file(&caller(), at(3)).await.expect("open");
    assert!(keys.health(at(3)).is_serving());
    assert_eq!(keys.show(&name("k"), at(3)).expect("the key").key.primary, 1);
    keys.seal(&caller(), at(4)).await.expect("sealed");
    assert_eq!(
        code(keys.mac(&caller(), &name("k"), &[b"x"], at(5)).await),
        "sealed"
    );
}

#[tokio::test]
async fn another_seal_opens_what_the_first_one_sealed() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    keys.create(&caller(), &name("k"), &NewKey::for_purpose(Purpose::Mac), at(1))
        .await
        .expect("created");
    let prepared = keys.prepare_seal(&Protector::KeyFile).expect("a seal");
    keys.put_seal(&caller(), prepared, at(2)).await.expect("rekeyed");
    keys.close(at(3)).await.expect("closed");
    let keys = Keys::open(Config::new(folder.path().to_owned())).expect("the store");
    keys.unseal_with_key_file(&caller(), at(4)).await.expect("open");
    assert!(keys.mac(&caller(), &name("k"), &[b"x"], at(5)).await.is_ok());
}

fn two_of_three(keys: &Keys, recipient: Option<&Identity>) -> Prepared {
    let holder = |name: &&str| NewHolder {
        name: (*name).to_owned(),
        recipient: recipient.map(Identity::recipient),
    };
    let holders = ["alice", "bob", "carol"].iter().map(holder).collect();
    let protector = Protector::Shares {
        threshold: 2,
        holders,
    };
    keys.prepare_seal(&protector).expect("a seal")
}

fn lines(prepared: &Prepared) -> Vec<String> {
    let Delivery::Shares(shares) = prepared.delivery() else {
        panic!("there are shares")
    };
    shares.iter().map(|share| share.expose().to_owned()).collect()
}

#[tokio::test]
async fn a_seal_that_waits_is_dropped_by_time_by_closing_and_by_another_rekey() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    for dropped_by in ["time", "closing", "another", "nothing"] {
        let prepared = two_of_three(&keys, None);
        let lines = lines(&prepared);
        let shares = [Secret(&lines[0]), Secret(&lines[2])];
        let ticket = keys
            .hold_seal(&caller(), prepared, at(1))
            .await
            .expect("it waits");
        assert_eq!(ticket.until, at(601));
        let mut now = at(600);
        match dropped_by {
            "time" => now = at(601),
            "closing" => {
                keys.seal(&caller(), at(2)).await.expect("closed");
                keys.unseal_with_key_file(&caller(), at(3)).await.expect("open");
            }
            "another" => {
                let prepared = keys.prepare_seal(&Protector::KeyFile).expect("a seal");
                keys.put_seal(&caller(), prepared, at(2)).await.expect("rekeyed");
            }
            _ => {}
        }
        let confirmed = keys
            .confirm_seal(&caller(), &ticket.id, Proof::Shares(&shares), now)
            .await;
        if dropped_by == "nothing" {
            confirmed.expect("in force");
        } else {
            assert!(
                matches!(confirmed, Err(StartError::NotPending)),
                "{dropped_by}: {confirmed:?}"
            );
        }
    }
}

#[tokio::test]
async fn of_two_seals_prepared_at_once_only_one_comes_into_force() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let prepare = || keys.prepare_seal(&Protector::KeyFile).expect("a seal");
    let (first, second) = (prepare(), prepare());
    keys.put_seal(&caller(), first, at(1)).await.expect("rekeyed");
    let refused = keys.put_seal(&caller(), second, at(1)).await;
    assert!(matches!(refused, Err(StartError::Stale)), "{refused:?}");
    keys.close(at(2)).await.expect("closed");
    let keys = Keys::open(Config::new(folder.path().to_owned())).expect("the store");
    keys.unseal_with_key_file(&caller(), at(3)).await.expect("open");
    assert_eq!(keys.exchange_identities(at(3)).expect("identities").len(), 1);
}

#[tokio::test]
async fn sealed_shares_are_confirmed_by_the_digest_of_every_line() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let x_wing = hybridge_crypto::Algorithm::by_name("X-Wing").expect("in the table");
    let identity = Identity::generate(x_wing).expect("generated");
    let prepared = two_of_three(&keys, Some(&identity));
    let lines = lines(&prepared);
    let digests: Vec<_> = lines
        .iter()
        .map(|line| hybridge_crypto::digest::sha256(line.as_bytes()))
        .collect();
    let ticket = keys
        .hold_seal(&caller(), prepared, at(1))
        .await
        .expect("it waits");
    let confirm = async |proof: Proof<'_>| keys.confirm_seal(&caller(), &ticket.id, proof, at(2)).await;
    let refused = confirm(Proof::Digests(&digests[1..])).await;
    assert!(matches!(refused, Err(StartError::Confirm(_))), "{refused:?}");
    let unopened = confirm(Proof::Shares(&[Secret(&lines[0]), Secret(&lines[1])])).await;
    assert!(matches!(unopened, Err(StartError::Confirm(_))), "{unopened:?}");
    confirm(Proof::Digests(&digests)).await.expect("in force");
    assert!(matches!(
        keys.seal_state().expect("a state"),
        SealState::Unsealed { sealing: 2, .. }
    ));
}

#[tokio::test]
async fn the_services_own_keys_are_out_of_reach() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    assert!(keys.list("", None, 10).expect("a page").keys.is_empty());
    assert!(crate::KeyName::parse("@audit").is_err());
    assert_eq!(keys.exchange_identities(at(1)).expect("identities").len(), 1);
}

#[tokio::test]
async fn an_export_verifies_offline_and_every_forgery_is_found() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    keys.checkpoint(at(1)).await.expect("signed");
    let new = NewKey::for_purpose(Purpose::Mac);
    keys.create(&caller(), &name("k"), &new, at(1))
        .await
        .expect("created");
    let trusted = keys.audit_public_keys(at(2)).expect("public keys");
    let lines = export(&keys, 1).await;
    let report = verify(&lines, &trusted, None).expect("it holds");
    assert_eq!((report.entries, report.unsigned), (lines.len() as u64 - 2, 0));
    assert_eq!(report.checkpoints, 1);
    assert_eq!(verify(&lines, &trusted, Some(report.head)), Ok(report.clone()));

    let without = |at: usize| {
        let mut lines = lines.clone();
        lines.remove(at);
        verify(&lines, &trusted, None)
    };
    for at in 0..lines.len() {
        assert!(without(at).is_err(), "line {at} can be removed");
    }
    for len in 0..lines.len() {
        assert!(
            verify(&lines[..len], &trusted, None).is_err(),
            "cut after {len} lines"
        );
    }
    assert!(matches!(
        without(lines.len() - 1),
        Err(Tampered::Truncated { .. })
    ));
    for at in 1..lines.len() - 1 {
        let mut swapped = lines.clone();
        swapped.swap(at, at - 1);
        assert!(
            verify(&swapped, &trusted, None).is_err(),
            "line {at} can be moved"
        );
    }
    for at in 0..lines.len() {
        let mut changed = lines.clone();
        let middle = changed[at].len() / 2;
        changed[at][middle] ^= 1;
        assert!(
            verify(&changed, &trusted, None).is_err(),
            "line {at} can be changed"
        );
    }
    let other = Head {
        hash: [1; 32],
        ..report.head
    };
    assert!(matches!(
        verify(&lines, &trusted, Some(other)),
        Err(Tampered::Head { .. })
    ));
    let stranger = started(&TempDir::new().expect("a folder")).await;
    let strangers = stranger.audit_public_keys(at(2)).expect("public keys");
    assert!(verify(&lines, &strangers, None).is_err());
}

#[tokio::test]
async fn a_chain_computed_anew_is_found_by_its_signatures() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let trusted = keys.audit_public_keys(at(2)).expect("public keys");
    let mut lines: Vec<Line> = export(&keys, 1)
        .await
        .iter()
        .map(|line| Line::parse(line).expect("a line"))
        .collect();
    let Line::Start(start) = &lines[0] else {
        panic!("the first line is the start")
    };
    let mut head = start.before;
    for line in &mut lines[1..] {
        if let Line::Entry(entry) = line {
            let text = String::from_utf8(entry.bytes.clone()).expect("text");
            entry.bytes = text.replace("done", "gone").into_bytes();
            head = head.after(&entry.bytes);
            entry.hash = head.hash;
        }
    }
    let forged: Vec<_> = lines.iter().map(Line::to_bytes).collect();
    assert_eq!(verify(&forged, &trusted, None), Err(Tampered::End));
}

#[tokio::test]
async fn a_part_of_the_log_verifies_too() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    keys.checkpoint(at(1)).await.expect("signed");
    let trusted = keys.audit_public_keys(at(2)).expect("public keys");
    for from in 2..=keys.store().head().sequence {
        let lines = export(&keys, from).await;
        let report = verify(&lines, &trusted, None).expect("it holds");
        assert_eq!(report.unsigned, 0);
    }
}

#[tokio::test]
async fn the_log_is_signed_by_count_and_by_time_and_only_when_there_is_something_new() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    keys.checkpoint(at(0)).await.expect("signed");
    assert!(!keys.checkpoint_if_old(at(1000)).await.expect("nothing is due"));
    keys.create(
        &caller(),
        &name("k"),
        &NewKey::for_purpose(Purpose::Mac),
        at(1000),
    )
    .await
    .expect("created");
    assert!(!keys.checkpoint_if_old(at(1059)).await.expect("not yet"));
    assert!(keys.checkpoint_if_old(at(1060)).await.expect("due"));
    let report = keys.audit_verify(at(1060)).expect("readable").expect("whole");
    assert_eq!((report.checkpoints, report.unsigned), (2, 1));
    for _ in 0..1001 {
        let tags = keys.mac(&caller(), &name("k"), &[b"x"], at(1061)).await;
        assert!(tags.is_ok());
    }
    let checkpoints = || {
        let report = keys.audit_verify(at(1061)).expect("readable").expect("whole");
        report.checkpoints
    };
    // The signature is made beside the requests, so it may come a little later.
    while checkpoints() < 3 {
        tokio::task::yield_now().await;
    }
    keys.clone().close(at(1061)).await.expect("closed");
    let keys = Keys::open(Config::new(folder.path().to_owned())).expect("the store");
    keys.unseal_with_key_file(&caller(), at(1062))
        .await
        .expect("open");
    let report = keys.audit_verify(at(1062)).expect("readable").expect("whole");
    assert_eq!(report.checkpoints, 4);
}
