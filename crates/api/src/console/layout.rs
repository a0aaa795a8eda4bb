//! The page around the parts: head, bar, notices, sections.
//!
//! The parts know nothing of each other. A part marked `data-live` needs an `id`: the script finds its
//! successor by it. No style and no script stands in the page itself.

use maud::{DOCTYPE, Markup, html};

use super::view::View;
use super::{clients, figures, handshakes, route, routes};
use crate::dto::Health;

pub(super) fn page(view: &View) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Hybridge console" }
                link rel="icon" href="/favicon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/console/console.css";
                script src="/console/console.js" defer {}
            }
            body {
                a.skip href="#routes" { "Skip to the routes" }
                (bar(view))
                main {
                    (notices(&view.health))
                    (routes::section(view))
                    (route::section(view))
                    (clients::section(view))
                    (handshakes::section(view))
                }
                (foot())
            }
        }
    }
}

fn bar(view: &View) -> Markup {
    html! {
        header.top {
            a.brand href="/" {
                img src="/favicon.svg" alt="" width="20" height="20";
                "Hybridge"
            }
            nav aria-label="Sections" {
                a href="#routes" { "Routes" }
                a href="#clients" { "Clients" }
                a href="#handshakes" { "Handshakes" }
            }
            p.state #health data-live {
                (badge(&view.health))
                span.updated { "as of " time datetime=(view.now) { (figures::clock(view.now)) } " UTC" }
            }
            p.state.follow #follow hidden {}
            form.logout method="post" action="/console/logout" { button type="submit" { "Log out" } }
        }
    }
}

fn badge(health: &Health) -> Markup {
    let (class, word) = match (health.live, health.ready) {
        (true, true) => ("good", "ready"),
        (true, false) => ("warn", "not ready"),
        (false, _) => ("bad", "not live"),
    };
    html! { a.badge.(class) href="/health" { (word) } }
}

fn notices(health: &Health) -> Markup {
    let class = if health.live && health.ready {
        "warn"
    } else {
        "bad"
    };
    html! {
        div #notices data-live {
            @if !health.reasons.is_empty() {
                section.notice.(class) aria-label="What needs attention" {
                    ul { @for reason in &health.reasons { li { (reason) } } }
                }
            }
        }
    }
}

fn foot() -> Markup {
    html! {
        footer {
            p { "Times are UTC. Totals count since the process started. Everything here is in the API too: "
                a href="/openapi.json" { "openapi.json" } ", " a href="/metrics" { "metrics" } ", "
                a href="/v1/routes" { "routes" } ", " a href="/v1/clients" { "clients" } ", "
                a href="/v1/handshakes" { "handshakes" } "." }
        }
    }
}
