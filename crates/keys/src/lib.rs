//! Owns every private key: versions, states, use under policy, rotation, sealing, audit, backup.
//!
//! No other crate holds a long-lived private key. Inside, key bytes are erased when dropped and print as
//! `<redacted>`. Callers see a change only after the store has committed it.
