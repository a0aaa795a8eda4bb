//! Notices that certificate or trust files have changed, and reloads them without dropping a
//! connection. It looks at the files every two seconds: that works on every file system and with
//! every way of replacing a file. A pair that does not fit (yet) leaves the old one in force.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::config::Config;
use crate::server::Control;

const PAUSE: Duration = Duration::from_secs(2);

type Stamps = HashMap<PathBuf, Option<(SystemTime, u64)>>;

/// Watches until it is dropped.
pub(crate) async fn run(control: &Control) {
    let mut loaded = stamps(&control.lock().config);
    let mut complained = Stamps::new();
    loop {
        tokio::time::sleep(PAUSE).await;
        let config = control.lock().config.clone();
        let now = stamps(&config);
        if now == loaded || now == complained {
            continue;
        }
        match control.load(config) {
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
    let routes = config.routes.iter();
    let certificates = routes.clone().flat_map(|route| &route.certificates);
    let certificates = certificates.flat_map(|files| [&files.chain, &files.key]);
    let authorities = routes.filter_map(|route| route.upstream.tls.as_ref()?.authorities.as_ref());
    certificates
        .chain(authorities)
        .map(|path| (path.clone(), stamp(path)))
        .collect()
}

fn stamp(path: &PathBuf) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
