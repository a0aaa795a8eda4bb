//! Into the next epoch: a fresh encapsulation, mixed with a secret of the epoch that ends.
//!
//! The client asks, the server answers, and each begins the new epoch when it has the answer at hand. The
//! old keys are erased there and then: what was sealed and not yet opened cannot be opened any more. Asking
//! twice with the same message gets the same answer, so a lost answer loses no session.

use hybridge_crypto::{constant_time, kem, random};

use crate::message::{Encoded, Rekey, Rekeyed};
use crate::schedule::{Handshake, Transcript, hashed, mac_key};
use crate::session::{Client, Direction, Epoch, Server, Session, SessionError};
use crate::{CryptoError, Malformed, SessionId, Time};

/// A re-key that waits for the server's answer.
pub struct Rekeying {
    rekey: Encoded<Rekey>,
    key: kem::PrivateKey,
}

impl Session<Client> {
    /// Asks for the next epoch. The session goes on in the present one until [`Self::rekeyed`].
    ///
    /// # Errors
    /// [`RekeyError::Session`] when it has expired, [`RekeyError::Last`], [`RekeyError::Crypto`].
    pub fn rekey(&self, now: Time) -> Result<(Encoded<Rekey>, Rekeying), RekeyError> {
        self.alive(now)?;
        let key = kem::PrivateKey::generate(self.agreed.suite.kem()).map_err(CryptoError::from)?;
        let mut rekey = Rekey {
            session: self.agreed.session,
            epoch: self.next_epoch()?,
            nonce: random::bytes().map_err(CryptoError::from)?,
            public_key: key.public_key().to_vec(),
            tag: Vec::new(),
        };
        rekey.tag = self.rekey_tag(&Encoded::compose(&rekey)?)?;
        let rekey = Encoded::compose(&rekey)?;
        Ok((rekey.clone(), Rekeying { rekey, key }))
    }

    /// Takes the server's answer and begins the next epoch. Old keys are erased.
    ///
    /// # Errors
    /// [`RekeyError`]; the session stays in its epoch then, and the same Rekey may be sent again.
    pub fn rekeyed(&mut self, rekeying: &Rekeying, answer: &[u8], now: Time) -> Result<(), RekeyError> {
        self.alive(now)?;
        let answer = Encoded::<Rekeyed>::parse(answer)?;
        let asked = &rekeying.rekey;
        let expected = self.next_epoch()?;
        self.check_rekey(answer.session, answer.epoch)?;
        if asked.epoch != expected || asked.session != self.agreed.session {
            return Err(RekeyError::Epoch {
                expected,
                found: asked.epoch,
            });
        }
        let secret = rekeying.key.decapsulate(&answer.ciphertext);
        let secret = secret.map_err(CryptoError::from)?;
        let handshake = Handshake::new(self.agreed.suite.hash, &self.epoch.rekey, &secret)?;
        let (tag, transcript) = self.rekeyed_tag(&handshake, asked, untagged(&answer, &answer.tag))?;
        if !constant_time::eq(&tag, &answer.tag) {
            return Err(RekeyError::Forged);
        }
        self.begin(handshake, transcript, Direction::ToServer)
    }
}

impl Session<Server> {
    /// Answers a Rekey and begins the next epoch. Old keys are erased. The same Rekey again gets the same
    /// answer and changes nothing.
    ///
    /// # Errors
    /// [`RekeyError`]; the session stays in its epoch then.
    pub fn rekey(&mut self, rekey: &[u8], now: Time) -> Result<Encoded<Rekeyed>, RekeyError> {
        self.alive(now)?;
        let suite = self.agreed.suite;
        if let Some((asked, answer)) = &self.last_rekey
            && *asked == hashed(suite.hash, rekey)
        {
            return Ok(answer.clone());
        }
        let asked = Encoded::<Rekey>::parse(rekey)?;
        self.check_rekey(asked.session, asked.epoch)?;
        if !constant_time::eq(&self.rekey_tag(&asked)?, &asked.tag) {
            return Err(RekeyError::Forged);
        }
        let (ciphertext, secret) =
            kem::encapsulate(suite.kem(), &asked.public_key).map_err(CryptoError::from)?;
        let handshake = Handshake::new(suite.hash, &self.epoch.rekey, &secret)?;
        let mut answer = Rekeyed {
            session: self.agreed.session,
            epoch: asked.epoch,
            nonce: random::bytes().map_err(CryptoError::from)?,
            ciphertext,
            tag: Vec::new(),
        };
        let plain = Encoded::compose(&answer)?;
        let (tag, transcript) = self.rekeyed_tag(&handshake, &asked, untagged(&plain, &[]))?;
        answer.tag = tag;
        let answer = Encoded::compose(&answer)?;
        self.begin(handshake, transcript, Direction::ToClient)?;
        self.last_rekey = Some((hashed(suite.hash, rekey), answer.clone()));
        Ok(answer)
    }
}

