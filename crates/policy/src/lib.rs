//! Decides: given facts and a policy, what may happen and why.
//!
//! Pure: no clock, no randomness, no file, no socket. Facts come in as arguments, verdicts and
//! choices go out as values; who gathers the facts and who acts on the answer is not our business.

pub mod access;
pub mod endpoint;
pub mod group;
pub mod rung;

pub use group::{Group, GroupSet};
pub use rung::{Choice, Ladder, Offer, Refusal, Rung, choose};
