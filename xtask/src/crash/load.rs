//! The load: clients that each change and use keys of their own, and write down what they are told.
//!
//! Nobody else touches a client's keys, so what must be there after a crash is known exactly: all that was
//! acknowledged, and the one deed under way or not.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::control::Field;
use super::draw::Draw;
use super::http::{Ask, Client, Reply};
use super::ledger::{Deed, Event, Purpose};
use super::model::{Key, Model, Shape};
use super::service::{Service, pause};
use super::stage::{Plan, Stage};

/// Clients at the same time.
pub(super) const CLIENTS: u64 = 6;
/// Keys of one client that are not destroyed.
const KEYS_MAX: usize = 10;
/// Versions and canaries of one key.
const VERSIONS_MAX: usize = 10;
const CANARIES_MAX: usize = 40;
/// Tokens of one client that are not revoked.
const TOKENS_MAX: usize = 6;
/// After a failure of the service, before the next deed.
const AFTER_FAILURE: Duration = Duration::from_millis(20);

/// What clients did, and how it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) acknowledged: u64,
    pub(super) refused: u64,
    /// Answered with a failure of the service (5xx).
    pub(super) failed: u64,
    pub(super) unanswered: u64,
    /// Canaries that were opened, or rightly not, under way.
    pub(super) opened: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        self.opened += other.opened;
    }
}

/// How a deed ended, as far as the client can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Answered,
    Unanswered,
}

/// One client.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    name: String,
    client: Client,
    stage: &'a Stage,
    /// Its own keys and tokens.
    pub(super) model: Model,
    draw: Draw,
    pub(super) tally: Tally,
}

/// Runs the clients while something is done to the service; they end when told or when it is gone.
pub(super) fn run(
    stage: &Stage,
    plan: &Plan,
    (service, round): (&Service, u64),
    disturb: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Tally> {
    let stop = AtomicBool::new(false);
    let known = stage.ledger.read()?;
    stage.next.fetch_max(known.last + 1, Ordering::Relaxed);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let name = format!("c{number}");
                let draw = plan.draw(&name, round);
                let mut worker = Worker::new(stage, service.client(), (&name, &known), draw);
                let stop = &stop;
                scope.spawn(move || worker.work(stop).map(|()| worker.tally))
            })
            .collect();
        let disturbed = disturb();
        stop.store(true, Ordering::Relaxed);
        let mut sum = Tally::default();
        for client in clients {
            let joined = client.join();
            sum += joined.map_err(|_panic| anyhow::anyhow!("a client panicked"))??;
        }
        disturbed.map(|()| sum)
    })
}

impl<'a> Worker<'a> {
    /// A client whose keys are those of its name.
    pub(super) fn new(stage: &'a Stage, client: Client, (name, known): (&str, &Model), draw: Draw) -> Self {
        let prefix = format!("{name}-");
        let mut model = known.clone();
        model.keys.retain(|key, _| key.starts_with(&prefix));
        model.tokens.clear();
        model.acknowledged.clear();
        Self {
            name: name.to_owned(),
            client,
            stage,
            model,
            draw,
            tally: Tally::default(),
        }
    }

