//! The seal as clients see it, and what opens or replaces it.
//!
//! Secrets come in and are erased when they are dropped; shares go out once, in the answer to a rekey.

use hybridge_keys::recipient::{Passphrase, Recipient};
use hybridge_keys::seal::{Delivery, NewHolder, ProofKind, Protector, Scheme, SealedShare};
use hybridge_keys::{SealState, Ticket};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::problem::{Code, Problem};

/// Length of a SHA-256.
const DIGEST_LEN: usize = 32;

/// How far the seal is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Seal {
    /// `uninitialised`, `sealed` or `unsealed`.
    pub state: &'static str,
    /// `key_file`, `passphrase` or `shares`; null while there is no seal.
    pub scheme: Option<&'static str>,
    /// How often the seal was made anew, from 1; null while it is closed.
    pub sealing: Option<u32>,
    /// How many shares open it; null where shares do not.
    pub threshold: Option<u8>,
    /// Numbers of the shares that were given and counted.
    pub given: Vec<u8>,
    /// Who holds shares.
    pub holders: Vec<SealHolder>,
}

/// Who holds a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SealHolder {
    /// Number of the share, from 1.
    pub index: u8,
    pub name: String,
    /// SHA-256 of the recipient that the share was sealed to, where it was.
    pub recipient: Option<String>,
}

/// Something that may open the seal: exactly one member.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealOffer {
    /// The text of the key file.
    #[schema(value_type = Option<String>)]
    pub key_file: Option<Hidden>,
    #[schema(value_type = Option<String>)]
    pub passphrase: Option<Hidden>,
    /// The line of one share, opened by its holder where it was sealed.
    #[schema(value_type = Option<String>)]
    pub share: Option<Hidden>,
}

/// What an offer led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SealProgress {
    /// `unsealed`, or `sealed` where more shares are needed.
    pub state: &'static str,
    /// Whose share was counted.
    pub holder: Option<String>,
    pub given: Option<u8>,
    pub threshold: Option<u8>,
}

/// How the store is sealed from now on: exactly one member.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealRekey {
    /// A key file in the data directory, for one machine.
    pub key_file: Option<super::Nothing>,
    #[schema(value_type = Option<String>)]
    pub passphrase: Option<Hidden>,
    pub shares: Option<SealShares>,
}

/// Shares, some of which open the seal together.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealShares {
    /// How many are needed: at least 2, at most as many as there are holders.
    pub threshold: u8,
    /// One share each; names differ.
    pub holders: Vec<SealHolderNew>,
}

/// Somebody who shall hold a share.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealHolderNew {
    /// At most 64 characters.
    pub name: String,
    /// A post-quantum recipient that the share is sealed to; without it the share is a secret in the clear.
    #[serde(default)]
    pub recipient: Option<String>,
}

/// The seal that is in force now, and what was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SealRekeyed {
    pub seal: Seal,
    /// In this answer and nowhere else.
    pub shares: Vec<SealShare>,
    /// The new seal, which waits until it is confirmed; null where it is in force already.
    pub pending: Option<SealPending>,
}

/// A new seal that is not in force yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SealPending {
    /// Names it when it is confirmed.
    pub id: String,
    /// When it is dropped.
    pub expires_at: Timestamp,
    /// `shares`, or `digests` where too few shares are in the clear: what proves that they arrived.
    pub proof: &'static str,
}

/// Proof that the shares of a new seal arrived: its id, and either shares or digests.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealConfirm {
    pub id: String,
    /// Lines of at least as many shares as open the store, opened by their holders where they were sealed.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub shares: Vec<Hidden>,
    /// SHA-256 in hexadecimal of each line that was delivered, without the end of the line. They prove that
    /// the lines arrived, not that their holders can open them; refused where enough shares are in the clear.
    #[serde(default)]
    pub digests: Vec<String>,
}

/// The share of one holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SealShare {
    pub index: u8,
    pub holder: String,
    /// False where the line is a secret in the clear.
    pub sealed: bool,
    #[schema(value_type = String)]
    pub line: Hidden,
}

