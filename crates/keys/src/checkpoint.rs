//! Checkpoints: when the audit log is signed, and how; reading and exporting it.
//!
//! A checkpoint is an entry that signs the head of the log before it. One is due after so many entries, after
//! so much time when there is something new, at an export and at an orderly end.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hybridge_store::{Entry, Head, Transaction};
use jiff::Timestamp;

use crate::audit::{Event, Line, Place, PublicKey, Report, Start, Statement, Tampered, Verifier};
use crate::fault::{commit_error, read_error};
use crate::material::{Material, failed};
use crate::record::kept;
use crate::start::AUDIT;
use crate::{Caller, Error, KeyName, Keys};

/// Entries that are read at once.
const PAGE: usize = 1000;

/// What is known of the log's last checkpoint since the service was opened.
pub(crate) struct Journal {
    /// The sequence number of the last checkpoint's own entry, or of the last entry when the service began.
    signed: AtomicU64,
    /// When the first entry after it was written, in milliseconds; 0 where there is none.
    since: AtomicI64,
    /// One checkpoint at a time.
    signing: AtomicBool,
}

impl Journal {
    /// Begins at the log's end; what an earlier run left unsigned is signed with what comes next.
    pub(crate) const fn at(head: u64) -> Self {
        Self {
            signed: AtomicU64::new(head),
            since: AtomicI64::new(0),
            signing: AtomicBool::new(false),
        }
    }
}

/// An export under way.
#[derive(Debug)]
pub struct Export {
    keys: Keys,
    next: u64,
    end: Statement,
    signature: Vec<u8>,
    is_begun: bool,
    is_ended: bool,
}

impl Keys {
    /// Signs the log soon when enough entries have come since the last checkpoint.
    pub(crate) fn checkpoint_soon(&self, head: Head, now: Timestamp) {
        let journal = &self.inner().journal;
        if journal.since.load(Ordering::Relaxed) == 0 {
            journal
                .since
                .store(now.as_millisecond().max(1), Ordering::Relaxed);
        }
        let behind = head
            .sequence
            .saturating_sub(journal.signed.load(Ordering::Relaxed));
        let is_due = behind >= self.config().checkpoint_entries;
        if !is_due || self.store().is_sealed() || journal.signing.swap(true, Ordering::AcqRel) {
            return;
        }
        let keys = self.clone();
        tokio::spawn(async move {
            if let Err(error) = keys.sign_log(now).await {
                tracing::error!(%error, "the audit log was not signed");
            }
            keys.inner().journal.signing.store(false, Ordering::Release);
        });
    }

    /// Signs the log when the last checkpoint is old and there is something new; true where it did.
    ///
    /// # Errors
    /// [`Error`] of the store or of the key that signs.
    pub async fn checkpoint_if_old(&self, now: Timestamp) -> Result<bool, Error> {
        let since = self.inner().journal.since.load(Ordering::Relaxed);
        let period = self.config().checkpoint_period.as_millis();
        let age = u128::try_from(now.as_millisecond().saturating_sub(since)).unwrap_or(0);
        if since == 0 || age < period {
            return Ok(false);
        }
        self.checkpoint(now).await.map(|_head| true)
    }

    /// Signs the log now; the head that is signed.
    ///
    /// # Errors
    /// [`Error`] of the store or of the key that signs.
    pub async fn checkpoint(&self, now: Timestamp) -> Result<Head, Error> {
        self.sign_log(now).await
    }

    async fn sign_log(&self, now: Timestamp) -> Result<Head, Error> {
        let (statement, signature, version) = self.signed(Place::Log, now)?;
        let event = Event::service("audit.checkpoint")
            .version(version)
            .fact("upto", statement.head.sequence)
            .fact("hash", hex(&statement.head.hash))
            .fact("said", statement.time.as_millisecond())
            .fact("signature", STANDARD.encode(signature));
        let entry = event.to_bytes(&Caller::service("checkpoint"), now);
        let transaction = Transaction {
            entries: vec![entry],
            ..Transaction::default()
        };
        let committed = self.store().commit(transaction).await.map_err(commit_error)?;
        let journal = &self.inner().journal;
        journal.signed.store(committed.head.sequence, Ordering::Relaxed);
        journal.since.store(0, Ordering::Relaxed);
        Ok(statement.head)
    }

