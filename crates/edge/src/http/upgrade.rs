//! Connections that stop being HTTP: after a 101 response both sides' bytes are forwarded
//! (RFC 9110 §7.8; WebSocket, RFC 6455 §4).

use std::rc::Rc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::relay;
use crate::route::LiveRoute;

/// Waits for both sides to switch, then forwards until they are done.
pub(super) async fn tunnel(route: Rc<LiveRoute>, client: OnUpgrade, upstream: OnUpgrade) {
    match tokio::try_join!(client, upstream) {
        Ok((client, upstream)) => {
            let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
            relay::forward(&route, &mut client, &mut upstream).await;
        }
        Err(error) => tracing::debug!(%error, "an upgrade was not completed"),
    }
}
