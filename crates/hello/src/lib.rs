//! Reads and builds TLS hellos and SSH key exchange openings: bytes in, facts out.
//!
//! It has no clock, no I/O, no state but what the caller holds, and it never panics whatever the
//! bytes are. Reading borrows from the caller's bytes and allocates only to join what came in pieces.
//! It checks grammar (RFC 8446 §4.1.2, §4.2), not meaning: what a hello deserves is for others to say.
//!
//! ```
//! use hybridge_hello::{ClientHello, Progress, fingerprints, locate_client_hello};
//!
//! let first_bytes = include_bytes!("../vectors/clients/openssl-3.5.bin");
//! let mut scratch = Vec::new();
//! if let Progress::Complete(located) = locate_client_hello(first_bytes, &mut scratch) {
//!     let hello = ClientHello::parse(located.message)?;
//!     assert!(hello.shares_post_quantum());
//!     assert_eq!(hello.server_name(), Some("service.example"));
//!     let (ja4, _stable) = fingerprints(&hello);
//!     assert_eq!(ja4.as_str(), "t13d301200_1d37bd780c83_ecd0401ec68b");
//! }
//! # Ok::<(), hybridge_hello::Malformed>(())
//! ```

mod alert;
mod assembly;
mod client_builder;
mod client_extensions;
mod client_hello;
mod code_point;
pub mod extension;
mod foreign;
mod group;
mod handshake;
mod ja4;
mod list;
mod list_hash;
mod locate;
mod malformed;
mod reader;
mod records;
mod scheme;
mod seen;
mod server_builder;
mod server_hello;
mod server_key_exchange;
pub mod ssh;
mod suite;
mod suite_alias;
mod tap;
mod version;
mod writer;

pub use alert::AlertDescription;
pub use client_builder::ClientHelloBuilder;
pub use client_hello::{ClientHello, MAX_CLIENT_HELLO};
pub use code_point::UnknownName;
pub use foreign::Foreign;
pub use group::{GroupKind, NamedGroup};
pub use handshake::HandshakeType;
pub use ja4::{Ja4, NotJa4, Transport, fingerprints, ja4, ja4_stable};
pub use list::{CodePoints, Extensions, KeyShare, KeyShares, ProtocolNames};
pub use locate::{Located, Locator, MAX_RECORD, Progress, locate_client_hello};
pub use malformed::{Flaw, Malformed};
pub use records::records;
pub use scheme::SignatureScheme;
pub use server_builder::ServerHelloBuilder;
pub use server_hello::{Downgrade, HELLO_RETRY_REQUEST_RANDOM, ServerHello};
pub use server_key_exchange::ServerKeyExchange;
pub use suite::CipherSuite;
pub use tap::{RecordTap, TapEvent};
pub use version::ProtocolVersion;
pub use writer::BuildError;
