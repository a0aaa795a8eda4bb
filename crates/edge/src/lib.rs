//! The edge: accepts, terminates, originates, observes and forwards TLS.
//!
//! One single-threaded runtime per core; nothing is shared between cores but read-mostly
//! configuration; counters are per core and merged when they are read. This is the only crate that
//! builds rustls configurations. It knows no HTTP API and no command line.

pub mod config;
mod duration;
