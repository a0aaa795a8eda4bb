//! Making a backup: a snapshot, written while the service goes on, then put in place.
//!
//! The container is written to a file of its own first, already sealed, so no byte in the clear touches a
//! disk. Rows are not opened; a row that is damaged in the store is named in the manifest and left out.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use hybridge_crypto::digest::Sha256;
use hybridge_crypto::sign;
use hybridge_store::{Damage, Keyring, Row, Snapshot, Store, StoreId, Table};
use jiff::Timestamp;

use super::contents::{EndV1, Frames, StartV1, tombstone_digest};
use super::destination::Content;
use super::manifest::{ContainerV1, HeadV1, SealedTo, Signer, TombstonesV1};
use super::{BackupError, Destination, Manifest, Name, PURPOSE};
use crate::recipient::text::hex;
use crate::recipient::{Lock, Writer};
use crate::record::{KEY, TOMBSTONE, VERSION};

/// Rows that are read from the snapshot at a time.
const BATCH: usize = 2_000;

/// What a backup is made with.
#[derive(Debug)]
pub struct Request<'a> {
    /// Who can open it.
    pub lock: &'a Lock,
    /// The service's hybrid signature key.
    pub signer: &'a sign::PrivateKey,
    /// A folder for the container while it is written, where the destination has none of its own.
    pub spool: &'a Path,
    /// Sealing of the root record, so that a restore goes on counting.
    pub sealing: u32,
    pub now: Timestamp,
}

/// A backup that is in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    pub name: Name,
    pub manifest: Manifest,
}

/// Makes a backup of the store as it is now. `keyring` must be able to open every row.
///
/// # Errors
/// [`BackupError`]; nothing is left under a backup's name then but, at worst, a container without manifest.
pub async fn create(
    store: &Store,
    keyring: Keyring,
    destination: &dyn Destination,
    request: &Request<'_>,
) -> Result<Created, BackupError> {
    let name = Name::new(store.id(), request.now);
    let folder = destination.folder().unwrap_or(request.spool);
    sweep(folder, store.id(), request.now)?;
    let spool = Spool::new(folder.join(format!(".{}.partial", name.container())));
    let job = Job {
        store: store.clone(),
        keyring,
        lock: request.lock.clone(),
        path: spool.path.clone(),
        taken: request.now,
        sealing: request.sealing,
    };
    let written = tokio::task::spawn_blocking(move || job.write()).await??;
    let manifest = written.manifest(&name, request);
    let envelope = manifest
        .seal(request.signer)
        .map_err(|source| BackupError::Crypto("signing the manifest", source))?;
    destination
        .put(&name.container(), Content::File(&spool.path))
        .await?;
    destination
        .put(&name.manifest(), Content::Bytes(&envelope))
        .await?;
    Ok(Created { name, manifest })
}

/// Removes what a backup of this store that was killed left behind, once it is a day old.
fn sweep(folder: &Path, store: StoreId, now: Timestamp) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(file) = entry.file_name().into_string() else {
            continue;
        };
        let name = file
            .strip_prefix('.')
            .and_then(|rest| rest.strip_suffix(".partial"));
        let is_ours = name
            .and_then(Name::of_container)
            .is_some_and(|name| name.is_of(store));
        if is_ours && is_day_old(&entry.metadata()?, now)? {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_day_old(found: &Metadata, now: Timestamp) -> io::Result<bool> {
    let modified = Timestamp::try_from(found.modified()?).map_err(io::Error::other)?;
    Ok(now.duration_since(modified) > jiff::SignedDuration::from_hours(24))
}

/// A file that goes when it is no longer needed; nothing happens when it was moved away.
pub(super) struct Spool {
    pub(super) path: PathBuf,
}

impl Spool {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.path);
    }
}

type Found = Result<Row, Damage>;

struct Job {
    store: Store,
    keyring: Keyring,
    lock: Lock,
    path: PathBuf,
    taken: Timestamp,
    sealing: u32,
}

