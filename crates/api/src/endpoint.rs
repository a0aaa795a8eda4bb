//! The table of endpoints: nothing is routed that is not in it.
//!
//! The router is built from this table alone, so an endpoint without an authorisation action and an
//! audit event cannot exist. An endpoint whose path has a `{name}` under `/v1/keys/` is decided about that
//! key; one that names its key in the body asks [`crate::principal::Asker::require`] itself.

mod custody;

use std::time::Duration;

use axum::routing::{MethodRouter, get, post};
use http::Method;
use hybridge_policy::access::Action;

use crate::console;
use crate::context::Context;
use crate::v1::{approvals, clients, exchange, handshakes, key_use, keys, probes, process, routes, tokens};

/// One method on one path.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) door: Door,
    /// What a principal must be allowed to do.
    pub(crate) action: Action,
    /// The event in the audit log.
    pub(crate) event: &'static str,
    /// How long the handler may take to answer.
    pub(crate) patience: Duration,
    /// The largest body that is read.
    pub(crate) body_bytes_max: usize,
    /// The key service writes its own entry into its audit log.
    pub(crate) is_journaled: bool,
    pub(crate) handler: fn() -> MethodRouter<Context>,
}

/// Who gets as far as the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Whoever proves to be a principal that may.
    Principal,
    /// On loopback anybody, through the edge a principal that may.
    Local,
    /// Anybody: what is needed to find out whether the service lives, and to log in.
    Anybody,
}

const PROMPT: Duration = Duration::from_secs(10);
/// Some algorithms take seconds to make a key or to sign.
const SLOW: Duration = Duration::from_secs(60);
/// Longer than any handler: a revocation waits for what is under way.
const DRAINED: Duration = Duration::from_secs(70);
const PROBE: Duration = Duration::from_secs(60);
/// No request of the control plane is anywhere near it.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// A batch of a thousand ciphertexts, or a few of the largest messages, in base64.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Every endpoint, table by table.
pub(crate) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    [
        PROCESS,
        TRAFFIC,
        KEYS,
        KEY_USE,
        EXCHANGE,
        ACCESS,
        custody::CUSTODY,
        CONSOLE,
    ]
    .into_iter()
    .flatten()
}

type Handler = fn() -> MethodRouter<Context>;

#[rustfmt::skip] // A table is read by its columns.
static PROCESS: &[Endpoint] = &[
    read("/health", Action::ReadHealth, "health.show", || get(process::health_show)).at(Door::Anybody),
    read("/metrics", Action::ReadMetrics, "metrics.show", || get(process::metrics_show)).at(Door::Local),
    read("/openapi.json", Action::ReadAbout, "openapi.show", || get(process::openapi_show)),
];

#[rustfmt::skip]
static TRAFFIC: &[Endpoint] = &[
    read("/v1/routes", Action::ReadRoutes, "route.list", || get(routes::route_list)),
    read("/v1/routes/{name}", Action::ReadRoutes, "route.show", || get(routes::route_show)),
    write("/v1/routes/{name}", Action::ChangeRoutes, "route.set", || post(routes::route_set)),
    read("/v1/routes/{name}/share", Action::ReadRoutes, "share.list", || get(routes::share_list)),
    read("/v1/handshakes", Action::ReadTraffic, "handshake.list", || get(handshakes::handshake_list)),
    read("/v1/clients", Action::ReadTraffic, "client.list", || get(clients::client_list)),
    write("/v1/probe", Action::RunProbes, "probe.run", || post(probes::probe_run)).within(PROBE),
];

#[rustfmt::skip]
static KEYS: &[Endpoint] = &[
    read("/v1/keys", Action::ReadKeys, "key.list", || get(keys::key_list)),
    write("/v1/keys", Action::CreateKeys, "key.create", || post(keys::key_create)).within(SLOW).journaled(),
    read("/v1/keys/{name}", Action::ReadKeys, "key.show", || get(keys::key_show)),
    write("/v1/keys/{name}/import", Action::ImportKeys, "key.import", || post(keys::key_import)).journaled(),
    write("/v1/keys/{name}/export", Action::ExportKeys, "key.export", || post(keys::key_export)).journaled(),
    write("/v1/keys/{name}/configure", Action::ChangeKeys, "key.configure", || post(keys::key_configure)).journaled(),
    write("/v1/keys/{name}/rotate", Action::RotateKeys, "key.rotate", || post(keys::key_rotate)).within(SLOW).journaled(),
    write("/v1/keys/{name}/enable", Action::ChangeKeys, "key.enable", || post(keys::key_enable)).journaled(),
    write("/v1/keys/{name}/disable", Action::ChangeKeys, "key.disable", || post(keys::key_disable)).journaled(),
    write("/v1/keys/{name}/compromise", Action::CompromiseKeys, "key.compromise", || post(keys::key_compromise)).within(SLOW).journaled(),
    write("/v1/keys/{name}/destroy", Action::DestroyKeys, "key.destroy", || post(keys::key_destroy)).journaled(),
    write("/v1/keys/{name}/cancel-destroy", Action::ChangeKeys, "key.cancel-destroy", || post(keys::key_cancel_destroy)).journaled(),
    read("/v1/quarantine", Action::ReadKeys, "quarantine.list", || get(keys::quarantine_list)),
    write("/v1/quarantine/release", Action::ReleaseKeys, "quarantine.release", || post(keys::quarantine_release)).journaled(),
];

