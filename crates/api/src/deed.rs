//! What dual control approves: one operation on one key with exactly these arguments.
//!
//! The digest here is the one place where arguments become bytes, so that what was approved and what is done
//! are compared in the same form.

use hybridge_keys::KeyName;
use hybridge_keys::approval::{Approvals, Deed, Guarded, arguments};
use hybridge_keys::{Caller, Keys};
use jiff::Timestamp;

use crate::problem::{Code, Problem};

/// To destroy a key or a version of it.
pub(crate) fn destroy(key: &KeyName, version: Option<u32>, wait_seconds: Option<u64>) -> Deed {
    let version = version.map(u32::to_be_bytes);
    let wait = wait_seconds.map(u64::to_be_bytes);
    let version: &[u8] = version.as_ref().map_or(&[], |bytes| bytes);
    let wait: &[u8] = wait.as_ref().map_or(&[], |bytes| bytes);
    Deed {
        operation: Guarded::Destroy,
        key: key.clone(),
        arguments: arguments(&[version, wait]),
    }
}

/// To export a version of a key to a recipient.
pub(crate) fn export(key: &KeyName, version: Option<u32>, recipient: &str) -> Deed {
    let version = version.map(u32::to_be_bytes);
    let version: &[u8] = version.as_ref().map_or(&[], |bytes| bytes);
    Deed {
        operation: Guarded::Export,
        key: key.clone(),
        arguments: arguments(&[version, recipient.trim().as_bytes()]),
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
    Err(Problem::new(
        Code::ApprovalNeeded,
        format!(
            "key {} is under dual control: ask with POST /v1/approvals, have another administrator approve, and \
             send the id as `approval`",
            deed.key
        ),
    ))
}
