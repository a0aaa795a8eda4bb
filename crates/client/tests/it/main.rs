//! The client against a small service on the loopback interface, with and without TLS.

mod calls;
mod exchanges;
mod python;
mod service;
mod tls;
