//! The handlers of the API: decode, call one function of the domain, encode.
//!
//! Who may ask was settled before a handler runs, and what it answers is written down after it.

pub(crate) mod clients;
pub(crate) mod handshakes;
pub(crate) mod probes;
pub(crate) mod process;
pub(crate) mod routes;

#[cfg(test)]
mod tests;
