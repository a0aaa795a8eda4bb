//! Published signatures verify, changed ones do not.
//!
//! Ed25519 and ECDSA are the examples of their RFCs; the RSA signatures were made by OpenSSL.

use super::{PublicKey, Scheme, verify};
use crate::vectors::hex;

/// RFC 8032 §7.1, test 2.
const ED25519_KEY: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const ED25519_SIGNATURE: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
     085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

/// RFC 6979 §A.2.5, SHA-256, "sample".
const P256_KEY: &str = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
     7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const P256_SIGNATURE: &str = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
     f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

/// RFC 6979 §A.2.6, SHA-384, "sample".
const P384_KEY: &str = "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64\
     def8f0ea9055866064a254515480bc13\
     8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1\
     288b231c3ae0d4fe7344fd2533264720";
const P384_SIGNATURE: &str = "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c\
     81a648152e44acf96e36dd1e80fabe46\
     99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f\
     a329c145786e679e7b82c71a38628ac8";

/// A 2048-bit key and its signatures over "sample", made with OpenSSL 3.0 (`openssl dgst -sign`).
const RSA_MODULUS: &str = "d191bd526022d75e45ddb3444c5c4d10a7af5f431da67a304e0bd37e94164666 \
     8ffaae1bf94c48bd082e48d20b3a35410af0de13387f0405a55abfe0288fadf5 \
     c8842e9e2d088a4efd98764d50857aed83576665c922ff70b4e3442afc87d328 \
     e45f79b59816df534771166ff63f65a415c07c4b324a6e801d0e8dbac65e3f1a \
     4549412e03870671f1049b3e3f09930d2b81b58aacfcad5d698645b40ded685e \
     0c065e336d6d676f93278a795b05d19fbf810b1c08127e2792e4352dad902461 \
     29dee710ad9d895cc373e57c6d7d353bfc511d997569892eeb3a08c8ccfed0d1 \
     e7e450252929c4711a30df2abb0d60c24a3ad3913c17e247a1450f4f134f28ad";
const RSA_SHA256: &str = "9c21c8a6b48977c78f2d8fd05eded3fab56b3f7ae42d4851ace5f1c48d5ba11b \
     e205928f398a1be4fc1e71d1d1ec95d5e2e908a6b0b84bd3d70b2051051f17ef \
     210e6d9ba0d21567a9d927160dbddcb5f128274f759b20faed106ed786ce2633 \
     aa1a3b72985a943744055b7ad1d848fc9547acf2f73e9e7ed4b899321e996bbd \
     99bfa898e5259055ced807e18df7c579d797fa913e6324560877adc8d7fdcfcc \
     c5d670308a45be891da293ea9e0c40fc767a1c58b440d0333fe74ac3d61a4bf6 \
     72db24f8a059afe4ba2cd4404cc72ebc71bc3fe882281d29a1dbf8779bfda6bc \
     3623a1ec1cd33e074732030e0c7fef8a5b07d7e91d1ec10a9b12e49d3496eb35";
const RSA_SHA512: &str = "04c39a3eae973ada2b8459bac86834d5bb89a1453e99a5ff8b8f72f24f27687c \
     126875c40da41b1ce5d0269f07934e7d24e8717bf4deff057df09310bffd0852 \
     6f26e882909edf002d55631e216a3b82fac7a0b14686c776811a5becbed266ef \
     d948e3d7fb78f8dadeae399ff44ed31727d974f473c5f97b789ad622fe9f8498 \
     d1177e649fed0ebf30f02026797f15dcf9ccac88cf0b3b3355d5a9ac1f01d27b \
     f68f5de43f64bdd33ecff4f701be09aabcbcba432f42e8ffa55329ce856fe8de \
     9f0b35a2f690d56a62f8937917093ab38a0903d70e81debc3a89ebdb38dc7252 \
     de3c1d00d82adb59217a7f129ddf0d1646cee62f1ac14504cb5bec91d513ef0d";

fn check(scheme: Scheme, key: PublicKey<'_>, message: &[u8], signature: &[u8]) {
    assert_eq!(verify(scheme, key, message, signature), Ok(()), "{scheme:?}");
    let mut forged = signature.to_vec();
    forged[20] ^= 1;
    assert!(
        verify(scheme, key, message, &forged).is_err(),
        "{scheme:?}: a changed signature"
    );
    assert!(
        verify(scheme, key, b"other", signature).is_err(),
        "{scheme:?}: another message"
    );
    assert!(
        verify(scheme, key, message, &signature[1..]).is_err(),
        "{scheme:?}: a short signature"
    );
}

#[test]
fn verifies_ed25519_and_refuses_changes() {
    check(
        Scheme::Ed25519,
        PublicKey::Raw(&hex(ED25519_KEY)),
        &[0x72],
        &hex(ED25519_SIGNATURE),
    );
}

#[test]
fn verifies_ecdsa_and_refuses_changes() {
    check(
        Scheme::EcdsaP256Sha256,
        PublicKey::Raw(&hex(P256_KEY)),
        b"sample",
        &hex(P256_SIGNATURE),
    );
    check(
        Scheme::EcdsaP384Sha384,
        PublicKey::Raw(&hex(P384_KEY)),
        b"sample",
        &hex(P384_SIGNATURE),
    );
}

#[test]
fn verifies_rsa_with_a_leading_zero_in_the_modulus_as_ssh_sends_it() {
    let mut modulus = vec![0];
    modulus.extend(hex(RSA_MODULUS));
    let key = PublicKey::Rsa {
        modulus: &modulus,
        exponent: &[1, 0, 1],
    };
    check(Scheme::RsaPkcs1Sha256, key, b"sample", &hex(RSA_SHA256));
    check(Scheme::RsaPkcs1Sha512, key, b"sample", &hex(RSA_SHA512));
    assert!(verify(Scheme::RsaPkcs1Sha512, key, b"sample", &hex(RSA_SHA256)).is_err());
}

#[test]
fn refuses_a_key_that_does_not_fit_the_scheme() {
    let rsa = PublicKey::Rsa {
        modulus: &[1],
        exponent: &[3],
    };
    assert!(verify(Scheme::Ed25519, rsa, b"", &[0; 64]).is_err());
    assert!(verify(Scheme::RsaPkcs1Sha256, PublicKey::Raw(&[0; 32]), b"", &[0; 256]).is_err());
    assert!(verify(Scheme::RsaPkcs1Sha256, rsa, b"", &[0; 1]).is_err());
    assert!(verify(Scheme::EcdsaP256Sha256, PublicKey::Raw(&[]), b"", &[0; 64]).is_err());
}
