//! Tests of the register: states, who goes when it is full, and its file.
//! Time is what the records say; nothing here waits.

use std::fs;
use std::path::{Path, PathBuf};

use hybridge_hello::NamedGroup;
use hybridge_policy::Rung;

use super::*;
use crate::handshake::{Negotiated, Outcome};
use crate::recorder::specimen::{NOON_US, classical, failed, hybrid, named, network, of_client, reluctant};

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;

fn at(minute: i64, handshake: Handshake) -> Handshake {
    Handshake {
        at_us: NOON_US + minute * MINUTE_US,
        ..handshake
    }
}

fn observed(capacity: usize, handshakes: impl IntoIterator<Item = Handshake>) -> Register {
    let mut register = Register::new(capacity);
    handshakes
        .into_iter()
        .for_each(|handshake| register.observe(&named(handshake)));
    register
}

fn only(register: &Register) -> Client {
    let mut list = register.list(&Filter::default());
    assert_eq!(list.len(), 1, "{list:?}");
    list.remove(0)
}

fn check_state(handshakes: &[(i64, Handshake)], expect: State) {
    let register = observed(
        8,
        handshakes
            .iter()
            .map(|(minute, handshake)| at(*minute, *handshake)),
    );
    assert_eq!(only(&register).state(), expect, "{handshakes:#?}");
}

/// A client that shares a post-quantum group, on a rung that does not take it.
fn held_back() -> Handshake {
    Handshake {
        negotiated: classical().negotiated,
        rung: Some(Rung::Classical),
        ..hybrid()
    }
}

#[test]
fn a_first_handshake_says_how_far_a_client_is() {
    check_state(&[(0, classical())], State::NeverOffers);
    check_state(&[(0, failed(classical(), Outcome::AlertIn))], State::NeverOffers);
    check_state(&[(0, reluctant())], State::OffersWithoutShare);
    check_state(&[(0, held_back())], State::Shares);
    check_state(&[(0, failed(hybrid(), Outcome::AfterServerHello))], State::Shares);
    check_state(&[(0, hybrid())], State::Negotiates);
}

#[test]
fn a_client_that_needs_a_retry_and_gets_it_negotiates() {
    let negotiated = Negotiated {
        retry: true,
        ..hybrid().negotiated
    };
    check_state(
        &[(
            0,
            Handshake {
                negotiated,
                ..reluctant()
            },
        )],
        State::Negotiates,
    );
}

#[test]
fn an_upgraded_client_leaves_the_list_at_its_first_better_hello() {
    check_state(&[(0, classical()), (1, hybrid())], State::Negotiates);
    check_state(&[(0, classical()), (1, reluctant())], State::OffersWithoutShare);
}

#[test]
fn a_client_that_could_and_now_cannot_has_regressed() {
    check_state(&[(0, hybrid()), (1, classical())], State::Regressed);
    check_state(
        &[(0, reluctant()), (1, failed(classical(), Outcome::Timeout))],
        State::Regressed,
    );
    check_state(&[(0, hybrid()), (60 * 24 * 30, classical())], State::Regressed);
}

#[test]
fn a_regressed_client_is_believed_again_after_an_hour_of_good_hellos() {
    check_state(
        &[(0, hybrid()), (1, classical()), (60, hybrid())],
        State::Regressed,
    );
    check_state(
        &[(0, hybrid()), (1, classical()), (61, hybrid())],
        State::Negotiates,
    );
}

#[test]
fn a_laggard_stays_visible_among_neighbours_that_are_done() {
    let mixed: Vec<_> = (0..50)
        .map(|n| (n, if n % 10 == 3 { classical() } else { hybrid() }))
        .collect();
    check_state(&mixed, State::Regressed);
}

#[test]
fn what_our_own_rung_withholds_is_no_regression_and_shows_after_an_hour() {
    check_state(&[(0, hybrid()), (30, held_back())], State::Negotiates);
    check_state(&[(0, hybrid()), (90, held_back())], State::Shares);
    let client = only(&observed(8, [at(0, hybrid()), at(90, held_back())]));
    assert_eq!(client.last_post_quantum_us, Some(NOON_US));
}

