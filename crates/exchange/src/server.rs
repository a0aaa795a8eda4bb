//! The server's side of an exchange: admit an Init, choose a suite, answer, and wait for the confirmation.
//!
//! Four steps, each proof of the one before it, so that a lock on the replay cache is held for a moment only
//! and the signature may be made elsewhere: [`Chosen`], [`Admitted`], [`Prepared`], [`Provisional`].
//! [`respond`] does them in one go. The choice depends on the two lists of suites alone, never on which shares
//! were sent, so nobody can steer it by suppressing messages.

mod choice;
mod refusal;

use std::time::Duration;

use hybridge_crypto::{constant_time, kem, random, sign};

pub use choice::{Exception, LIFETIME, Terms, WINDOW};
pub use refusal::{ConfirmError, Refusal};

use crate::client::agreed;
use crate::identity::{SIGNATURE_CONTEXT, signed_message};
use crate::message::{Answer, Confirm, Encoded, Init, Response};
use crate::schedule::{Handshake, Transcript};
use crate::session::{Direction, Epoch, Server, Session, SessionId};
use crate::{CryptoError, Identity, ReplayCache, Suite, Time};

/// What the server says of itself and of who it talks to.
#[derive(Clone, Copy, Debug)]
pub struct Answering<'a> {
    /// The identity key.
    pub identity: &'a sign::PrivateKey,
    /// Under which name the server authenticated who sent the Init; at most 255 bytes.
    pub caller: &'a str,
    /// Bytes of the application, at most 1024, bound to the session.
    pub context: &'a [u8],
}

/// Answers an Init.
///
/// # Errors
/// [`Refusal`]; nothing is kept then, except that the nonce may be used up.
pub fn respond(
    init: &[u8],
    terms: &Terms<'_>,
    replay: &mut ReplayCache,
    answering: &Answering<'_>,
    now: Time,
) -> Result<(Encoded<Response>, Provisional), Refusal> {
    let identity = Identity::of(answering.identity)?;
    Chosen::choose(init, terms, now)?
        .admit(replay)?
        .answer(&identity, answering.caller, answering.context)?
        .sign(answering.identity)
}

/// An Init that is fresh, with the suite that the terms give it.
#[derive(Debug)]
pub struct Chosen {
    init: Encoded<Init>,
    suite: &'static Suite,
    exception: String,
    expires: Time,
    window: Duration,
    now: Time,
}

impl Chosen {
    /// Reads an Init, checks its time and chooses a suite.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], [`Refusal::Stale`], [`Refusal::NoSuite`], [`Refusal::ShareRequired`].
    pub fn choose(init: &[u8], terms: &Terms<'_>, now: Time) -> Result<Self, Refusal> {
        let init = Encoded::<Init>::parse(init)?;
        let apart = now.distance(init.time);
        if apart > terms.window {
            return Err(Refusal::Stale { apart, now });
        }
        let (suite, exception) = terms.choose(&init.suites, now)?;
        if !init.shares.iter().any(|share| share.kem == suite.code.kem) {
            return Err(Refusal::ShareRequired { suite });
        }
        let end = now.after(terms.lifetime);
        Ok(Self {
            init,
            suite,
            expires: exception.map_or(end, |exception| end.min(exception.expires)),
            exception: exception.map_or("", |exception| exception.name).to_owned(),
            window: terms.window,
            now,
        })
    }

    /// What the client said.
    #[must_use]
    pub fn init(&self) -> &Init {
        &self.init
    }

    /// The suite that was chosen.
    #[must_use]
    pub const fn suite(&self) -> &'static Suite {
        self.suite
    }

    /// The exception that allows it; empty for a hybrid suite.
    #[must_use]
    pub fn exception(&self) -> &str {
        &self.exception
    }

    /// Uses up the nonce.
    ///
    /// # Errors
    /// [`Refusal::Replay`].
    pub fn admit(self, replay: &mut ReplayCache) -> Result<Admitted, Refusal> {
        replay.admit(self.init.nonce, self.init.time, self.window, self.now)?;
        Ok(Admitted(self))
    }
}

/// An Init that has never been answered.
#[derive(Debug)]
pub struct Admitted(Chosen);

