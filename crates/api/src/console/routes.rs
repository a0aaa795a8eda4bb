//! The table of routes: what listens where, on which rung, and how it fares.
//!
//! One row each, with a link that chooses it. Shares are of successful handshakes: a failed one has no
//! group to count.

use maud::{Markup, html};

use super::figures::{count, percent, weight};
use super::segment;
use super::view::View;
use crate::dto::{Mode, Protocol, Route};

pub(super) fn section(view: &View) -> Markup {
    html! {
        section #routes {
            h2 { "Routes" }
            @if view.routes.is_empty() { (nothing()) } @else {
                div.scroll tabindex="0" role="region" aria-label="Routes" {
                    table.cards {
                        thead { tr {
                            th scope="col" { "Route" } th scope="col" { "Listens, forwards to" }
                            th scope="col" { "Control" } th scope="col" { "Canary" }
                            th.number scope="col" { "Post-quantum" } th.number scope="col" { "Handshakes" }
                            th.number scope="col" { "Failures" }
                            th.number scope="col" title="Could have been post-quantum and were not; must stay 0" { "Missed upgrades" }
                            th.number scope="col" title="Handshakes that the rung require would have refused" { "Would reject" }
                        } }
                        tbody #route-rows data-live {
                            @for (index, route) in view.routes.iter().enumerate() { (row(route, view.selected == Some(index))) }
                        }
                    }
                }
            }
        }
    }
}

fn row(route: &Route, selected: bool) -> Markup {
    let totals = &route.totals;
    let succeeded = totals.handshakes.saturating_sub(totals.failures);
    html! {
        tr.selected[selected] {
            th scope="row" data-label="Route" {
                a href={ "/?route=" (segment(&route.name)) "#route" } aria-current=[selected.then_some("true")] { (route.name) }
                span.note { (mode(route.mode)) ", " (protocol(route.protocol)) }
            }
            td data-label="Listens" { code { (route.listen) } span.to { " → " code { (route.upstream) } } }
            td data-label="Control" { (control(route)) }
            td data-label="Canary" { (canary(route)) }
            td.number data-label="Post-quantum" { (share_bar(totals.post_quantum, succeeded)) span.value { (percent(totals.post_quantum, succeeded)) } }
            td.number data-label="Handshakes" { (count(totals.handshakes)) }
            td.number data-label="Failures" { (count(totals.failures)) span.note { (percent(totals.failures, totals.handshakes)) } }
            td.number.bad[totals.missed_upgrades > 0] data-label="Missed upgrades" { (count(totals.missed_upgrades)) }
            td.number data-label="Would reject" { (count(totals.would_reject)) }
        }
    }
}

pub(super) fn control(route: &Route) -> Markup {
    html! {
        @match route.rung {
            Some(rung) => span.rung { (rung.name()) },
            None => span.note { "observes" },
        }
    }
}

pub(super) fn canary(route: &Route) -> Markup {
    html! {
        @match route.canary {
            Some(canary) => { span.rung.canary { (canary.rung.name()) } " at " (weight(canary.weight)) " %" },
            None => span.note { "none" },
        }
    }
}

/// A bar without a style attribute, which the content security policy forbids.
pub(super) fn share_bar(part: u64, whole: u64) -> Markup {
    let width = u128::from(part.min(whole)) * 100 / u128::from(whole.max(1));
    html! {
        svg.share viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="100" height="8" {}
            rect.fill width=(width) height="8" {}
        }
    }
}

pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Terminate => "terminates TLS",
        Mode::Originate => "originates TLS",
        Mode::Observe => "observes",
    }
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Http => "HTTP",
    }
}

fn nothing() -> Markup {
    html! {
        div.empty {
            p { "No route yet. Put hybrid TLS in front of a service that runs on this machine:" }
            pre { code { "hybridge up --protect 127.0.0.1:8080" } }
            p { "or name several in a file: " code { "hybridge up --config hybridge.toml" } "." }
        }
    }
}
