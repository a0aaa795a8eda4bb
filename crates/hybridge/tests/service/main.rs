//! The key service as its clients meet it: the real binary behind real HTTP, on ports that the system chooses.
//!
//! Every test has a data directory of its own. What is asserted was answered over the network, or is in the
//! files of the data directory afterwards.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "what the tests share fails as a test does, and writes files of its own folder"
)]

mod algorithms;
mod ask;
mod dual_control;
mod durable;
mod exchange;
mod exchange_exception;
mod exchange_python;
mod life;
mod middleman;
mod once;
mod process;
mod revocation;
mod roles;
mod secrets;
mod tampering;
mod tls;
