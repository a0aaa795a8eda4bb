//! Bytes in JSON: base64url without padding (RFC 4648 §5).
//!
//! Read more liberally than written: the standard alphabet and padding are understood too, since many
//! programs produce those. Bytes that may be secret are erased when they are dropped.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{PartialSchema, ToSchema, openapi};
use zeroize::Zeroizing;

const LIBERAL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes as base64url text. Does not print what it holds: it may be a plaintext or a key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Base64(pub Zeroizing<Vec<u8>>);

impl Base64 {
    /// The text form, without padding.
    #[must_use]
    pub fn encode(bytes: &[u8]) -> String {
        LIBERAL.encode(bytes)
    }

    fn decode(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
        let foreign = text.bytes().any(|byte| matches!(byte, b'+' | b'/'));
        if foreign {
            LIBERAL.decode(text.replace('+', "-").replace('/', "_"))
        } else {
            LIBERAL.decode(text)
        }
    }
}

impl std::ops::Deref for Base64 {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl From<Zeroizing<Vec<u8>>> for Base64 {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Base64 {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}

impl std::fmt::Debug for Base64 {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Base64(<{} bytes>)", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(Self::encode(&self.0)))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = Self::decode(&text).map_err(|error| {
            serde::de::Error::custom(format!("not base64url: {error}; send RFC 4648 §5 text"))
        })?;
        Ok(Self::from(bytes))
    }
}

impl PartialSchema for Base64 {
    fn schema() -> openapi::RefOr<openapi::schema::Schema> {
        openapi::ObjectBuilder::new()
            .schema_type(openapi::schema::Type::String)
            .description(Some("base64url without padding (RFC 4648 §5)"))
            .content_encoding("base64url")
            .into()
    }
}

impl ToSchema for Base64 {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Base64")
    }
}

#[cfg(test)]
mod tests {
    use super::Base64;

    fn check(text: &str, expect: &[u8]) {
        let read: Base64 = serde_json::from_str(&format!("\"{text}\"")).expect(text);
        assert_eq!(&*read, expect, "{text}");
    }

    #[test]
    fn reads_both_alphabets_with_and_without_padding() {
        check("-_8", &[0xfb, 0xff]);
        check("-_8=", &[0xfb, 0xff]);
        check("+/8=", &[0xfb, 0xff]);
        check("", &[]);
    }

    #[test]
    fn writes_base64url_without_padding() {
        let text = serde_json::to_string(&Base64::from(vec![0xfb, 0xff])).expect("a string");
        assert_eq!(text, "\"-_8\"");
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        assert!(serde_json::from_str::<Base64>("\"a\"").is_err());
        assert!(serde_json::from_str::<Base64>("\"a b\"").is_err());
        assert!(serde_json::from_str::<Base64>("7").is_err());
    }

    #[test]
    fn prints_no_content() {
        assert_eq!(format!("{:?}", Base64::from(vec![1, 2, 3])), "Base64(<3 bytes>)");
    }
}
