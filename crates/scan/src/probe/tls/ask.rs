//! One question: a hello goes out, whole or in pieces, and the server's answer comes back.
//!
//! The connection ends there. Whoever asks decides what the answer means.

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
            let (stream, hello) = (&mut connection.stream, frame(&draft.message()?, Delivery::Whole));
            let flight = exchange(stream, &mut Receiver::default(), &hello, Delivery::Whole).await?;
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
    let mut receiver = Receiver::default();
    let first = frame(&draft.message()?, delivery);
    let flight = exchange(stream, &mut receiver, &first, delivery).await?;
    draft.accept(&flight.hello)?;
    let Some(group) = flight.hello.group.filter(|_| flight.hello.is_retry) else {
        return Ok(Answer { flight, retry: None });
    };
    let Some(second) = draft.retry(&flight.hello)? else {
        return Ok(Answer {
            flight,
            retry: Some(group),
        });
    };
    let outcome = finish(stream, &mut receiver, &mut draft, &second).await;
    let flight = outcome.map_err(|failure| Failure::AfterRetry {
        group,
        failure: Box::new(failure),
    })?;
    Ok(Answer {
        flight,
        retry: Some(group),
    })
}

/// The second hello: its record is no longer that of an initial hello, and says so (RFC 8446 §5.1).
async fn finish(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    receiver: &mut Receiver,
    draft: &mut Draft,
    message: &[u8],
) -> Result<Flight, Failure> {
    let second = records(message, MAX_RECORD, ProtocolVersion::TLS_1_2);
    let flight = exchange(stream, receiver, &second, Delivery::Whole).await?;
    draft.accept(&flight.hello)?;
    if flight.hello.is_retry {
        return Err(Failure::nonsense("a second HelloRetryRequest"));
    }
    Ok(flight)
}

/// The records of an initial hello, which call themselves TLS 1.0 (RFC 8446 §5.1).
fn frame(message: &[u8], delivery: Delivery) -> Vec<u8> {
    let fragment = match delivery {
        Delivery::Records => message.len().div_ceil(3),
        Delivery::Whole | Delivery::Segments { .. } => MAX_RECORD,
    };
    records(message, fragment, ProtocolVersion::TLS_1_0)
}

/// Sends records and reads the answer. A peer that stops reading has often said why before, so what it
/// said counts first; where it said nothing, the error of sending tells a reset from a close.
async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    receiver: &mut Receiver,
    bytes: &[u8],
    delivery: Delivery,
) -> Result<Flight, Failure> {
    let sent = send(stream, bytes, delivery).await;
    match (receiver.flight(stream).await, sent) {
        (Err(Failure::Closed), Err(error)) => Err(error.into()),
        (answer, _) => answer,
    }
}

async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    delivery: Delivery,
) -> std::io::Result<()> {
    if let Delivery::Segments { pause } = delivery {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        stream.write_all(first).await?;
        stream.flush().await?;
        sleep(pause).await;
        stream.write_all(second).await?;
    } else {
        stream.write_all(bytes).await?;
    }
    stream.flush().await
}
