//! The client register: the owner's work list, whoever needs attention first.
//!
//! The data plane gives the register in any order; sorting it is done here, for the console too.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use crate::ClientFilter;
use crate::context::Context;
use crate::dto::{Client, ClientState};
use crate::extract::Params;
use crate::problem::{Code, Problem};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientQuery {
    /// Only clients in this state.
    state: Option<ClientState>,
    /// How many: 1 to 10000, default 100.
    limit: Option<usize>,
}

/// Lists clients: failing ones first, then those that regressed, those that never offer a
/// post-quantum group, and those that offer one without a share; within each, the busiest first.
#[utoipa::path(
    get, path = "/v1/clients", tag = "traffic", 
    params(
        ("state" = Option<ClientState>, Query, description = "Only clients in this state"),
        ("limit" = Option<u16>, Query, description = "How many; default 100", minimum = 1, maximum = 10000),
    ),
    responses((status = 200, body = [Client]), (status = 400, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn client_list(
    State(context): State<Context>,
    Params(query): Params<ClientQuery>,
) -> Result<Json<Vec<Client>>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::at(
            Code::QueryInvalid,
            "limit",
            format!("limit is 1 to {LIMIT_MAX}"),
        ));
    }
    let mut clients = work_list(context.control.clients(ClientFilter { state: query.state }));
    clients.truncate(limit);
    Ok(Json(clients))
}

/// Sorts the register into the order in which its owner works through it.
pub(crate) fn work_list(mut clients: Vec<Client>) -> Vec<Client> {
    clients.sort_by_cached_key(|client| {
        let calm = !is_failing(client);
        (
            calm,
            client.post_quantum,
            Reverse(client.count),
            client.ja4.clone(),
            client.prefix.clone(),
        )
    });
    clients
}

/// One failure among a thousand handshakes is the Internet's; one in twenty is the client's.
pub(crate) fn is_failing(client: &Client) -> bool {
    client.failures > 0 && client.failures.saturating_mul(20) >= client.count
}

#[cfg(test)]
mod tests {
    use super::{is_failing, work_list};
    use crate::dto::{Client, ClientState};

    fn client(ja4: &str, post_quantum: ClientState, count: u64, failures: u64) -> Client {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let ja4 = ja4.to_owned();
        let prefix = "192.0.2.0/24".to_owned();
        let (last_group, last_outcome, last_route) = (None, None, None);
        let (first_seen, last_seen) = (at, at);
        Client {
            ja4,
            prefix,
            first_seen,
            last_seen,
            count,
            post_quantum,
            failures,
            last_group,
            last_outcome,
            last_route,
        }
    }

    #[test]
    fn failing_clients_come_first_then_the_furthest_behind_then_the_busiest() {
        let clients = vec![
            client("done", ClientState::Negotiates, 900, 0),
            client("sharing", ClientState::Shares, 10, 0),
            client("rare", ClientState::NeverOffers, 3, 0),
            client("busy", ClientState::NeverOffers, 300, 1),
            client("listing", ClientState::OffersWithoutShare, 80, 0),
            client("failing", ClientState::Negotiates, 40, 8),
        ];
        let order = Vec::from_iter(work_list(clients).into_iter().map(|client| client.ja4));
        assert_eq!(order, ["failing", "busy", "rare", "listing", "sharing", "done"]);
    }

    #[test]
    fn one_failure_in_twenty_is_failing() {
        assert!(is_failing(&client("", ClientState::Shares, 20, 1)));
        assert!(is_failing(&client("", ClientState::Shares, 1, 1)));
        assert!(!is_failing(&client("", ClientState::Shares, 21, 1)));
        assert!(!is_failing(&client("", ClientState::Shares, 0, 0)));
    }
}