#[test]
fn a_failure_does_not_undo_what_was_negotiated() {
    check_state(
        &[(0, hybrid()), (600, failed(hybrid(), Outcome::Timeout))],
        State::Negotiates,
    );
}

#[test]
fn counts_and_last_facts_follow_the_handshakes() {
    let register = observed(
        8,
        [
            at(5, hybrid()),
            at(3, held_back()),
            at(9, failed(hybrid(), Outcome::AlertIn)),
        ],
    );
    let client = only(&register);
    assert_eq!((client.count, client.failures, client.post_quantum), (3, 1, 1));
    assert_eq!(client.last_outcome, Outcome::AlertIn);
    assert_eq!(client.last_group, Some(NamedGroup::x25519));
    assert_eq!(
        (client.first_seen_us, client.last_seen_us),
        (NOON_US + 5 * MINUTE_US, NOON_US + 9 * MINUTE_US)
    );
    assert_eq!(&*client.last_route, "shop");
}

#[test]
fn only_downstream_handshakes_with_a_hello_belong_to_clients() {
    let upstream = Handshake {
        side: Side::Upstream,
        ..hybrid()
    };
    let silent = Handshake {
        offered: None,
        ..failed(hybrid(), Outcome::HelloIncomplete)
    };
    let register = observed(8, [upstream, silent]);
    assert_eq!(register.list(&Filter::default()), []);
}

#[test]
fn the_work_list_begins_with_what_lags_most_and_comes_most_often() {
    let often = (0..5).map(|_| of_client(classical(), 1, 1));
    let register = observed(
        16,
        [
            of_client(hybrid(), 0, 0),
            of_client(classical(), 2, 2),
            of_client(reluctant(), 3, 3),
            of_client(hybrid(), 4, 4),
        ]
        .into_iter()
        .chain(often)
        .chain([at(1, of_client(classical(), 4, 4))]),
    );
    let order: Vec<_> = register
        .list(&Filter::default())
        .iter()
        .map(|each| (each.state(), each.count))
        .collect();
    let expect = [
        (State::Regressed, 2),
        (State::NeverOffers, 5),
        (State::NeverOffers, 1),
        (State::OffersWithoutShare, 1),
        (State::Negotiates, 1),
    ];
    assert_eq!(order, expect);
    let states = register.counts().states;
    assert_eq!(states, [1, 2, 1, 0, 1]);
    let never = Filter {
        state: Some(State::NeverOffers),
        network: Some(network(2)),
    };
    assert_eq!(register.list(&never).len(), 1);
}

#[test]
fn never_more_clients_than_the_capacity() {
    for capacity in [0, 1, 2, 7, 64] {
        let kinds = (0..200).map(|n| at(i64::from(n), of_client(hybrid(), n, u32::from(n % 13))));
        let register = observed(capacity, kinds);
        assert_eq!(register.list(&Filter::default()).len(), capacity.max(1));
        assert_eq!(register.counts().evicted, 200 - capacity.max(1) as u64);
    }
}

fn has(register: &Register, kind: u16, client: u32) -> bool {
    let fingerprint = Fingerprint::from(crate::recorder::specimen::fingerprint(kind));
    register.clients.contains_key(&(fingerprint, network(client)))
}

#[test]
fn among_newcomers_who_was_seen_longest_ago_goes() {
    let mut register = observed(3, (0..3).map(|n| of_client(hybrid(), 0, n)));
    register.observe(&named(of_client(hybrid(), 0, 0)));
    register.observe(&named(of_client(hybrid(), 0, 9)));
    assert!(has(&register, 0, 0) && !has(&register, 0, 1) && has(&register, 0, 2) && has(&register, 0, 9));
}

/// Sixty clients in as many networks, each seen twice, two hours apart.
fn regulars() -> impl Iterator<Item = Handshake> {
    let seen = |minute| (0..60).map(move |n| at(minute, of_client(hybrid(), 0, n)));
    seen(0).chain(seen(120))
}

