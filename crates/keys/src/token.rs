//! Tokens: secrets that stand for rights, kept as digests, expiring, never wider than their maker's rights.
//!
//! Rules: a token is checked against what is committed, never against a copy that may be old; a revocation
//! is acknowledged when it is durable and nothing of the token is under way. When a token was last used is
//! remembered in memory and written now and then, not at each use.

mod life;
mod live;
mod record;
mod secret;
mod tokens;

pub use life::{LIFETIME_DAYS_MAX, Maker, NewToken, Shown};
pub use live::{Entered, Grant, Live, Rate, Refused, principal};
pub use secret::{Digest, MalformedToken, PREFIX, Secret, TEXT_LEN, TokenId};
pub use tokens::Tokens;
