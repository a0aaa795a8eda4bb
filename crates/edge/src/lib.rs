//! The edge: accepts, terminates, originates, observes and forwards TLS.
//!
//! One single-threaded runtime per core; nothing is shared between cores but read-mostly
//! configuration; counters are per core and merged when they are read. This is the only crate that
//! builds rustls configurations. It knows no HTTP API and no command line.

mod admission;
mod agreed;
pub mod arms;
mod attempt;
pub mod certificate;
mod certificate_watch;
mod client_auth;
pub mod client_config;
mod clock;
pub mod config;
mod connection;
pub mod counters;
mod downstream;
mod duration;
mod first_flight;
pub mod handle;
pub mod handshake;
pub mod history;
mod http;
mod inbound;
pub mod kx;
mod listener;
pub mod metrics;
mod observe;
mod outbound;
pub mod prefix;
mod proxy_header;
pub mod recorder;
mod refusal;
pub mod register;
mod relay;
mod route;
pub mod server;
mod server_config;
mod sessions;
mod spec;
mod tls_error;
mod watch;
mod wire;
mod worker;

pub use handle::Handle;
pub use listener::BindError;
pub use server::{Error, Options, Service};
pub use spec::SpecError;
