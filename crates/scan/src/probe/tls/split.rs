//! Whether a hello in pieces gets the answer that a whole one gets.
//!
//! A post-quantum hello is longer than one TCP segment, so what fails here fails for real clients.

use super::ask::{Answer, Asker, Delivery};
use super::offer::Offer;
use crate::probe::report::{SplitFinding, Support};
use crate::probe::{Failure, Options};

/// Length of a record header in bytes (RFC 8446 §5.1).
const RECORD_HEADER: usize = 5;

/// Sends the greeting in two segments, then in three records. `whole` is what it got in one piece.
pub(super) async fn probe(
    asker: Asker<'_>,
    options: &Options,
    whole: &Result<Answer, Failure>,
) -> SplitFinding {
    let hello_len = Offer::greeting()
        .draft(asker.server_name)
        .and_then(|draft| draft.message())
        .map_or(0, |message| message.len() + RECORD_HEADER);
    if let Err(failure) = whole {
        let unknown = Support::unknown(format!("in one piece it fails too: {failure}"));
        return SplitFinding {
            hello_len,
            segments: unknown.clone(),
            records: unknown,
        };
    }
    let segments = survives(
        asker,
        Delivery::Segments {
            pause: options.split_pause,
        },
    )
    .await;
    let records = survives(asker, Delivery::Records).await;
    SplitFinding {
        hello_len,
        segments,
        records,
    }
}

/// The whole hello got through, so a peer or a box that now hangs up or stays silent fails the test.
async fn survives(asker: Asker<'_>, delivery: Delivery) -> Support {
    match asker.complete(&Offer::greeting(), delivery).await {
        Ok(_) => Support::Yes,
        Err(failure) if failure.is_by_peer() || matches!(failure, Failure::Timeout { .. }) => {
            Support::no(failure)
        }
        Err(failure) => Support::unknown(failure),
    }
}
