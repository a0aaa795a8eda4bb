//! One question: a hello goes out, whole or in pieces, and the server's answer comes back.

use std::time::Duration;

use hybridge_hello::{MAX_RECORD, NamedGroup, ProtocolVersion, records};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use super::flight::{Flight, Receiver};
use super::offer::{Draft, Offer};
use crate::probe::Failure;
use crate::probe::dial::{Dialer, within};

/// Asks one endpoint, always with the same server name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) dialer: &'a Dialer,
    pub(crate) server_name: Option<&'a str>,
}

/// In what pieces a hello travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// In one record, handed to the system at once.
    Whole,
    /// In one record, cut in the middle, with a pause between the halves.
    Segments {
        /// The pause.
        pause: Duration,
    },
    /// In three records.
    Records,
}

/// An answer, after at most one HelloRetryRequest.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) flight: Flight,
    /// The group that a HelloRetryRequest asked for before it.
    pub(crate) retry: Option<NamedGroup>,
}

impl Asker<'_> {
    /// Sends the offer and returns the first answer, be it a HelloRetryRequest.
    pub(crate) async fn ask(&self, offer: &Offer) -> Result<Flight, Failure> {
        let mut draft = offer.draft(self.server_name)?;
        let mut connection = self.dialer.open().await?;
        let conversation = async {
            send(&mut connection.stream, &draft.message()?, Delivery::Whole).await;
            let flight = Receiver::default().flight(&mut connection.stream).await?;
            draft.accept(&flight.hello).map(|()| flight)
        };
        within(self.dialer.timeout, conversation).await
    }

    /// Sends the offer and goes through with it: answers a HelloRetryRequest with a second hello.
    pub(crate) async fn complete(&self, offer: &Offer, delivery: Delivery) -> Result<Answer, Failure> {
        let draft = offer.draft(self.server_name)?;
        let mut connection = self.dialer.open().await?;
        within(
            self.dialer.timeout,
            converse(&mut connection.stream, draft, delivery),
        )
        .await
    }
}

async fn converse(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    mut draft: Draft,
    delivery: Delivery,
) -> Result<Answer, Failure> {
    send(stream, &draft.message()?, delivery).await;
    let mut receiver = Receiver::default();
    let flight = receiver.flight(stream).await?;
    draft.accept(&flight.hello)?;
    if !flight.hello.is_retry {
        return Ok(Answer { flight, retry: None });
    }
    let retry = flight.hello.group;
    let Some(second) = draft.retry(&flight.hello)? else {
        return Ok(Answer { flight, retry });
    };
    send(stream, &second, Delivery::Whole).await;
    let flight = receiver.flight(stream).await?;
    draft.accept(&flight.hello)?;
    if flight.hello.is_retry {
        return Err(Failure::nonsense("a second HelloRetryRequest"));
    }
    Ok(Answer { flight, retry })
}

/// Sends a hello. A peer that stops reading has often said why before, so an error is left to the reader.
async fn send(stream: &mut (impl AsyncWrite + Unpin), message: &[u8], delivery: Delivery) {
    let fragment = match delivery {
        Delivery::Records => message.len().div_ceil(3),
        Delivery::Whole | Delivery::Segments { .. } => MAX_RECORD,
    };
    let bytes = records(message, fragment, ProtocolVersion::TLS_1_0);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let sent = async {
        match delivery {
            Delivery::Segments { pause } => {
                stream.write_all(first).await?;
                stream.flush().await?;
                sleep(pause).await;
                stream.write_all(second).await?;
            }
            Delivery::Whole | Delivery::Records => stream.write_all(&bytes).await?,
        }
        stream.flush().await
    };
    let _unsent: std::io::Result<()> = sent.await;
}
