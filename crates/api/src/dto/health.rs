//! Health: whether the process lives, and whether it can do its work.
//!
//! Not an error: the same shape answers well and ill, and the status tells which.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The state of the process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// The process runs and answers; a supervisor restarts it when this is false.
    pub live: bool,
    /// Every listener is bound and every route can serve; traffic should go elsewhere when false.
    pub ready: bool,
    /// Why it is not live or not ready, or what needs attention; one sentence each.
    pub reasons: Vec<String>,
    /// Stable names of what is wrong with the key service, for programs: `sealed`, `selftest_failed`,
    /// `store_failed`, `seal_unreadable`, `records_damaged`, `rotations_overdue`, `rollback_accepted`,
    /// `backup_old`, `fallback_open`, `witness_unreachable`.
    pub codes: Vec<&'static str>,
    /// The key service, where the process has one.
    pub keys: Option<KeyHealth>,
}

/// The state of the key service. Anybody who reaches the API may read it, so it names records that are
/// damaged and nothing else of what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyHealth {
    /// `uninitialised`, `sealed`, `unsealed`, or `unreadable`.
    pub seal: &'static str,
    /// `passed` or `failed`. After a failure every cryptographic request is refused until a restart.
    pub self_test: &'static str,
    /// Records that are damaged, by name; the others are not affected.
    pub damaged: Vec<String>,
    /// When the newest backup was taken.
    pub last_backup: Option<Timestamp>,
    /// Keys that should have been rotated by now, 1,000 at most; `null` while sealed.
    pub rotations_due: Option<usize>,
    /// An older image of the data was opened at the operator's word.
    pub rollback_accepted: bool,
}
