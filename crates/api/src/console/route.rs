//! One route closely: its share over time, where handshakes fail, its certificates, and its form.
//!
//! The form stands outside the live parts, so that a refresh never takes away what is being typed.

use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};

use super::figures::{count, day, days_left, percent, stage};
use super::view::View;
use super::{chart, form, routes};
use crate::dto::{Arm, Certificate, Mode, Route, ShareSample, Totals};

/// Renewal is overdue when fewer days are left.
const EXPIRY_DAYS_MIN: i64 = 14;

pub(super) fn section(view: &View) -> Markup {
    html! {
        @if let Some(route) = view.route() {
            section #route {
                h2 { "Route " em { (route.name) } }
                div.columns {
                    div.panel.wide {
                        h3 #share-label { "Post-quantum share of successful handshakes" }
                        div #share data-live { (share(route, &view.samples)) }
                    }
                    div.panel {
                        h3 { "Rung and canary" }
                        (form::form(route, &view.notice))
                    }
                    div.panel.wide {
                        h3 { "Failures by stage" }
                        div #stages data-live { (stages(&route.totals)) }
                    }
                    div.panel {
                        h3 { "Certificates" }
                        div #certificates data-live { (certificates(&route.certificates, view.now)) }
                    }
                }
            }
        }
    }
}

fn share(route: &Route, samples: &[ShareSample]) -> Markup {
    let charts = [chart::WIDE, chart::NARROW].map(|shape| chart::share(samples, &shape, "share-label"));
    html! {
        @if charts.iter().all(Option::is_none) {
            (nothing(route))
        } @else {
            @for svg in charts.into_iter().flatten() { (PreEscaped(svg)) }
            (legend(route, samples))
        }
    }
}

fn nothing(route: &Route) -> Markup {
    html! {
        div.empty {
            @if route.totals.handshakes > route.totals.failures {
                p { "A point stands for an interval that has ended, and none with a successful handshake is on record yet. The chart follows by itself." }
            } @else {
                p { "No handshake has succeeded yet. Make one:" }
                (first_call(route))
            }
        }
    }
}

/// How to make a route's first handshake.
pub(super) fn first_call(route: &Route) -> Markup {
    html! {
        @match route.mode {
            Mode::Terminate => {
                pre { code { "curl --cacert ca.pem https://" (route.listen) "/" } }
                p { "The path of " code { "ca.pem" } " is what " code { "hybridge up" } " printed at its start." }
            }
            Mode::Originate => pre { code { "curl http://" (route.listen) "/" } },
            Mode::Observe => p { "Let a client of the service connect to " code { (route.listen) } "." },
        }
    }
}

fn legend(route: &Route, samples: &[ShareSample]) -> Markup {
    html! {
        ul.legend {
            @for (arm, class, rung) in [
                (Arm::Control, "control", routes::control(route)),
                (Arm::Canary, "canary", routes::canary(route)),
            ] {
                @let (post_quantum, handshakes, failures) = sum(samples, arm);
                @if arm == Arm::Control || handshakes > 0 || route.canary.is_some() {
                    li {
                        span.key.(class) aria-hidden="true" {}
                        strong { (class) }
                        span { (rung) ": " }
                        span { strong { (percent(post_quantum, handshakes.saturating_sub(failures))) } " post-quantum of " (count(handshakes.saturating_sub(failures))) }
                        span.note { "+ " (count(failures)) " failed (" (percent(failures, handshakes)) ")" }
                    }
                }
            }
        }
    }
}

fn sum(samples: &[ShareSample], arm: Arm) -> (u64, u64, u64) {
    let of_arm = samples.iter().filter(|sample| sample.arm == arm);
    of_arm.fold((0, 0, 0), |(post_quantum, handshakes, failures), sample| {
        (
            post_quantum + sample.post_quantum,
            handshakes + sample.handshakes,
            failures + sample.failures,
        )
    })
}

fn stages(totals: &Totals) -> Markup {
    let mut stages = Vec::from_iter(
        totals
            .failures_by_stage
            .iter()
            .filter(|(_, failures)| **failures > 0),
    );
    stages.sort_by_key(|(_, failures)| std::cmp::Reverse(**failures));
    let most = stages.first().map_or(0, |(_, failures)| **failures);
    html! {
        @if stages.is_empty() {
            p.note { @if totals.handshakes == 0 { "No handshake yet." } @else { "None of " (count(totals.handshakes)) " handshakes failed." } }
        } @else {
            table.stages {
                thead { tr { th scope="col" { "Stage" } th.number scope="col" { "Failures" } td.bar {} th.number scope="col" { "Of handshakes" } } }
                tbody {
                    @for (outcome, failures) in stages {
                        tr {
                            th scope="row" { (stage(*outcome)) }
                            td.number { (count(*failures)) }
                            td.bar { (routes::share_bar(*failures, most)) }
                            td.number { (percent(*failures, totals.handshakes)) }
                        }
                    }
                }
            }
        }
    }
}

fn certificates(certificates: &[Certificate], now: Timestamp) -> Markup {
    html! {
        @if certificates.is_empty() { p.note { "None: this route does not terminate TLS." } }
        ul.certificates {
            @for certificate in certificates {
                @let days = days_left(certificate.expires_at, now);
                li {
                    strong { (certificate.names.join(", ")) }
                    span.note { (certificate.key_algorithm) }
                    span.bad[days < EXPIRY_DAYS_MIN] {
                        @if days < 0 { "expired " } @else { "expires " }
                        time datetime=(certificate.expires_at) { (day(certificate.expires_at)) }
                        @if days >= 0 { ", " (days) " days left" }
                    }
                }
            }
        }
    }
}
