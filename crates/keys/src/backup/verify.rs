//! Verifying a backup without restoring it.
//!
//! Without a way to open it: the manifest's signature and the container's digest. With one: also every
//! record's checksum and seal, the chain of the log, and that nothing is missing. The report says which.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hybridge_crypto::digest::Sha256;
use hybridge_store::{Entry, Head};

use super::contents::{Contents, Item, Start};
use super::create::Spool;
use super::list::{manifest, mismatch};
use super::{BackupError, Destination, Manifest, Name, PURPOSE, Signer};
use crate::recipient::text::hex;
use crate::recipient::{Identity, Opener, Passphrase, Reader};

/// What opens a backup.
#[derive(Clone, Debug)]
pub enum Unlock {
    Identity(Arc<Identity>),
    Passphrase(Passphrase),
}

impl Unlock {
    pub(crate) fn opener(&self) -> Opener<'_> {
        match self {
            Self::Identity(identity) => Opener::Identity(identity),
            Self::Passphrase(words) => Opener::Passphrase(words),
        }
    }
}

/// How far a verification went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Signature of the manifest and digest of the container.
    Outside,
    /// Also each record, the log, and that all of it is there.
    Contents,
}

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub manifest: Manifest,
    /// True where the signature was checked against a key that was known beforehand.
    pub signer_was_known: bool,
    pub depth: Depth,
}

/// Verifies a backup; down to its records where `unlock` is given.
///
/// # Errors
/// [`BackupError`] that says what does not match.
pub async fn verify(
    destination: &dyn Destination,
    name: &Name,
    known: Option<&Signer>,
    unlock: Option<Unlock>,
    spool: &Path,
) -> Result<Report, BackupError> {
    let manifest = manifest(destination, name, known).await?;
    let depth = if unlock.is_some() {
        Depth::Contents
    } else {
        Depth::Outside
    };
    let fetched = fetch(destination, name, spool).await?;
    let (name, checked_manifest) = (name.clone(), manifest.clone());
    let work = move || {
        check_digest(&name, &checked_manifest, &fetched.path)?;
        match unlock {
            Some(unlock) => check_contents(&name, &checked_manifest, &fetched.path, &unlock),
            None => Ok(()),
        }
    };
    tokio::task::spawn_blocking(work).await??;
    Ok(Report {
        manifest,
        signer_was_known: known.is_some(),
        depth,
    })
}

/// A container on this machine; a copy goes when this does.
pub(crate) struct Fetched {
    pub(crate) path: PathBuf,
    _copy: Option<Spool>,
}

/// Makes a container readable on this machine: as it is in a folder, or as a copy in `spool`.
pub(crate) async fn fetch(
    destination: &dyn Destination,
    name: &Name,
    spool: &Path,
) -> Result<Fetched, BackupError> {
    if let Some(folder) = destination.folder() {
        return Ok(Fetched {
            path: folder.join(name.container()),
            _copy: None,
        });
    }
    copied(destination, name, spool).await
}

async fn copied(destination: &dyn Destination, name: &Name, spool: &Path) -> Result<Fetched, BackupError> {
    let copy = Spool::new(spool.join(format!(".{}.fetched", name.container())));
    destination.fetch(&name.container(), &copy.path).await?;
    Ok(Fetched {
        path: copy.path.clone(),
        _copy: Some(copy),
    })
}

/// The manifest of a backup whose signature and digest match, and a copy of its container: what was checked is
/// what is read, whoever can write to the destination meanwhile.
pub(crate) async fn checked(
    destination: &dyn Destination,
    name: &Name,
    known: Option<&Signer>,
    spool: &Path,
) -> Result<(Manifest, Fetched), BackupError> {
    let manifest = manifest(destination, name, known).await?;
    let fetched = copied(destination, name, spool).await?;
    let (name, expected) = (name.clone(), manifest.clone());
    let work = move || check_digest(&name, &expected, &fetched.path).map(|()| fetched);
    let fetched = tokio::task::spawn_blocking(work).await??;
    Ok((manifest, fetched))
}

fn check_digest(name: &Name, manifest: &Manifest, path: &Path) -> Result<(), BackupError> {
    let mut file = File::open(path)?;
    let (mut digest, mut len) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                digest.update(&buffer[..read]);
                len += read as u64;
            }
        }
    }
    if len != manifest.container.bytes || hex(&digest.finish()) != manifest.container.sha256 {
        return Err(mismatch(name, "the container is not the one that was signed for"));
    }
    Ok(())
}

/// A container that is being read.
pub(crate) type Opened = (Start, Contents<Reader<BufReader<File>>>);

/// Opens a container on this machine.
pub(crate) fn open(name: &Name, path: &Path, unlock: &Unlock) -> Result<Opened, BackupError> {
    let file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let reader = Reader::open(file, unlock.opener(), PURPOSE)?;
    Contents::begin(reader).map_err(|error| error.of(name))
}

fn check_contents(name: &Name, manifest: &Manifest, path: &Path, unlock: &Unlock) -> Result<(), BackupError> {
    let (start, mut contents) = open(name, path, unlock)?;
    if start.origin.store.to_string() != manifest.store {
        return Err(mismatch(name, "it is of another store"));
    }
    let mut chain = Chain::new(&start);
    loop {
        match contents.next().map_err(|error| error.of(name))? {
            Item::Row(row) => {
                let opened = start.keyring.open(start.origin.store, &row);
                opened.map_err(BackupError::Record)?;
            }
            Item::Entry(entry) => chain.follow(name, &entry)?,
            Item::End(end) => {
                chain.end(name, &start)?;
                let counts = (
                    end.rows,
                    hex(&end.tombstones),
                    chain.head.sequence,
                    hex(&chain.head.hash),
                );
                let expected = (
                    manifest.rows,
                    manifest.tombstones.sha256.clone(),
                    manifest.head.sequence,
                    manifest.head.hash.clone(),
                );
                return if counts == expected {
                    Ok(())
                } else {
                    Err(mismatch(name, "the manifest counts something else"))
                };
            }
        }
    }
}

/// The log, checked entry by entry.
struct Chain {
    head: Head,
}

impl Chain {
    fn new(start: &Start) -> Self {
        Self {
            head: Head::empty(start.origin.store),
        }
    }

    fn follow(&mut self, name: &Name, entry: &Entry) -> Result<(), BackupError> {
        if !entry.follows(&self.head) {
            return Err(mismatch(name, "a log entry does not follow the one before it"));
        }
        self.head = entry.head();
        Ok(())
    }

    fn end(&self, name: &Name, start: &Start) -> Result<(), BackupError> {
        if self.head != start.origin.head {
            return Err(mismatch(name, "the log does not end where it should"));
        }
        Ok(())
    }
}
