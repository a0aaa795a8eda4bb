//! The closed loop: a fixed number of clients, each of which begins when its last handshake is over.
//! It finds the maximum; its times would flatter the server, so none are taken.

use std::time::Duration;

use tokio::task::JoinSet;

use super::Client;
use super::tally::Tally;
use crate::command::bench::slice::Slice;
use crate::command_error::{CommandError, Kind};

/// Pause after a failure, so that a server that is down is not hammered.
const PAUSE: Duration = Duration::from_millis(10);

/// What one slice brought.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) tally: Tally,
    pub(super) elapsed: Duration,
}

/// Makes handshakes until the slice is over.
///
/// # Errors
/// This machine ran out of something.
pub(super) async fn run(clients: &[Client], slice: &Slice) -> Result<Closed, CommandError> {
    let mut workers = JoinSet::new();
    for client in clients {
        workers.spawn(work(client.clone(), slice.clone()));
    }
    let mut tally = Tally::default();
    while let Some(worked) = workers.join_next().await {
        tally.merge(worked.map_err(|error| CommandError::new(Kind::Internal, error))??);
    }
    Ok(Closed {
        tally,
        elapsed: slice.elapsed(),
    })
}

/// One client. What ends after the slice does not count.
async fn work(client: Client, slice: Slice) -> Result<Tally, CommandError> {
    let mut tally = Tally::default();
    while !slice.is_over() {
        let shaken = tokio::select! {
            shaken = client.dialer.shake(&client.config) => shaken,
            () = slice.stop.wait() => break,
        };
        if slice.is_over() {
            break;
        }
        tally.count(shaken.as_ref().map(|shaken| &shaken.facts))?;
        match shaken {
            Ok(shaken) => shaken.close().await,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    Ok(tally)
}
