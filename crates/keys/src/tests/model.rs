//! Random lives of a key against a model that is too simple to be wrong.
//!
//! The model knows for each version whether it is suspended, retired, compromised, quarantined, planned for
//! destruction or destroyed. After every step the service must show the same, with exactly one primary
//! version, and let through exactly the uses that the model allows.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

use crate::change::Destroy;
use crate::serve::Tagged;
use crate::tests::{Service, at, name, one};
use crate::{Error, Purpose, State};

const WAIT: i64 = 7 * 24 * 3600;

#[derive(Clone, Copy, Debug)]
enum Step {
    Rotate,
    Disable(Option<u8>),
    Enable(Option<u8>),
    Compromise(Option<u8>),
    Release(u8),
    Destroy(Option<u8>),
    Cancel(Option<u8>),
    Reap,
}

fn step() -> impl Strategy<Value = Step> {
    let version = || 1_u8..5;
    let maybe = || prop_oneof![Just(None), version().prop_map(Some)];
    let whole_is_rare = any::<u8>().prop_map(|byte| if byte < 16 { None } else { Some(byte % 4 + 1) });
    prop_oneof![
        3 => Just(Step::Rotate),
        2 => maybe().prop_map(Step::Disable),
        3 => maybe().prop_map(Step::Enable),
        2 => maybe().prop_map(Step::Compromise),
        2 => version().prop_map(Step::Release),
        2 => whole_is_rare.prop_map(Step::Destroy),
        1 => maybe().prop_map(Step::Cancel),
        2 => Just(Step::Reap),
    ]
}

#[derive(Clone, Debug, Default)]
struct Version {
    suspended: bool,
    retired: bool,
    compromised: bool,
    quarantined: bool,
    planned: Option<i64>,
    destroyed: bool,
}

impl Version {
    fn state(&self, disabled: bool) -> State {
        if self.destroyed {
            State::Destroyed
        } else if self.compromised {
            State::Compromised
        } else if self.suspended || disabled {
            State::Suspended
        } else if self.retired {
            State::Deactivated
        } else {
            State::Active
        }
    }
}

#[derive(Debug, Default)]
struct Model {
    versions: Vec<Version>,
    disabled: bool,
    planned: Option<i64>,
    destroyed: bool,
}

impl Model {
    fn at(&mut self, number: u32) -> Option<&mut Version> {
        let index = usize::try_from(number).expect("small").checked_sub(1)?;
        self.versions.get_mut(index)
    }

    fn primary(&self) -> u32 {
        u32::try_from(self.versions.len()).expect("small")
    }

    fn add(&mut self) {
        self.versions.push(Version::default());
    }

    /// Whether the step succeeds; the model is then as it is afterwards.
    fn take(&mut self, step: Step, now: i64) -> bool {
        if self.destroyed {
            return matches!(step, Step::Reap);
        }
        let primary = self.primary();
        match step {
            Step::Rotate => {
                let allowed = !self.disabled && self.planned.is_none();
                if allowed {
                    self.at(primary).expect("a primary").retired = true;
                    self.add();
                }
                allowed
            }
            Step::Disable(None) => {
                self.disabled = true;
                true
            }
            Step::Enable(None) => {
                self.disabled = false;
                true
            }
            Step::Disable(Some(number)) => self.at(number.into()).is_some_and(|version| {
                let allowed = !version.destroyed && !version.compromised && !version.suspended;
                version.suspended |= allowed;
                allowed
            }),
            Step::Enable(Some(number)) => self.at(number.into()).is_some_and(|version| {
                let allowed = !version.destroyed && !version.compromised && version.suspended;
                version.suspended &= !allowed;
                allowed
            }),
            Step::Compromise(number) => self.compromise(number.map_or(primary, u32::from)),
            Step::Release(number) => self
                .at(number.into())
                .is_some_and(|version| std::mem::take(&mut version.quarantined)),
            Step::Destroy(None) => {
                let allowed = self.planned.is_none();
                self.planned = self.planned.or(Some(now + WAIT));
                allowed
            }
            Step::Destroy(Some(number)) => {
                u32::from(number) != primary
                    && self.at(number.into()).is_some_and(|version| {
                        let allowed = !version.destroyed && version.planned.is_none();
                        version.planned = version.planned.or(allowed.then_some(now + WAIT));
                        allowed
                    })
            }
            Step::Cancel(None) => self.planned.take().is_some(),
            Step::Cancel(Some(number)) => {
                u32::from(number) != primary
                    && self
                        .at(number.into())
                        .is_some_and(|version| !version.destroyed && version.planned.take().is_some())
            }
            Step::Reap => {
                self.reap(now);
                true
            }
        }
    }

