//! One client of the register, from the edge's words to the API's.
//! Translates both ways: the filter of a request comes back as the edge's state.

use hybridge_api::dto;
use hybridge_edge::register::{Client, State};
use jiff::Timestamp;

use super::handshake::outcome;

pub(super) fn translate(client: &Client) -> dto::Client {
    let time = |micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    dto::Client {
        ja4: client.fingerprint.as_str().to_owned(),
        prefix: client.network.to_string(),
        first_seen: time(client.first_seen_us),
        last_seen: time(client.last_seen_us),
        count: client.count,
        post_quantum: state(client.state()),
        failures: client.failures,
        last_group: client.last_group.map(|group| group.to_string()),
        last_outcome: Some(outcome(client.last_outcome)),
        last_route: Some(client.last_route.to_string()),
    }
}

const fn state(state: State) -> dto::ClientState {
    match state {
        State::Regressed => dto::ClientState::Regressed,
        State::NeverOffers => dto::ClientState::NeverOffers,
        State::OffersWithoutShare => dto::ClientState::OffersWithoutShare,
        State::Shares => dto::ClientState::Shares,
        State::Negotiates => dto::ClientState::Negotiates,
    }
}

pub(super) const fn state_wanted(state: dto::ClientState) -> State {
    match state {
        dto::ClientState::Regressed => State::Regressed,
        dto::ClientState::NeverOffers => State::NeverOffers,
        dto::ClientState::OffersWithoutShare => State::OffersWithoutShare,
        dto::ClientState::Shares => State::Shares,
        dto::ClientState::Negotiates => State::Negotiates,
    }
}