#[rustfmt::skip]
static EXCHANGE: &[Endpoint] = &[
    read("/v1/key-exchange", Action::RunExchange, "exchange.show", || get(exchange::exchange_show)),
    write("/v1/key-exchange", Action::RunExchange, "exchange.run", || post(exchange::exchange_run)).journaled(),
    write("/api/key-exchange", Action::RunExchange, "exchange.run", || post(exchange::exchange_run)).journaled(),
    write("/v1/key-exchange/{name}/confirm", Action::RunExchange, "exchange.confirm", || post(exchange::exchange_confirm)).journaled(),
    write("/v1/sessions/{name}/rekey", Action::UseSession, "session.rekey", || post(exchange::session_rekey)).journaled(),
    write("/v1/sessions/{name}/seal", Action::UseSession, "session.seal", || post(exchange::session_seal)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/sessions/{name}/open", Action::UseSession, "session.open", || post(exchange::session_open)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/sessions/{name}/export", Action::UseSession, "session.export", || post(exchange::session_export)).journaled(),
    write("/v1/sessions/{name}/close", Action::UseSession, "session.close", || post(exchange::session_close)).journaled(),
    read("/v1/exceptions", Action::ReadExceptions, "exception.list", || get(exchange::exception_list)),
    write("/v1/exceptions", Action::ChangeExceptions, "exception.open", || post(exchange::exception_create)),
    write("/v1/exceptions/{name}/close", Action::ChangeExceptions, "exception.close", || post(exchange::exception_close)),
];

#[rustfmt::skip]
static KEY_USE: &[Endpoint] = &[
    write("/v1/keys/{name}/encapsulate", Action::Encapsulate, "key.encapsulate", || post(key_use::key_encapsulate)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/keys/{name}/decapsulate", Action::Decapsulate, "key.decapsulate", || post(key_use::key_decapsulate)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/keys/{name}/sign", Action::Sign, "key.sign", || post(key_use::key_sign)).within(SLOW).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/keys/{name}/verify", Action::Verify, "key.verify", || post(key_use::key_verify)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/keys/{name}/encrypt", Action::Encrypt, "key.encrypt", || post(key_use::key_encrypt)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/keys/{name}/decrypt", Action::Decrypt, "key.decrypt", || post(key_use::key_decrypt)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/keys/{name}/rewrap", Action::Rewrap, "key.rewrap", || post(key_use::key_rewrap)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/keys/{name}/data-key", Action::MakeDataKey, "key.data-key", || post(key_use::key_data_key)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/keys/{name}/mac", Action::Mac, "key.mac", || post(key_use::key_mac)).taking(BATCH_BYTES_MAX).journaled(),
    write("/v1/keys/{name}/mac-verify", Action::VerifyMac, "key.mac-verify", || post(key_use::key_mac_verify)).taking(BATCH_BYTES_MAX).journaled(),
];

#[rustfmt::skip]
static ACCESS: &[Endpoint] = &[
    read("/v1/tokens", Action::ReadTokens, "token.list", || get(tokens::token_list)),
    write("/v1/tokens", Action::CreateTokens, "token.create", || post(tokens::token_create)),
    read("/v1/tokens/{name}", Action::ReadTokens, "token.show", || get(tokens::token_show)),
    write("/v1/tokens/{name}/revoke", Action::RevokeTokens, "token.revoke", || post(tokens::token_revoke)).within(DRAINED),
    read("/v1/approvals", Action::ReadApprovals, "approval.list", || get(approvals::approval_list)),
    write("/v1/approvals", Action::RequestApproval, "approval.request", || post(approvals::approval_create)),
    write("/v1/approvals/{name}/approve", Action::Approve, "approval.approve", || post(approvals::approval_approve)),
];

#[rustfmt::skip]
static CONSOLE: &[Endpoint] = &[
    read("/", Action::ReadTraffic, "console.show", || get(console::console_show)),
    write("/console/routes/{name}", Action::ChangeRoutes, "route.set", || post(console::route_set)),
    read("/console/login", Action::ReadAbout, "login.show", || get(console::login_show)).at(Door::Anybody),
    write("/console/login", Action::ReadAbout, "login.open", || post(console::login_open)).at(Door::Anybody),
    write("/console/logout", Action::ReadAbout, "login.close", || post(console::login_close)),
    read("/console/console.css", Action::ReadAbout, "asset.show", || get(console::style_show)).at(Door::Anybody),
    read("/console/console.js", Action::ReadAbout, "asset.show", || get(console::script_show)).at(Door::Anybody),
    read("/favicon.svg", Action::ReadAbout, "asset.show", || get(console::icon_show)).at(Door::Anybody),
];

/// A `GET`.
pub(crate) const fn read(
    path: &'static str,
    action: Action,
    event: &'static str,
    handler: Handler,
) -> Endpoint {
    endpoint(Method::GET, path, action, event, handler)
}

/// A `POST`.
pub(crate) const fn write(
    path: &'static str,
    action: Action,
    event: &'static str,
    handler: Handler,
) -> Endpoint {
    endpoint(Method::POST, path, action, event, handler)
}

const fn endpoint(
    method: Method,
    path: &'static str,
    action: Action,
    event: &'static str,
    handler: Handler,
) -> Endpoint {
    Endpoint {
        method,
        path,
        door: Door::Principal,
        action,
        event,
        patience: PROMPT,
        body_bytes_max: BODY_BYTES_MAX,
        is_journaled: false,
        handler,
    }
}

impl Endpoint {
    const fn at(mut self, door: Door) -> Self {
        self.door = door;
        self
    }

    /// The key service writes it down itself.
    const fn journaled(mut self) -> Self {
        self.is_journaled = true;
        self
    }

    /// With so much time to answer.
    pub(crate) const fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// With a body of up to so many bytes.
    pub(crate) const fn taking(mut self, body_bytes_max: usize) -> Self {
        self.body_bytes_max = body_bytes_max;
        self
    }
}
