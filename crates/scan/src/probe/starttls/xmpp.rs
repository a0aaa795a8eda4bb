//! XMPP (RFC 6120 §5): open a stream, find the feature, ask, be told to proceed.
//!
//! Nothing is parsed as XML: the stream is searched for one namespace and one element, within a limit.

use tokio::io::AsyncWriteExt;

use super::{Stream, declined, read_until};
use crate::probe::Failure;

const FEATURES_LEN_MAX: usize = 16_384;
const NAMESPACE: &str = "urn:ietf:params:xml:ns:xmpp-tls";

pub(super) async fn upgrade(stream: &mut impl Stream, host: &str) -> Result<(), Failure> {
    let opening = format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
         xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='{host}'>"
    );
    stream.write_all(opening.as_bytes()).await?;
    let features = read_until(stream, b"</stream:features>", FEATURES_LEN_MAX).await?;
    if !String::from_utf8_lossy(&features).contains(NAMESPACE) {
        return Err(Failure::Declined {
            reply: "the stream has no feature starttls".to_owned(),
        });
    }
    stream
        .write_all(format!("<starttls xmlns='{NAMESPACE}'/>").as_bytes())
        .await?;
    let answer = read_until(stream, b">", FEATURES_LEN_MAX).await?;
    if answer.trim_ascii_start().starts_with(b"<proceed") {
        Ok(())
    } else {
        Err(declined(&answer))
    }
}