    fn signed(&self, place: Place, now: Timestamp) -> Result<(Statement, Vec<u8>, u32), Error> {
        let loaded = self.loaded(&KeyName::internal(AUDIT))?;
        let version = self.version(&loaded, loaded.key.primary)?;
        let Material::Sign(key) = version.material()? else {
            return Err(Error::NotFound);
        };
        let statement = Statement {
            store: self.store().id(),
            head: self.store().head(),
            time: kept(now),
        };
        let signature = key
            .sign(&statement.to_bytes(), place.context())
            .map_err(failed(version.algorithm))?;
        Ok((statement, signature, version.number))
    }

    /// The public keys that checkpoints are signed with, newest first.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`Error::Store`].
    pub fn audit_public_keys(&self, now: Timestamp) -> Result<Vec<PublicKey>, Error> {
        let shown = self.show(&KeyName::internal(AUDIT), now)?;
        let key = |version: crate::KeyVersion| PublicKey::new(version.algorithm, version.public_key);
        Ok(shown.versions.into_iter().map(key).collect())
    }

    /// The end of the log. Works while sealed.
    #[must_use]
    pub fn log_head(&self) -> Head {
        self.store().head()
    }

    /// Which store this is. Works while sealed.
    #[must_use]
    pub fn store_id(&self) -> hybridge_store::StoreId {
        self.store().id()
    }

    /// The last entries of the log, oldest first. Works while sealed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn audit_tail(&self, count: usize) -> Result<Vec<Entry>, Error> {
        let last = self.store().head().sequence;
        let from = last.saturating_sub(count as u64) + 1;
        self.audit_entries(from, count)
    }

    /// At most `limit` entries from that number on. Works while sealed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn audit_entries(&self, from: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        self.store().log(from, limit).map_err(read_error)
    }

    /// Verifies the log in the store, with its own public keys.
    ///
    /// # Errors
    /// [`Error::Store`] where it cannot be read; what does not hold is inside.
    pub fn audit_verify(&self, now: Timestamp) -> Result<Result<Report, Tampered>, Error> {
        let (store, keys) = (self.store().id(), self.audit_public_keys(now)?);
        let mut verifier = Verifier::new(store, Head::empty(store), &keys);
        let last = self.store().head().sequence;
        let mut next = 1;
        while next <= last {
            let page = self.audit_entries(next, PAGE)?;
            let Some(end) = page.last() else {
                return Ok(Err(Tampered::Chain { sequence: next }));
            };
            next = end.sequence + 1;
            if let Some(found) = page.iter().find_map(|entry| verifier.push(entry).err()) {
                return Ok(Err(found));
            }
        }
        Ok(verifier.finish())
    }

    /// Begins an export from that entry on (the first is 1), which ends with a signature over all of it.
    ///
    /// # Errors
    /// [`Error`] of the store or of the key that signs.
    pub async fn audit_export(&self, caller: &Caller, from: u64, now: Timestamp) -> Result<Export, Error> {
        let event = Event::service("audit.export").fact("from", from);
        let written = self.record(Transaction::default(), &event, caller, now).await;
        written.map_err(commit_error)?;
        let (end, signature, _version) = self.signed(Place::Export, now)?;
        self.checkpoint(now).await?;
        Ok(Export {
            keys: self.clone(),
            next: from.clamp(1, end.head.sequence),
            end,
            signature,
            is_begun: false,
            is_ended: false,
        })
    }
}

impl Export {
    /// The next lines, each without its line feed; none at the end. Blocks for one read.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn lines(&mut self) -> Result<Option<Vec<Line>>, Error> {
        if self.is_ended {
            return Ok(None);
        }
        let mut lines = Vec::new();
        if !std::mem::replace(&mut self.is_begun, true) {
            lines.push(self.start()?);
        }
        let last = self.end.head.sequence;
        let limit = usize::try_from(last + 1 - self.next).unwrap_or(PAGE).min(PAGE);
        let entries = self.keys.audit_entries(self.next, limit)?;
        self.next += entries.len() as u64;
        lines.extend(entries.into_iter().map(Line::Entry));
        if self.next > last {
            self.is_ended = true;
            lines.push(Line::End {
                statement: self.end,
                signature: std::mem::take(&mut self.signature),
            });
        }
        Ok(Some(lines))
    }

    fn start(&self) -> Result<Line, Error> {
        let store = self.end.store;
        let before = match self.next {
            1 => Head::empty(store),
            next => {
                let before = self.keys.audit_entries(next - 1, 1)?;
                before.first().ok_or(Error::NotFound)?.head()
            }
        };
        Ok(Line::Start(Start { store, before }))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
