//! 256 callers at once, good and bad, each with an oracle of its own: who may gets it, who may not is
//! refused, and from the moment a revocation is acknowledged nothing of that token changes anything.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};

use super::draw::Draw;
use super::http::{Client, Reply};
use super::kill;
use super::service::{Service, pause};
use super::stage::{Plan, Stage};

const CALLERS: usize = 256;
/// Keys that users may use, and that they may not.
const OPEN: u64 = 16;
const SHUT: u64 = 4;
/// Longer than the expiring tokens live.
const EXPIRED_AFTER: Duration = Duration::from_millis(2500);

/// What a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// May use the open keys.
    User,
    /// May rotate a key of its own.
    Operator,
    /// As an operator, until it is revoked under way.
    Doomed,
    /// May read.
    Auditor,
    /// A token with one character changed.
    Forger,
    /// A token that was revoked before.
    Revoked,
    /// A token that has expired.
    Expired,
    /// No token.
    Nobody,
}

const ROLES: [Role; 8] = [
    Role::User,
    Role::Operator,
    Role::Doomed,
    Role::Auditor,
    Role::Forger,
    Role::Revoked,
    Role::Expired,
    Role::Nobody,
];

/// One caller, and what became of it.
#[derive(Debug)]
struct Caller {
    number: usize,
    role: Role,
    id: String,
    secret: String,
    /// Set when the revocation of its token was acknowledged.
    revoked: AtomicBool,
    /// The version of its own key right after that.
    frozen: AtomicU64,
}

#[derive(Debug, Default)]
struct Counts {
    allowed: AtomicU64,
    refused: AtomicU64,
    revoked: AtomicU64,
}

/// Makes the callers, lets them loose, revokes some under way.
pub(super) fn play(plan: &Plan, stage: &Stage) -> anyhow::Result<String> {
    let mut service = stage.serve()?;
    let callers = prepare(&service)?;
    let (stop, counts) = (AtomicBool::new(false), Counts::default());
    std::thread::scope(|scope| {
        for caller in &callers {
            let (client, stop, counts) = (Client::new(service.address, &caller.secret), &stop, &counts);
            let draw = plan.draw("callers", caller.number as u64);
            scope.spawn(move || caller.run((client, draw), stage, (stop, counts)));
        }
        let revoked = revoke(plan, &service, (&callers, &counts));
        stop.store(true, Ordering::Relaxed);
        revoked
    })?;
    check_frozen(stage, &service, &callers)?;
    if !service.is_alive()? {
        stage.find(format!("the service ended: {}", stage.place.said(0)));
    }
    let verified = kill::verify(stage, &service)?;
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    Ok(format!(
        "{} callers, {} requests allowed, {} refused, {} tokens revoked under way; audit {verified}",
        callers.len(),
        count(&counts.allowed),
        count(&counts.refused),
        count(&counts.revoked)
    ))
}

fn prepare(service: &Service) -> anyhow::Result<Vec<Caller>> {
    let mut admin = service.client();
    for (kind, count) in [("open", OPEN), ("shut", SHUT)] {
        (0..count).try_for_each(|number| create(&mut admin, &format!("{kind}-{number}")))?;
    }
    let mut callers = Vec::new();
    for number in 0..CALLERS {
        let role = ROLES[number % ROLES.len()];
        let (id, secret) = token(&mut admin, role, number)?;
        if matches!(role, Role::Operator | Role::Doomed) {
            create(&mut admin, &format!("own-{number}"))?;
        }
        callers.push(Caller {
            number,
            role,
            id,
            secret,
            revoked: AtomicBool::new(false),
            frozen: AtomicU64::new(0),
        });
    }
    pause(EXPIRED_AFTER);
    // Known tokens first: once strangers have failed too often, the address has to wait for others.
    for caller in callers.iter().filter(|caller| caller.role.is_good()) {
        let reply = Client::new(service.address, &caller.secret).get("/v1/keys?limit=1")?;
        ensure!(reply.is_done(), "{:?}: {}", caller.role, reply.shown());
    }
    Ok(callers)
}

fn create(admin: &mut Client, name: &str) -> anyhow::Result<()> {
    let body = json!({"name": name, "purpose": "encrypt", "policy": {"rotation_period_seconds": 0}});
    let reply = admin.post("/v1/keys", &body)?;
    ensure!(reply.is_done(), "{name}: {}", reply.shown());
    Ok(())
}

fn token(admin: &mut Client, role: Role, number: usize) -> anyhow::Result<(String, String)> {
    let own = format!("own-{number}");
    let binding = match role {
        Role::User | Role::Forger | Role::Revoked | Role::Expired => {
            json!({"role": "user", "names": ["open-*"]})
        }
        Role::Operator | Role::Doomed => json!({"role": "operator", "names": [own]}),
        Role::Auditor => json!({"role": "auditor"}),
        Role::Nobody => return Ok(Default::default()),
    };
    let lifetime = if role == Role::Expired { 1 } else { 3600 };
    let body =
        json!({"name": format!("caller-{number}"), "bindings": [binding], "lifetime_seconds": lifetime});
    let reply = admin.post("/v1/tokens", &body)?;
    ensure!(reply.is_done(), "a token for {role:?}: {}", reply.shown());
    let text = |name: &str| reply.body[name].as_str().unwrap_or_default().to_owned();
    let (id, mut secret) = (text("id"), text("secret"));
    if role == Role::Revoked {
        let reply = admin.post(&format!("/v1/tokens/{id}/revoke"), &json!({}))?;
        ensure!(reply.is_done(), "revoke: {}", reply.shown());
    }
    if role == Role::Forger {
        let other = if secret.get(12..13) == Some("A") { "B" } else { "A" };
        secret.replace_range(12..13, other);
    }
    Ok((id, secret))
}