impl Job {
    fn write(self) -> Result<Written, BackupError> {
        let mut snapshot = self.store.snapshot()?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&self.path)?;
        let digesting = Digesting {
            out: BufWriter::with_capacity(1 << 20, file),
            digest: Sha256::new(),
            len: 0,
        };
        let mut frames = Frames(Writer::begin(digesting, &self.lock, PURPOSE)?);
        let origin = snapshot.origin();
        let start = StartV1 {
            store: origin.store.0,
            generation: origin.generation,
            sequence: origin.head.sequence,
            hash: origin.head.hash,
            seals: origin.seals.clone(),
            taken: self.taken.as_millisecond(),
            sealing: self.sealing,
        };
        frames.start(&start, &self.keyring)?;
        let counted = self.rows(&mut snapshot, &mut frames)?;
        let entries = entries(&mut snapshot, &mut frames)?;
        let tombstones = counted.tombstones;
        frames.end(&EndV1 {
            rows: counted.rows,
            entries,
            tombstones: tombstones.1,
        })?;
        let digesting = frames.0.finish()?;
        let file = digesting
            .out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(Written {
            container: ContainerV1 {
                bytes: digesting.len,
                sha256: hex(&digesting.digest.finish()),
            },
            start,
            counted,
        })
    }

    fn rows<W: Write>(
        &self,
        snapshot: &mut Snapshot,
        frames: &mut Frames<W>,
    ) -> Result<Counted, BackupError> {
        let epochs: Vec<u32> = self.keyring.epochs().collect();
        let mut counted = Counted::default();
        let mut buried = Vec::new();
        loop {
            let batch = snapshot.rows(BATCH)?;
            if batch.is_empty() {
                break;
            }
            let sound: Vec<Row> = batch
                .into_iter()
                .filter_map(|found| counted.sound(found))
                .collect();
            if let Some(row) = sound.iter().find(|row| !epochs.contains(&row.epoch)) {
                return Err(BackupError::KeyringTooOld { epoch: row.epoch });
            }
            sound.iter().try_for_each(|row| frames.row(row))?;
            sound.iter().for_each(|row| counted.count(row.id.table));
            let tombstones = sound.into_iter().filter(|row| row.id.table == TOMBSTONE);
            buried.extend(tombstones.map(|row| row.id.key));
        }
        counted.tombstones = (buried.len() as u64, tombstone_digest(&mut buried));
        Ok(counted)
    }
}

fn entries<W: Write>(snapshot: &mut Snapshot, frames: &mut Frames<W>) -> Result<u64, BackupError> {
    let mut count = 0;
    loop {
        let batch = snapshot.entries(BATCH)?;
        if batch.is_empty() {
            return Ok(count);
        }
        for found in batch {
            let entry = found.map_err(|sequence| BackupError::LogDamaged { sequence })?;
            frames.entry(&entry)?;
            count += 1;
        }
    }
}

#[derive(Default)]
struct Counted {
    rows: u64,
    keys: u64,
    versions: u64,
    /// How many, and the digest of their ids.
    tombstones: (u64, [u8; 32]),
    damaged: Vec<String>,
}

impl Counted {
    /// The row, or nothing and a note where it is damaged.
    fn sound(&mut self, found: Found) -> Option<Row> {
        found
            .map_err(|damage| self.damaged.push(damage.id.to_string()))
            .ok()
    }

    fn count(&mut self, table: Table) {
        self.rows += 1;
        self.keys += u64::from(table == KEY);
        self.versions += u64::from(table == VERSION);
    }
}

struct Written {
    container: ContainerV1,
    start: StartV1,
    counted: Counted,
}

impl Written {
    fn manifest(self, name: &Name, request: &Request<'_>) -> Manifest {
        let (count, sha256) = self.counted.tombstones;
        Manifest {
            format: Manifest::format(),
            name: name.to_string(),
            store: StoreId(self.start.store).to_string(),
            generation: self.start.generation,
            taken: request.now,
            container: self.container,
            sealed_to: sealed_to(request.lock),
            rows: self.counted.rows,
            keys: self.counted.keys,
            versions: self.counted.versions,
            tombstones: TombstonesV1 {
                count,
                sha256: hex(&sha256),
            },
            head: HeadV1 {
                sequence: self.start.sequence,
                hash: hex(&self.start.hash),
            },
            damaged: self.counted.damaged,
            signer: Signer::of(request.signer).v1(),
        }
    }
}

fn sealed_to(lock: &Lock) -> Vec<SealedTo> {
    match lock {
        Lock::Passphrase(_) => vec![SealedTo::Passphrase],
        Lock::Recipients(recipients) => recipients
            .iter()
            .map(|recipient| SealedTo::Recipient {
                algorithm: recipient.algorithm().name.to_owned(),
                fingerprint: recipient.fingerprint(),
            })
            .collect(),
    }
}

/// Counts and digests what is written.
struct Digesting {
    out: BufWriter<File>,
    digest: Sha256,
    len: u64,
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
