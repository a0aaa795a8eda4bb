//! The ledger: what was asked of the service and what it acknowledged, in a file of our own.
//!
//! An acknowledgement counts once its line is on disk. Every check reads the file anew, so that what is
//! believed is what survived, and not what some thread remembers.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::{Canary, Model};

/// What a key of the load is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Purpose {
    Encrypt,
    Sign,
}

/// Something that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Deed {
    Create {
        key: String,
        purpose: Purpose,
        /// The idempotency key, under which it is asked for again when no answer came.
        once: String,
    },
    /// Encrypts or signs; what comes back is a canary.
    Protect {
        key: String,
        purpose: Purpose,
        content: String,
    },
    Rotate {
        key: String,
    },
    Disable {
        key: String,
        version: Option<u32>,
    },
    Enable {
        key: String,
        version: Option<u32>,
    },
    Compromise {
        key: String,
    },
    Destroy {
        key: String,
        version: Option<u32>,
    },
    Cancel {
        key: String,
        version: Option<u32>,
    },
    TokenCreate {
        name: String,
        once: String,
    },
    TokenRevoke {
        id: String,
    },
}

/// What an acknowledged deed brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Made {
    Canary(Canary),
    Token { id: String, secret: String },
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Event {
    /// About to be asked for.
    Sent { id: u64, deed: Deed },
    /// Acknowledged, in the request of that id.
    Done {
        id: u64,
        request: String,
        made: Option<Made>,
    },
    /// Answered with a refusal: it has not happened.
    Refused { id: u64, why: String },
    /// Whether something unanswered has happened, as found out afterwards.
    Settled {
        id: u64,
        happened: bool,
        made: Option<Made>,
    },
    /// The window of an announced destruction has ended, and it was seen to be carried out.
    Reaped { key: String },
}

impl Deed {
    /// The key that it changes or uses.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Create { key, .. }
            | Self::Protect { key, .. }
            | Self::Rotate { key }
            | Self::Disable { key, .. }
            | Self::Enable { key, .. }
            | Self::Compromise { key }
            | Self::Destroy { key, .. }
            | Self::Cancel { key, .. } => Some(key),
            Self::TokenCreate { .. } | Self::TokenRevoke { .. } => None,
        }
    }

    /// Its event in the audit log.
    pub(super) fn event(&self) -> &'static str {
        match self {
            Self::Create { .. } => "key.create",
            Self::Protect {
                purpose: Purpose::Encrypt,
                ..
            } => "key.encrypt",
            Self::Protect { .. } => "key.sign",
            Self::Rotate { .. } => "key.rotate",
            Self::Disable { .. } => "key.disable",
            Self::Enable { .. } => "key.enable",
            Self::Compromise { .. } => "key.compromise",
            Self::Destroy { .. } => "key.destroy",
            Self::Cancel { .. } => "key.cancel-destroy",
            Self::TokenCreate { .. } => "token.create",
            Self::TokenRevoke { .. } => "token.revoke",
        }
    }

    /// Where it is asked for, and how.
    pub(super) fn request(&self) -> (String, Value) {
        let verb = self.event().rsplit('.').next().unwrap_or_default();
        let at = |key: &str| format!("/v1/keys/{key}/{verb}");
        match self {
            Self::Create { key, purpose, .. } => {
                let mut body =
                    json!({"name": key, "purpose": purpose, "policy": {"rotation_period_seconds": 0}});
                if *purpose == Purpose::Sign {
                    body["algorithm"] = json!("ML-DSA-44");
                }
                ("/v1/keys".to_owned(), body)
            }
            Self::Protect {
                key,
                purpose,
                content,
                ..
            } => {
                let name = match purpose {
                    Purpose::Encrypt => "plaintext",
                    Purpose::Sign => "message",
                };
                (at(key), json!({name: content}))
            }
            Self::Rotate { key } => (at(key), json!({})),
            Self::Compromise { key } => (at(key), json!({})),
            Self::Disable { key, version }
            | Self::Enable { key, version }
            | Self::Cancel { key, version } => (at(key), json!({"version": version})),
            Self::Destroy { key, version } => (at(key), json!({"version": version, "wait_seconds": 86_400})),
            Self::TokenCreate { name, .. } => {
                let bindings = json!([{"role": "auditor"}, {"role": "user"}]);
                let body = json!({"name": name, "bindings": bindings, "lifetime_seconds": 31_000_000});
                ("/v1/tokens".to_owned(), body)
            }
            Self::TokenRevoke { id } => (format!("/v1/tokens/{id}/revoke"), json!({})),
        }
    }

    /// The idempotency key, where it has one.
    pub(super) fn once(&self) -> Option<&str> {
        match self {
            Self::Create { once, .. } | Self::TokenCreate { once, .. } => Some(once),
            _ => None,
        }
    }

    /// What the answer to it brought.
    pub(super) fn made(&self, answer: &Value) -> Option<Made> {
        let text = |name: &str| Some(answer.get(name)?.as_str()?.to_owned());
        match self {
            Self::Protect { purpose, content, .. } => {
                let protected = match purpose {
                    Purpose::Encrypt => text("ciphertext")?,
                    Purpose::Sign => text("signature")?,
                };
                Some(Made::Canary(Canary {
                    version: u32::try_from(answer.get("version")?.as_u64()?).ok()?,
                    content: content.clone(),
                    protected,
                }))
            }
            Self::TokenCreate { .. } => Some(Made::Token {
                id: text("id")?,
                secret: text("secret")?,
            }),
            _ => None,
        }
    }
}

/// The file; many threads write to it.
#[derive(Debug)]
pub(super) struct Ledger {
    file: Mutex<File>,
    path: PathBuf,
}

impl Ledger {
    /// Opens it, or begins an empty one.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self {
            file: Mutex::new(file),
            path: path.to_owned(),
        })
    }

    /// Writes a line. What is acknowledged is on disk afterwards.
    pub(super) fn write(&self, event: &Event) -> anyhow::Result<()> {
        let line = format!("{}\n", serde_json::to_string(event)?);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())?;
        if !matches!(event, Event::Sent { .. }) {
            file.sync_data()?;
        }
        Ok(())
    }

    /// Everything that it says.
    pub(super) fn read(&self) -> anyhow::Result<Model> {
        let mut model = Model::default();
        for line in BufReader::new(File::open(&self.path)?).lines() {
            let line = line?;
            let event =
                serde_json::from_str(&line).with_context(|| format!("a line of the ledger: {line}"))?;
            model.apply(&event);
        }
        Ok(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger")).unwrap();
        let create = Deed::Create {
            key: "k".to_owned(),
            purpose: Purpose::Encrypt,
            once: "o".to_owned(),
        };
        let protect = Deed::Protect {
            key: "k".to_owned(),
            purpose: Purpose::Encrypt,
            content: "YQ==".to_owned(),
        };
        let made = protect.made(&json!({"ciphertext": "eA==", "version": 1}));
        for (id, deed, made) in [(1, create, None), (2, protect, made)] {
            ledger.write(&Event::Sent { id, deed }).unwrap();
            let request = format!("r{id}");
            ledger.write(&Event::Done { id, request, made }).unwrap();
        }
        let model = ledger.read().unwrap();
        assert_eq!(model.keys["k"].canaries[0].protected, "eA==");
        assert_eq!(model.acknowledged.len(), 2);
        assert_eq!(model.last, 2);
    }
}