/// Revokes the doomed, one after the other, spread over the time of the run.
fn revoke(plan: &Plan, service: &Service, (callers, counts): (&[Caller], &Counts)) -> anyhow::Result<()> {
    let mut admin = service.client();
    let doomed: Vec<&Caller> = callers
        .iter()
        .filter(|caller| caller.role == Role::Doomed)
        .collect();
    let time = Duration::from_secs(plan.seconds.max(1) * 5);
    let between = time / u32::try_from(doomed.len() + 2)?;
    pause(between);
    for caller in doomed {
        pause(between);
        let reply = admin.post(&format!("/v1/tokens/{}/revoke", caller.id), &json!({}))?;
        ensure!(reply.is_done(), "revoke: {}", reply.shown());
        caller.revoked.store(true, Ordering::SeqCst);
        caller
            .frozen
            .store(primary(&mut admin, caller)?, Ordering::SeqCst);
        counts.revoked.fetch_add(1, Ordering::Relaxed);
    }
    pause(between);
    Ok(())
}

fn primary(admin: &mut Client, caller: &Caller) -> anyhow::Result<u64> {
    let reply = admin.get(&format!("/v1/keys/own-{}", caller.number))?;
    let primary = reply.body["primary"].as_u64();
    primary.ok_or_else(|| anyhow::anyhow!("own-{}: {}", caller.number, reply.shown()))
}

/// Nothing may have changed after a revocation was acknowledged.
fn check_frozen(stage: &Stage, service: &Service, callers: &[Caller]) -> anyhow::Result<()> {
    let mut admin = service.client();
    for caller in callers.iter().filter(|caller| caller.role == Role::Doomed) {
        let (before, after) = (caller.frozen.load(Ordering::SeqCst), primary(&mut admin, caller)?);
        if before != after {
            let number = caller.number;
            stage.find(format!(
                "own-{number} went from version {before} to {after} after its caller was revoked"
            ));
        }
    }
    Ok(())
}

impl Role {
    /// Holds a good token at the start.
    const fn is_good(self) -> bool {
        matches!(self, Self::User | Self::Operator | Self::Doomed | Self::Auditor)
    }
}

/// One request, and whether the caller may.
struct Request {
    path: String,
    body: Option<Value>,
    may: bool,
}

impl Caller {
    /// Works until it is told to stop; what ends it earlier is a finding.
    fn run(&self, with: (Client, Draw), stage: &Stage, counted: (&AtomicBool, &Counts)) {
        if let Err(error) = self.work(with, stage, counted) {
            stage.find(format!("{:?} {}: {error:#}", self.role, self.number));
        }
    }

    fn work(
        &self,
        (mut client, mut draw): (Client, Draw),
        stage: &Stage,
        (stop, counts): (&AtomicBool, &Counts),
    ) -> anyhow::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let request = self.request(&mut draw);
            let is_revoked = self.revoked.load(Ordering::SeqCst);
            let reply = match &request.body {
                Some(body) => client.post(&request.path, body)?,
                None => client.get(&request.path)?,
            };
            // Revoked, and we have not heard of it yet.
            let is_going = self.role == Role::Doomed && matches!(reply.status, 401 | 429);
            let is_right = match request.may && !is_revoked {
                true => reply.is_done() || is_going,
                false => self.is_refusal(&reply, is_revoked) || is_going,
            };
            if !is_right {
                let (role, number, path) = (self.role, self.number, &request.path);
                let shown = reply.shown();
                stage.find(format!(
                    "{role:?} {number}, revoked: {is_revoked}: {path} gives {shown}"
                ));
            }
            let counter = if reply.is_done() {
                &counts.allowed
            } else {
                &counts.refused
            };
            counter.fetch_add(1, Ordering::Relaxed);
            if matches!(reply.status, 401 | 429) {
                pause(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    fn is_refusal(&self, reply: &Reply, is_revoked: bool) -> bool {
        if self.role.is_good() && !is_revoked {
            reply.status == 403
        } else {
            matches!(reply.status, 401 | 429)
        }
    }

    fn request(&self, draw: &mut Draw) -> Request {
        let content = || Some(json!({"plaintext": "eA"}));
        let use_of = |kind: &str, number: u64, may| Request {
            path: format!("/v1/keys/{kind}-{number}/encrypt"),
            body: content(),
            may,
        };
        let (open, shut, chance) = (draw.below(OPEN), draw.below(SHUT), draw.below(4));
        match (self.role, chance) {
            (Role::User, 0) => use_of("shut", shut, false),
            (Role::User, 1) => Request {
                path: format!("/v1/keys/open-{open}/rotate"),
                body: Some(json!({})),
                may: false,
            },
            (Role::User, _) => use_of("open", open, true),
            (Role::Operator | Role::Doomed, 0) => Request {
                path: format!("/v1/keys/open-{open}/rotate"),
                body: Some(json!({})),
                may: false,
            },
            (Role::Operator | Role::Doomed, 1) => Request {
                path: format!("/v1/keys/own-{}", self.number),
                body: None,
                may: true,
            },
            (Role::Operator | Role::Doomed, _) => Request {
                path: format!("/v1/keys/own-{}/rotate", self.number),
                body: Some(json!({})),
                may: true,
            },
            (Role::Auditor, 0 | 1) => Request {
                path: "/v1/audit?limit=1".to_owned(),
                body: None,
                may: true,
            },
            (Role::Auditor, 2) => use_of("open", open, false),
            (Role::Auditor, _) => Request {
                path: "/v1/keys".to_owned(),
                body: Some(json!({"name": format!("by-auditor-{}", self.number), "purpose": "encrypt"})),
                may: false,
            },
            _ => use_of("open", open, false),
        }
    }
}
