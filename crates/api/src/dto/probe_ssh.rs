//! Findings at an SSH endpoint. Algorithms have their IANA names.
//!
//! A method counts as completed only when the host key signed an exchange that used it.

use serde::Serialize;
use utoipa::ToSchema;

use super::Support;

/// What an SSH endpoint can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SshFindings {
    /// Such as `SSH-2.0-OpenSSH_10.0`.
    pub identification: String,
    /// Key exchange methods, in the server's order.
    pub key_exchanges: Vec<KexFinding>,
    /// The host keys that signed an exchange, or were asked for and did not.
    pub host_keys: Vec<HostKeyFinding>,
    /// Host key algorithms that it advertises.
    pub host_key_algorithms: Vec<String>,
    pub ciphers_to_server: Vec<String>,
    pub ciphers_to_client: Vec<String>,
    pub macs_to_server: Vec<String>,
    pub macs_to_client: Vec<String>,
}

/// One key exchange method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KexFinding {
    pub method: String,
    pub post_quantum: bool,
    /// Whether it completes: an answer that makes sense, signed by the host key.
    pub completes: Support,
}

/// One host key algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HostKeyFinding {
    /// The algorithm that was asked for, such as `rsa-sha2-512`.
    pub algorithm: String,
    /// Size of an RSA modulus.
    pub rsa_bits: Option<u32>,
    /// SHA-256 of the key as it is on the wire, in hexadecimal.
    pub fingerprint_sha256: Option<String>,
    /// Whether its signature over the exchange verifies.
    pub verified: Support,
}
