//! Proof that what a seal delivers has arrived, before the seal takes effect.
//!
//! Shares in the clear prove it themselves: as many as open the store are brought back, and the new root
//! record is opened with them. A share that is sealed to its holder can be opened by the holder alone; where
//! too few are in the clear, digests of all lines prove that they arrived, and not that they can be opened.

use std::collections::BTreeSet;

use hybridge_crypto::digest::sha256;

use super::prepare::{Delivery, Prepared, SealedShare};
use super::unseal::{Offer, Secret, Step, UnsealError};
use super::{ProofKind, Scheme};

/// What is brought as proof.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// Lines of shares, opened where they were sealed.
    Shares(&'a [Secret<'a>]),
    /// SHA-256 of each line that was delivered, without the end of the line.
    Digests(&'a [[u8; 32]]),
}

/// Why a proof proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// One of the shares is wrong, by name.
    #[error(transparent)]
    Share(#[from] UnsealError),
    /// All are right, but they open nothing yet.
    #[error("{given} shares were brought back; {threshold} open the store")]
    TooFew {
        /// How many were brought.
        given: usize,
        /// How many are needed.
        threshold: u8,
    },
    /// Digests say less than shares do.
    #[error("enough shares are in the clear: bring them back, not their digests")]
    SharesExpected,
    /// A line is missing or was changed.
    #[error("these are not the digests of the lines that were delivered; one of each is needed")]
    Digests,
}

impl Prepared {
    /// How many shares open the store; none where shares do not.
    fn threshold(&self) -> Option<u8> {
        match self.root().scheme() {
            Scheme::Shares { threshold, .. } => Some(threshold),
            Scheme::KeyFile | Scheme::Passphrase { .. } => None,
        }
    }

    fn lines(&self) -> &[SealedShare] {
        match self.delivery() {
            Delivery::Shares(shares) => shares,
            Delivery::KeyFile(_) | Delivery::Nothing => &[],
        }
    }

    /// What proves that this seal arrived; nothing where nobody has to hold anything.
    #[must_use]
    pub fn proof_kind(&self) -> Option<ProofKind> {
        let threshold = usize::from(self.threshold()?);
        let in_the_clear = self.lines().iter().filter(|share| !share.is_sealed).count();
        Some(if in_the_clear < threshold {
            ProofKind::Digests
        } else {
            ProofKind::Shares
        })
    }

    /// Takes a whole proof that everything arrived. Changes nothing, so another attempt may follow.
    ///
    /// # Errors
    /// [`ConfirmError`] names what is missing or wrong.
    pub fn prove(&mut self, proof: Proof<'_>) -> Result<(), ConfirmError> {
        match proof {
            Proof::Shares(lines) => self.prove_by_shares(lines),
            Proof::Digests(digests) => self.prove_by_digests(digests),
        }
    }

    fn prove_by_shares(&mut self, lines: &[Secret<'_>]) -> Result<(), ConfirmError> {
        self.forget_confirmed();
        let mut opens = false;
        for line in lines {
            opens |= matches!(self.confirm(Offer::Share(*line))?, Step::Unsealed(_));
        }
        if opens {
            return Ok(());
        }
        Err(ConfirmError::TooFew {
            given: lines.len(),
            threshold: self.threshold().unwrap_or(0),
        })
    }

    fn prove_by_digests(&self, digests: &[[u8; 32]]) -> Result<(), ConfirmError> {
        if self.proof_kind() != Some(ProofKind::Digests) {
            return Err(ConfirmError::SharesExpected);
        }
        let delivered = self.lines().iter().map(|share| sha256(share.expose().as_bytes()));
        let delivered: BTreeSet<_> = delivered.collect();
        if digests.iter().copied().collect::<BTreeSet<_>>() == delivered {
            Ok(())
        } else {
            Err(ConfirmError::Digests)
        }
    }
}
