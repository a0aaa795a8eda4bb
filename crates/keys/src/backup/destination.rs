//! Where backups are kept: a folder, or a bucket that speaks S3.
//!
//! A destination knows files with names and nothing of what they hold. A file appears under its name whole
//! or not at all. Names have no separators.

mod bucket;
mod directory;

pub use bucket::{Bucket, BucketAddress};
pub use directory::Directory;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;

/// What a destination is doing.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, DestinationError>> + Send + 'a>>;

/// What is put.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A synced file, which may be moved away.
    File(&'a Path),
    Bytes(&'a [u8]),
}

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub name: String,
    pub bytes: u64,
}

/// A place for files.
pub trait Destination: std::fmt::Debug + Send + Sync {
    /// How to call the place in messages.
    fn place(&self) -> String;

    /// The folder on this machine, where the destination is one: what is written there can be moved into
    /// place, and what is there can be read without a copy.
    fn folder(&self) -> Option<&Path>;

    /// Puts a file under a name that must be free; durable when it resolves.
    fn put<'a>(&'a self, name: &'a str, content: Content<'a>) -> Pending<'a, ()>;

    /// The whole of a small file.
    fn read<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<u8>>;

    /// Copies a file to a path on this machine.
    fn fetch<'a>(&'a self, name: &'a str, to: &'a Path) -> Pending<'a, ()>;

    /// All files, by name.
    fn list(&self) -> Pending<'_, Vec<Stored>>;

    /// Deletes a file; nothing happens when there is none.
    fn delete<'a>(&'a self, name: &'a str) -> Pending<'a, ()>;
}

/// Why a destination did not do as asked.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {what}")]
pub struct DestinationError {
    pub place: String,
    pub what: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl DestinationError {
    fn new(
        place: String,
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            place,
            what: what.into(),
            source: Some(source.into()),
        }
    }

    fn refused(place: String, what: impl Into<String>) -> Self {
        Self {
            place,
            what: what.into(),
            source: None,
        }
    }
}

#[cfg(test)]
mod tests;
