//! Backups as clients see them: what their signed manifests say.
//!
//! A backup whose manifest is not to be believed is listed with the reason, and nothing else of it.

use std::time::Duration;

use hybridge_keys::backup::{Depth, Keep, Listed, Manifest, Pruned, Report, SealedTo};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::key_problem::chain;

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Backup {
    /// `20261122T034512.345Z-0123abcd`: when it was taken, and of which store.
    pub name: String,
    /// Why its manifest is not to be believed; null where it is.
    pub problem: Option<String>,
    /// What its manifest says; null where that is not to be believed.
    pub manifest: Option<BackupManifest>,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BackupManifest {
    pub taken_at: Timestamp,
    /// Id of the store, 32 hexadecimal digits.
    pub store: String,
    /// Size of the container.
    pub bytes: u64,
    /// Of the container, 64 hexadecimal digits.
    pub sha256: String,
    /// Who can open it: `passphrase`, or fingerprints of recipients.
    pub sealed_to: Vec<String>,
    pub keys: u64,
    pub versions: u64,
    pub tombstones: u64,
    /// Entries of the audit log.
    pub log_entries: u64,
    /// Hash of the last one, 64 hexadecimal digits.
    pub log_head: String,
    /// Records that were damaged in the store already, and are not in the backup.
    pub damaged: Vec<String>,
}

/// The backups at the destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BackupList {
    /// A folder, or `s3://bucket/prefix`.
    pub destination: String,
    /// Oldest first.
    pub backups: Vec<Backup>,
}

/// A backup that holds together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BackupVerified {
    pub backup: Backup,
    /// `contents`: every record, the log, and that nothing is missing; `outside`: signature and digest, because
    /// what opens it is not here.
    pub depth: &'static str,
}

/// How long to keep backups; what is left out is as configured.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackupPrune {
    /// Younger ones are all kept.
    pub keep_seconds: Option<u64>,
    /// This many are kept, however old.
    pub keep_min: Option<usize>,
}

/// What pruning did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BackupPruned {
    pub deleted: Vec<String>,
    pub kept: usize,
    /// The newest one, which was verified first; null where none holds together, and then nothing is deleted.
    pub newest: Option<String>,
}

impl BackupPrune {
    pub(crate) fn keep(&self, configured: Keep) -> Keep {
        Keep {
            age: self.keep_seconds.map_or(configured.age, Duration::from_secs),
            at_least: self.keep_min.unwrap_or(configured.at_least),
        }
    }
}

impl From<&Manifest> for Backup {
    fn from(manifest: &Manifest) -> Self {
        Self {
            name: manifest.name.clone(),
            problem: None,
            manifest: Some(manifest.into()),
        }
    }
}

impl From<&Listed> for Backup {
    fn from(listed: &Listed) -> Self {
        match &listed.manifest {
            Ok(manifest) => manifest.into(),
            Err(error) => Self {
                name: listed.name.to_string(),
                problem: Some(chain(error)),
                manifest: None,
            },
        }
    }
}

impl From<&Manifest> for BackupManifest {
    fn from(manifest: &Manifest) -> Self {
        let sealed_to = |to: &SealedTo| match to {
            SealedTo::Passphrase => "passphrase".to_owned(),
            SealedTo::Recipient { fingerprint, .. } => fingerprint.clone(),
        };
        Self {
            taken_at: manifest.taken,
            store: manifest.store.clone(),
            bytes: manifest.container.bytes,
            sha256: manifest.container.sha256.clone(),
            sealed_to: manifest.sealed_to.iter().map(sealed_to).collect(),
            keys: manifest.keys,
            versions: manifest.versions,
            tombstones: manifest.tombstones.count,
            log_entries: manifest.head.sequence,
            log_head: manifest.head.hash.clone(),
            damaged: manifest.damaged.clone(),
        }
    }
}

impl From<&Report> for BackupVerified {
    fn from(report: &Report) -> Self {
        Self {
            backup: (&report.manifest).into(),
            depth: match report.depth {
                Depth::Outside => "outside",
                Depth::Contents => "contents",
            },
        }
    }
}

impl From<&Pruned> for BackupPruned {
    fn from(pruned: &Pruned) -> Self {
        Self {
            deleted: pruned.deleted.iter().map(ToString::to_string).collect(),
            kept: pruned.kept,
            newest: pruned.newest.as_ref().map(ToString::to_string),
        }
    }
}
