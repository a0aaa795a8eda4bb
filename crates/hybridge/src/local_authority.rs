//! The local authority that `up` makes: a CA of its own and one leaf for the names that are asked for.
//!
//! ECDSA P-256 throughout, because every TLS client takes it. The CA is made once and never
//! overwritten: clients trust it. The leaf is derived from it, so it is made anew when it is
//! missing, damaged, due, or when the names change. Key files are ours alone (0600).

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hybridge_edge::config::CertificateFiles;
use jiff::Timestamp;
use rcgen::KeyPair;
use zeroize::Zeroizing;

use crate::command_error::{CommandError, Explain, Kind};
use crate::data_directory::DataDirectory;
use crate::private_file;

mod certificate;
mod name;
#[cfg(test)]
mod tests;

use certificate::Facts;
pub(crate) use name::Name;

/// The folder below the data directory.
const FOLDER: &str = "authority";
const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca.key";
/// Chain and key in one file, so that both are replaced in one step.
const LEAF: &str = "leaf.pem";

/// A CA that is ready to sign.
pub(crate) struct LocalAuthority {
    folder: PathBuf,
    certificate_pem: String,
    facts: Facts,
    key: Zeroizing<KeyPair>,
}

impl std::fmt::Debug for LocalAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalAuthority")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// A leaf on disk.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// For the edge; chain and key are the same file.
    pub(crate) files: CertificateFiles,
    /// When the next one is due.
    pub(crate) renew_at: Timestamp,
    /// Was it made just now?
    pub(crate) origin: Origin,
}

/// Where a leaf comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was there.
    Reused,
    /// It was made now.
    Issued,
}

impl LocalAuthority {
    /// Opens the authority of a data directory, or makes it when there is none.
    ///
    /// # Errors
    /// `File`: it is damaged, expired, or readable by others. Nothing is overwritten then.
    pub(crate) fn open(data: &DataDirectory, now: Timestamp) -> Result<Self, CommandError> {
        let folder = data.path().join(FOLDER);
        if !folder.exists() {
            create(data.path(), &folder, now)?;
        }
        Self::load(folder, now)
    }

    fn load(folder: PathBuf, now: Timestamp) -> Result<Self, CommandError> {
        private_file::require_private(&folder)?;
        let (certificate_path, key_path) = (folder.join(CA_CERTIFICATE), folder.join(CA_KEY));
        let damaged = |path: &Path, why: &str| damaged(&folder, path, why);
        let certificate_pem = std::fs::read_to_string(&certificate_path)
            .cannot(Kind::File, format!("read {}", certificate_path.display()))
            .map_err(|error| error.hint(remedy(&folder)))?;
        let key_pem = private_file::read(&key_path).map_err(|error| error.hint(remedy(&folder)))?;
        let facts = Facts::of_pem(certificate_pem.as_bytes())
            .filter(|facts| facts.is_authority)
            .ok_or_else(|| damaged(&certificate_path, "it holds no CA certificate"))?;
        let key = KeyPair::from_pem(&key_pem)
            .map(Zeroizing::new)
            .map_err(|_malformed| damaged(&key_path, "it holds no private key"))?;
        if facts.public_key != key.public_key_raw() {
            return Err(damaged(
                &key_path,
                "it is not the key of the certificate beside it",
            ));
        }
        if facts.not_after <= now {
            return Err(damaged(
                &certificate_path,
                &format!("it expired on {}", facts.not_after),
            ));
        }
        Ok(Self {
            folder,
            certificate_pem,
            facts,
            key,
        })
    }

    /// The CA certificate, for clients to trust.
    pub(crate) fn certificate_path(&self) -> PathBuf {
        self.folder.join(CA_CERTIFICATE)
    }

    /// The leaf for `localhost`, `127.0.0.1`, `::1` and the given names: the one that is there if it
    /// will do, else a new one.
    ///
    /// # Errors
    /// `File`: it cannot be written, or others can read it.
    pub(crate) fn leaf(&self, names: &[Name], now: Timestamp) -> Result<Leaf, CommandError> {
        let names = name::with_local(names);
        let path = self.folder.join(LEAF);
        let (facts, origin) = match self
            .current_leaf(&path)?
            .filter(|leaf| self.will_do(leaf, &names, now))
        {
            Some(facts) => (facts, Origin::Reused),
            None => (self.issue(&path, &names, now)?, Origin::Issued),
        };
        let files = CertificateFiles {
            chain: path.clone(),
            key: path,
        };
        Ok(Leaf {
            files,
            renew_at: certificate::renew_at(&facts),
            origin,
        })
    }

    /// What is in the file, if it is a certificate with its key; a damaged leaf is replaced.
    fn current_leaf(&self, path: &Path) -> Result<Option<Facts>, CommandError> {
        if !path.exists() {
            return Ok(None);
        }
        let pem = private_file::read(path)?;
        Ok(certificate::pair_of_pem(pem.as_bytes()))
    }

    fn will_do(&self, leaf: &Facts, names: &[Name], now: Timestamp) -> bool {
        leaf.authority_id == self.facts.subject_id
            && leaf.not_before <= now
            && now < certificate::renew_at(leaf)
            && name::same(&leaf.names, names)
    }

    fn issue(&self, path: &Path, names: &[Name], now: Timestamp) -> Result<Facts, CommandError> {
        let pem = certificate::leaf_pem(&self.certificate_pem, &self.key, self.facts.not_after, names, now)?;
        private_file::write(path, pem.as_bytes())?;
        certificate::pair_of_pem(pem.as_bytes())
            .ok_or_else(|| CommandError::message(Kind::Internal, "the new certificate cannot be read back"))
    }
}

/// Makes the CA in a temporary folder and moves it into place: it is there whole or not at all.
fn create(data: &Path, folder: &Path, now: Timestamp) -> Result<(), CommandError> {
    let authority = certificate::authority(now)?;
    let making = || format!("make {}", folder.display());
    let private = Permissions::from_mode(0o700);
    let temporary = tempfile::Builder::new()
        .prefix(".authority-")
        .permissions(private)
        .tempdir_in(data);
    let temporary = temporary.cannot(Kind::File, making())?;
    private_file::write(&temporary.path().join(CA_KEY), authority.key_pem.as_bytes())?;
    private_file::write(
        &temporary.path().join(CA_CERTIFICATE),
        authority.certificate_pem.as_bytes(),
    )?;
    let temporary = temporary.keep();
    let moved = std::fs::rename(&temporary, folder).and_then(|()| private_file::sync_directory(data));
    moved.cannot(Kind::File, making())
}

fn damaged(folder: &Path, path: &Path, why: &str) -> CommandError {
    let message = format!("the local authority cannot be used: {}: {why}", path.display());
    CommandError::message(Kind::File, message).hint(remedy(folder))
}

fn remedy(folder: &Path) -> String {
    format!(
        "restore {0} from a backup, or move it away (mv {0} {0}.old) to start with a new authority, which every \
         client has to trust anew",
        folder.display()
    )
}
