//! A client of the service: authenticated requests, and the key exchange from end to end.
//!
//! It trusts nothing that the server says beyond what the protocol proves: TLS with the hybrid group first,
//! answers that are JSON and of a bounded size, an exchange only with an identity that the caller pinned.
//! Plain HTTP goes to this machine and nowhere else, unless the caller says `danger`.

mod address;
mod call;
mod clock;
mod connect;
mod credentials;
mod download;
mod error;
mod exchange;
mod options;
mod problem;

pub use address::{Address, AddressError};
pub use call::{Call, Client};
pub use credentials::{Certificate, Credentials, CredentialsError, Token};
pub use error::Error;
pub use exchange::{ExchangeError, ExchangeOptions};
pub use http::Method;
pub use options::{Options, Trust};
pub use problem::Problem;
