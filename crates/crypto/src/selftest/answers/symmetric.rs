//! Known answers of what has no key pair, from the documents that define it.
//!
//! Each is sealed, hashed or derived again and compared; what opens or verifies must also refuse.

use super::{Tamper, changed, hex};
use crate::kdf::{self, Cost, Hash};
use crate::shamir::Share;
use crate::{Algorithm, aead, digest, mac, shamir};

struct Aead {
    key: [u8; aead::KEY_LEN],
    nonce: [u8; aead::NONCE_LEN],
    aad: &'static [u8],
    plaintext: &'static [u8],
    sealed: &'static [u8],
}

/// McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16.
static AES_256_GCM: Aead = Aead {
    key: hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
    nonce: hex("cafebabefacedbaddecaf888"),
    aad: &hex::<20>("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    plaintext: &hex::<60>(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    ),
    sealed: &hex::<76>(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
         8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662\
         76fc6ece0f4e1768cddf8853bb2d551b",
    ),
};

/// RFC 8439 §2.8.2.
static CHACHA20_POLY1305: Aead = Aead {
    key: hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
    nonce: hex("070000004041424344454647"),
    aad: &hex::<12>("50515253c0c1c2c3c4c5c6c7"),
    plaintext: b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
                 future, sunscreen would be it.",
    sealed: &hex::<130>(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
         3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
         92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
         3ff4def08e4b7a9de576d26586cec64b6116\
         1ae10b594f09e26a7e902ecbd0600691",
    ),
};

/// RFC 4231 §4.2: key of twenty bytes 0x0b, "Hi There".
const HMAC_KEY: &[u8] = &[0x0b; 20];
const HMAC_MESSAGE: &[u8] = b"Hi There";
const HMAC_SHA_256: [u8; 32] = hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
const HMAC_SHA_384: [u8; 48] = hex("afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c\
     faea9ea9076ede7f4af152e8b2fa9cb6");
const HMAC_SHA_512: [u8; 64] = hex("87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
     daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");

/// RFC 5869, appendix A.1; with SHA-384 and SHA-512 by Python's `cryptography` 48.
const HKDF_INPUT: &[u8] = &[0x0b; 22];
const HKDF_SALT: [u8; 13] = hex("000102030405060708090a0b0c");
const HKDF_INFO: [u8; 10] = hex("f0f1f2f3f4f5f6f7f8f9");
const HKDF_SHA_256: [u8; 42] =
    hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
const HKDF_SHA_384: [u8; 42] =
    hex("9b5097a86038b805309076a44b3a9f38063e25b516dcbf369f394cfab43685f748b6457763e4f0204fc5");
const HKDF_SHA_512: [u8; 42] =
    hex("832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb");

/// RFC 9106 §5.3.
const ARGON2ID: [u8; 32] = hex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
const ARGON2ID_COST: Cost = Cost {
    memory_kib: 32,
    passes: 3,
    lanes: 4,
};

/// The message of FIPS 180-4's and FIPS 202's first example.
const HASHED: &[u8] = b"abc";
const SHA_256: [u8; 32] = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
const SHA_384: [u8; 48] = hex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
     8086072ba1e7cc2358baeca134c825a7");
const SHA_512: [u8; 64] = hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
     2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
const SHA3_256: [u8; 32] = hex("3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
const SHA3_384: [u8; 48] = hex("ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2\
     98d88cea927ac7f539f1edf228376d25");
const SHA3_512: [u8; 64] = hex("b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e\
     10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0");
const SHAKE256: [u8; 64] = hex("483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739\
     d5a15bef186a5386c75744c0527e1faa9f8726e462a12a4feb06bd8801e751e4");

/// 3 points of a polynomial over GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, by ten lines of Python.
const SHAMIR_SECRET: &[u8] = b"shared secret";
const SHAMIR_SHARES: [(u8, [u8; 13]); 3] = [
    (1, hex("f2ebe0f5e4e7a1fce4e0f3e2f5")),
    (7, hex("1a1d2c3f4459254e9c86afb8c5")),
    (255, hex("cfdd1ed5444cc2f0f8f72ce374")),
];

/// `None` where there is no known answer or an operation gave none.
pub(super) fn hold(algorithm: &'static Algorithm, tamper: Tamper) -> Option<bool> {
    let hashed = tamper.with(HASHED);
    Some(match algorithm.name {
        "AES-256-GCM" => AES_256_GCM.holds(algorithm, tamper)?,
        "ChaCha20-Poly1305" => CHACHA20_POLY1305.holds(algorithm, tamper)?,
        "HMAC-SHA-256" => authenticates(algorithm, &HMAC_SHA_256, tamper)?,
        "HMAC-SHA-384" => authenticates(algorithm, &HMAC_SHA_384, tamper)?,
        "HMAC-SHA-512" => authenticates(algorithm, &HMAC_SHA_512, tamper)?,
        "HKDF-SHA-256" => derives(Hash::Sha256, &HKDF_SHA_256, tamper)?,
        "HKDF-SHA-384" => derives(Hash::Sha384, &HKDF_SHA_384, tamper)?,
        "HKDF-SHA-512" => derives(Hash::Sha512, &HKDF_SHA_512, tamper)?,
        "Argon2id" => stretches(tamper)?,
        "Shamir-GF256" => combines(tamper)?,
        "SHA-256" => digest::sha256(&hashed) == SHA_256,
        "SHA-384" => digest::sha384(&hashed) == SHA_384,
        "SHA-512" => digest::sha512(&hashed) == SHA_512,
        "SHA3-256" => digest::sha3_256(&hashed) == SHA3_256,
        "SHA3-384" => digest::sha3_384(&hashed) == SHA3_384,
        "SHA3-512" => digest::sha3_512(&hashed) == SHA3_512,
        "SHAKE256" => digest::shake256(&hashed, SHAKE256.len())[..] == SHAKE256,
        _ => return None,
    })
}

impl Aead {
    fn holds(&self, algorithm: &'static Algorithm, tamper: Tamper) -> Option<bool> {
        let key = aead::Key::from_bytes(algorithm, &self.key).ok()?;
        let sealed = key
            .seal(self.nonce, self.aad, &tamper.with(self.plaintext))
            .ok()?;
        let opened = key.open(self.nonce, self.aad, self.sealed).ok()?;
        let refused = key.open(self.nonce, self.aad, &changed(self.sealed)).is_err();
        Some(sealed == self.sealed && *opened == self.plaintext && refused)
    }
}

fn authenticates(algorithm: &'static Algorithm, tag: &[u8], tamper: Tamper) -> Option<bool> {
    let key = mac::Key::from_bytes(algorithm, HMAC_KEY).ok()?;
    let made = key.tag(&tamper.with(HMAC_MESSAGE)).ok()?;
    let refused = key.verify(HMAC_MESSAGE, &changed(tag)).is_err();
    Some(made == tag && key.verify(HMAC_MESSAGE, tag).is_ok() && refused)
}

fn derives(hash: Hash, output: &[u8], tamper: Tamper) -> Option<bool> {
    let input = tamper.with(HKDF_INPUT);
    let whole = kdf::hkdf(hash, &HKDF_SALT, &input, &HKDF_INFO, output.len()).ok()?;
    let key = kdf::hkdf_extract(hash, &HKDF_SALT, &input).ok()?;
    let expanded = kdf::hkdf_expand(hash, &key, &HKDF_INFO, output.len()).ok()?;
    Some(*whole == output && *expanded == output)
}

fn stretches(tamper: Tamper) -> Option<bool> {
    let password = tamper.with(&[1; 32]).into_owned();
    let made = kdf::argon2id_with(&password, &[2; 16], ARGON2ID_COST, [&[3; 8], &[4; 12]]).ok()?;
    Some(*made == ARGON2ID)
}

fn combines(tamper: Tamper) -> Option<bool> {
    let share = |(index, bytes): &(u8, [u8; 13])| Share {
        index: *index,
        bytes: bytes.to_vec().into(),
    };
    let mut shares: Vec<Share> = SHAMIR_SHARES.iter().map(share).collect();
    let first = tamper.with(&shares[0].bytes).into_owned();
    shares[0].bytes = first.into();
    let combined = shamir::combine(&shares).ok()?;
    let again = shamir::combine(&shamir::split(SHAMIR_SECRET, 2, 3).ok()?[1..]).ok()?;
    Some(*combined == SHAMIR_SECRET && *again == SHAMIR_SECRET)
}
