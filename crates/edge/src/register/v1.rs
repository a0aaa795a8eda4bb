//! The register's file, version 1: structs of the file alone, and the way to and from the domain.
//!
//! A field of the file changes only with its version. Unknown fields are passed over, so that an
//! older program can read what a newer one of the same version wrote. Numbers that describe the wire
//! (groups, versions) are code points; outcomes are the names of the metrics.

use hybridge_hello::{NamedGroup, ProtocolVersion};
use serde::{Deserialize, Serialize};

use super::client::{Client, Fingerprint};
use crate::handshake::Outcome;

const VERSION: u32 = 1;

/// Why bytes are no register of version 1.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("not the JSON of a client register: {0}")]
    Json(#[from] serde_json::Error),
    #[error("version {0} of the file, this program reads version {VERSION}")]
    Version(u32),
    #[error("client {index}: {field} makes no sense")]
    Client { index: usize, field: &'static str },
}

#[derive(Deserialize, Serialize)]
struct RegisterV1 {
    version: u32,
    /// Seen longest ago first.
    clients: Vec<ClientV1>,
}

#[derive(Deserialize)]
struct VersionAlone {
    version: u32,
}

#[derive(Deserialize, Serialize)]
struct ClientV1 {
    ja4: String,
    network: String,
    first_seen_us: i64,
    last_seen_us: i64,
    count: u64,
    failures: u64,
    post_quantum: u64,
    last_outcome: String,
    last_group: Option<u16>,
    last_version: Option<u16>,
    last_route: String,
    last_post_quantum_us: Option<i64>,
    last_offer_us: Option<i64>,
    last_lapse_us: Option<i64>,
    shares: bool,
}

/// The bytes of the file for `clients`, seen longest ago first.
pub(super) fn encode(clients: &[Client]) -> Vec<u8> {
    let clients = clients.iter().map(ClientV1::from).collect();
    let file = RegisterV1 {
        version: VERSION,
        clients,
    };
    serde_json::to_vec(&file).expect("numbers and strings are always JSON")
}

/// Reads them back; times later than `now_us` (the clock was set back) become `now_us`.
pub(super) fn decode(bytes: &[u8], now_us: i64) -> Result<Vec<Client>, DecodeError> {
    let VersionAlone { version } = serde_json::from_slice(bytes)?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let file: RegisterV1 = serde_json::from_slice(bytes)?;
    let clients = file.clients.into_iter().enumerate();
    let decoded = clients.map(|(index, client)| {
        client
            .decode(now_us)
            .map_err(|field| DecodeError::Client { index, field })
    });
    decoded.collect()
}

impl From<&Client> for ClientV1 {
    fn from(client: &Client) -> Self {
        Self {
            ja4: client.fingerprint.to_string(),
            network: client.network.to_string(),
            first_seen_us: client.first_seen_us,
            last_seen_us: client.last_seen_us,
            count: client.count,
            failures: client.failures,
            post_quantum: client.post_quantum,
            last_outcome: client.last_outcome.name().to_owned(),
            last_group: client.last_group.map(|group| group.0),
            last_version: client.last_version.map(|version| version.0),
            last_route: client.last_route.to_string(),
            last_post_quantum_us: client.last_post_quantum_us,
            last_offer_us: client.last_offer_us,
            last_lapse_us: client.last_lapse_us,
            shares: client.shares,
        }
    }
}

impl ClientV1 {
    /// The client, or the name of the field that makes no sense.
    fn decode(self, now_us: i64) -> Result<Client, &'static str> {
        let past = |at_us: i64| at_us.clamp(0, now_us.max(0));
        if self.first_seen_us > self.last_seen_us {
            return Err("first_seen_us");
        }
        if self.failures > self.count || self.post_quantum > self.count {
            return Err("count");
        }
        Ok(Client {
            fingerprint: Fingerprint::parse(&self.ja4).ok_or("ja4")?,
            network: self.network.parse().ok().ok_or("network")?,
            first_seen_us: past(self.first_seen_us),
            last_seen_us: past(self.last_seen_us),
            count: self.count,
            failures: self.failures,
            post_quantum: self.post_quantum,
            last_outcome: outcome(&self.last_outcome).ok_or("last_outcome")?,
            last_group: self.last_group.map(NamedGroup),
            last_version: self.last_version.map(ProtocolVersion),
            last_route: self.last_route.into(),
            last_post_quantum_us: self.last_post_quantum_us.map(past),
            last_offer_us: self.last_offer_us.map(past),
            last_lapse_us: self.last_lapse_us.map(past),
            shares: self.shares,
        })
    }
}

fn outcome(name: &str) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.name() == name)
}
