//! The hybrid authenticated key exchange: messages, transcript, both sides, sessions.
//!
//! Sans-IO: bytes, time and randomness are arguments (keys and nonces aside, which come from the provider's
//! generator). Who may use which suite is decided by the caller; this crate makes sure that both sides agree
//! on everything that was said. The protocol is written down in docs/key-exchange.md.

pub mod client;
mod crypto_error;
mod identity;
pub mod message;
mod rekey;
mod replay;
mod schedule;
pub mod server;
mod session;
mod suite;
mod time;
mod window;
mod wire;

pub use crypto_error::CryptoError;
pub use identity::{Identity, IdentityError, KeyId};
pub use message::{Encoded, Malformed};
pub use rekey::{RekeyError, Rekeying};
pub use replay::{ReplayCache, ReplayError};
pub use session::{Agreed, Client, Opened, Server, Session, SessionError, SessionId, Side, limits};
pub use suite::{CLASSICAL, Code, HYBRID, Suite};
pub use time::Time;
