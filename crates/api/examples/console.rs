//! Serves the API and the console over sample data, to look at: `cargo run -p hybridge-api --example
//! console -- [busy|fresh|empty] [PORT]`.

use std::sync::Arc;
use std::time::Duration;

use hybridge_api::dto::ProbeRequest;
use hybridge_api::{Access, Config, Deps, ProbeError, Prober, Probing, Service, TokenSource};
use hybridge_keys::token::Secret;
use jiff::Timestamp;
use tokio::net::TcpListener;

#[path = "../tests/sample/mod.rs"]
mod sample;

use sample::Sample;

/// Sample data has no targets.
struct Offline;

impl Prober for Offline {
    fn probe(&self, request: ProbeRequest) -> Probing<'_> {
        let reason = format!("the example opens no connection to {}", request.target);
        Box::pin(async { Err(ProbeError::Unreachable { reason }) })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let now = Timestamp::now();
    let sample = Arc::new(match arguments.next().as_deref() {
        Some("empty") => Sample::empty(),
        Some("fresh") => Sample::fresh(now),
        _ => Sample::busy(now),
    });
    let port = arguments.next().map_or(Ok(8000), |port| port.parse())?;
    let config = Config {
        listen: ([127, 0, 0, 1], port).into(),
        ..Config::default()
    };
    config.validate()?;
    let listener = TcpListener::bind(config.listen).await?;
    if !sample.world().handshakes.is_empty() {
        tokio::spawn(traffic(sample.clone()));
    }
    let secret = Secret::generate()?;
    tracing_subscriber::fmt().init();
    tracing::info!("log in with {}", secret.reveal());
    let tokens = TokenSource::admin(secret.digest(), config.rate.into());
    let deps = Deps {
        keys: None,
        suites: Arc::from([]),
        access: Arc::new(Access::new(tokens)),
        control: sample,
        prober: Arc::new(Offline),
    };
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    Service::new(config, deps).run(listener, interrupt).await?;
    Ok(())
}

/// A handshake every other second.
async fn traffic(sample: Arc<Sample>) {
    for seed in 1_000.. {
        tokio::time::sleep(Duration::from_millis(1_700)).await;
        sample.happen(sample.next(seed, Timestamp::now()));
    }
}
