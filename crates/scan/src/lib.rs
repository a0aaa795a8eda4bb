//! Finds cryptography where it is used and writes it down. Endpoints today: TLS and SSH servers.
//!
//! What it finds is facts; what they are worth is said by `policy`. What could not be found out is written
//! down as such, with the reason: missing data is never read as good or bad. Bytes from a peer are bounded
//! in size and in time.

pub mod probe;
