//! Long answers: taken piece by piece as they come, bounded in time between pieces and not in length.
//!
//! For exports, which carry their own proof of being whole.

use http::Method;
use http_body_util::BodyExt as _;

use crate::call::read;
use crate::{Call, Client, Error, Options, Problem};

impl Client {
    /// The same client with other patience; the connections are shared.
    #[must_use]
    pub fn waiting(&self, timeout: std::time::Duration) -> Self {
        let mut patient = self.clone();
        patient.options = Options {
            timeout,
            ..patient.options
        };
        patient
    }

    /// Gets an answer of any length, piece by piece. `take` returns false to stop early. The timeout counts from
    /// piece to piece.
    ///
    /// # Errors
    /// [`Error`]; pieces that came before it were given away.
    pub async fn download(&self, path: &str, mut take: impl FnMut(&[u8]) -> bool) -> Result<(), Error> {
        let request = self.request(&Call {
            method: Method::GET,
            path,
            json: None,
            idempotency_key: None,
        })?;
        let after = self.options.timeout;
        let late = |_elapsed| Error::TimedOut { after };
        let answered = tokio::time::timeout(after, self.round_trip(request)).await;
        let (response, sender) = answered.map_err(late)??;
        let (parts, mut body) = response.into_parts();
        if !parts.status.is_success() {
            let problem = Problem::read(parts.status, &parts.headers, &read(body).await?);
            return Err(Error::Problem(Box::new(problem)));
        }
        while let Some(frame) = tokio::time::timeout(after, body.frame()).await.map_err(late)? {
            let frame = frame.map_err(Error::Broken)?;
            let goes_on = frame.data_ref().is_none_or(|piece| take(piece));
            if !goes_on {
                return Ok(());
            }
        }
        self.keep(sender);
        Ok(())
    }
}