    fn compromise(&mut self, number: u32) -> bool {
        let is_primary = number == self.primary();
        let Some(version) = self.at(number) else {
            return false;
        };
        if version.destroyed || version.compromised {
            return false;
        }
        (version.compromised, version.quarantined) = (true, true);
        if is_primary {
            self.add();
        }
        true
    }

    fn reap(&mut self, now: i64) {
        self.destroyed = self.planned.is_some_and(|at| at <= now);
        for version in &mut self.versions {
            if self.destroyed || version.planned.is_some_and(|at| at <= now) {
                version.destroyed = true;
                (version.planned, version.quarantined) = (None, false);
            }
        }
        if self.destroyed {
            self.planned = None;
        }
    }

    fn may_process(&mut self, number: u32) -> bool {
        let is_open = !self.disabled && self.planned.is_none() && !self.destroyed;
        let version = self.at(number).expect("it was made");
        let state = version.state(false);
        let processes = matches!(state, State::Active | State::Deactivated | State::Compromised);
        is_open && processes && !version.quarantined && version.planned.is_none()
    }

    fn may_protect(&mut self) -> bool {
        let primary = self.primary();
        let state = self.at(primary).expect("a primary").state(false);
        self.may_process(primary) && state == State::Active
    }
}

async fn apply(service: &Service, step: Step, now: i64) -> Result<(), Error> {
    let (keys, caller, name, now) = (&service.keys, &service.caller, name("m"), at(now));
    match step {
        Step::Rotate => keys.rotate(caller, &name, now).await.map(drop),
        Step::Disable(version) => {
            let version = version.map(u32::from);
            keys.disable(caller, &name, version, now).await.map(drop)
        }
        Step::Enable(version) => {
            let version = version.map(u32::from);
            keys.enable(caller, &name, version, now).await.map(drop)
        }
        Step::Compromise(version) => {
            let version = version.map(u32::from);
            keys.compromise(caller, &name, version, now).await.map(drop)
        }
        Step::Release(version) => keys.release(caller, &name, version.into(), now).await.map(drop),
        Step::Destroy(version) => {
            let destroy = Destroy {
                version: version.map(u32::from),
                wait: None,
            };
            keys.destroy(caller, &name, destroy, now).await.map(drop)
        }
        Step::Cancel(version) => {
            let version = version.map(u32::from);
            keys.cancel_destroy(caller, &name, version, now).await.map(drop)
        }
        Step::Reap => {
            for reaped in keys.reap(now, 100).await? {
                reaped.result?;
            }
            Ok(())
        }
    }
}

async fn compare(service: &Service, model: &mut Model, now: i64) {
    let shown = service.keys.show(&name("m"), at(now)).expect("the key");
    assert_eq!(shown.key.primary, model.primary());
    let latest = shown.versions.iter().map(|version| version.number).max();
    assert_eq!(
        latest,
        Some(shown.key.primary),
        "the newest version is the primary one"
    );
    let active = shown
        .versions
        .iter()
        .filter(|version| version.times.state(at(now)) == State::Active);
    assert!(active.count() <= 1, "at most one version protects");
    for version in &shown.versions {
        let expect = model.at(version.number).expect("it was made").clone();
        assert_eq!(
            version.state,
            expect.state(model.disabled),
            "version {}",
            version.number
        );
        assert_eq!(version.quarantined, expect.quarantined);
        let item = Tagged {
            message: b"x",
            tag: &[0; 32],
            version: Some(version.number),
        };
        let key = name("m");
        let used = one(service
            .keys
            .mac_verify(&service.caller, &key, &[item], at(now))
            .await);
        assert_eq!(
            used.is_ok(),
            model.may_process(version.number),
            "version {}: {used:?}",
            version.number
        );
    }
    let tags = service
        .keys
        .mac(&service.caller, &name("m"), &[b"x"], at(now))
        .await;
    assert_eq!(one(tags).is_ok(), model.may_protect());
}

#[test]
fn every_life_is_the_one_that_the_model_expects() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    let lives = prop::collection::vec((step(), 0..WAIT), 1..24);
    let run = |steps: Vec<(Step, i64)>| {
        runtime.block_on(async {
            let service = Service::new();
            service.create("m", Purpose::Mac).await;
            let (mut model, mut now) = (Model::default(), 1);
            model.add();
            for (step, pause) in steps {
                now += pause;
                let expect = model.take(step, now);
                let done = apply(&service, step, now).await;
                assert_eq!(done.is_ok(), expect, "{step:?}: {done:?}, {model:?}");
                compare(&service, &mut model, now).await;
            }
        });
        Ok(())
    };
    TestRunner::new(config)
        .run(&lives, run)
        .expect("every life is as the model says");
}
