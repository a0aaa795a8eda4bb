//! The handlers of the API: decode, call one function of the domain, encode.
//!
//! Who may ask was settled before a handler runs, and what it answers is written down after it.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod backups;
pub(crate) mod clients;
pub(crate) mod exchange;
pub(crate) mod handshakes;
mod items;
pub(crate) mod key_use;
pub(crate) mod keys;
pub(crate) mod probes;
pub(crate) mod process;
pub(crate) mod routes;
pub(crate) mod seal;
pub(crate) mod self_test;
pub(crate) mod tokens;

#[cfg(test)]
mod custody_tests;
#[cfg(test)]
mod tests;
