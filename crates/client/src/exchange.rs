//! The key exchange over HTTP, from end to end (docs/key-exchange.md §HTTP).
//!
//! What the JSON says beside the messages is not read: everything that counts is in the signed bytes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use hybridge_exchange::client::{FinishError, Hello, Pending, StartError, Trust};
use hybridge_exchange::{Client as ClientSide, Encoded, Identity, RekeyError, Session, Suite};
use serde_json::{Value, json};

use crate::{Client, Error, Problem, clock};

/// What to agree on, and with whom.
#[derive(Clone, Debug)]
pub struct ExchangeOptions<'a> {
    /// Suites, shares, context.
    pub hello: Hello,
    /// Pinned identities of the service; none means that nothing can be agreed.
    pub identities: &'a [Identity],
    /// The name under which the service must know this client, where it is known.
    pub caller: Option<&'a str>,
    /// How long the exchange may take.
    pub window: Duration,
}

impl<'a> ExchangeOptions<'a> {
    /// Every hybrid suite, with one of these identities, within a minute.
    #[must_use]
    pub fn new(identities: &'a [Identity]) -> Self {
        Self {
            hello: Hello::default(),
            identities,
            caller: None,
            window: Duration::from_secs(60),
        }
    }
}

impl Client {
    /// Agrees on a session with the service. Where it asks for a share of another suite, there is one more
    /// attempt, with fresh keys.
    ///
    /// # Errors
    /// [`ExchangeError`]; there is no session then.
    pub async fn exchange(
        &self,
        options: &ExchangeOptions<'_>,
    ) -> Result<Session<ClientSide>, ExchangeError> {
        let first = self.attempt(&options.hello, options).await;
        let Err(ExchangeError::Service(Error::Problem(problem))) = &first else {
            return first;
        };
        let Some(suite) = wanted(problem, &options.hello) else {
            return first;
        };
        let hello = Hello {
            shares: vec![suite],
            ..options.hello.clone()
        };
        self.attempt(&hello, options).await
    }

    async fn attempt(
        &self,
        hello: &Hello,
        options: &ExchangeOptions<'_>,
    ) -> Result<Session<ClientSide>, ExchangeError> {
        let (init, pending) = hello.start(clock::now())?;
        let body = json!({"init": encode(&init)});
        let answer = self.call(Method::POST, "/v1/key-exchange", Some(&body)).await?;
        let response = decode(&answer, "response")?;
        self.conclude(pending, &response, options).await
    }

    async fn conclude(
        &self,
        pending: Pending,
        response: &[u8],
        options: &ExchangeOptions<'_>,
    ) -> Result<Session<ClientSide>, ExchangeError> {
        let trust = Trust {
            identities: options.identities,
            caller: options.caller,
            window: options.window,
        };
        let (confirm, session) = pending.finish(response, &trust, clock::now())?;
        let path = format!("/v1/key-exchange/{}/confirm", session.agreed().session);
        let body = json!({"confirm": encode(&confirm)});
        self.call(Method::POST, &path, Some(&body)).await?;
        Ok(session)
    }

    /// Takes a session into its next epoch.
    ///
    /// # Errors
    /// [`ExchangeError`]; the session is in its old epoch then. Where the answer was lost, the service is not:
    /// exchange anew.
    pub async fn rekey(&self, session: &mut Session<ClientSide>) -> Result<(), ExchangeError> {
        let (rekey, rekeying) = session.rekey(clock::now())?;
        let path = format!("/v1/sessions/{}/rekey", session.agreed().session);
        let body = json!({"rekey": encode(&rekey)});
        let answer = match self.call(Method::POST, &path, Some(&body)).await {
            // The same message again gets the same answer, so a lost one can be asked for.
            Err(Error::Broken(_) | Error::TimedOut { .. }) => {
                self.call(Method::POST, &path, Some(&body)).await?
            }
            other => other?,
        };
        let rekeyed = decode(&answer, "rekeyed")?;
        Ok(session.rekeyed(&rekeying, &rekeyed, clock::now())?)
    }
}

/// The suite that the service needs a share for. It must have been offered, and its share not have been sent.
fn wanted(problem: &Problem, hello: &Hello) -> Option<&'static Suite> {
    if problem.code != "suite_required" {
        return None;
    }
    let suite = Suite::by_name(problem.members.get("suite")?.as_str()?)?;
    let sent = hello.shares.iter().any(|share| share.code.kem == suite.code.kem);
    (hello.suites.contains(&suite) && !sent).then_some(suite)
}

fn encode<M: hybridge_exchange::message::Message>(message: &Encoded<M>) -> String {
    URL_SAFE_NO_PAD.encode(message.as_bytes())
}

fn decode(answer: &Value, member: &'static str) -> Result<Vec<u8>, ExchangeError> {
    let text = answer.get(member).and_then(Value::as_str);
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes.ok_or(ExchangeError::Answer { member })
}

/// Why there is no session, or no new epoch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// It could not begin.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The service could not be asked, or refused.
    #[error(transparent)]
    Service(#[from] Error),
    /// The answer lacks a member or it is not base64url.
    #[error("the answer has no {member:?} in base64url; is this the service?")]
    Answer {
        /// The member.
        member: &'static str,
    },
    /// The answer does not hold.
    #[error(transparent)]
    Finish(#[from] FinishError),
    /// The session did not go into its next epoch.
    #[error(transparent)]
    Rekey(#[from] RekeyError),
}
