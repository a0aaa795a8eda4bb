//! HTTP and JSON in front of the domain, and the console.
//!
//! The only crate that knows either. It depends on no data plane: what it needs of one it declares
//! ([`Control`], [`Prober`]) and the binary connects. Every endpoint stands in one table, and every
//! request to it passes one gate that authenticates, authorises, times and audits.

mod access;
mod admission;
mod config;
mod connection;
mod console;
mod context;
mod control;
mod deed;
pub mod dto;
mod endpoint;
mod exchange_problem;
mod extract;
mod gate;
mod key_problem;
mod once;
mod openapi;
pub mod page;
mod principal;
mod prober;
mod problem;
mod router;
mod service;
mod v1;

pub use access::{Access, Journal, Refusal, TokenSource};
pub use admission::{EDGE_PROOF, EdgeProof};
pub use config::{ClaimRule, Config, ConfigError, IdentityRule, Oidc, RateLimit, Tls};
pub use control::{ClientFilter, Control, ControlError};
pub use openapi::openapi;
pub use prober::{ProbeError, Prober, Probing};
pub use service::{Deps, Error, Service};

#[cfg(test)]
extern crate self as hybridge_api;
#[cfg(test)]
mod harness;
#[cfg(test)]
#[path = "../tests/sample/mod.rs"]
mod sample;
