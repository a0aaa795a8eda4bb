//! Many tasks at once: what was acknowledged is what counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::change::Destroy;
use crate::tests::{Service, at, name, one};
use crate::{Error, KeyName, Purpose};

const TASKS: usize = 16;

/// Uses the key from many tasks while `change` happens; after its acknowledgement nothing succeeds.
async fn check(change: impl AsyncFnOnce(&Service, &KeyName)) {
    let service = Arc::new(Service::new());
    service.create("m", Purpose::Mac).await;
    let (acknowledged, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (before, after) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (service, stop) = (Arc::clone(&service), Arc::clone(&stop));
            let (acknowledged, before, after) =
                (Arc::clone(&acknowledged), Arc::clone(&before), Arc::clone(&after));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let too_late = acknowledged.load(Ordering::SeqCst);
                    let used = use_it(&service).await.is_ok();
                    let counter = if too_late { &after } else { &before };
                    counter.fetch_add(u64::from(used), Ordering::SeqCst);
                }
            })
        })
        .collect();
    while before.load(Ordering::SeqCst) < 100 {
        tokio::task::yield_now().await;
    }
    change(&service, &name("m")).await;
    acknowledged.store(true, Ordering::SeqCst);
    for _ in 0..200 {
        assert!(use_it(&service).await.is_err());
    }
    stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.expect("no task panics");
    }
    assert_eq!(after.load(Ordering::SeqCst), 0, "uses after the acknowledgement");
}

/// Uses version 1 whatever the primary one is.
async fn use_it(service: &Service) -> Result<bool, Error> {
    let item = crate::serve::Tagged {
        message: b"x",
        tag: &[0; 32],
        version: Some(1),
    };
    let name = name("m");
    one(service
        .keys
        .mac_verify(&service.caller, &name, &[item], at(1))
        .await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_use_succeeds_after_disabling_is_acknowledged() {
    check(async |service, name| {
        let disabled = service.keys.disable(&service.caller, name, None, at(1)).await;
        disabled.expect("disabled");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_use_succeeds_after_a_destruction_is_acknowledged() {
    check(async |service, name| {
        let destroy = Destroy::default();
        let announced = service.keys.destroy(&service.caller, name, destroy, at(1)).await;
        announced.expect("announced");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_use_succeeds_after_a_compromise_is_acknowledged() {
    check(async |service, name| {
        let recorded = service.keys.compromise(&service.caller, name, None, at(1)).await;
        recorded.expect("recorded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_fails_while_keys_rotate() {
    let service = Arc::new(Service::new());
    service.create("m", Purpose::Mac).await;
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (service, stop) = (Arc::clone(&service), Arc::clone(&stop));
            tokio::spawn(async move {
                let name = name("m");
                while !stop.load(Ordering::SeqCst) {
                    let tags = service.keys.mac(&service.caller, &name, &[b"x"], at(1)).await;
                    one(tags).expect("a use that meets a rotation starts again");
                }
            })
        })
        .collect();
    for expect in 2..32 {
        let rotated = service.keys.rotate(&service.caller, &name("m"), at(1)).await;
        assert_eq!(rotated.expect("rotated").key.primary, expect);
    }
    stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.expect("no request fails");
    }
}
