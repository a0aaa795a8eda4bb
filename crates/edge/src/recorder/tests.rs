//! Tests of the way from the cores to whoever watches.
//! Rings are emptied by hand where it matters how often; only the last tests run the loop itself.

use std::future;

use tokio::sync::broadcast::error::TryRecvError;

use super::specimen::{NOON_US, classical, hybrid, of_client};
use super::*;
use crate::handshake::RouteId;
use crate::register::Filter;

fn at(at_us: i64) -> Handshake {
    Handshake {
        at_us,
        finished_us: 0,
        ..hybrid()
    }
}

fn times(recent: &Recent, limit: usize) -> Vec<i64> {
    recent
        .list(limit)
        .iter()
        .map(|named| named.handshake.at_us)
        .collect()
}

#[test]
fn a_full_ring_drops_and_counts_and_goes_on_after_it_was_emptied() {
    let (mut recordings, mut recorder) = ring(2, 4);
    let recent = recorder.recent();
    (0..7).for_each(|at_us| recordings[1].push(at(at_us)));
    assert_eq!(recent.dropped(), 3);
    assert_eq!(recorder.drain(), 4);
    recordings[1].push(at(9));
    assert_eq!((recorder.drain(), recorder.drain()), (1, 0));
    assert_eq!(times(&recent, 10), [9, 3, 2, 1, 0]);
    assert_eq!(recent.dropped(), 3);
}

#[test]
fn records_of_several_cores_are_put_in_the_order_of_their_ends() {
    let (mut recordings, mut recorder) = ring(2, 8);
    let slow = Handshake {
        finished_us: 100,
        ..at(1)
    };
    [at(2), at(50)]
        .into_iter()
        .for_each(|each| recordings[0].push(each));
    [slow, at(200)]
        .into_iter()
        .for_each(|each| recordings[1].push(each));
    recorder.drain();
    assert_eq!(times(&recorder.recent(), 10), [200, 1, 50, 2]);
}

#[test]
fn the_latest_are_kept_and_given_newest_first() {
    let (mut recordings, mut recorder) = ring(1, 4096);
    for batch in [0..700, 700..1500, 1500..4000] {
        batch.for_each(|at_us| recordings[0].push(at(at_us)));
        recorder.drain();
    }
    let recent = recorder.recent();
    assert_eq!(times(&recent, usize::MAX).len(), 1024);
    assert_eq!(times(&recent, 2), [3999, 3998]);
    assert_eq!(times(&recent, usize::MAX).last(), Some(&2976));
    assert_eq!(recent.list(1)[0].sequence, 4000);
}

#[test]
fn subscribers_get_what_comes_after_them_under_the_names_of_routes() {
    let (mut recordings, mut recorder) = ring(1, 16);
    let recent = recorder.recent();
    recent.names().register(RouteId(0), "shop");
    recordings[0].push(at(1));
    recorder.drain();
    let mut stream = recent.subscribe();
    recordings[0].push(at(2));
    recordings[0].push(Handshake {
        route: RouteId(7),
        ..at(3)
    });
    recorder.drain();
    let received: Vec<_> = std::iter::from_fn(|| stream.try_recv().ok()).collect();
    let seen: Vec<_> = received
        .iter()
        .map(|named| (named.sequence, &*named.route))
        .collect();
    assert_eq!(seen, [(2, "shop"), (3, "#7")]);
}

#[test]
fn a_subscriber_that_is_too_slow_misses_some_and_holds_nobody_up() {
    let (mut recordings, mut recorder) = ring(1, 1024);
    let recent = recorder.recent();
    let mut stream = recent.subscribe();
    (0..600).for_each(|at_us| recordings[0].push(at(at_us)));
    assert_eq!(recorder.drain(), 600);
    assert!(matches!(stream.try_recv(), Err(TryRecvError::Lagged(_))));
    let rest = std::iter::from_fn(|| stream.try_recv().ok()).count();
    assert_eq!((rest, times(&recent, 1000).len()), (256, 600));
}

#[test]
fn the_register_gets_every_record() {
    let clients = Clients::in_memory(16);
    let (mut recordings, recorder) = ring(1, 64);
    let mut recorder = recorder.feeding(clients.clone());
    (0..5).for_each(|n| recordings[0].push(of_client(classical(), n % 2, 0)));
    recorder.drain();
    let counts: Vec<u64> = clients
        .list(&Filter::default())
        .iter()
        .map(|client| client.count)
        .collect();
    assert_eq!(counts, [3, 2]);
}

#[tokio::test]
async fn at_the_end_the_rings_are_emptied_and_the_register_is_saved() {
    let directory = tempfile::tempdir().unwrap();
    let clients = Clients::open(directory.path(), 16, NOON_US);
    let (mut recordings, recorder) = ring(1, 64);
    let recent = recorder.recent();
    recordings[0].push(hybrid());
    recorder.feeding(clients.clone()).run(future::ready(())).await;
    assert_eq!(recent.list(10).len(), 1);
    let reopened = Clients::open(directory.path(), 16, NOON_US);
    assert_eq!(
        reopened.list(&Filter::default()),
        clients.list(&Filter::default())
    );
    assert_eq!(reopened.list(&Filter::default()).len(), 1);
}

#[tokio::test]
async fn while_it_runs_records_reach_a_subscriber_by_themselves() {
    let (mut recordings, recorder) = ring(1, 64);
    let mut stream = recorder.recent().subscribe();
    let running = tokio::spawn(recorder.run(future::pending()));
    recordings[0].push(at(42));
    let received = time::timeout(Duration::from_secs(30), stream.recv()).await;
    assert_eq!(received.unwrap().unwrap().handshake.at_us, 42);
    running.abort();
}
