//! The form that changes a route: how it is shown, and what an entry means.
//!
//! It shows the state in force, so sending it states the whole: an empty canary rung removes the
//! canary.

use maud::{Markup, html};

use super::figures::{parse_weight, weight};
use super::segment;
use super::view::{Entered, Notice};
use crate::dto::{Canary, CanaryChange, Route, RouteChange, Rung};

/// What the entries ask for, or why they cannot be understood.
pub(super) fn change(entered: &Entered) -> Result<RouteChange, String> {
    let control = rung(&entered.rung).ok_or("choose a rung for the control arm")?;
    let canary = match entered.canary_rung.as_str() {
        "" => CanaryChange::Remove,
        name => {
            let rung = rung(name).ok_or("choose a rung for the canary")?;
            let weight = parse_weight(&entered.weight)
                .ok_or("the canary's weight is a percentage from 0 to 100 with at most two decimals")?;
            CanaryChange::Set(Canary { rung, weight })
        }
    };
    Ok(RouteChange {
        rung: Some(control),
        canary,
    })
}

fn rung(name: &str) -> Option<Rung> {
    Rung::ALL.into_iter().find(|rung| rung.name() == name)
}

pub(super) fn form(route: &Route, notice: &Notice) -> Markup {
    let Some(control) = route.rung else {
        return html! {
            p.note { "This route only observes: it passes bytes through untouched, so there is nothing to set. "
                "What the hellos show tells you which rung is safe to start with." }
        };
    };
    let entered = match notice {
        Notice::Refused { entered, .. } => entered.clone(),
        Notice::Nothing | Notice::Applied => in_force(control, route.canary),
    };
    html! {
        form method="post" action={ "/console/routes/" (segment(&route.name)) } {
            (message(notice))
            label { "Control rung" (choices("rung", route.mode.rungs(), &entered.rung, None)) }
            label { "Canary rung" (choices("canary_rung", route.mode.rungs(), &entered.canary_rung, Some("no canary"))) }
            label { "Canary weight, % of clients"
                input name="weight" type="number" inputmode="decimal" min="0" max="100" step="0.01" value=(entered.weight);
            }
            button type="submit" { "Apply" }
            p.note { "Holds for new handshakes at once. Open connections stay." }
        }
    }
}

fn in_force(control: Rung, canary: Option<Canary>) -> Entered {
    Entered {
        rung: control.name().to_owned(),
        canary_rung: canary
            .map(|canary| canary.rung.name().to_owned())
            .unwrap_or_default(),
        weight: canary.map(|canary| weight(canary.weight)).unwrap_or_default(),
    }
}

fn message(notice: &Notice) -> Markup {
    html! {
        @match notice {
            Notice::Nothing => {}
            Notice::Applied => p.message.good role="status" { "Applied." },
            Notice::Refused { reason, .. } => p.message.bad role="alert" { "Not applied: " (reason) "." },
        }
    }
}

fn choices(name: &str, rungs: &[Rung], chosen: &str, none: Option<&str>) -> Markup {
    html! {
        select name=(name) {
            @if let Some(none) = none { option value="" { (none) } }
            @for rung in rungs {
                option value=(rung.name()) selected[rung.name() == chosen] { (rung.name()) " – " (rung_note(*rung)) }
            }
        }
    }
}

fn rung_note(rung: Rung) -> &'static str {
    match rung {
        Rung::Classical => "classical groups only",
        Rung::Accept => "when the client sends a share",
        Rung::Upgrade => "whenever the client lists it",
        Rung::Advertise => "listed, classical share",
        Rung::Share => "share sent first",
        Rung::Require => "refuse all others",
    }
}

#[cfg(test)]
mod tests {
    use super::{Entered, change, in_force};
    use crate::dto::{Canary, CanaryChange, RouteChange, Rung};

    fn check(rung: &str, canary_rung: &str, weight: &str, expect: Result<CanaryChange, &str>) {
        let entered = Entered {
            rung: rung.to_owned(),
            canary_rung: canary_rung.to_owned(),
            weight: weight.to_owned(),
        };
        match (change(&entered), expect) {
            (Ok(change), Ok(canary)) => assert_eq!(
                change,
                RouteChange {
                    rung: Some(Rung::Upgrade),
                    canary
                }
            ),
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{reason}"),
            (got, expect) => panic!("{got:?} instead of {expect:?}"),
        }
    }

    #[test]
    fn the_form_states_the_whole() {
        check("upgrade", "", "", Ok(CanaryChange::Remove));
        check("upgrade", "", "5", Ok(CanaryChange::Remove));
        check(
            "upgrade",
            "require",
            "12.5",
            Ok(CanaryChange::Set(Canary {
                rung: Rung::Require,
                weight: 1_250,
            })),
        );
    }

    #[test]
    fn an_entry_that_makes_no_sense_is_refused_with_its_name() {
        check("best", "", "", Err("control"));
        check("upgrade", "best", "5", Err("rung for the canary"));
        check("upgrade", "require", "", Err("weight"));
        check("upgrade", "require", "101", Err("weight"));
    }

    #[test]
    fn sending_the_form_untouched_changes_nothing() {
        let canary = Canary {
            rung: Rung::Require,
            weight: 25,
        };
        let untouched = change(&in_force(Rung::Upgrade, Some(canary)));
        assert_eq!(
            untouched,
            Ok(RouteChange {
                rung: Some(Rung::Upgrade),
                canary: CanaryChange::Set(canary)
            })
        );
        let untouched = change(&in_force(Rung::Accept, None));
        assert_eq!(
            untouched,
            Ok(RouteChange {
                rung: Some(Rung::Accept),
                canary: CanaryChange::Remove
            })
        );
    }
}
