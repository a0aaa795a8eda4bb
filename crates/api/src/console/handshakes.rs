//! Recent handshakes: what each client offered, what it got, and how it ended.
//!
//! The newest first, as many as fit; the stream of the API has every one.

use maud::{Markup, html};

use super::figures::{UNKNOWN, clock, elapsed, stage};
use super::route::first_call;
use super::view::View;
use crate::dto::{Arm, Handshake, Outcome};

pub(super) fn section(view: &View) -> Markup {
    html! {
        section #handshakes {
            h2 { "Recent handshakes" }
            div.scroll tabindex="0" role="region" aria-label="Recent handshakes" {
                table.cards {
                    thead { tr {
                        th scope="col" { "Time" } th scope="col" { "Route" } th scope="col" { "Network" } th scope="col" { "Name" }
                        th scope="col" { "Offers (shares in bold)" } th scope="col" { "Negotiated" }
                        th.number scope="col" title="ClientHello bytes; segments and records when more than one" { "Hello" }
                        th.number scope="col" title="From accept to Finished" { "Took" } th scope="col" { "Outcome" }
                    } }
                    tbody #handshake-rows data-live {
                        @for handshake in &view.handshakes { (row(handshake)) }
                        @if view.handshakes.is_empty() { tr.none { td colspan="9" { (nothing(view)) } } }
                    }
                }
            }
        }
    }
}

fn row(handshake: &Handshake) -> Markup {
    html! {
        tr {
            td data-label="Time" { time datetime=(handshake.at) { (clock(handshake.at)) } }
            td data-label="Route" { (handshake.route) @if handshake.arm == Some(Arm::Canary) { " " span.rung.canary { "canary" } } }
            td data-label="Network" { code { (handshake.client_prefix) } }
            td data-label="Name" { (handshake.sni_class.as_deref().unwrap_or(UNKNOWN)) }
            td.groups data-label="Offers" { (offers(handshake)) }
            td data-label="Negotiated" { (negotiated(handshake)) }
            td.number data-label="Hello" { @if let Some(bytes) = handshake.hello_bytes { (bytes) " B" (pieces(handshake)) } @else { (UNKNOWN) } }
            td.number data-label="Took" { (elapsed(handshake.time_to_finished_us)) }
            td data-label="Outcome" { (outcome(handshake)) }
        }
    }
}

fn offers(handshake: &Handshake) -> Markup {
    html! {
        @for (index, group) in handshake.offered_groups.iter().enumerate() {
            @if index > 0 { ", " }
            @if handshake.shared_groups.contains(group) { strong { (group) } } @else { (group) }
        }
        @if handshake.offered_groups.is_empty() { (UNKNOWN) }
    }
}

fn negotiated(handshake: &Handshake) -> Markup {
    html! {
        @match &handshake.group {
            Some(group) if handshake.post_quantum => span.badge.good { (group) },
            Some(group) => span.badge.plain { (group) },
            None => (UNKNOWN),
        }
        span.note {
            (handshake.version.as_deref().unwrap_or_default())
            @if handshake.hello_retry_request { " retried" }
            @if handshake.resumed { " resumed" }
        }
    }
}

fn pieces(handshake: &Handshake) -> Markup {
    html! {
        @if let Some(count @ 2..) = handshake.hello_segments { span.note { (count) " segments" } }
        @if let Some(count @ 2..) = handshake.hello_records { span.note { (count) " records" } }
    }
}

fn outcome(handshake: &Handshake) -> Markup {
    html! {
        @if handshake.outcome == Outcome::Success { "success" } @else {
            span.badge.bad { (stage(handshake.outcome)) }
            @if let Some(detail) = &handshake.detail { span.note { (detail) } }
        }
    }
}

fn nothing(view: &View) -> Markup {
    html! {
        p { "None yet." @if view.route().is_some() { " Make one:" } }
        @if let Some(route) = view.route() { (first_call(route)) }
    }
}
