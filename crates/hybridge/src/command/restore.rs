//! `hybridge restore`: a backup becomes a data directory again, and says what was proved.
//! Nothing is restored over something: the folder is empty, or the command refuses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hybridge_keys::Caller;
use hybridge_keys::backup::{Destination, Name};
use hybridge_keys::restore::{self, Request, RestoreError, Restored, Source};
use hybridge_keys::seal::Protector;
use serde_json::json;

use crate::backups::place;
use crate::command::backup::{Opening, chosen, signer, unreachable};
use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::data_directory::DataDirectory;
use crate::{clock, key_service, terminal};

/// Restore a backup into an empty data directory
///
/// The backup is verified first. Then its records are imported as they are sealed, under a new root key in a
/// key file of the new directory; `hybridge rekey` gives it another seal afterwards. Keys that were destroyed
/// after the backup are destroyed again where a newer backup at the same place, or an old data directory
/// (--newer), says so; where nothing newer is reached, the command warns. The last line is the proof: how many
/// keys there are, how many were opened and found to work, the end of the audit log, and the time it took.
///
/// The service must not run. A witness of an earlier store beside the directory means that this goes back on
/// purpose, which needs --accept-rollback.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge restore --from /backups --identity backup.identity --data /var/lib/hybridge
  hybridge restore --from s3://bucket/prefix --name 20261122T034512.345Z-0123abcd \\
      --identity backup.identity --signer audit.pem --data /var/lib/hybridge --newer /mnt/old-disk/hybridge")]
pub(crate) struct Restore {
    /// Where the backup is: a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "PLACE")]
    from: String,

    /// Name of the backup [default: the newest]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    opening: Opening,

    /// The new data directory: empty, or not there yet
    #[arg(long, value_name = "DIR", env = "HYBRIDGE_DATA", hide_env_values = true)]
    data: PathBuf,

    /// The service's public key in PEM; without it, the one that the manifest names is used
    #[arg(long, value_name = "FILE")]
    signer: Option<PathBuf>,

    /// An old data directory of the same store, where newer tombstones may be; may be repeated
    #[arg(long, value_name = "DIR")]
    newer: Vec<PathBuf>,