fn regulars_left(register: &Register) -> usize {
    (0..60).filter(|n| has(register, 0, *n)).count()
}

#[test]
fn one_network_with_invented_fingerprints_displaces_itself() {
    let flood = (0..1500).map(|n| at(130, of_client(classical(), n, 7777)));
    let newcomers = (100..110).map(|n| at(125, of_client(classical(), 0, n)));
    let register = observed(160, regulars().chain(newcomers).chain(flood));
    assert_eq!(regulars_left(&register), 60);
    assert!(
        (100..110).all(|n| has(&register, 0, n)),
        "even new clients elsewhere stay"
    );
    let later = observed(
        160,
        regulars().chain((0..1500).map(|n| at(130, of_client(classical(), n, 7777)))),
    );
    let mut later = later;
    (200..240).for_each(|n| later.observe(&named(at(140, of_client(classical(), 0, n)))));
    assert!(
        (200..240).all(|n| has(&later, 0, n)),
        "the flood makes room for those who come after it"
    );
}

#[test]
fn many_networks_with_invented_fingerprints_displace_each_other() {
    let flood = (0..1500).map(|n| at(130, of_client(classical(), n, 10_000 + u32::from(n))));
    let register = observed(100, regulars().chain(flood));
    assert_eq!(regulars_left(&register), 60);
}

#[test]
fn the_established_do_not_close_the_door_to_newcomers() {
    let seen = |minute| (0..40).map(move |n| at(minute, of_client(hybrid(), 0, n)));
    let mut register = observed(40, seen(0).chain(seen(120)));
    (100..105).for_each(|n| register.observe(&named(at(130, of_client(hybrid(), 0, n)))));
    assert!((100..105).all(|n| has(&register, 0, n)));
    assert_eq!((0..40).filter(|n| has(&register, 0, *n)).count(), 35);
    assert!(
        has(&register, 0, 39) && !has(&register, 0, 0),
        "those seen longest ago went"
    );
}

#[test]
fn the_queue_agrees_with_the_clients_after_anything() {
    let mut register = Register::new(50);
    let mut state = 12_345_u64;
    for step in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let kind = u16::try_from((state >> 33) % 17).unwrap();
        let client = u32::try_from((state >> 40) % 11).unwrap();
        register.observe(&named(at(step / 10, of_client(hybrid(), kind, client))));
    }
    let queued = register.places.len();
    assert_eq!((register.clients.len(), queued), (50, (50, 50, 50)));
}

fn save(clients: &Clients, handshakes: impl IntoIterator<Item = Handshake>) {
    let batch: Vec<Named> = handshakes.into_iter().map(named).collect();
    clients.observe(&batch);
    clients.save();
}

