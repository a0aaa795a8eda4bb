//! PEM (RFC 7468) and DER told apart, and PEM written.
//!
//! A PEM block starts with its dashes, wherever blanks stand before them; anything else is taken for DER.

use der::pem::{self, LineEnding};
use zeroize::Zeroizing;

use super::Error;

pub(super) const PRIVATE_KEY: &str = "PRIVATE KEY";
pub(super) const PUBLIC_KEY: &str = "PUBLIC KEY";

const BOUNDARY: &[u8] = b"-----BEGIN ";

/// The DER inside the bytes, which are DER or one PEM block with the label.
pub(super) fn der(bytes: &[u8], label: &'static str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = bytes.trim_ascii();
    if !text.starts_with(BOUNDARY) {
        return Ok(Zeroizing::new(bytes.to_vec()));
    }
    let (found, der) = pem::decode_vec(text).map_err(|error| {
        Error::malformed(
            "PEM block (RFC 7468)",
            format!("{error}; one block, no text around it"),
        )
    })?;
    let der = Zeroizing::new(der);
    if found == label {
        return Ok(der);
    }
    Err(other_label(found, label))
}

fn other_label(found: &str, expected: &'static str) -> Error {
    let remedy = match found {
        "ENCRYPTED PRIVATE KEY" => return Error::Encrypted,
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" => "convert it: openssl pkcs8 -topk8 -nocrypt -in KEY",
        "OPENSSH PRIVATE KEY" => "convert it: ssh-keygen -p -m PKCS8 -f KEY",
        "CERTIFICATE" => "take the key out: openssl x509 -pubkey -noout -in CERT",
        "PRIVATE KEY" => "take the public key out: openssl pkey -pubout -in KEY",
        "RSA PUBLIC KEY" => "convert it: openssl rsa -RSAPublicKey_in -pubout -in KEY",
        "PUBLIC KEY" => "give the private key",
        _ => "give PKCS#8 or SubjectPublicKeyInfo",
    };
    Error::Label {
        label: found.to_owned(),
        expected,
        remedy,
    }
}

/// One PEM block with lines of 64 characters.
pub(super) fn pem(der: &[u8], label: &'static str) -> Zeroizing<String> {
    let text = pem::encode_string(label, LineEnding::LF, der);
    Zeroizing::new(text.expect("a key is far smaller than what PEM can hold"))
}