    /// Go back although a witness beside the directory has seen an earlier store there
    #[arg(long)]
    accept_rollback: bool,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let destination = place::open(&self.from).map_err(place::PlaceError::of_usage)?;
        let data = DataDirectory::open(&self.data)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.cannot(Kind::Internal, "start the runtime")?;
        let (name, restored) = runtime.block_on(self.restore(&*destination, &data))?;
        let ending = self.tell(&name, &restored)?;
        drop(restored.store);
        Ok(ending)
    }

    async fn restore(
        &self,
        destination: &dyn Destination,
        data: &DataDirectory,
    ) -> Result<(Name, Restored), CommandError> {
        let setup = key_service::config(data);
        self.check_witnesses(&setup.witnesses)?;
        let unlock = self.opening.unlock()?.ok_or_else(|| {
            CommandError::message(Kind::Usage, "nothing is given that opens the backup")
                .hint("give --identity FILE or --passphrase-file FILE")
        })?;
        let known = signer(self.signer.as_deref())?;
        if known.is_none() {
            terminal::warn(
                "the signature is checked with the key that the manifest names; say whose it must be with --signer \
                 FILE",
            );
        }
        let name = chosen(destination, self.name.as_deref()).await?;
        terminal::note(&format!("restoring {name} from {}", destination.place()));
        let started = clock::monotonic();
        let request = Request {
            destination,
            name: &name,
            known: known.as_ref(),
            unlock,
            folder: data.path(),
            ignored: &["lock"],
            database: setup.database(),
            witnesses: setup.witnesses.clone(),
            protector: &Protector::KeyFile,
            newer: self.newer.iter().map(|folder| source(folder)).collect(),
            caller: &Caller::service("restore"),
            now: clock::now(),
            elapsed: Arc::new(move || started.elapsed()),
        };
        let working = async {
            let mut ticks = tokio::time::interval(std::time::Duration::from_secs(1));
            loop {
                ticks.tick().await;
                terminal::progress(&format!("restoring: {} s", started.elapsed().as_secs()));
            }
        };
        let restored = tokio::select! {
            restored = restore::restore(request, |_delivery| Ok(())) => restored,
            never = working => never,
        };
        terminal::progress("");
        Ok((name, restored.map_err(explain)?))
    }

    fn check_witnesses(&self, witnesses: &[PathBuf]) -> Result<(), CommandError> {
        let seen = witnesses.iter().find(|path| path.try_exists().unwrap_or(true));
        match seen {
            Some(path) if !self.accept_rollback => {
                let message = format!(
                    "{} remembers how far a store in this place had come; a backup may be older than that",
                    path.display()
                );
                Err(CommandError::message(Kind::File, message)
                    .hint("what was made after the backup is lost; go back on purpose with --accept-rollback")
                    .hint("or restore into another directory"))
            }
            _ => Ok(()),
        }
    }

    fn tell(&self, name: &Name, restored: &Restored) -> Result<Ending, CommandError> {
        let (newer, proof) = (&restored.newer, &restored.proof);
        for (place, why) in &newer.unreached {
            terminal::warn(&format!("tombstones in {place} cannot be read: {why}"));
        }
        if newer.is_unknown() {
            terminal::warn(
                "what was destroyed after this backup may be usable again: nothing newer was reached that says what \
                 was destroyed since (see --newer); destroy it again before you let anybody in",
            );
        }
        if let Some(standing) = &restored.witness {
            terminal::warn(&format!(
                "the witness had seen {} log entries; the backup ends at {}",
                standing.head.sequence, restored.manifest.head.sequence
            ));
        }
        for failed in &proof.failed {
            terminal::warn(&format!(
                "the canary of {failed} did not open: this key cannot be used"
            ));
        }
        let text = if self.json {
            crate::service::json(&self.as_json(name, restored))?
        } else {
            self.in_words(restored)
        };
        terminal::print(&text)?;
        Ok(if proof.is_complete() {
            Ending::Done
        } else {
            Ending::Negative
        })
    }

    fn in_words(&self, restored: &Restored) -> String {
        let (newer, proof) = (&restored.newer, &restored.proof);
        let mut text = String::new();
        for (place, sequence) in &newer.reached {
            text += &format!("tombstones up to log entry {sequence} were read in {place}\n");
        }
        if newer.applied > 0 {
            text += &format!("destroyed again: {} newer tombstones\n", newer.applied);
        }
        text += &format!("start it with: hybridge up --data {}\n", self.data.display());
        text += &format!(
            "restored: {} keys, {} canaries opened, log head {} {}, took {:.1} s\n",
            proof.keys,
            proof.canaries_opened,
            proof.head.sequence,
            hex(&proof.head.hash),
            proof.took.as_secs_f64()
        );
        text
    }

    fn as_json(&self, name: &Name, restored: &Restored) -> serde_json::Value {
        let (newer, proof) = (&restored.newer, &restored.proof);
        json!({
            "backup": name.to_string(),
            "data": self.data,
            "keys": proof.keys,
            "canaries_opened": proof.canaries_opened,
            "failed": proof.failed,
            "destroyed": proof.destroyed,
            "log_head": {"sequence": proof.head.sequence, "hash": hex(&proof.head.hash)},
            "took_seconds": proof.took.as_secs_f64(),
            "newer": {
                "applied": newer.applied,
                "unknown": newer.is_unknown(),
                "reached": newer.reached,
                "unreached": newer.unreached,
            },
        })
    }
}

fn source(folder: &Path) -> Source {
    Source::Database(hybridge_keys::Config::new(folder.to_owned()).database())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn explain(error: RestoreError) -> CommandError {
    match error {
        RestoreError::Backup(error) => unreachable(error),
        other => CommandError::new(Kind::File, other),
    }
}
