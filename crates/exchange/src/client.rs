//! The client's side of an exchange: say hello, check the answer, confirm.
//!
//! Nothing that the server says is believed before its signature holds under an identity that the caller
//! trusts; nothing is usable before the server has proved that it has the same keys.

use std::time::Duration;

use hybridge_crypto::{kem, random};

use crate::message::{Answer, Confirm, Encoded, Init, Malformed, Response, Share};
use crate::schedule::{Handshake, Transcript};
use crate::session::{Agreed, Client, Direction, Epoch, Session};
use crate::{CryptoError, HYBRID, Identity, KeyId, Suite, Time};

/// What a client asks for.
#[derive(Clone, Debug)]
pub struct Hello {
    /// Accepted suites, best first. All hybrid ones unless the caller says otherwise.
    pub suites: Vec<&'static Suite>,
    /// For which of them a share is sent; at most one for each KEM. The first one unless the caller says
    /// otherwise, and the one that the server asked for in a second attempt.
    pub shares: Vec<&'static Suite>,
    /// The identity that has to sign, where there is just one.
    pub identity: Option<KeyId>,
    /// Bytes of the application, at most 1024, bound to the session.
    pub context: Vec<u8>,
}

impl Default for Hello {
    fn default() -> Self {
        Self {
            suites: HYBRID.iter().collect(),
            shares: HYBRID.iter().take(1).collect(),
            identity: None,
            context: Vec::new(),
        }
    }
}

impl Hello {
    /// Makes fresh shares and a nonce. Each attempt needs its own.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(&self, now: Time) -> Result<(Encoded<Init>, Pending), StartError> {
        let generated = self
            .shares
            .iter()
            .map(|suite| Ok((suite.code.kem, kem::PrivateKey::generate(suite.kem())?)));
        let keys: Vec<_> = generated.collect::<Result<_, CryptoError>>()?;
        let init = Encoded::compose(&Init {
            nonce: random::bytes().map_err(CryptoError::from)?,
            time: now,
            suites: self.suites.iter().map(|suite| suite.code).collect(),
            shares: keys.iter().map(share).collect(),
            identity: self.identity,
            context: self.context.clone(),
        })?;
        Ok((init.clone(), Pending { init, keys }))
    }
}

fn share((kem, key): &(u16, kem::PrivateKey)) -> Share {
    Share {
        kem: *kem,
        public_key: key.public_key().to_vec(),
    }
}

/// Whom a client believes, and how long it waits.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// Identities that were pinned or otherwise verified.
    pub identities: &'a [Identity],
    /// The name under which the server must know this client; `None` leaves it to the caller to compare
    /// [`Agreed::caller`].
    pub caller: Option<&'a str>,
    /// How long after the start an answer is accepted.
    pub window: Duration,
}

/// An exchange that waits for the server's answer. It is good for one answer.
pub struct Pending {
    init: Encoded<Init>,
    keys: Vec<(u16, kem::PrivateKey)>,
}

impl Pending {
    /// Continues an exchange from its Init and the private keys of its shares, in their order.
    ///
    /// # Errors
    /// [`StartError::Keys`] where the keys are not those of the shares.
    pub fn from_parts(init: Encoded<Init>, keys: Vec<kem::PrivateKey>) -> Result<Self, StartError> {
        let same = init.shares.len() == keys.len()
            && init.shares.iter().zip(&keys).all(|(share, key)| {
                let suite = Suite::all().find(|suite| suite.code.kem == share.kem);
                suite.is_some_and(|suite| suite.kem() == key.algorithm())
                    && share.public_key == key.public_key()
            });
        if !same {
            return Err(StartError::Keys);
        }
        let codes = init.shares.iter().map(|share| share.kem);
        let keys = codes.zip(keys).collect();
        Ok(Self { init, keys })
    }

    /// Checks the server's answer and makes the session, with what has to be sent to confirm it.
    ///
    /// # Errors
    /// [`FinishError`]; the exchange is over then.
    pub fn finish(
        self,
        response: &[u8],
        trust: &Trust<'_>,
        now: Time,
    ) -> Result<(Encoded<Confirm>, Session<Client>), FinishError> {
        if now.distance(self.init.time) > trust.window {
            return Err(FinishError::Late);
        }
        let response = Encoded::<Response>::parse(response)?;
        let answer = Encoded::<Answer>::parse(&response.answer)?;
        self.authenticate(&answer, &response.signature, trust)?;
        let suite = self.check(&answer, trust, now)?;
        let handshake = self.decapsulate(suite, &answer)?;
        self.conclude(suite, handshake, &answer, &response)
    }

