//! What keys are asked to do, and what they answer.
//!
//! Every operation takes one item as the body or many as `batch`; the answer has the same form. In a batch
//! each item succeeds or fails by itself, in place.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Base64;

/// Many items, answered in the same order.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Items<T> {
    pub batch: Vec<T>,
}

/// One answer, or as many as were asked for.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Answers<T> {
    Batch { batch: Vec<ItemAnswer<T>> },
    One(T),
}

/// The answer to one item of a batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ItemAnswer<T> {
    Done(T),
    Failed {
        /// The stable code, as in a problem.
        error: &'static str,
        detail: String,
    },
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EncapsulateItem {}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Encapsulated {
    pub ciphertext: Base64,
    pub shared_secret: Base64,
    pub version: u32,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecapsulateItem {
    pub ciphertext: Base64,
    /// The version that the ciphertext was made for; the primary one without it.
    pub version: Option<u32>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Decapsulated {
    pub shared_secret: Base64,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignItem {
    pub message: Base64,
    /// FIPS 204 §5.2 and FIPS 205 §10.2 context, at most 255 bytes; empty without it.
    #[serde(default)]
    pub context: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Signed {
    pub signature: Base64,
    pub version: u32,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyItem {
    pub message: Base64,
    pub signature: Base64,
    #[serde(default)]
    pub context: Base64,
    /// The version that signed; the primary one without it.
    pub version: Option<u32>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Verified {
    pub valid: bool,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EncryptItem {
    pub plaintext: Base64,
    /// Authenticated, not encrypted; the same bytes are needed to decrypt.
    #[serde(default)]
    pub associated_data: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Encrypted {
    /// Names the version of the key by itself.
    pub ciphertext: Base64,
    pub version: u32,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecryptItem {
    pub ciphertext: Base64,
    #[serde(default)]
    pub associated_data: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Decrypted {
    pub plaintext: Base64,
    pub version: u32,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataKeyItem {
    /// Authenticated with the wrapped key.
    #[serde(default)]
    pub associated_data: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DataKey {
    /// 32 bytes: use it, then forget it.
    pub plaintext: Base64,
    /// Keep this beside the data; `decrypt` opens it.
    pub wrapped: Base64,
    pub version: u32,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MacItem {
    pub message: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Mac {
    pub tag: Base64,
    pub version: u32,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MacVerifyItem {
    pub message: Base64,
    pub tag: Base64,
    /// The version that made it; the primary one without it.
    pub version: Option<u32>,
}
