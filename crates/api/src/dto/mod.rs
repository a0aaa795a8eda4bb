//! The shapes that cross the wire: the only types of this crate that are serialised.
//!
//! Rules: snake_case names; times are RFC 3339 in UTC; a duration carries its unit in its name
//! (`_us`, `_seconds`); what was not learned is `null`, never a made-up zero. Domain types are
//! turned into these by whoever wires the service, so that a change inside changes no answer; only
//! the report of a probe, which is deep, is turned here.

mod access;
mod audit;
mod backup;
mod base64;
mod client;
mod exchange;
mod from_key;
mod from_scan;
mod handshake;
mod health;
mod key;
mod key_change;
mod key_use;
mod probe;
mod probe_ssh;
mod probe_tls;
mod route;
mod seal;
mod self_test;

pub use access::{Approval, ApprovalNew, Binding, Token, TokenMade, TokenNew};
pub use audit::{AuditCheckpoint, AuditEntry, AuditKey, AuditPage};
pub(crate) use audit::{AuditExportQuery, AuditQuery, hex};
pub use backup::{Backup, BackupList, BackupManifest, BackupPrune, BackupPruned, BackupVerified};
pub use base64::Base64;
pub use client::{Client, ClientState};
pub use exchange::{
    Exception, ExceptionNew, ExchangeAnswer, ExchangeConfirm, ExchangeConfirmed, ExchangeIdentity,
    ExchangeInit, ExchangeTerms, SessionExport, SessionExported, SessionOpen, SessionOpened, SessionRekey,
    SessionRekeyed, SessionSeal, SessionSealed,
};
pub use handshake::{Handshake, Outcome, Side};
pub use health::{Health, KeyHealth};
pub use key::{Key, KeyCreate, KeyImport, KeyPage, KeyPolicy, KeyPolicyRequest, KeyQuery, KeyVersion};
pub use key_change::{
    KeyChange, KeyCompromised, KeyDestroy, KeyExport, KeyExported, KeyProtected, KeyRotated, Nothing,
    QuarantineEntry, QuarantineRelease, VersionChoice,
};
pub use key_use::{
    Answers, DataKey, DataKeyItem, DecapsulateItem, Decapsulated, DecryptItem, Decrypted, EncapsulateItem,
    Encapsulated, EncryptItem, Encrypted, ItemAnswer, Items, Mac, MacItem, MacVerifyItem, SignItem, Signed,
    Verified, VerifyItem,
};
pub use probe::{Answer, ProbeReport, ProbeRequest, Reason, Severity, Support, Verdict};
pub use probe_ssh::{HostKeyFinding, KexFinding, SshFindings};
pub use probe_tls::{
    CertificateFinding, Chain, Greeting, GroupFinding, GroupSupport, Preference, PreferenceOrder,
    SplitFinding, SuiteList, Tls12Choice, TlsFindings, UpgradeFinding, VersionFinding,
};
pub use route::{
    Arm, Canary, CanaryChange, Certificate, Mode, Protocol, Route, RouteChange, Rung, ShareSample, Totals,
};
pub use seal::{
    Hidden, Seal, SealConfirm, SealHolder, SealHolderNew, SealOffer, SealPending, SealProgress, SealRekey,
    SealRekeyed, SealShare, SealShares,
};
pub(crate) use seal::{pending, shares};
pub use self_test::{SelfTest, SelfTestRow};
