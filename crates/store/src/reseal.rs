//! Resealing: moves rows of older epochs to the current one, in batches beside the running service.
//!
//! A record keeps its version. Whatever is written meanwhile is sealed in the current epoch anyway, so one
//! pass over the rows is complete. A pass that was interrupted by a restart begins again and passes over
//! what was moved.

use crate::fault::{CommitError, ReadError};
use crate::store::Store;
use crate::writer::Work;

/// How far a pass has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Where the next call goes on.
    pub position: i64,
    /// Rows that this call found in an older epoch and handed to the writer.
    pub moved: u64,
    /// Rows that this call passed over because they are damaged.
    pub damaged: u64,
    /// All rows were looked at. If no pass found damage, older keys can be dropped.
    pub done: bool,
}

/// Why rows were not moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResealError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Store {
    /// Looks at `limit` rows after a position (0 at first), moves those of older epochs, and waits until
    /// they are durable. Blocks the calling thread.
    ///
    /// # Errors
    /// [`ReadError::Sealed`], or whatever reading or committing says.
    pub fn reseal(&self, position: i64, limit: usize) -> Result<Resealed, ResealError> {
        self.state.refuse_if_failed()?;
        let current = self.state.keyring().ok_or(ReadError::Sealed)?.current();
        let page = self
            .state
            .readers
            .take()
            .walk(position, limit)
            .map_err(ReadError::from)?;
        let mut progress = Resealed {
            position,
            done: page.len() < limit,
            ..Resealed::default()
        };
        let mut reseal = Vec::new();
        for (position, found) in page {
            progress.position = position;
            match found {
                Ok(row) if row.epoch != current => reseal.push(row.id),
                Ok(_) => {}
                Err(_) => progress.damaged += 1,
            }
        }
        progress.moved = reseal.len() as u64;
        if !reseal.is_empty() {
            let _committed = self
                .send(Work {
                    reseal,
                    ..Work::default()
                })
                .wait()?;
        }
        Ok(progress)
    }
}