fn path(directory: &Path) -> PathBuf {
    directory.join("clients.v1.json")
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_saved_register_is_read_back_as_it_was_order_included() {
    let directory = tempfile::tempdir().unwrap();
    let clients = Clients::open(directory.path(), 8, NOON_US);
    save(
        &clients,
        [
            of_client(hybrid(), 0, 0),
            of_client(failed(reluctant(), Outcome::Policy), 1, 1),
        ],
    );
    save(
        &clients,
        (2..8)
            .map(|n| of_client(classical(), 2, n))
            .chain([of_client(hybrid(), 0, 0)]),
    );
    let reopened = Clients::open(directory.path(), 8, NOON_US);
    assert_eq!(
        reopened.list(&Filter::default()),
        clients.list(&Filter::default())
    );
    save(&reopened, [of_client(hybrid(), 0, 99)]);
    assert_eq!(
        reopened.list(&Filter {
            network: Some(network(1)),
            ..Filter::default()
        }),
        []
    );
    assert_eq!(names_in(directory.path()), ["clients.v1.json"]);
}

#[test]
fn nothing_is_written_while_nothing_changes() {
    let directory = tempfile::tempdir().unwrap();
    let clients = Clients::open(directory.path(), 8, NOON_US);
    clients.save();
    assert_eq!(names_in(directory.path()), [""; 0]);
    save(&clients, [hybrid()]);
    fs::remove_file(path(directory.path())).unwrap();
    clients.save();
    assert_eq!(names_in(directory.path()), [""; 0]);
}

#[cfg(unix)]
#[test]
fn the_file_is_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    save(&Clients::open(directory.path(), 8, NOON_US), [hybrid()]);
    let mode = fs::metadata(path(directory.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[expect(clippy::disallowed_methods, reason = "damage need not be written safely")]
fn damage(directory: &Path, bytes: &[u8]) {
    fs::write(path(directory), bytes).unwrap();
}

#[test]
fn a_damaged_file_is_set_aside_and_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    save(&Clients::open(directory.path(), 8, NOON_US), [hybrid()]);
    let good = fs::read(path(directory.path())).unwrap();
    let half = &good[..good.len() / 2];
    let text = String::from_utf8(good.clone()).unwrap();
    let other_version = text.replace("\"version\":1", "\"version\":2");
    let wrong_fingerprint = text.replace("\"ja4\":\"t13", "\"ja4\":\"t1");
    let wrong_count = text.replace("\"count\":1", "\"count\":0");
    for bytes in [
        half,
        b"",
        b"\xff\xfe",
        other_version.as_bytes(),
        wrong_fingerprint.as_bytes(),
        wrong_count.as_bytes(),
    ] {
        let directory = tempfile::tempdir().unwrap();
        damage(directory.path(), bytes);
        let clients = Clients::open(directory.path(), 8, NOON_US);
        assert_eq!(clients.list(&Filter::default()), []);
        save(&clients, [classical()]);
        let aside = "clients.v1.json.damaged-20261121T101500.000000Z";
        assert_eq!(names_in(directory.path()), ["clients.v1.json", aside]);
        assert_eq!(fs::read(directory.path().join(aside)).unwrap(), bytes);
    }
}

#[test]
fn what_cannot_be_read_and_not_be_set_aside_stays_and_nothing_is_saved() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let clients = Clients::open(&missing, 8, NOON_US);
    save(&clients, [hybrid()]);
    assert!(!missing.exists());
    assert_eq!(
        clients.list(&Filter::default()).len(),
        1,
        "the register itself goes on"
    );
    fs::create_dir(&missing).unwrap();
    clients.save();
    assert_eq!(
        names_in(&missing),
        ["clients.v1.json"],
        "a save that failed is made up for"
    );
}

#[test]
fn a_directory_in_the_files_place_is_set_aside_too() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(path(directory.path())).unwrap();
    let clients = Clients::open(directory.path(), 8, NOON_US);
    save(&clients, [hybrid()]);
    assert_eq!(names_in(directory.path()).len(), 2);
    assert!(path(directory.path()).is_file());
}

#[test]
fn times_from_the_future_are_taken_as_now() {
    let directory = tempfile::tempdir().unwrap();
    save(&Clients::open(directory.path(), 8, NOON_US), [at(600, hybrid())]);
    let reopened = Clients::open(directory.path(), 8, NOON_US);
    let client = reopened.list(&Filter::default()).remove(0);
    assert_eq!((client.first_seen_us, client.last_seen_us), (NOON_US, NOON_US));
    assert_eq!(
        (client.last_post_quantum_us, client.state()),
        (Some(NOON_US), State::Negotiates)
    );
}

#[test]
fn a_smaller_register_keeps_those_seen_last() {
    let directory = tempfile::tempdir().unwrap();
    let clients = Clients::open(directory.path(), 64, NOON_US);
    save(
        &clients,
        (0..40).map(|n| at(i64::from(n), of_client(hybrid(), 0, n))),
    );
    let smaller = Clients::open(directory.path(), 10, NOON_US + HOUR_US);
    let list = smaller.list(&Filter::default());
    assert_eq!(list.len(), 10);
    assert!(
        list.iter()
            .all(|client| client.last_seen_us >= NOON_US + 30 * MINUTE_US)
    );
    assert_eq!(smaller.counts().evicted, 0);
}
