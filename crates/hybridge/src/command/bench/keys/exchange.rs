//! Key exchanges of the load: the whole client, with a pinned identity, over a connection of its own.
//! Sessions are left to expire; a service that remembers no more of them answers `exchange_busy`.

use std::sync::Arc;

use hybridge_client::{Client, Error, ExchangeError, ExchangeOptions};
use hybridge_exchange::Identity;
use hyper::Method;

use super::peer;
use crate::command::bench::failure::Failure;
use crate::command_error::{CommandError, Kind};

/// One client.
pub(super) struct Exchanger {
    client: Client,
    identities: Arc<[Identity]>,
}

/// The identities of the service, as it names them itself. A client that protects something pins them.
///
/// # Errors
/// `Peer`: what the service says.
pub(super) async fn identities(client: &Client) -> Result<Arc<[Identity]>, CommandError> {
    let terms = client
        .call(Method::GET, "/v1/key-exchange", None)
        .await
        .map_err(peer)?;
    let keys = terms["identities"].as_array().into_iter().flatten();
    let identities = keys.filter_map(|identity| identity["public_key"].as_str());
    identities
        .map(|pem| Identity::from_spki(pem.as_bytes()))
        .collect::<Result<_, _>>()
        .map_err(|error| CommandError::new(Kind::Peer, error))
}

impl Exchanger {
    pub(super) fn new(client: Client, identities: &Arc<[Identity]>) -> Self {
        Self {
            client,
            identities: Arc::clone(identities),
        }
    }

    /// Agrees on a session; 200, or the status of the refusal.
    ///
    /// # Errors
    /// What went wrong, by kind.
    pub(super) async fn ask(&self) -> Result<u16, Failure> {
        let options = ExchangeOptions::new(&self.identities);
        match self.client.exchange(&options).await {
            Ok(_session) => Ok(200),
            Err(ExchangeError::Service(Error::Problem(problem))) => Ok(problem.status),
            Err(error) => Err(Failure::Connection(error.to_string())),
        }
    }
}