    fn work(&mut self, stop: &AtomicBool) -> anyhow::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let ended = if self.draw.once_in(5) {
                self.look()
            } else {
                let deed = self.deed();
                self.perform(deed)?
            };
            if ended == Ended::Unanswered {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks for one thing and writes down what came of it.
    pub(super) fn perform(&mut self, deed: Deed) -> anyhow::Result<Ended> {
        let id = self.stage.next.fetch_add(1, Ordering::Relaxed);
        let has_failed = self.stage.control.value(Field::Failed)? == 1;
        let (path, body) = deed.request();
        let ask = Ask {
            path: &path,
            body: Some(&body),
            once: deed.once(),
        };
        self.note(Event::Sent {
            id,
            deed: deed.clone(),
        })?;
        let Ok(reply) = self.client.ask(&ask) else {
            self.tally.unanswered += 1;
            return Ok(Ended::Unanswered);
        };
        if has_failed && reply.is_done() {
            let what = deed.event();
            self.stage.find(format!(
                "{what} was acknowledged after a failed sync of the database"
            ));
        }
        self.take(id, &deed, reply)?;
        Ok(Ended::Answered)
    }

    fn take(&mut self, id: u64, deed: &Deed, reply: Reply) -> anyhow::Result<()> {
        match reply.status {
            200..300 => {
                self.tally.acknowledged += 1;
                let made = deed.made(&reply.body);
                let request = reply.request;
                self.note(Event::Done { id, request, made })
            }
            400..500 => {
                self.tally.refused += 1;
                let why = reply.code().to_owned();
                self.note(Event::Refused { id, why })
            }
            _ => {
                self.tally.failed += 1;
                pause(AFTER_FAILURE);
                self.settle(id, deed)
            }
        }
    }

    /// After a failure: what the service shows now is what happened. What it does not show stays open.
    fn settle(&mut self, id: u64, deed: &Deed) -> anyhow::Result<()> {
        let happened = match (deed, deed.key()) {
            (Deed::Protect { .. } | Deed::TokenCreate { .. }, _) => Some(false),
            (_, Some(key)) => self.has_happened(deed, key),
            _ => None,
        };
        let Some(happened) = happened else {
            return Ok(());
        };
        self.note(Event::Settled {
            id,
            happened,
            made: None,
        })
    }

    fn has_happened(&mut self, deed: &Deed, key: &str) -> Option<bool> {
        let reply = self.client.get(&format!("/v1/keys/{key}")).ok()?;
        if matches!(deed, Deed::Create { .. }) {
            return [(200, true), (404, false)]
                .into_iter()
                .find_map(|(status, happened)| (status == reply.status).then_some(happened));
        }
        let shown = Shape::shown(&reply.body)?;
        let before = &self.model.keys.get(key)?.shape;
        if shown == *before {
            return Some(false);
        }
        (shown == before.after(deed)).then_some(true)
    }

    fn note(&mut self, event: Event) -> anyhow::Result<()> {
        self.stage.ledger.write(&event)?;
        self.model.apply(&event);
        Ok(())
    }

    /// Opens a canary, or finds that it rightly does not open.
    fn look(&mut self) -> Ended {
        let free = self.free();
        let Some((name, key)) = self
            .draw
            .one_of(&free)
            .and_then(|name| self.model.keys.get_key_value(name))
        else {
            return Ended::Answered;
        };
        let Some(canary) = self.draw.one_of(&key.canaries) else {
            return Ended::Answered;
        };
        let (verb, body) = match key.purpose {
            Purpose::Encrypt => ("decrypt", json!({"ciphertext": canary.protected})),
            Purpose::Sign => (
                "verify",
                json!({"message": canary.content, "signature": canary.protected, "version": canary.version}),
            ),
        };
        let Ok(reply) = self.client.post(&format!("/v1/keys/{name}/{verb}"), &body) else {
            return Ended::Unanswered;
        };
        let is_right = match key.purpose {
            Purpose::Encrypt => {
                reply.body.get("plaintext").and_then(|text| text.as_str()) == Some(&canary.content)
            }
            Purpose::Sign => reply.body.get("valid").and_then(serde_json::Value::as_bool) == Some(true),
        };
        let opens = key.shape.opens(canary.version);
        let version = canary.version;
        match (reply.is_done(), opens) {
            (true, true) if is_right => self.tally.opened += 1,
            (false, false) if reply.status < 500 => self.tally.opened += 1,
            (false, _) if reply.status >= 500 => self.tally.failed += 1,
            (true, true) => self
                .stage
                .find(format!("{name} version {version} opened with wrong content")),
            (true, false) => self.stage.find(format!(
                "{name} version {version} opened although it is put aside: {:?}",
                key.shape
            )),
            (false, _) => self.stage.find(format!(
                "{name} version {version} does not open under way: {}",
                reply.shown()
            )),
        }
        Ended::Answered
    }

    /// Keys of which everything asked was answered, and that are not destroyed.
    fn free(&self) -> Vec<String> {
        let taken: BTreeSet<&str> = self.model.open.values().filter_map(Deed::key).collect();
        let keys = self.model.keys.iter();
        keys.filter(|(name, key)| !taken.contains(name.as_str()) && !key.shape.destroyed)
            .map(|(name, _key)| name.clone())
            .collect()
    }

    fn deed(&mut self) -> Deed {
        let free = self.free();
        let chance = self.draw.below(100);
        let wants_key = free.len() < 3 || (free.len() < KEYS_MAX && chance < 8);
        match self.draw.one_of(&free).cloned() {
            Some(name) if !wants_key => {
                if chance >= 92 {
                    return self.token_deed();
                }
                match self.model.keys.get(&name).cloned() {
                    Some(key) => self.key_deed(name, &key, chance),
                    None => self.create(),
                }
            }
            _ => self.create(),
        }
    }

    fn create(&mut self) -> Deed {
        let number = self.stage.next.load(Ordering::Relaxed);
        let key = format!("{}-{number}", self.name);
        let purpose = if self.draw.once_in(3) {
            Purpose::Sign
        } else {
            Purpose::Encrypt
        };
        Deed::Create {
            once: format!("once-{key}"),
            key,
            purpose,
        }
    }

    fn token_deed(&mut self) -> Deed {
        let live: Vec<String> = self
            .model
            .tokens
            .iter()
            .filter(|(_, token)| !token.revoked)
            .map(|(id, _)| id.clone())
            .collect();
        match self.draw.one_of(&live) {
            Some(id) if live.len() >= TOKENS_MAX || self.draw.clone().once_in(2) => {
                Deed::TokenRevoke { id: id.clone() }
            }
            _ => {
                let name = format!("{}-{}", self.name, self.stage.next.load(Ordering::Relaxed));
                Deed::TokenCreate {
                    once: format!("once-{name}"),
                    name,
                }
            }
        }
    }

    fn key_deed(&mut self, key: String, is: &Key, chance: u64) -> Deed {
        let versions: Vec<u32> = is.shape.versions.keys().copied().collect();
        let drawn = self.draw.one_of(&versions).copied();
        let version = if self.draw.once_in(2) { drawn } else { None };
        let purpose = is.purpose;
        match chance {
            _ if !is.shape.is_usable() && chance < 70 => match is.shape.doomed {
                true if chance < 30 => Deed::Cancel { key, version: None },
                true => Deed::Enable { key, version: None },
                false => Deed::Enable { key, version: None },
            },
            0..55 if is.canaries.len() < CANARIES_MAX => Deed::Protect {
                key,
                purpose,
                content: self.draw.content(),
            },
            0..70 if versions.len() < VERSIONS_MAX => Deed::Rotate { key },
            70..76 => Deed::Disable { key, version },
            76..82 => Deed::Enable { key, version },
            82..86 if versions.len() < VERSIONS_MAX && is.shape.protects() => Deed::Compromise { key },
            86..90 => Deed::Destroy {
                version: drawn.filter(|number| *number != is.shape.primary && !self.draw.once_in(4)),
                key,
            },
            90..92 => Deed::Cancel { key, version },
            _ => Deed::Enable { key, version: None },
        }
    }
}

/// Lets the load run for a drawn time, at most the plan's.
pub(super) fn wait(plan: &Plan, draw: &mut Draw) {
    let most = plan.seconds.saturating_mul(1000).max(100);
    pause(Duration::from_millis(50 + draw.below(most)));
}
