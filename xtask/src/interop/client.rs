//! The peers as clients: each connects, asks for `/`, and tells what it negotiated in its own words.
//!
//! One file for each peer. A client trusts the authority of the run and verifies the name, so a case
//! that passes has also verified our chain.

pub(super) mod chromium;
pub(super) mod curl;
pub(super) mod envoy;
pub(super) mod gnutls;
pub(super) mod go;
pub(super) mod haproxy;
pub(super) mod nginx;
pub(super) mod node;
pub(super) mod openssl;
pub(super) mod python;

use anyhow::Context as _;
use serde::Deserialize;

use super::handshake::Told;
use super::process::Ran;

/// A line of JSON from one of our small programs.
#[derive(Debug, Deserialize)]
struct Line {
    group: Option<String>,
    version: Option<String>,
    retry: Option<bool>,
    resumed: Option<bool>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    body: String,
}

/// What our small programs print: an account for each connection.
fn accounts(ran: &Ran) -> anyhow::Result<Vec<Told>> {
    let parse = |line: &str| {
        let line: Line = serde_json::from_str(line).with_context(|| format!("not an account: {line}"))?;
        Ok(Told {
            group: line.group,
            version: line.version,
            retry: line.retry,
            resumed: line.resumed,
            protocol: line.protocol,
            body: line.body,
        })
    };
    ran.stdout.lines().map(parse).collect()
}
