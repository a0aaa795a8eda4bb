//! The table of endpoints: nothing is routed that is not in it.
//!
//! The router is built from this table alone, so an endpoint without an authorisation action and an
//! audit event cannot exist.

use std::time::Duration;

use axum::routing::{MethodRouter, get, post};
use http::Method;

use crate::console;
use crate::context::Context;
use crate::v1::{clients, handshakes, probes, process, routes};

/// One method on one path.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// What a principal must be allowed to do.
    pub(crate) action: Action,
    /// The event in the audit log.
    pub(crate) event: &'static str,
    /// How long the handler may take to answer.
    pub(crate) patience: Duration,
    pub(crate) handler: fn() -> MethodRouter<Context>,
}

/// What can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    ReadAbout,
    ReadHealth,
    ReadMetrics,
    ReadTraffic,
    ReadRoutes,
    ChangeRoutes,
    RunProbes,
}

impl Action {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ReadAbout => "about.read",
            Self::ReadHealth => "health.read",
            Self::ReadMetrics => "metrics.read",
            Self::ReadTraffic => "traffic.read",
            Self::ReadRoutes => "route.read",
            Self::ChangeRoutes => "route.change",
            Self::RunProbes => "probe.run",
        }
    }
}

const PROMPT: Duration = Duration::from_secs(10);
const PROBE: Duration = Duration::from_secs(60);

#[rustfmt::skip] // A table is read by its columns.
pub(crate) static ENDPOINTS: [Endpoint; 15] = [
    read("/health", Action::ReadHealth, "health.show", || get(process::health_show)),
    read("/metrics", Action::ReadMetrics, "metrics.show", || get(process::metrics_show)),
    read("/openapi.json", Action::ReadAbout, "openapi.show", || get(process::openapi_show)),
    read("/v1/routes", Action::ReadRoutes, "route.list", || get(routes::route_list)),
    read("/v1/routes/{name}", Action::ReadRoutes, "route.show", || get(routes::route_show)),
    write("/v1/routes/{name}", Action::ChangeRoutes, "route.set", || post(routes::route_set)),
    read("/v1/routes/{name}/share", Action::ReadRoutes, "share.list", || get(routes::share_list)),
    read("/v1/handshakes", Action::ReadTraffic, "handshake.list", || get(handshakes::handshake_list)),
    read("/v1/clients", Action::ReadTraffic, "client.list", || get(clients::client_list)),
    probe("/v1/probe", Action::RunProbes, "probe.run", || post(probes::probe_run)),
    read("/", Action::ReadTraffic, "console.show", || get(console::console_show)),
    write("/console/routes/{name}", Action::ChangeRoutes, "route.set", || post(console::route_set)),
    read("/console/console.css", Action::ReadAbout, "asset.show", || get(console::style_show)),
    read("/console/console.js", Action::ReadAbout, "asset.show", || get(console::script_show)),
    read("/favicon.svg", Action::ReadAbout, "asset.show", || get(console::icon_show)),
];

const fn read(
    path: &'static str,
    action: Action,
    event: &'static str,
    handler: fn() -> MethodRouter<Context>,
) -> Endpoint {
    Endpoint {
        method: Method::GET,
        path,
        action,
        event,
        patience: PROMPT,
        handler,
    }
}

const fn write(
    path: &'static str,
    action: Action,
    event: &'static str,
    handler: fn() -> MethodRouter<Context>,
) -> Endpoint {
    Endpoint {
        method: Method::POST,
        path,
        action,
        event,
        patience: PROMPT,
        handler,
    }
}

const fn probe(
    path: &'static str,
    action: Action,
    event: &'static str,
    handler: fn() -> MethodRouter<Context>,
) -> Endpoint {
    Endpoint {
        method: Method::POST,
        path,
        action,
        event,
        patience: PROBE,
        handler,
    }
}