impl<S> Session<S> {
    fn next_epoch(&self) -> Result<u32, RekeyError> {
        self.epoch.number.checked_add(1).ok_or(RekeyError::Last)
    }

    fn check_rekey(&self, session: SessionId, epoch: u32) -> Result<(), RekeyError> {
        if session != self.agreed.session {
            return Err(RekeyError::Forged);
        }
        let expected = self.next_epoch()?;
        if epoch == expected {
            Ok(())
        } else {
            Err(RekeyError::Epoch {
                expected,
                found: epoch,
            })
        }
    }

    /// By the present epoch's key, over the Rekey without its tag.
    fn rekey_tag(&self, rekey: &Encoded<Rekey>) -> Result<Vec<u8>, CryptoError> {
        let key = mac_key(self.agreed.suite.hash, &self.epoch.rekey_auth, b"c rekey", &[])?;
        Ok(key.tag(untagged(rekey, &rekey.tag))?)
    }

    /// By the next epoch's key, over all that was said; with the transcript that the epoch begins with.
    fn rekeyed_tag(
        &self,
        handshake: &Handshake,
        rekey: &Encoded<Rekey>,
        answer: &[u8],
    ) -> Result<(Vec<u8>, Transcript), CryptoError> {
        let mut transcript = self.epoch.transcript.with(rekey.as_bytes());
        transcript.add(answer);
        let key = handshake.finished(b"s rekey finished", &transcript)?;
        let tag = key.tag(transcript.digest())?;
        transcript.add(&tag);
        Ok((tag, transcript))
    }

    fn begin(
        &mut self,
        handshake: Handshake,
        transcript: Transcript,
        sends: Direction,
    ) -> Result<(), RekeyError> {
        let number = self.next_epoch()?;
        let secret = handshake.epoch(&transcript)?;
        self.epoch = Epoch::new(self.agreed.suite, number, secret, transcript, sends)?;
        Ok(())
    }
}

/// A message without its last field, the tag and the byte of its length.
fn untagged<'a, M: crate::message::Message>(message: &'a Encoded<M>, tag: &[u8]) -> &'a [u8] {
    let bytes = message.as_bytes();
    &bytes[..bytes.len() - tag.len() - 1]
}

impl Rekeying {
    /// Continues a re-key from what was asked and the private key of its share.
    ///
    /// # Errors
    /// [`RekeyError::Forged`] where the key is not that of the share.
    pub fn from_parts(rekey: Encoded<Rekey>, key: kem::PrivateKey) -> Result<Self, RekeyError> {
        if rekey.public_key == key.public_key() {
            Ok(Self { rekey, key })
        } else {
            Err(RekeyError::Forged)
        }
    }

    /// What was asked, to be sent again when no answer came.
    #[must_use]
    pub const fn asked(&self) -> &Encoded<Rekey> {
        &self.rekey
    }
}

impl std::fmt::Debug for Rekeying {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Rekeying({}, <redacted>)", self.rekey.session)
    }
}

/// Why a session did not go into its next epoch.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    /// The session is over.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Not a message of the protocol.
    #[error("the re-key message is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// A re-key for another epoch than the next.
    #[error("the next epoch is {expected}, not {found}")]
    Epoch {
        /// The next epoch.
        expected: u32,
        /// What the message says.
        found: u32,
    },
    /// The tag does not hold, or the message is of another session.
    #[error("the re-key message is not of this session")]
    Forged,
    /// The number of the epoch would overflow.
    #[error("this was the session's last epoch")]
    Last,
    /// The provider failed or refused the share.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl RekeyError {
    /// The stable code of the HTTP mapping.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Session(error) => error.code(),
            Self::Malformed(_) | Self::Epoch { .. } | Self::Forged => "rekey_refused",
            Self::Last => "session_exhausted",
            Self::Crypto(_) => "exchange_failed",
        }
    }
}
