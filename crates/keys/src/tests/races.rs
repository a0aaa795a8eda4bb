//! Many tasks at once: what was acknowledged is what counts.
//!
//! They run on several threads; a promise that is broken once fails the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::change::Destroy;
use crate::tests::{Service, at, name, one};
use crate::{Error, KeyName, Purpose};

const TASKS: usize = 16;

/// What the tasks of one race have in common.
#[derive(Clone)]
struct Race {
    service: Arc<Service>,
    acknowledged: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    before: Arc<AtomicU64>,
    after: Arc<AtomicU64>,
}

impl Race {
    async fn run(self) {
        while !self.stop.load(Ordering::SeqCst) {
            let too_late = self.acknowledged.load(Ordering::SeqCst);
            let used = use_it(&self.service).await.is_ok();
            let counter = if too_late { &self.after } else { &self.before };
            counter.fetch_add(u64::from(used), Ordering::SeqCst);
        }
    }
}

/// Uses the key from many tasks while `change` happens; after its acknowledgement nothing succeeds.
async fn check(change: impl AsyncFnOnce(&Service, &KeyName)) {
    let service = Arc::new(Service::new());
    service.create("m", Purpose::Mac).await;
    let race = Race {
        service: Arc::clone(&service),
        acknowledged: Arc::default(),
        stop: Arc::default(),
        before: Arc::default(),
        after: Arc::default(),
    };
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(race.clone().run())).collect();
    while race.before.load(Ordering::SeqCst) < 100 {
        tokio::task::yield_now().await;
    }
    change(&service, &name("m")).await;
    race.acknowledged.store(true, Ordering::SeqCst);
    for _ in 0..200 {
        assert!(use_it(&service).await.is_err());
    }
    race.stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.expect("no task panics");
    }
    assert_eq!(
        race.after.load(Ordering::SeqCst),
        0,
        "uses after the acknowledgement"
    );
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
    let tag_until = async |service: Arc<Service>, stop: Arc<AtomicBool>| {
        let name = name("m");
        while !stop.load(Ordering::SeqCst) {
            let tags = service.keys.mac(&service.caller, &name, &[b"x"], at(1)).await;
            one(tags).expect("a use that meets a rotation starts again");
        }
    };
    let spawn = |_| tokio::spawn(tag_until(Arc::clone(&service), Arc::clone(&stop)));
    let tasks: Vec<_> = (0..TASKS).map(spawn).collect();
    for expect in 2..32 {
        let rotated = service.keys.rotate(&service.caller, &name("m"), at(1)).await;
        assert_eq!(rotated.expect("rotated").key.primary, expect);
    }
    stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.expect("no request fails");
    }
}
