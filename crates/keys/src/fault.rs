//! What the store's errors mean to callers of this crate.
//!
//! Damage and the seal keep their names; everything else is a failure of the store.

use hybridge_store::{CommitError, ReadError};

use crate::Error;

pub(crate) fn read_error(error: ReadError) -> Error {
    match error {
        ReadError::Damaged { id, .. } => Error::Damaged {
            record: id.to_string(),
        },
        ReadError::Sealed => Error::Sealed,
        other => Error::store(other),
    }
}

pub(crate) fn commit_error(error: CommitError) -> Error {
    match error {
        CommitError::Conflict(_) => Error::Conflict,
        CommitError::Damaged(id) => Error::Damaged {
            record: id.to_string(),
        },
        CommitError::Sealed => Error::Sealed,
        other => Error::store(other),
    }
}
