//! Refusals in the audit log of the key service.
//!
//! The entry is durable before the refusal is answered. If it cannot be written the request is refused all
//! the same, and the process log says that the entry is missing.

use std::future::Future;
use std::pin::Pin;

use hybridge_keys::audit::{Event, Outcome};
use hybridge_keys::{Caller, Keys};
use jiff::Timestamp;

use super::{Journal, Refusal};

impl Journal for Keys {
    fn refused(&self, refusal: Refusal) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(write(self, refusal))
    }
}

async fn write(keys: &Keys, refusal: Refusal) {
    let caller = Caller {
        name: if refusal.principal.is_empty() {
            "nobody".to_owned()
        } else {
            refusal.principal
        },
        request: refusal.request,
        peer: refusal.peer.map(|peer| peer.to_string()),
    };
    let event = Event::service(refusal.event).not(Outcome::Refused, refusal.why);
    let mut event = event.fact("path", refusal.path);
    if refusal.left_out > 0 {
        event = event.fact("left_out", refusal.left_out);
    }
    if let Err(error) = keys.refused(&caller, &event, Timestamp::now()).await {
        tracing::error!(%error, event = refusal.event, "a refusal is missing in the audit log");
    }
}
