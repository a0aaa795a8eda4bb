//! What dual control approves: one operation on one key with exactly these arguments.
//!
//! The arguments are words that an approver reads and that the operation is compared with: what was approved is
//! what was read.

use hybridge_keys::KeyName;
use hybridge_keys::approval::{Approvals, Deed, Guarded};
use hybridge_keys::{Caller, Keys};
use jiff::Timestamp;

use crate::problem::{Code, Problem};

/// To destroy a key or a version of it.
pub(crate) fn destroy(key: &KeyName, version: Option<u32>, wait_seconds: Option<u64>) -> Deed {
    let what = version.map_or_else(
        || "the whole key".to_owned(),
        |version| format!("version {version}"),
    );
    let when = wait_seconds.map_or_else(
        || "after the configured wait".to_owned(),
        |seconds| format!("after {seconds} s"),
    );
    Deed {
        operation: Guarded::Destroy,
        key: key.clone(),
        arguments: format!("{what}, {when}"),
    }
}

/// To export a version of a key to a recipient.
pub(crate) fn export(key: &KeyName, version: Option<u32>, recipient: &str) -> Deed {
    let what = version.map_or_else(
        || "the primary version".to_owned(),
        |version| format!("version {version}"),
    );
    Deed {
        operation: Guarded::Export,
        key: key.clone(),
        arguments: format!("{what}, to {}", recipient.trim()),
    }
}

/// The handle to do it with: one that spends the approval, where the key asks for one.
pub(crate) fn guarded(
    keys: &Keys,
    caller: &Caller,
    deed: &Deed,
    approval: Option<&str>,
    now: Timestamp,
) -> Result<Keys, Problem> {
    if let Some(id) = approval {
        let rider = Approvals::new(keys.clone()).spend(caller, id, deed, now)?;
        return Ok(keys.with(rider));
    }
    if !keys.show(&deed.key, now)?.key.policy.dual_control {
        return Ok(keys.clone());
    }
    let detail = format!(
        "key {} is under dual control: ask with POST /v1/approvals (hybridge approval request), have another \
         administrator approve, and send the id as `approval`",
        deed.key
    );
    Err(Problem::new(Code::ApprovalNeeded, detail))
}
