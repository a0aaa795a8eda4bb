//! A change of a route's arms, from the API's words to the edge's, and a refusal back again.
//! What the change does not mention stays as it is.

use hybridge_api::ControlError;
use hybridge_api::dto::{CanaryChange, RouteChange};
use hybridge_edge::arms::Arms;
use hybridge_edge::handle::SetArmsError;
use hybridge_policy::Rung;

use super::route::rung_of;

/// The arms after a change.
pub(super) fn apply(before: Arms, change: &RouteChange) -> Arms {
    let control = change.rung.map_or(before.control, rung_of);
    match &change.canary {
        CanaryChange::Keep if before.weight == 0 && before.canary == before.control => Arms::uniform(control),
        CanaryChange::Keep => Arms { control, ..before },
        CanaryChange::Remove => Arms::uniform(control),
        CanaryChange::Set(canary) => Arms {
            control,
            canary: rung_of(canary.rung),
            weight: canary.weight,
        },
    }
}

/// Names the field of the request that was at fault.
pub(super) fn explain(change: &RouteChange, error: &SetArmsError) -> ControlError {
    let field = match error {
        SetArmsError::NoRoute(_) => return ControlError::NotFound,
        SetArmsError::Weight => "canary.weight",
        SetArmsError::WrongLadder { rung, .. } if !is_control(change, *rung) => "canary.rung",
        SetArmsError::Observes(_) | SetArmsError::NoClassicalGroup | SetArmsError::WrongLadder { .. } => {
            "rung"
        }
    };
    ControlError::Invalid {
        field: field.to_owned(),
        reason: error.to_string(),
    }
}

fn is_control(change: &RouteChange, rung: Rung) -> bool {
    change.rung.map(rung_of) == Some(rung)
}

#[cfg(test)]
mod tests {
    use hybridge_api::dto;

    use super::*;

    fn check(before: Arms, change: RouteChange, expect: Arms) {
        assert_eq!(apply(before, &change), expect);
    }

    #[test]
    fn what_is_not_mentioned_stays() {
        let before = Arms {
            control: Rung::Accept,
            canary: Rung::Upgrade,
            weight: 100,
        };
        let canary = dto::Canary {
            rung: dto::Rung::Require,
            weight: 500,
        };
        let keep = RouteChange::default;
        check(before, keep(), before);
        let rung = Some(dto::Rung::Classical);
        check(
            before,
            RouteChange { rung, ..keep() },
            Arms {
                control: Rung::Classical,
                ..before
            },
        );
        check(
            before,
            RouteChange {
                canary: CanaryChange::Set(canary),
                ..keep()
            },
            Arms {
                canary: Rung::Require,
                weight: 500,
                ..before
            },
        );
        check(
            before,
            RouteChange {
                canary: CanaryChange::Remove,
                ..keep()
            },
            Arms::uniform(Rung::Accept),
        );
        check(
            Arms::uniform(Rung::Accept),
            RouteChange { rung, ..keep() },
            Arms::uniform(Rung::Classical),
        );
    }

    #[test]
    fn a_refusal_names_the_field() {
        let canary = CanaryChange::Set(dto::Canary {
            rung: dto::Rung::Share,
            weight: 1,
        });
        let change = RouteChange {
            rung: Some(dto::Rung::Upgrade),
            canary,
        };
        let wrong = |rung| SetArmsError::WrongLadder {
            rung,
            ladder: String::new(),
        };
        let field = |error| match explain(&change, &error) {
            ControlError::Invalid { field, .. } => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(wrong(Rung::Share)), "canary.rung");
        assert_eq!(field(wrong(Rung::Upgrade)), "rung");
        assert_eq!(field(SetArmsError::Weight), "canary.weight");
    }
}
