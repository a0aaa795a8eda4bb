//! Names every algorithm and turns bytes into bytes: KEMs, signatures, AEADs, MACs, key derivation, exchanges.
//!
//! The only crate that imports a primitive library (the TLS provider's wiring aside). It opens no file and
//! no socket and reads no clock; the one ambient thing it may use is the provider's random generator.
//! Secrets are erased when dropped and print as `<redacted>`. What the provider cannot do is an error that
//! carries the algorithm's name, never a home-made replacement.

pub mod aead;
pub mod algorithm;
pub mod constant_time;
mod curve;
pub mod digest;
pub mod encoding;
pub mod hpke;
pub mod kdf;
pub mod kem;
pub mod kex;
pub mod mac;
pub mod provider;
pub mod random;
pub mod secret;
pub mod selftest;
pub mod shamir;
pub mod sign;
pub mod state;
pub mod timing;
pub mod verify;

pub use algorithm::{Algorithm, Family, Kind, Sizes, Status};
pub use secret::SharedSecret;

#[cfg(test)]
mod vectors;
