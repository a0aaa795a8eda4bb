//! Which groups the server has, and how each can be had.
//!
//! A refusal counts only where an alert says so: silence and broken connections leave a question open.

use futures_util::StreamExt;
use futures_util::stream;
use hybridge_hello::NamedGroup;

use super::ask::{Asker, Delivery};
use super::offer::{GROUPS, Offer, exchange_of};
use crate::probe::report::{GroupFinding, Support};
use crate::probe::{Deps, Failure, Step};

/// Asks for every group, first by share, then by HelloRetryRequest.
pub(super) async fn probe(asker: Asker<'_>, deps: Deps<'_>, concurrency: usize) -> Vec<GroupFinding> {
    let by_share: Vec<_> = stream::iter(GROUPS)
        .map(|group| {
            (deps.progress)(Step::Group(group));
            async move { (group, by_share(asker, group).await) }
        })
        .buffered(concurrency)
        .collect()
        .await;
    let decoy = decoy(&by_share);
    stream::iter(by_share)
        .map(|(group, by_share)| async move {
            let by_retry = by_retry(asker, group, &by_share, decoy).await;
            GroupFinding {
                group,
                by_share,
                by_retry,
            }
        })
        .buffered(concurrency)
        .collect()
        .await
}

async fn by_share(asker: Asker<'_>, group: NamedGroup) -> Support {
    if exchange_of(group).is_none() {
        return Support::not_tried(format!("no provider makes {group} shares"));
    }
    match asker.ask(&Offer::tls13(&[group], &[group])).await {
        Ok(flight) if flight.hello.is_retry => Support::unknown("a HelloRetryRequest for what was shared"),
        Ok(_) => Support::Yes,
        Err(failure) => refused(failure),
    }
}

/// Lists the group without any share. Where that is refused although the group is there, the same again in
/// company of a share that the server cannot use, which is how most clients come to a HelloRetryRequest.
async fn by_retry(
    asker: Asker<'_>,
    group: NamedGroup,
    by_share: &Support,
    decoy: Option<NamedGroup>,
) -> Support {
    let bare = retried(asker, group, &Offer::tls13(&[group], &[])).await;
    match decoy {
        Some(decoy) if !bare.is_yes() && by_share.is_yes() => {
            retried(asker, group, &Offer::tls13(&[decoy, group], &[decoy])).await
        }
        _ => bare,
    }
}

async fn retried(asker: Asker<'_>, group: NamedGroup, offer: &Offer) -> Support {
    match asker.complete(offer, Delivery::Whole).await {
        Ok(answer) if answer.retry == Some(group) => Support::Yes,
        Ok(_) => Support::unknown("a ServerHello where only a HelloRetryRequest could come"),
        Err(failure) => refused(failure),
    }
}

/// A group that the server refuses and that we can share.
fn decoy(by_share: &[(NamedGroup, Support)]) -> Option<NamedGroup> {
    let refused = |support: &Support| matches!(support, Support::No { .. });
    by_share
        .iter()
        .rev()
        .find(|(_, support)| refused(support))
        .map(|(group, _)| *group)
}

/// An alert that says "nothing here for me" is a refusal, and so is not to go on with a share that was
/// asked for; anything else leaves the question open.
fn refused(failure: Failure) -> Support {
    let abandoned = matches!(failure, Failure::AfterRetry { .. }) && failure.is_by_peer();
    if failure.is_refusal() || abandoned {
        Support::no(failure)
    } else {
        Support::unknown(failure)
    }
}
