//! The backups of this process: where they go, who can open them, and when one is made.
//!
//! Without a word in the configuration they go to `backups` in the data directory, hourly, sealed to an
//! identity that the first start makes beside them. That is for one machine: whoever loses the disk loses
//! both. The rest is decided by `hybridge_keys::backup`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hybridge_crypto::Algorithm;
use hybridge_keys::backup::{Destination, Directory, Keep, Setup, Unlock, Vault};
use hybridge_keys::recipient::{Identity, Lock, Passphrase, Recipient};
use hybridge_keys::{Caller, Keys, Rider};

use crate::clock;
use crate::command_error::{CommandError, Kind};
use crate::data_directory::DataDirectory;
use crate::file::backup::Backup;
use crate::private_file;

pub(crate) mod place;

/// The folder in the data directory.
const FOLDER: &str = "backups";
/// The identity in the data directory.
pub(crate) const IDENTITY: &str = "backup.identity";
/// After a backup that failed, the next attempt waits so long.
const RETRY: Duration = Duration::from_secs(300);

/// Opens the backups of a service; the first time makes a folder and an identity, where the configuration
/// names none.
///
/// # Errors
/// `Configuration`: a destination or a recipient is none; `File`: others can read the identity, or a file
/// cannot be written.
pub(crate) fn open(keys: &Keys, data: &DataDirectory, written: &Backup) -> Result<Vault, CommandError> {
    let destination: Arc<dyn Destination> = match &written.destination {
        Some(text) => place::open(text).map_err(|error| error.of_configuration())?,
        None => {
            let folder = Directory::open(&data.path().join(FOLDER));
            Arc::new(folder.map_err(|error| CommandError::new(Kind::File, error))?)
        }
    };
    let (lock, unlock) = lock(data.path(), written)?;
    let setup = Setup {
        destination,
        lock,
        unlock,
        every: written.every,
        keep: Keep {
            age: written.keep,
            at_least: written.keep_min,
        },
        spool: data.path().to_owned(),
    };
    Ok(Vault::new(keys.clone(), setup))
}

fn lock(folder: &Path, written: &Backup) -> Result<(Lock, Option<Unlock>), CommandError> {
    if let Some(path) = &written.passphrase_file {
        let words = Passphrase::new(passphrase(path)?);
        return Ok((Lock::Passphrase(words.clone()), Some(Unlock::Passphrase(words))));
    }
    if written.recipients.is_empty() {
        let identity = own_identity(&folder.join(IDENTITY))?;
        let lock = Lock::Recipients(vec![identity.recipient()]);
        return Ok((lock, Some(Unlock::Identity(Arc::new(identity)))));
    }
    let parse = |line: &String| {
        let recipient = Recipient::parse(line);
        recipient.map_err(|error| {
            CommandError::new(Kind::Configuration, error).context(format!("backup.recipients: {line:.40}"))
        })
    };
    let recipients: Result<_, _> = written.recipients.iter().map(parse).collect();
    Ok((Lock::Recipients(recipients?), None))
}

/// The first line of a file that only its owner may read.
///
/// # Errors
/// `File`: it cannot be read, others can read it, or it is empty.
pub(crate) fn passphrase(path: &Path) -> Result<zeroize::Zeroizing<String>, CommandError> {
    let text = private_file::read(path)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        let message = format!("{} has no passphrase in its first line", path.display());
        return Err(CommandError::message(Kind::File, message));
    }
    Ok(zeroize::Zeroizing::new(line.to_owned()))
}

fn own_identity(path: &Path) -> Result<Identity, CommandError> {
    if path.try_exists().unwrap_or(true) {
        return identity(path);
    }
    let made = Algorithm::by_name("X-Wing").map(Identity::generate);
    let made = made.expect("the table has X-Wing");
    let made = made.map_err(|error| CommandError::new(Kind::Internal, error))?;
    let text = zeroize::Zeroizing::new(format!(
        "# Opens the backups of this data directory. It was made because no recipient is configured, and is for\n\
         # one machine: whoever loses this disk loses the backups and what opens them. Copy it to where the\n\
         # backups are not, or name recipients of your own: [backup] recipients = [\"hybridge-recipient:…\"].\n\
         # {}\n{}\n",
        made.recipient(),
        *made.to_line()
    ));
    private_file::write(path, text.as_bytes())?;
    Ok(made)
}

/// Reads an identity that only its owner may read.
///
/// # Errors
/// `File`: it cannot be read, others can read it, or it is none.
pub(crate) fn identity(path: &Path) -> Result<Identity, CommandError> {
    let text = private_file::read(path)?;
    Identity::parse(text.as_bytes()).map_err(|error| {
        CommandError::new(Kind::File, error).context(format!("cannot use {}", path.display()))
    })
}

/// Makes a backup when one is due and lets old ones go, for as long as it is polled.
pub(crate) async fn keep(vault: Vault, is_sealed: impl Fn() -> bool) {
    /// How often it looks; a backup is due by the time of the last one, not by this.
    const LOOK: Duration = Duration::from_secs(10);
    loop {
        tokio::time::sleep(LOOK.min(vault.setup().every.max(Duration::from_millis(100)))).await;
        if !is_sealed() && !look(&vault).await {
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// False where something went wrong.
async fn look(vault: &Vault) -> bool {
    let (caller, now) = (Caller::service("schedule"), clock::now());
    let done = async {
        if !vault.is_due(now).await? {
            return Ok(());
        }
        let created = vault.create(&caller, Rider::default(), now).await?;
        tracing::info!(backup = %created.name, keys = created.manifest.keys, "backed up by the schedule");
        let pruned = vault.prune(&caller, vault.setup().keep, clock::now()).await?;
        if !pruned.deleted.is_empty() {
            tracing::info!(
                deleted = pruned.deleted.len(),
                kept = pruned.kept,
                "old backups were deleted"
            );
        }
        Ok::<_, hybridge_keys::backup::VaultError>(())
    };
    match done.await {
        Ok(()) => true,
        Err(error) => {
            let why = crate::command_error::chain_line(&error);
            tracing::error!(
                error = why,
                "the scheduled backup was not made; the next attempt is in 5 minutes"
            );
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_identity_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(IDENTITY);
        let made = own_identity(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(own_identity(&path).unwrap().recipient(), made.recipient());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# Opens the backups") && text.contains("one machine"));
    }

    #[test]
    fn named_recipients_are_the_only_ones_and_nothing_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let theirs = Identity::generate(Algorithm::by_name("X-Wing").unwrap()).unwrap();
        let written = Backup {
            recipients: vec![theirs.recipient().to_string()],
            ..Backup::default()
        };
        let (lock, unlock) = lock(folder.path(), &written).unwrap();
        assert!(matches!(lock, Lock::Recipients(these) if these == [theirs.recipient()]));
        assert!(unlock.is_none());
        assert!(!folder.path().join(IDENTITY).exists());
    }

    #[test]
    fn a_classical_recipient_is_refused_by_name() {
        let written = Backup {
            recipients: vec!["hybridge-recipient:x25519:AAAA".to_owned()],
            ..Backup::default()
        };
        let error = lock(Path::new("/nowhere"), &written).unwrap_err();
        assert_eq!(error.kind, Kind::Configuration);
    }
}
