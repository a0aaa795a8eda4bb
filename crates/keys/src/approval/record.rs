//! The record of an approval, version 1; id is the approval's id as text.
//! Who asked, for exactly what, and who approved.

use hybridge_store::{Id, Table};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Approval, Deed, Guarded};
use crate::record::{damaged, decode, encode, from_millis, to_millis};
use crate::{Error, KeyName};

pub(super) const APPROVAL: Table = Table("approval");

#[derive(Serialize, Deserialize)]
struct ApprovalV1 {
    operation: u8,
    key: String,
    arguments: String,
    requester: String,
    lineage: Vec<String>,
    requested: i64,
    expires: i64,
    approved: Option<(String, i64)>,
}

pub(super) fn id(id: &str) -> Id {
    Id::new(APPROVAL, id.as_bytes())
}

pub(super) fn write(approval: &Approval) -> Result<Zeroizing<Vec<u8>>, Error> {
    let approved = approval.approved.as_ref();
    encode(&ApprovalV1 {
        operation: number(approval.deed.operation),
        key: approval.deed.key.as_str().to_owned(),
        arguments: approval.deed.arguments.clone(),
        requester: approval.requester.clone(),
        lineage: approval.lineage.clone(),
        requested: to_millis(approval.requested),
        expires: to_millis(approval.expires),
        approved: approved.map(|(by, at)| (by.clone(), to_millis(*at))),
    })
}

pub(super) fn read(id: &Id, bytes: &[u8]) -> Result<Approval, Error> {
    let kept: ApprovalV1 = decode(id, bytes)?;
    let operation = Guarded::ALL
        .into_iter()
        .find(|each| number(*each) == kept.operation);
    let at = |(by, at): (String, i64)| from_millis(id, at).map(|at| (by, at));
    Ok(Approval {
        id: String::from_utf8(id.key.clone()).map_err(|_foreign| damaged(id))?,
        deed: Deed {
            operation: operation.ok_or_else(|| damaged(id))?,
            key: KeyName::stored(kept.key.as_bytes()).ok_or_else(|| damaged(id))?,
            arguments: kept.arguments,
        },
        requester: kept.requester,
        lineage: kept.lineage,
        requested: from_millis(id, kept.requested)?,
        expires: from_millis(id, kept.expires)?,
        approved: kept.approved.map(at).transpose()?,
    })
}

/// Numbers are never given again.
const fn number(operation: Guarded) -> u8 {
    match operation {
        Guarded::Destroy => 1,
        Guarded::Export => 2,
    }
}
