//! When the audit log gets its next signed checkpoint.

use std::sync::atomic::{AtomicBool, AtomicU64};

/// What is known of the log's last checkpoint.
#[derive(Default)]
pub(crate) struct Journal {
    /// The sequence number up to which the log is signed.
    pub(crate) signed: AtomicU64,
    /// One checkpoint at a time.
    pub(crate) signing: AtomicBool,
}
