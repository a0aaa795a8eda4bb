//! The client register as a work list: whoever fails or lags, first.
//!
//! It shows the head of the list; the API has all of it. The order is the API's.

use maud::{Markup, html};

use super::figures::{UNKNOWN, count, day, moment, percent};
use super::segment;
use super::view::{CLIENTS_MAX, Register, View};
use crate::dto::{Client, ClientState};
use crate::v1::clients::is_failing;

pub(super) fn section(view: &View) -> Markup {
    let register = &view.register;
    let everyone: usize = register.counts.iter().sum();
    html! {
        section #clients {
            h2 { "Clients" }
            p.note { "A client is a kind of TLS stack (JA4) in one network. Those that fail come first, then those furthest behind." }
            div #client-states data-live {
                ul.chips aria-label="Narrow the list to a state" {
                    li { (chip(view, None, everyone)) }
                    @for (state, clients) in ClientState::ALL.into_iter().zip(register.counts) {
                        li { (chip(view, Some(state), clients)) }
                    }
                }
            }
            div.scroll tabindex="0" role="region" aria-label="Clients" {
                table.cards.register {
                    thead { tr {
                        th scope="col" { "Client (JA4)" } th scope="col" { "Network" } th scope="col" { "Post-quantum" }
                        th.number scope="col" { "Handshakes" } th.number scope="col" { "Failures" }
                        th scope="col" { "Last group" } th scope="col" { "Last route" } th scope="col" { "First seen" } th scope="col" { "Last seen" }
                    } }
                    tbody #client-rows data-live {
                        @for client in &register.rows { (row(client, view)) }
                        @if register.rows.is_empty() { tr.none { td colspan="9" { (nothing(everyone)) } } }
                    }
                }
            }
            div #client-rest data-live { (rest(register)) }
        }
    }
}

fn rest(register: &Register) -> Markup {
    let state = register
        .state
        .map(|state| format!("&state={}", state.name()))
        .unwrap_or_default();
    html! {
        @if register.matching > CLIENTS_MAX {
            p.note { "The first " (CLIENTS_MAX) " of " (count(register.matching as u64)) "; "
                a href={ "/v1/clients?limit=10000" (state) } { "all of them as JSON" } "." }
        }
    }
}

fn chip(view: &View, state: Option<ClientState>, clients: usize) -> Markup {
    let current = (view.register.state == state).then_some("true");
    let route = view
        .route()
        .map(|route| format!("route={}&", segment(&route.name)))
        .unwrap_or_default();
    let state_query = state
        .map(|state| format!("state={}", state.name()))
        .unwrap_or_default();
    html! {
        a href={ "/?" (route) (state_query) "#clients" } aria-current=[current] {
            (state.map_or("all", words)) " " strong { (count(clients as u64)) }
        }
    }
}

fn row(client: &Client, view: &View) -> Markup {
    html! {
        tr {
            th scope="row" data-label="Client" { code { (client.ja4) } }
            td data-label="Network" { code { (client.prefix) } }
            td data-label="Post-quantum" { span.badge.(class(client.post_quantum)) { (words(client.post_quantum)) } }
            td.number data-label="Handshakes" { (count(client.count)) }
            td.number.bad[is_failing(client)] data-label="Failures" {
                (count(client.failures)) @if client.failures > 0 { span.note { (percent(client.failures, client.count)) } }
            }
            td data-label="Last group" { (client.last_group.as_deref().unwrap_or(UNKNOWN)) }
            td.spare data-label="Last route" { (client.last_route.as_deref().unwrap_or(UNKNOWN)) }
            td.spare data-label="First seen" { time datetime=(client.first_seen) { (day(client.first_seen)) } }
            td data-label="Last seen" { time datetime=(client.last_seen) { (moment(client.last_seen, view.now)) } }
        }
    }
}

fn words(state: ClientState) -> &'static str {
    match state {
        ClientState::Regressed => "regressed",
        ClientState::NeverOffers => "never offers",
        ClientState::OffersWithoutShare => "offers without share",
        ClientState::Shares => "shares",
        ClientState::Negotiates => "negotiates",
    }
}

fn class(state: ClientState) -> &'static str {
    match state {
        ClientState::Regressed | ClientState::NeverOffers => "bad",
        ClientState::OffersWithoutShare => "warn",
        ClientState::Shares => "plain",
        ClientState::Negotiates => "good",
    }
}

fn nothing(everyone: usize) -> &'static str {
    match everyone {
        0 => "Nobody has connected yet. The register fills by itself as clients come.",
        _ => "No client is in this state.",
    }
}
