//! The OpenAPI document, generated from the handlers and the shapes.
//!
//! A handler that is missing here, or listed without an endpoint, fails a test over the table.

use utoipa::OpenApi;

use crate::v1::{
    approvals, audit, backups, clients, exchange, handshakes, key_use, keys, probes, process, routes, seal,
    self_test, tokens,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hybridge",
        description = "Control and observe post-quantum TLS in front of your services. Loopback only; errors are \
                       problem details (RFC 9457) with a stable `code`.",
    ),
    paths(
        process::health_show,
        process::metrics_show,
        process::openapi_show,
        self_test::selftest_run,
        routes::route_list,
        routes::route_show,
        routes::route_set,
        routes::share_list,
        handshakes::handshake_list,
        clients::client_list,
        probes::probe_run,
        keys::key_list,
        keys::key_create,
        keys::key_show,
        keys::key_import,
        keys::key_export,
        keys::key_configure,
        keys::key_rotate,
        keys::key_enable,
        keys::key_disable,
        keys::key_compromise,
        keys::key_destroy,
        keys::key_cancel_destroy,
        keys::quarantine_list,
        keys::quarantine_release,
        exchange::exchange_show,
        exchange::exchange_run,
        exchange::exchange_confirm,
        exchange::session_rekey,
        exchange::session_seal,
        exchange::session_open,
        exchange::session_export,
        exchange::session_close,
        exchange::exception_list,
        exchange::exception_create,
        exchange::exception_close,
        key_use::key_encapsulate,
        key_use::key_decapsulate,
        key_use::key_sign,
        key_use::key_verify,
        key_use::key_encrypt,
        key_use::key_decrypt,
        key_use::key_rewrap,
        key_use::key_data_key,
        key_use::key_mac,
        key_use::key_mac_verify,
        tokens::token_list,
        tokens::token_create,
        tokens::token_show,
        tokens::token_revoke,
        approvals::approval_list,
        approvals::approval_create,
        approvals::approval_approve,
        seal::seal_show,
        seal::seal_unseal,
        seal::seal_close,
        seal::seal_rekey,
        seal::seal_confirm,
        audit::audit_list,
        audit::audit_public_keys,
        audit::audit_export,
        audit::audit_checkpoint,
        backups::backup_list,
        backups::backup_create,
        backups::backup_verify,
        backups::backup_prune,
    ),
    tags(
        (name = "routes", description = "What listens where, on which rung"),
        (name = "traffic", description = "Handshakes and the clients behind them"),
        (name = "probes", description = "What another server can do"),
        (name = "keys", description = "Keys and their life cycle"),
        (name = "exchange", description = "Hybrid key exchange, its sessions, and exceptions to its policy"),
        (name = "use", description = "What keys are used for; one item or a batch"),
        (name = "access", description = "Tokens, and approvals by a second administrator"),
        (name = "seal", description = "What keeps the root key, and how far it is open"),
        (name = "audit", description = "The audit log, to look at and to take away"),
        (name = "backups", description = "Backups: made, listed, verified, pruned"),
        (name = "process", description = "Health, metrics, this document"),
    ),
)]
struct Document;

/// The OpenAPI 3.1 document as pretty JSON with a final newline; checked in at `docs/openapi.json`.
pub fn openapi() -> String {
    let json = Document::openapi()
        .to_pretty_json()
        .expect("the document holds no map with keys other than strings");
    json + "\n"
}
