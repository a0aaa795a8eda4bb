//! The protocol from outside: what two honest sides agree on, and what everybody else is refused.
//!
//! Everything runs on real keys; time is given. Nothing here opens a socket or sleeps.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what the tests share fails as a test does"
)]

mod agreement;
mod dishonesty;
mod downgrade;
mod encoding;
mod fixture;
mod rekeying;
mod session;
mod tampering;
mod vectors;