    fn authenticate(
        &self,
        answer: &Encoded<Answer>,
        signature: &[u8],
        trust: &Trust<'_>,
    ) -> Result<(), FinishError> {
        let unknown = FinishError::Identity {
            claimed: answer.identity,
        };
        let known = trust
            .identities
            .iter()
            .find(|identity| identity.id() == answer.identity);
        let identity = known.ok_or(unknown)?;
        if self.init.identity.is_some_and(|wanted| wanted != identity.id()) {
            return Err(FinishError::Identity {
                claimed: answer.identity,
            });
        }
        identity
            .verify(&self.init, answer, signature)
            .map_err(FinishError::Signature)
    }

    /// What an honest server would not say.
    fn check(&self, answer: &Answer, trust: &Trust<'_>, now: Time) -> Result<&'static Suite, FinishError> {
        let offered = self.init.suites.contains(&answer.suite);
        let suite = Suite::by_code(answer.suite).filter(|_suite| offered);
        let suite = suite.ok_or(FinishError::Suite)?;
        if suite.is_hybrid() != answer.exception.is_empty() {
            return Err(FinishError::Exception);
        }
        if trust.caller.is_some_and(|caller| caller != answer.caller) {
            let caller = answer.caller.clone();
            return Err(FinishError::Caller { caller });
        }
        if answer.expires <= now {
            return Err(FinishError::Expired);
        }
        Ok(suite)
    }

    fn decapsulate(&self, suite: &'static Suite, answer: &Answer) -> Result<Handshake, FinishError> {
        let key = self.keys.iter().find(|(kem, _)| *kem == suite.code.kem);
        let (_, key) = key.ok_or(FinishError::Suite)?;
        let secret = key.decapsulate(&answer.ciphertext).map_err(CryptoError::from)?;
        Ok(Handshake::new(suite.hash, &[], &secret)?)
    }

    fn conclude(
        &self,
        suite: &'static Suite,
        handshake: Handshake,
        answer: &Answer,
        response: &Response,
    ) -> Result<(Encoded<Confirm>, Session<Client>), FinishError> {
        let mut transcript = Transcript::new(suite.hash);
        transcript.add(self.init.as_bytes());
        transcript.add(&response.answer);
        let server = handshake.finished(b"s finished", &transcript)?;
        let client = handshake.finished(b"c finished", &transcript)?;
        transcript.add(&response.signature);
        server
            .verify(transcript.digest(), &response.confirmation)
            .map_err(|refused| FinishError::Confirmation(refused.into()))?;
        transcript.add(&response.confirmation);
        let confirmation = client.tag(transcript.digest()).map_err(CryptoError::from)?;
        transcript.add(&confirmation);
        let secret = handshake.epoch(&transcript)?;
        let epoch = Epoch::new(suite, 0, secret, transcript, Direction::ToServer)?;
        let session = answer.session;
        let confirm = Encoded::compose(&Confirm {
            session,
            confirmation,
        })?;
        Ok((confirm, Session::new(agreed(suite, &self.init, answer), epoch)))
    }
}

/// What the two messages say that was agreed.
pub(crate) fn agreed(suite: &'static Suite, init: &Init, answer: &Answer) -> Agreed {
    Agreed {
        session: answer.session,
        suite,
        expires: answer.expires,
        identity: answer.identity,
        caller: answer.caller.clone(),
        exception: answer.exception.clone(),
        client_context: init.context.clone(),
        server_context: answer.context.clone(),
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Pending({:?}, <redacted>)", self.init.suites)
    }
}

/// Why an exchange could not begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A list is empty, too long or repeats itself, or the context is too long.
    #[error("the exchange cannot be offered like this: {0}")]
    Offer(#[from] Malformed),
    /// Private keys that are not those of the shares.
    #[error("the private keys are not those of the shares")]
    Keys,
    /// The provider failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Why a server's answer was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The answer came after the window.
    #[error("the answer came too late; start again")]
    Late,
    /// Not a message of the protocol.
    #[error("the server's answer is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// Signed by a key that is not trusted, or not by the one that was asked for.
    #[error("the server signs as {claimed}, which is not a trusted identity")]
    Identity {
        /// The id in the answer.
        claimed: KeyId,
    },
    /// The signature does not hold: somebody altered a message, or is not who they claim to be.
    #[error("the server's signature does not hold over what was said")]
    Signature(#[source] CryptoError),
    /// A suite that was not offered, or one without a share.
    #[error("the server chose a suite that was not offered or has no share")]
    Suite,
    /// A classical suite without an exception, or an exception beside a hybrid one.
    #[error("the server names an exception where there is none, or none where one is needed")]
    Exception,
    /// The server takes this client for somebody else: the Init may have been forwarded by that caller.
    #[error("the server knows this client as {caller:?}, which is not its name")]
    Caller {
        /// The name in the answer.
        caller: String,
    },
    /// The session is over before it began.
    #[error("the session has already expired; compare the clocks")]
    Expired,
    /// The server did not prove that it has the keys.
    #[error("the server did not confirm the keys")]
    Confirmation(#[source] CryptoError),
    /// The provider failed or refused the ciphertext.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}
