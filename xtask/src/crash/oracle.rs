//! The oracle: compares a running service with the ledger, after each restart and whenever it is asked.
//!
//! First it settles what was never answered: that may have happened or not, but nothing in between. Then
//! everything must be as the ledger says. Damage may be told instead where damage was done, never wrong
//! content and never silence.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::audit;
use super::http::{Ask, Client, Reply};
use super::ledger::{Deed, Event, Purpose};
use super::model::{Key, Model, Shape, Token};
use super::stage::Stage;

/// What is in a data directory that nobody needs to ask about.
const FILES: [&str; 14] = [
    "admin.token",
    "api.address",
    "backup.identity",
    "backup.recipient",
    "backups",
    "clients.json",
    "keys.db",
    "keys.db-shm",
    "keys.db-wal",
    "keys.db.lock",
    "lock",
    "root.key",
    "witness",
    "audit.pub",
];

/// Revoked tokens that are tried in one check: the service locks an address out that fails too often.
const REVOKED_MAX: usize = 20;

/// How strict the oracle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tolerance {
    /// Everything must be as it was.
    Exact,
    /// Bytes were flipped: a record may be told as damaged instead.
    Damage,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checked {
    pub(super) keys: u64,
    pub(super) canaries: u64,
    pub(super) tokens: u64,
    pub(super) entries: u64,
    /// Answers that told of damage.
    pub(super) damaged: u64,
}

impl std::ops::AddAssign for Checked {
    fn add_assign(&mut self, other: Self) {
        self.keys += other.keys;
        self.canaries += other.canaries;
        self.tokens += other.tokens;
        self.entries += other.entries;
        self.damaged += other.damaged;
    }
}

