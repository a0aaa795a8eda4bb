//! The OpenAPI document, generated from the handlers and the shapes.
//!
//! A handler that is missing here, or listed without an endpoint, fails a test over the table.

use utoipa::OpenApi;

use crate::v1::{clients, handshakes, probes, process, routes};

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
        routes::route_list,
        routes::route_show,
        routes::route_set,
        routes::share_list,
        handshakes::handshake_list,
        clients::client_list,
        probes::probe_run,
    ),
    tags(
        (name = "routes", description = "What listens where, on which rung"),
        (name = "traffic", description = "Handshakes and the clients behind them"),
        (name = "probes", description = "What another server can do"),
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
