//! The client against a small service on the loopback interface, with and without TLS.
//! Ports are the system's choice; nothing waits longer than a time-out under test.

#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

mod calls;
mod exchanges;
mod python;
mod service;
mod tls;
