//! Published vectors, both ends of every exchange, and shares that must be refused.
//!
//! Layouts are checked against what the standards say, not only against our own other end.

use super::{ClientShare, Exchange, respond};
use crate::curve::{Curve, CurveKey};
use crate::{Algorithm, digest, kem::ml_kem, vectors::hex};

fn agree(curve: Curve, private: &str, public: &str) -> Vec<u8> {
    CurveKey::from_scalar(curve, &hex(private))
        .expect("private key")
        .agree(&hex(public))
        .expect("public key")
        .as_bytes()
        .to_vec()
}

/// RFC 7748 §6.1, both directions.
#[test]
fn x25519_matches_the_published_exchange() {
    let pairs = [
        (
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        ),
        (
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        ),
    ];
    let shared = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    for (private, public) in pairs {
        assert_eq!(agree(Curve::X25519, private, public), shared);
    }
}

/// RFC 5903 §8.1.
#[test]
fn p256_matches_the_published_exchange() {
    assert_eq!(
        agree(
            Curve::P256,
            "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
            "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63 \
             56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
        ),
        hex("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de")
    );
}

/// Random keys, the secret computed by Python's `cryptography` 50 (OpenSSL).
#[test]
fn p384_and_p521_match_an_independent_implementation() {
    assert_eq!(
        agree(
            Curve::P384,
            "000a4338904bc54f07bdbc2dcc2c3ba81bc903aa370dbcc7221bef129a45cfa7 \
         022daf17e4f7611e274a6e7389323eb5",
            "0438a0d17204b7844ecb5f07761a359a6c32b6e024122ec3d437427e85d5a902 \
         2dc6635536e93cb4c04a06bf11ae668f053e504e980cf3accea582f03cfbe982 \
         b5ff1954ea39dd8ecdb217b531f19d5561df16232dec20b42c7ef8fd0795b722 \
         e5"
        ),
        hex(
            "7c6701e06a4c8b90a5eac2c2e05e94224a49d4f5d8385ff4d47f960e56736e70 \
         fea324238df7f5709dd0972998d6b1f1"
        )
    );
    assert_eq!(
        agree(
            Curve::P521,
            "015242508f8b0b816f886f20f58441d8362cde47ab51eef20314810e831f683c \
         93c41c0f49e11cc724a9801573f1810695bf131dfb03ca92ee80d24b5307cb1b \
         9a72",
            "04011432fceff7a2d7f427a90addf6028c7fb9765b16e243bf7836df1aaf0ae3 \
         371a8511662b35848d33ef0d453523cbd5fb91337d08050d2475f091f2a61bb4 \
         b3626c0095ff270fffd8e8afb2c4a515d332b917c85cbcc27bc44907b0146045 \
         f73223b1c2411de198cdd723f783fc8e7a0309e6f8fb4f84cc1c306bc319b878 \
         38cc14bb87"
        ),
        hex(
            "00281c3f7f13ffa5ed521d141fd828b00e898df631118ce073c4c397608c94d9 \
         c01913c47c2da8cd58e4721c5e9f84303edb74757297ec0d08690e33d014806d \
         425d"
        )
    );
}

#[test]
fn both_ends_of_every_exchange_agree_and_the_table_knows_the_sizes() {
    for exchange in Exchange::ALL {
        let client = ClientShare::generate(exchange).expect("exchange");
        let client_share = client.public().to_vec();
        let (server_share, theirs) = respond(exchange, &client_share).expect("exchange");
        let ours = client.complete(&server_share).expect("exchange");
        assert_eq!(ours.as_bytes(), theirs.as_bytes(), "{exchange:?}");

        let sizes = Algorithm::by_name(exchange.name()).expect("exchange").sizes;
        assert_eq!(sizes.public_key, Some(client_share.len()), "{exchange:?}");
        assert_eq!(sizes.ciphertext, Some(server_share.len()), "{exchange:?}");
        assert_eq!(sizes.shared_secret, Some(ours.as_bytes().len()), "{exchange:?}");
    }
}

#[test]
fn refuses_server_shares_of_any_other_length() {
    for exchange in Exchange::ALL {
        for (cut, pad) in [(1, 0), (0, 1)] {
            let client = ClientShare::generate(exchange).expect("exchange");
            let (mut share, _) = respond(exchange, client.public()).expect("exchange");
            share.truncate(share.len() - cut);
            share.resize(share.len() + pad, 0);
            assert!(
                client.complete(&share).is_err(),
                "{exchange:?} with {cut} cut and {pad} added"
            );
        }
    }
}

#[test]
fn refuses_client_shares_of_any_other_length() {
    for exchange in Exchange::ALL {
        let client = ClientShare::generate(exchange).expect("exchange");
        let mut share = client.public().to_vec();
        assert!(respond(exchange, &share[1..]).is_err(), "{exchange:?}");
        share.push(0);
        assert!(respond(exchange, &share).is_err(), "{exchange:?}");
    }
}

/// RFC 7748 §6.1 and RFC 8446 §7.4.2: an all-zero result must abort.
#[test]
fn refuses_low_order_and_off_curve_points() {
    for point in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        let client = ClientShare::generate(Exchange::X25519).expect("generator");
        assert!(client.complete(&point).is_err());
    }
    let client = ClientShare::generate(Exchange::P256).expect("generator");
    let mut off_curve = [7; 65];
    off_curve[0] = 4;
    assert!(client.complete(&off_curve).is_err());
}

/// RFC 10024: ML-KEM leads in X25519MLKEM768, the curve leads in the two NIST hybrids.
#[test]
fn tls_layouts_put_the_components_in_their_standard_order() {
    let lead = |exchange| {
        let client = ClientShare::generate(exchange).expect("generator");
        respond(exchange, client.public()).expect("own share").0
    };
    assert_eq!(
        lead(Exchange::SecP256r1MlKem768)[0],
        4,
        "an uncompressed point opens the share"
    );
    assert_eq!(
        lead(Exchange::SecP384r1MlKem1024)[0],
        4,
        "an uncompressed point opens the share"
    );
    let client = ClientShare::generate(Exchange::X25519MlKem768).expect("generator");
    assert!(ml_kem::encapsulate(ml_kem::ParameterSet::MlKem768, &client.public()[..1184]).is_some());
}

/// RFC 10042 §2.5: SSH uses HASH(K_PQ ‖ K_CL), and its shares have ML-KEM first.
#[test]
fn ssh_hashes_the_joined_secret_that_tls_uses_as_it_is() {
    let parts = || {
        [
            crate::SharedSecret::new(Box::new([1; 32])),
            crate::SharedSecret::new(Box::new([2; 32])),
        ]
    };
    let joined = [[1; 32], [2; 32]].concat();
    assert_eq!(Exchange::X25519MlKem768.combine(&parts()).as_bytes(), joined);
    assert_eq!(
        Exchange::SshMlKem768X25519.combine(&parts()).as_bytes(),
        digest::sha256(&joined)
    );
    assert_eq!(
        Exchange::SshMlKem768NistP256.combine(&parts()).as_bytes(),
        digest::sha256(&joined)
    );
    assert_eq!(
        Exchange::SshMlKem1024NistP384.combine(&parts()).as_bytes(),
        digest::sha384(&joined)
    );
}

#[test]
fn debug_of_a_share_shows_no_secret() {
    for exchange in Exchange::ALL {
        let text = format!(
            "{:?}",
            ClientShare::generate(exchange).expect("generator").secrets
        );
        assert!(text.len() < 200, "{text}");
    }
}
