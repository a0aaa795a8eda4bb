//! Whose order of groups decides, and what typical clients end up with.
//!
//! Hellos without a share ask for a bare choice: a share in hand would colour it.

use hybridge_hello::NamedGroup;

use super::ask::{Asker, Delivery};
use super::offer::{Offer, exchange_of};
use crate::probe::Failure;
use crate::probe::report::{ClientHabit, GroupFinding, GroupSupport, Preference, Selection, UpgradeFinding};

/// Compares the choice from our order with that from the reverse, then takes the server's order apart.
pub(super) async fn preference(asker: Asker<'_>, findings: &[GroupFinding]) -> Preference {
    let listed = supported(findings);
    let (Some(first), Some(last)) = (listed.first(), listed.last().filter(|_| listed.len() > 1)) else {
        return Preference::Undetermined {
            because: "fewer than two groups are supported".to_owned(),
        };
    };
    let reversed: Vec<_> = listed.iter().rev().copied().collect();
    match (choose(asker, &listed).await, choose(asker, &reversed).await) {
        (Ok(forward), Ok(reverse)) if forward == reverse => {
            Preference::Server(server_order(asker, listed, forward).await)
        }
        (Ok(forward), Ok(reverse)) if forward == *first && reverse == *last => Preference::Client,
        (Ok(forward), Ok(reverse)) => Preference::Mixed { forward, reverse },
        (Err(failure), _) | (_, Err(failure)) => Preference::Undetermined {
            because: failure.to_string(),
        },
    }
}

/// What clients of three habits get, when the server has both kinds of group.
pub(super) async fn upgrades(asker: Asker<'_>, findings: &[GroupFinding]) -> Vec<UpgradeFinding> {
    let listed = supported(findings);
    let ours = |group: &&NamedGroup| exchange_of(**group).is_some();
    let post_quantum = listed.iter().filter(ours).find(|group| group.is_post_quantum());
    let classical = listed.iter().filter(ours).find(|group| !group.is_post_quantum());
    let (Some(post_quantum), Some(classical)) = (post_quantum, classical) else {
        return Vec::new();
    };
    let habits = [
        ClientHabit::ClassicalFirst,
        ClientHabit::PostQuantumFirstUnshared,
        ClientHabit::BothShared,
    ];
    let mut upgrades = Vec::new();
    for habit in habits {
        let offer = habit_offer(habit, *classical, *post_quantum);
        let outcome = select(asker, &offer).await;
        upgrades.push(UpgradeFinding {
            habit,
            classical: *classical,
            post_quantum: *post_quantum,
            outcome,
        });
    }
    upgrades
}

fn habit_offer(habit: ClientHabit, classical: NamedGroup, post_quantum: NamedGroup) -> Offer {
    match habit {
        ClientHabit::ClassicalFirst => Offer::tls13(&[classical, post_quantum], &[classical]),
        ClientHabit::PostQuantumFirstUnshared => Offer::tls13(&[post_quantum, classical], &[classical]),
        ClientHabit::BothShared => Offer::tls13(&[classical, post_quantum], &[classical, post_quantum]),
    }
}

async fn select(asker: Asker<'_>, offer: &Offer) -> Result<Selection, Failure> {
    let answer = asker.complete(offer, Delivery::Whole).await?;
    let group = answer.flight.hello.group.unwrap_or_default();
    Ok(Selection {
        group,
        by_retry: answer.retry.is_some(),
    })
}

/// The group of the HelloRetryRequest that a hello without shares must get.
async fn choose(asker: Asker<'_>, groups: &[NamedGroup]) -> Result<NamedGroup, Failure> {
    let flight = asker.ask(&Offer::tls13(groups, &[])).await?;
    Ok(flight.hello.group.unwrap_or_default())
}

/// Takes away what the server chose and asks again, until nothing is left or it stops answering.
async fn server_order(
    asker: Asker<'_>,
    mut rest: Vec<NamedGroup>,
    mut chosen: NamedGroup,
) -> Vec<NamedGroup> {
    let mut order = vec![chosen];
    loop {
        rest.retain(|group| *group != chosen);
        match rest.as_slice() {
            [] => return order,
            [only] => chosen = *only,
            several => match choose(asker, several).await {
                Ok(next) => chosen = next,
                Err(_stopped) => return order,
            },
        }
        order.push(chosen);
    }
}

/// Groups that the server has, in our order.
fn supported(findings: &[GroupFinding]) -> Vec<NamedGroup> {
    let has =
        |finding: &&GroupFinding| matches!(finding.summary(), GroupSupport::ByShare | GroupSupport::ByRetry);
    findings.iter().filter(has).map(|finding| finding.group).collect()
}
