//! The client against a small service on the loopback interface, with and without TLS.

mod calls;
mod exchanges;
mod service;
mod tls;
