//! TLS alerts (RFC 8446 §6, the IANA registry "TLS Alerts").
//! A value without a name is a value like any other: peers send what they like.

use std::fmt;

/// What an alert says.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AlertDescription(pub u8);

macro_rules! alerts {
    ($($name:ident = $value:literal, $shown:literal;)*) => {
        impl AlertDescription {
            $(#[doc = concat!("`", $shown, "`, ", stringify!($value))] pub const $name: Self = Self($value);)*

            /// Every description that has a name here.
            pub const NAMED: &'static [Self] = &[$(Self::$name),*];

            /// The registry's name, if the value has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($shown),)*
                    _ => None,
                }
            }
        }
    };
}

alerts! {
    CLOSE_NOTIFY = 0, "close_notify";
    UNEXPECTED_MESSAGE = 10, "unexpected_message";
    BAD_RECORD_MAC = 20, "bad_record_mac";
    DECRYPTION_FAILED = 21, "decryption_failed";
    RECORD_OVERFLOW = 22, "record_overflow";
    DECOMPRESSION_FAILURE = 30, "decompression_failure";
    HANDSHAKE_FAILURE = 40, "handshake_failure";
    NO_CERTIFICATE = 41, "no_certificate";
    BAD_CERTIFICATE = 42, "bad_certificate";
    UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
    CERTIFICATE_REVOKED = 44, "certificate_revoked";
    CERTIFICATE_EXPIRED = 45, "certificate_expired";
    CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
    ILLEGAL_PARAMETER = 47, "illegal_parameter";
    UNKNOWN_CA = 48, "unknown_ca";
    ACCESS_DENIED = 49, "access_denied";
    DECODE_ERROR = 50, "decode_error";
    DECRYPT_ERROR = 51, "decrypt_error";
    TOO_MANY_CIDS_REQUESTED = 52, "too_many_cids_requested";
    EXPORT_RESTRICTION = 60, "export_restriction";
    PROTOCOL_VERSION = 70, "protocol_version";
    INSUFFICIENT_SECURITY = 71, "insufficient_security";
    INTERNAL_ERROR = 80, "internal_error";
    INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
    USER_CANCELED = 90, "user_canceled";
    NO_RENEGOTIATION = 100, "no_renegotiation";
    MISSING_EXTENSION = 109, "missing_extension";
    UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
    CERTIFICATE_UNOBTAINABLE = 111, "certificate_unobtainable";
    UNRECOGNIZED_NAME = 112, "unrecognized_name";
    BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
    BAD_CERTIFICATE_HASH_VALUE = 114, "bad_certificate_hash_value";
    UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
    CERTIFICATE_REQUIRED = 116, "certificate_required";
    GENERAL_ERROR = 117, "general_error";
    NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
    ECH_REQUIRED = 121, "ech_required";
}

impl AlertDescription {
    /// Whether the alert only says goodbye (RFC 8446 §6.1).
    pub const fn is_closure(self) -> bool {
        matches!(self, Self::CLOSE_NOTIFY | Self::USER_CANCELED)
    }
}

impl fmt::Display for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("alert {}", self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AlertDescription;

    #[test]
    fn shows_names_and_numbers() {
        let check = |value, expect: &str| assert_eq!(AlertDescription(value).to_string(), expect);
        check(0, "close_notify");
        check(40, "handshake_failure");
        check(70, "protocol_version");
        check(121, "ech_required");
        check(200, "alert 200");
    }

    #[test]
    fn tells_goodbyes_from_failures() {
        let closures: Vec<_> = AlertDescription::NAMED
            .iter()
            .filter(|alert| alert.is_closure())
            .collect();
        assert_eq!(
            closures,
            [&AlertDescription::CLOSE_NOTIFY, &AlertDescription::USER_CANCELED]
        );
    }
}
