//! Handshake message types (RFC 8446 §4, RFC 5246 §7.4).
//! Only names: what a message holds is read by the module of that message.

use std::fmt;

/// The first byte of a handshake message.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HandshakeType(pub u8);

macro_rules! messages {
    ($($name:ident = $value:literal, $shown:literal;)*) => {
        impl HandshakeType {
            $(#[doc = concat!("`", $shown, "`, ", stringify!($value))] pub const $name: Self = Self($value);)*

            /// The name of the RFCs, if the value has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($shown),)*
                    _ => None,
                }
            }
        }
    };
}

messages! {
    HELLO_REQUEST = 0, "hello_request";
    CLIENT_HELLO = 1, "client_hello";
    SERVER_HELLO = 2, "server_hello";
    NEW_SESSION_TICKET = 4, "new_session_ticket";
    END_OF_EARLY_DATA = 5, "end_of_early_data";
    ENCRYPTED_EXTENSIONS = 8, "encrypted_extensions";
    CERTIFICATE = 11, "certificate";
    SERVER_KEY_EXCHANGE = 12, "server_key_exchange";
    CERTIFICATE_REQUEST = 13, "certificate_request";
    SERVER_HELLO_DONE = 14, "server_hello_done";
    CERTIFICATE_VERIFY = 15, "certificate_verify";
    CLIENT_KEY_EXCHANGE = 16, "client_key_exchange";
    FINISHED = 20, "finished";
    CERTIFICATE_STATUS = 22, "certificate_status";
    KEY_UPDATE = 24, "key_update";
    COMPRESSED_CERTIFICATE = 25, "compressed_certificate";
}

impl fmt::Display for HandshakeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("handshake type {}", self.0)),
        }
    }
}