impl Admitted {
    /// Encapsulates to the client's share and says everything that will be signed.
    ///
    /// # Errors
    /// [`Refusal::Identity`] where the client asked for another one, [`Refusal::Share`],
    /// [`Refusal::Said`] where caller or context are too long, [`Refusal::Crypto`].
    pub fn answer(self, identity: &Identity, caller: &str, context: &[u8]) -> Result<Prepared, Refusal> {
        let Chosen { init, suite, .. } = &self.0;
        if init.identity.is_some_and(|wanted| wanted != identity.id()) {
            return Err(Refusal::Identity);
        }
        let share = init.shares.iter().find(|share| share.kem == suite.code.kem);
        let share = share.ok_or(Refusal::ShareRequired { suite })?;
        let (ciphertext, secret) =
            kem::encapsulate(suite.kem(), &share.public_key).map_err(Refusal::Share)?;
        let answer = Encoded::compose(&Answer {
            session: SessionId(random::bytes().map_err(CryptoError::from)?),
            nonce: random::bytes().map_err(CryptoError::from)?,
            time: self.0.now,
            expires: self.0.expires,
            suite: suite.code,
            ciphertext,
            identity: identity.id(),
            caller: caller.to_owned(),
            exception: self.0.exception.clone(),
            context: context.to_vec(),
        });
        Ok(Prepared {
            handshake: Handshake::new(suite.hash, &[], &secret)?,
            answer: answer.map_err(Refusal::Said)?,
            identity: identity.clone(),
            chosen: self.0,
        })
    }
}

/// An answer that waits for its signature.
pub struct Prepared {
    chosen: Chosen,
    answer: Encoded<Answer>,
    handshake: Handshake,
    identity: Identity,
}

impl Prepared {
    /// What the identity key signs, and the context string of that signature.
    #[must_use]
    pub fn to_be_signed(&self) -> (Vec<u8>, &'static [u8]) {
        let message = signed_message(&self.chosen.init, &self.answer);
        (message, SIGNATURE_CONTEXT)
    }

    /// Signs with a key at hand.
    ///
    /// # Errors
    /// As [`Self::signed`].
    pub fn sign(self, key: &sign::PrivateKey) -> Result<(Encoded<Response>, Provisional), Refusal> {
        let (message, context) = self.to_be_signed();
        let signature = key.sign(&message, context).map_err(CryptoError::from)?;
        self.conclude(signature)
    }

    /// Takes a signature that was made elsewhere, and checks it.
    ///
    /// # Errors
    /// [`Refusal::Crypto`] where it does not hold or the provider fails.
    pub fn signed(self, signature: Vec<u8>) -> Result<(Encoded<Response>, Provisional), Refusal> {
        self.identity
            .verify(&self.chosen.init, &self.answer, &signature)?;
        self.conclude(signature)
    }

    fn conclude(self, signature: Vec<u8>) -> Result<(Encoded<Response>, Provisional), Refusal> {
        let Chosen {
            init,
            suite,
            window,
            now,
            ..
        } = self.chosen;
        let mut transcript = Transcript::new(suite.hash);
        transcript.add(init.as_bytes());
        transcript.add(self.answer.as_bytes());
        let server = self.handshake.finished(b"s finished", &transcript)?;
        let client = self.handshake.finished(b"c finished", &transcript)?;
        transcript.add(&signature);
        let confirmation = server.tag(transcript.digest()).map_err(CryptoError::from)?;
        transcript.add(&confirmation);
        let expected = client.tag(transcript.digest()).map_err(CryptoError::from)?;
        transcript.add(&expected);
        let secret = self.handshake.epoch(&transcript)?;
        let epoch = Epoch::new(suite, 0, secret, transcript, Direction::ToClient)?;
        let response = Encoded::compose(&Response {
            answer: self.answer.as_bytes().to_vec(),
            signature,
            confirmation,
        });
        let provisional = Provisional {
            session: Session::new(agreed(suite, &init, &self.answer), epoch),
            expected,
            until: now.after(window),
        };
        Ok((response.map_err(Refusal::Said)?, provisional))
    }
}

/// A session that the client has not confirmed: it can do nothing but wait.
pub struct Provisional {
    session: Session<Server>,
    expected: Vec<u8>,
    until: Time,
}

impl Provisional {
    /// The session's name, under which to keep this.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session.agreed.session
    }

    /// From then on it cannot be confirmed and may be thrown away.
    #[must_use]
    pub const fn until(&self) -> Time {
        self.until
    }

    /// Takes the client's confirmation. There is one attempt.
    ///
    /// # Errors
    /// [`ConfirmError`]; the session is gone then.
    pub fn confirm(self, confirm: &[u8], now: Time) -> Result<Session<Server>, ConfirmError> {
        let confirm = Encoded::<Confirm>::parse(confirm)?;
        if now >= self.until || now >= self.session.expires() {
            return Err(ConfirmError::Late);
        }
        let same = confirm.session == self.session();
        if same && constant_time::eq(&confirm.confirmation, &self.expected) {
            Ok(self.session)
        } else {
            Err(ConfirmError::Refused)
        }
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Prepared({}, <redacted>)", self.answer.session)
    }
}

impl std::fmt::Debug for Provisional {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Provisional({}, <redacted>)", self.session())
    }
}
