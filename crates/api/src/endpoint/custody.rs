//! The endpoints that keep the key service itself: its seal, its audit log, its backups.
//!
//! What they do is written down by the key service, where it succeeds and where it fails.

use std::time::Duration;

use axum::routing::{get, post};
use hybridge_policy::access::Action;

use super::{Endpoint, read, write};
use crate::v1::{audit, backups, seal, self_test};

/// Deriving from a passphrase, and moving all records to a new seal.
const REKEY: Duration = Duration::from_secs(300);
/// A backup of a million keys, to a bucket far away.
const BACKUP: Duration = Duration::from_secs(1800);
/// The text of a key file, or the recipients of 255 holders.
const SEAL_BYTES_MAX: usize = 1024 * 1024;

#[rustfmt::skip] // A table is read by its columns.
pub(super) static CUSTODY: &[Endpoint] = &[
    write("/v1/selftest", Action::RunSelftest, "selftest.run", || post(self_test::selftest_run)),
    read("/v1/seal", Action::ReadSeal, "seal.show", || get(seal::seal_show)),
    write("/v1/seal/unseal", Action::ChangeSeal, "seal.unseal", || post(seal::seal_unseal)).within(REKEY).journaled(),
    write("/v1/seal/seal", Action::ChangeSeal, "seal.close", || post(seal::seal_close)).within(REKEY).journaled(),
    write("/v1/seal/rekey", Action::ChangeSeal, "seal.rekey", || post(seal::seal_rekey)).within(REKEY).taking(SEAL_BYTES_MAX).journaled(),
    write("/v1/seal/rekey/confirm", Action::ChangeSeal, "seal.confirm", || post(seal::seal_confirm)).within(REKEY).taking(SEAL_BYTES_MAX).journaled(),
    read("/v1/audit", Action::ReadAudit, "audit.list", || get(audit::audit_list)),
    read("/v1/audit/public-keys", Action::ReadAudit, "audit.public-keys", || get(audit::audit_public_keys)),
    read("/v1/audit/export", Action::ReadAudit, "audit.export", || get(audit::audit_export)).journaled(),
    write("/v1/audit/checkpoint", Action::ReadAudit, "audit.checkpoint", || post(audit::audit_checkpoint)).journaled(),
    read("/v1/backups", Action::ReadBackups, "backup.list", || get(backups::backup_list)),
    write("/v1/backups", Action::CreateBackups, "backup.create", || post(backups::backup_create)).within(BACKUP).journaled(),
    write("/v1/backups/{name}/verify", Action::ReadBackups, "backup.verify", || post(backups::backup_verify)).within(BACKUP).journaled(),
    write("/v1/backups/prune", Action::CreateBackups, "backup.prune", || post(backups::backup_prune)).within(BACKUP).journaled(),
];
