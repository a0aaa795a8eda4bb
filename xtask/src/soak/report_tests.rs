//! Every rule of the report is able to fail.
//! A good run is changed in one place, and that one violation must be there.

use super::*;

fn good() -> Report {
    let resources = |descriptors, mib| Resources {
        descriptors,
        resident: mib * MIB,
    };
    let mut report = Report::new(100, 7, resources(20, 10));
    for _ in 0..3 {
        report.cycle(Cycle {
            counts: Counts {
                opened: 130,
                completed: 100,
                reset: 10,
                upstream_killed: 20,
                ..Counts::default()
            },
            peak: 100,
            during: resources(220, 60),
            after: resources(21, 40),
            ..Cycle::default()
        });
    }
    report.drain(Drain {
        counts: Counts {
            opened: 50,
            completed: 50,
            ..Counts::default()
        },
        connections: 50,
        open: 50,
        refused: 20,
        code: Some(0),
        ended_after: Duration::ZERO,
    });
    report
}

fn check(change: impl FnOnce(&mut Report), expect: &str) {
    let mut report = good();
    change(&mut report);
    let violations = report.violations();
    assert!(
        violations.iter().any(|violation| violation.contains(expect)),
        "{expect}: {violations:?}"
    );
}

#[test]
fn a_good_run_has_no_violation() {
    assert_eq!(good().violations(), Vec::<String>::new());
    let table = good().table();
    assert!(
        table.contains("| connections opened | 130 | 130 | 130 | 50 |"),
        "{table}"
    );
}

#[test]
fn every_loss_is_a_violation() {
    check(|run| run.cycles[0].counts.corrupt = 1, "wrong bytes");
    check(
        |run| run.cycles[1].counts.failed = 1,
        "cycle 2: 1 connections failed",
    );
    check(
        |run| run.cycles[2].counts.opened += 1,
        "131 opened, 130 accounted for",
    );
    check(|run| run.cycles[0].counts.upstream_killed = 0, "nobody noticed");
    check(
        |run| run.cycles[0].peak = 99,
        "99 of 100 connections were open at once",
    );
    check(|run| run.cycles[0].during.descriptors = 199, "two descriptors");
}

#[test]
fn every_leak_is_a_violation() {
    check(
        |run| run.cycles[0].after.descriptors = 29,
        "29 descriptors are open",
    );
    check(|run| run.cycles[1].open = 1.0, "/metrics says");
    check(|run| run.cycles[1].half_open = 1.0, "/metrics says");
    check(
        |run| run.cycles[2].after.resident = 53 * MIB,
        "from 40 MiB after the first cycle to 53 MiB",
    );
}

#[test]
fn every_connection_must_outlive_the_drain() {
    let drain = |change: fn(&mut Drain)| move |run: &mut Report| run.drain.iter_mut().for_each(change);
    check(drain(|drain| drain.open = 49), "49 of 50 connections outlived");
    check(
        drain(|drain| drain.counts.completed = 49),
        "49 of 50 connections were completed",
    );
    check(drain(|drain| drain.refused = 19), "19 of 20");
    check(drain(|drain| drain.code = None), "ended with None");
}
