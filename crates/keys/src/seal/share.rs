//! A share as text: one line that says which store, which sealing, which share, and how many are needed.
//!
//! `hybridge-share-v1:<store id>:<sealing>:<index>:<threshold>:<base64url(share ‖ checksum)>`, and for a
//! holder with a recipient `hybridge-sealed-share-v1:…` with a container around that line.

use hybridge_crypto::shamir;
use hybridge_store::StoreId;
use zeroize::Zeroizing;

use crate::recipient::{self, Identity, Recipient, TextError, text};

const PLAIN: &str = "hybridge-share-v1";
const SEALED: &str = "hybridge-sealed-share-v1";
/// What the container of a sealed share is bound to.
const PURPOSE: &str = "hybridge root share v1";

/// Everything in front of the share itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) store: String,
    pub(super) sealing: u32,
    pub(super) index: u8,
    pub(super) threshold: u8,
}

impl Label {
    pub(super) fn new(store: StoreId, sealing: u32, index: u8, threshold: u8) -> Self {
        Self {
            store: store.to_string(),
            sealing,
            index,
            threshold,
        }
    }

    fn prefix(&self, kind: &str) -> String {
        format!(
            "{kind}:{}:{}:{}:{}",
            self.store, self.sealing, self.index, self.threshold
        )
    }

    /// The label of a line of this kind, as far as it can be read: also from a line whose rest is damaged.
    pub(super) fn read(line: &str) -> Option<(&str, Self)> {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let &[kind, store, sealing, index, threshold, _] = &fields[..] else {
            return None;
        };
        let label = Self {
            store: store.to_owned(),
            sealing: sealing.parse().ok()?,
            index: index.parse().ok()?,
            threshold: threshold.parse().ok()?,
        };
        [PLAIN, SEALED].contains(&kind).then_some((kind, label))
    }
}

pub(super) fn write(label: &Label, share: &shamir::Share) -> Zeroizing<String> {
    text::write(&label.prefix(PLAIN), &share.bytes)
}

/// The line for a holder, sealed so that only the holder's identity gives the share.
pub(super) fn write_sealed(
    label: &Label,
    share: &shamir::Share,
    recipient: &Recipient,
) -> Result<Zeroizing<String>, recipient::SealError> {
    let line = write(label, share);
    let sealed = recipient::seal_to(std::slice::from_ref(recipient), PURPOSE, line.as_bytes())?;
    Ok(text::write(&label.prefix(SEALED), &sealed))
}

/// Reads the line of a share.
pub(super) fn read(line: &str) -> Result<(Label, Zeroizing<Vec<u8>>), ShareError> {
    let (kind, label) = Label::read(line).ok_or(ShareError::NotAShare)?;
    if kind == SEALED {
        return Err(ShareError::IsSealed);
    }
    Ok((label, text::read(line)?.1))
}

/// Opens the line of a share that was sealed to a holder: gives the plain line.
///
/// # Errors
/// [`ShareError`] when the line is none, or was sealed to somebody else.
pub(super) fn open(line: &str, identity: &Identity) -> Result<Zeroizing<String>, ShareError> {
    let (kind, _) = Label::read(line).ok_or(ShareError::NotAShare)?;
    if kind == PLAIN {
        return Err(ShareError::IsPlain);
    }
    let (_, container) = text::read(line)?;
    let opened = recipient::open_with(identity, PURPOSE, &container)?;
    let plain = std::str::from_utf8(&opened).map_err(|_detail| ShareError::NotAShare)?;
    Ok(Zeroizing::new(plain.to_owned()))
}

/// Why a line is not a usable share.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    #[error("a share is one line that begins with `{PLAIN}:` or `{SEALED}:`")]
    NotAShare,
    #[error("the share is sealed to its holder's recipient; the holder's identity opens it")]
    IsSealed,
    #[error("the share is not sealed; no identity is needed")]
    IsPlain,
    #[error("the share was not copied as it is")]
    Text(#[from] TextError),
    #[error("the share does not open with this identity")]
    Open(#[from] recipient::OpenError),
}
