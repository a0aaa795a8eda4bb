//! The handlers of the API: decode, call one function of the domain, encode.

pub(crate) mod clients;
pub(crate) mod handshakes;
pub(crate) mod probes;
pub(crate) mod process;
pub(crate) mod routes;

#[cfg(test)]
mod tests;