/// A check of one service.
#[derive(Debug)]
pub(super) struct Oracle<'a> {
    pub(super) stage: &'a Stage,
    pub(super) client: Client,
    tolerance: Tolerance,
    pub(super) checked: Checked,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(stage: &'a Stage, client: Client, tolerance: Tolerance) -> Self {
        Self {
            stage,
            client,
            tolerance,
            checked: Checked::default(),
        }
    }

    /// Looks at everything; what is wrong goes to the stage.
    pub(super) fn check(mut self) -> anyhow::Result<Checked> {
        self.settle()?;
        let model = self.stage.ledger.read()?;
        self.check_names(&model)?;
        for (name, key) in &model.keys {
            self.check_key(name, key)?;
        }
        self.check_tokens(&model)?;
        let entries = audit::check(&mut self, &model)?;
        self.checked.entries = entries;
        self.check_files()?;
        Ok(self.checked)
    }

    /// Finds out about everything that was asked for and never answered.
    fn settle(&mut self) -> anyhow::Result<()> {
        let model = self.stage.ledger.read()?;
        for (id, deed) in &model.open {
            let (happened, made) = match deed {
                Deed::Protect { .. } => (false, None),
                Deed::Create { .. } | Deed::TokenCreate { .. } => self.again(deed)?,
                Deed::TokenRevoke { .. } => (self.again(deed)?.0, None),
                _ => (self.has_happened(&model, deed)?, None),
            };
            self.stage.ledger.write(&Event::Settled {
                id: *id,
                happened,
                made,
            })?;
        }
        Ok(())
    }

    /// Asks once more, with the same idempotency key: it must be done now, whether or not it was before.
    fn again(&mut self, deed: &Deed) -> anyhow::Result<(bool, Option<super::ledger::Made>)> {
        let (path, body) = deed.request();
        let reply = self.client.ask(&Ask {
            path: &path,
            body: Some(&body),
            once: deed.once(),
        })?;
        let is_gone = matches!(deed, Deed::TokenRevoke { .. }) && reply.status == 404;
        if !reply.is_done() && !is_gone {
            let what = deed.event();
            self.find(format!(
                "{what} was not answered, and asked for again it is refused: {}",
                reply.shown()
            ));
        }
        let made = deed.made(&reply.body);
        let is_known = made.is_some() || !matches!(deed, Deed::TokenCreate { .. });
        Ok(((reply.is_done() || is_gone) && is_known, made))
    }

    fn has_happened(&mut self, model: &Model, deed: &Deed) -> anyhow::Result<bool> {
        let name = deed.key().unwrap_or_default();
        let Some(key) = model.keys.get(name) else {
            return Ok(false);
        };
        let reply = self.client.get(&format!("/v1/keys/{name}"))?;
        let shown = Shape::shown(&reply.body);
        let after = key.shape.after(deed);
        // Where both are the same, what matters is that it is one of them.
        if shown.as_ref() != Some(&key.shape) && shown.as_ref() != Some(&after) {
            let shape = &key.shape;
            self.find(format!(
                "{name} is neither as before nor as after {deed:?}: {shown:?}, before {shape:?}"
            ));
        }
        Ok(shown == Some(after))
    }

    /// Keys that nobody was told of must not be there, and those that were must be listed.
    fn check_names(&mut self, model: &Model) -> anyhow::Result<()> {
        let (mut listed, mut after) = (BTreeSet::new(), None::<String>);
        loop {
            let from = after.as_ref().map(|name| format!("&after={name}"));
            let path = format!("/v1/keys?limit=1000{}", from.unwrap_or_default());
            let reply = self.client.get(&path)?;
            if !reply.is_done() {
                self.fault("the list of keys", &reply);
                return Ok(());
            }
            listed.extend(names(&reply.body, "keys"));
            listed.extend(names(&reply.body, "damaged"));
            match reply.body.get("next").and_then(Value::as_str) {
                Some(next) => after = Some(next.to_owned()),
                None => break,
            }
        }
        listed.retain(|name| !name.starts_with('@'));
        for name in model.keys.keys().filter(|name| !listed.contains(*name)) {
            self.find(format!("{name} was acknowledged and is not listed"));
        }
        for name in listed.iter().filter(|name| !model.keys.contains_key(*name)) {
            self.find(format!("{name} is listed and nobody was told that it was made"));
        }
        Ok(())
    }

    fn check_key(&mut self, name: &str, key: &Key) -> anyhow::Result<()> {
        self.checked.keys += 1;
        let reply = self.client.get(&format!("/v1/keys/{name}"))?;
        if !reply.is_done() {
            self.fault(name, &reply);
        } else if self.tolerance == Tolerance::Exact || !has_damage(&reply.body) {
            self.check_shape(name, key, &reply.body);
        } else {
            self.checked.damaged += 1;
        }
        self.check_canaries(name, key)?;
        self.check_primary(name, key)
    }

    fn check_shape(&self, name: &str, key: &Key, body: &Value) {
        let Some(shown) = Shape::shown(body) else {
            return self.find(format!("{name} is shown as {body}"));
        };
        if shown != key.shape {
            let shape = &key.shape;
            self.find(format!("{name} is {shown:?}, and by the ledger {shape:?}"));
        }
        let states = body.get("versions").and_then(Value::as_array);
        let active = states
            .into_iter()
            .flatten()
            .filter(|version| version["state"] == "active");
        let active: Vec<u64> = active.filter_map(|version| version["number"].as_u64()).collect();
        let is_single = match active[..] {
            [] => !shown.protects(),
            [one] => one == u64::from(shown.primary),
            _ => false,
        };
        if !is_single {
            let primary = shown.primary;
            self.find(format!(
                "{name}: versions {active:?} are active, primary is {primary}"
            ));
        }
    }

    /// What must open opens with the right content; what is put aside, quarantined or destroyed does not.
    fn check_canaries(&mut self, name: &str, key: &Key) -> anyhow::Result<()> {
        if key.canaries.is_empty() {
            return Ok(());
        }
        let items = key.canaries.iter().map(|canary| match key.purpose {
            Purpose::Encrypt => json!({"ciphertext": canary.protected}),
            Purpose::Sign => {
                json!({"message": canary.content, "signature": canary.protected, "version": canary.version})
            }
        });
        let verb = match key.purpose {
            Purpose::Encrypt => "decrypt",
            Purpose::Sign => "verify",
        };
        let body = json!({"batch": items.collect::<Vec<_>>()});
        let reply = self.client.post(&format!("/v1/keys/{name}/{verb}"), &body)?;
        for (index, canary) in key.canaries.iter().enumerate() {
            self.checked.canaries += 1;
            let item = &reply.body["batch"][index];
            let is_right = match key.purpose {
                Purpose::Encrypt => item["plaintext"].as_str() == Some(&canary.content),
                Purpose::Sign => item["valid"] == true,
            };
            let is_open = item.get("plaintext").is_some() || item.get("valid").is_some();
            let opens = key.shape.opens(canary.version);
            if is_open && is_right && opens || !is_open && !opens {
                continue;
            }
            let version = canary.version;
            match (is_open, opens) {
                (true, false) => self.find(format!("{name} version {version} opened, and must not: {item}")),
                (true, true) => self.find(format!(
                    "{name} version {version} opened with wrong content: {item}"
                )),
                (false, _) if self.tells_of_damage(&reply, item) => self.checked.damaged += 1,
                (false, _) => self.find(format!(
                    "{name} version {version} does not open: {item} {}",
                    reply.shown()
                )),
            }
        }
        Ok(())
    }

    /// The primary version, and no other, protects.
    fn check_primary(&mut self, name: &str, key: &Key) -> anyhow::Result<()> {
        let deed = Deed::Protect {
            key: name.to_owned(),
            purpose: key.purpose,
            content: "Y2FuYXJ5".to_owned(),
        };
        let (path, body) = deed.request();
        let reply = self.client.post(&path, &body)?;
        match (reply.is_done(), key.shape.protects()) {
            (true, true) if reply.body["version"] == key.shape.primary => {}
            (false, false) if reply.status < 500 => {}
            (true, false) => self.find(format!("{name} protects, and must not: {:?}", key.shape)),
            (true, true) => self.find(format!(
                "{name}: not the primary version protects: {}",
                reply.shown()
            )),
            (false, _) => self.fault(name, &reply),
        }
        Ok(())
    }

    fn check_tokens(&mut self, model: &Model) -> anyhow::Result<()> {
        let mut left = REVOKED_MAX;
        // The newest first: what was just revoked is what a crash could bring back.
        for (id, token) in by_age(model) {
            if token.revoked && left == 0 {
                continue;
            }
            left -= usize::from(token.revoked);
            self.checked.tokens += 1;
            let mut holder = Client::new(self.client.address, &token.secret);
            let reply = holder.get("/v1/keys?limit=1")?;
            match (reply.is_done(), token.revoked) {
                (true, false) => {}
                (false, true) if reply.status == 401 => {}
                (true, true) => self.find(format!("token {id} was revoked and passes")),
                (false, _) => self.fault(&format!("token {id}"), &reply),
            }
        }
        Ok(())
    }

    fn check_files(&self) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(self.stage.place.home())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !FILES.contains(&name.as_str()) {
                self.find(format!("{name} is left over in the data directory"));
            }
        }
        Ok(())
    }

    /// An answer that is none: a finding, unless damage was done and is told.
    pub(super) fn fault(&mut self, what: &str, reply: &Reply) {
        if self.tells_of_damage(reply, &Value::Null) {
            self.checked.damaged += 1;
        } else {
            self.find(format!("{what}: {}", reply.shown()));
        }
    }

    fn tells_of_damage(&self, reply: &Reply, item: &Value) -> bool {
        let code = item.get("error").and_then(Value::as_str);
        let told = [code.unwrap_or_default(), reply.code()];
        let is_told = told
            .iter()
            .any(|code| matches!(*code, "damaged" | "store_unavailable"));
        self.tolerance == Tolerance::Damage && is_told
    }

    pub(super) fn find(&self, finding: impl Into<String>) {
        self.stage.find(finding);
    }
}

/// The tokens, those that were touched last first.
fn by_age(model: &Model) -> Vec<(&String, &Token)> {
    let mut tokens: Vec<_> = model.tokens.iter().collect();
    tokens.sort_by_key(|(_, token)| std::cmp::Reverse(token.touched));
    tokens
}

fn names(page: &Value, list: &str) -> Vec<String> {
    let items = page.get(list).and_then(Value::as_array);
    let name = |item: &Value| item.get("name").unwrap_or(item).as_str().map(str::to_owned);
    items.into_iter().flatten().filter_map(name).collect()
}

fn has_damage(key: &Value) -> bool {
    key["damaged"]
        .as_array()
        .is_some_and(|damaged| !damaged.is_empty())
}