/// Text that is a secret: does not print, and is erased when it is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden(pub(crate) Zeroizing<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hidden(<redacted>)")
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl Serialize for Hidden {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<SealState> for Seal {
    fn from(state: SealState) -> Self {
        match state {
            SealState::Uninitialised => Self::named("uninitialised", None),
            SealState::Sealed { scheme, given } => Self {
                given,
                ..Self::named("sealed", Some(scheme))
            },
            SealState::Unsealed { scheme, sealing } => Self {
                sealing: Some(sealing),
                ..Self::named("unsealed", Some(scheme))
            },
        }
    }
}

impl Seal {
    fn named(state: &'static str, scheme: Option<Scheme>) -> Self {
        let mut seal = Self {
            state,
            scheme: scheme.as_ref().map(scheme_name),
            sealing: None,
            threshold: None,
            given: Vec::new(),
            holders: Vec::new(),
        };
        if let Some(Scheme::Shares { threshold, holders }) = scheme {
            seal.threshold = Some(threshold);
            let holders = holders.into_iter().map(|holder| SealHolder {
                index: holder.index,
                name: holder.name,
                recipient: holder.recipient,
            });
            seal.holders = holders.collect();
        }
        seal
    }
}

fn scheme_name(scheme: &Scheme) -> &'static str {
    match scheme {
        Scheme::KeyFile => "key_file",
        Scheme::Passphrase { .. } => "passphrase",
        Scheme::Shares { .. } => "shares",
    }
}

impl SealRekey {
    pub(crate) fn protector(self) -> Result<Protector, Problem> {
        match (self.key_file, self.passphrase, self.shares) {
            (Some(_), None, None) => Ok(Protector::KeyFile),
            (None, Some(words), None) if words.0.is_empty() => Err(Problem::at(
                Code::FieldInvalid,
                "passphrase",
                "the passphrase is empty",
            )),
            (None, Some(words), None) => Ok(Protector::Passphrase(Passphrase::new(words.0))),
            (None, None, Some(shares)) => shares.protector(),
            _ => {
                let detail = "send exactly one of key_file, passphrase and shares";
                Err(Problem::new(Code::FieldInvalid, detail))
            }
        }
    }
}

impl SealShares {
    fn protector(self) -> Result<Protector, Problem> {
        let holder = |(index, holder): (usize, SealHolderNew)| {
            let recipient = holder.recipient.as_deref().map(Recipient::parse).transpose();
            let recipient = recipient.map_err(|error| {
                let field = format!("shares.holders[{index}].recipient");
                Problem::at(Code::FieldInvalid, field, crate::key_problem::chain(&error))
            })?;
            Ok(NewHolder {
                name: holder.name,
                recipient,
            })
        };
        let holders: Result<_, Problem> = self.holders.into_iter().enumerate().map(holder).collect();
        Ok(Protector::Shares {
            threshold: self.threshold,
            holders: holders?,
        })
    }
}

impl SealConfirm {
    /// The digests; none where shares were sent.
    pub(crate) fn digests(&self) -> Result<Vec<[u8; DIGEST_LEN]>, Problem> {
        if self.shares.is_empty() == self.digests.is_empty() {
            let detail = "send either shares or digests";
            return Err(Problem::new(Code::FieldInvalid, detail));
        }
        let digest = |(index, text): (usize, &String)| {
            let malformed = || {
                let field = format!("digests[{index}]");
                Problem::at(Code::FieldInvalid, field, "a SHA-256 is 64 hexadecimal digits")
            };
            digest(text).ok_or_else(malformed)
        };
        self.digests.iter().enumerate().map(digest).collect()
    }
}

fn digest(text: &str) -> Option<[u8; DIGEST_LEN]> {
    let pairs = text.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| {
            let digits = std::str::from_utf8(pair).ok()?;
            let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            is_hexadecimal.then(|| u8::from_str_radix(digits, 16).ok())?
        })
        .collect();
    (text.len() == 2 * DIGEST_LEN).then_some(bytes?)?.try_into().ok()
}

/// A seal that waits, as clients see it.
pub(crate) fn pending(ticket: Ticket, kind: ProofKind) -> SealPending {
    SealPending {
        id: ticket.id,
        expires_at: ticket.until,
        proof: match kind {
            ProofKind::Shares => "shares",
            ProofKind::Digests => "digests",
        },
    }
}

/// What a delivery hands out.
pub(crate) fn shares(delivery: &Delivery) -> Vec<SealShare> {
    let share = |share: &SealedShare| SealShare {
        index: share.index,
        holder: share.holder.clone(),
        sealed: share.is_sealed,
        line: Hidden(Zeroizing::new(share.expose().to_owned())),
    };
    match delivery {
        Delivery::Shares(shares) => shares.iter().map(share).collect(),
        Delivery::KeyFile(_) | Delivery::Nothing => Vec::new(),
    }
}
