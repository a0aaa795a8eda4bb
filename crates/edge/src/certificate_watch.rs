//! Notices that certificate or trust files have changed, and reloads them without dropping a
//! connection. It looks at the files every two seconds: that works on every file system and with
//! every way of replacing a file. A pair that does not fit (yet) leaves the old one in force.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::{Config, Route};
use crate::server::Control;

const PAUSE: Duration = Duration::from_secs(2);

/// What tells a file from its earlier and later forms: device, inode, time of change, size.
type Stamp = (u64, u64, (i64, i64), u64);

/// The files of routes as they are on disk; `None` for one that cannot be looked at.
pub(crate) type Stamps = Vec<(PathBuf, Option<Stamp>)>;

/// Watches until it is dropped.
pub(crate) async fn run(control: &Control) {
    let mut loaded = stamps(&control.lock().config);
    let mut complained = Vec::new();
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = stamps(&control.lock().config);
        if now == loaded || now == complained {
            continue;
        }
        match control.reload_files() {
            Ok(()) => {
                tracing::info!("certificate files changed and were reloaded");
                loaded = now;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                tracing::warn!(%error, cause, "certificate files changed but cannot be used; the old ones stay in force");
                complained = now;
            }
        }
    }
}

fn stamps(config: &Config) -> Stamps {
    config.routes.iter().flat_map(stamps_of).collect()
}

/// The files that a route is made from.
pub(crate) fn stamps_of(route: &Route) -> Stamps {
    let certificates = route
        .certificates
        .iter()
        .flat_map(|files| [&files.chain, &files.key]);
    let authorities = route
        .upstream
        .tls
        .iter()
        .filter_map(|tls| tls.authorities.as_ref());
    let clients = route.client_auth.iter().map(|auth| &auth.ca);
    certificates
        .chain(authorities)
        .chain(clients)
        .map(|path| (path.clone(), stamp(path)))
        .collect()
}

fn stamp(path: &PathBuf) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Some((metadata.dev(), metadata.ino(), changed, metadata.len()))
}
