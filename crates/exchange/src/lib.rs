//! The hybrid authenticated key exchange: messages, transcript, both sides, sessions.
//!
//! Sans-IO: bytes, time and randomness are arguments. Who may use which suite is decided by the caller; this
//! crate makes sure that both sides agree on everything that was said.
