//! Any `threshold` shares give the secret, fewer do not, and what cannot be shares is refused.
//! That fewer say nothing is tested by counting, with bounds that chance does not reach.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_assume, proptest};
use proptest::sample::subsequence;

use super::{Error, SECRET_LEN_MAX, Share, combine, split};

/// Threshold, number of shares, and which of them meet.
fn quorum() -> impl Strategy<Value = (u8, u8, Vec<usize>)> {
    (2_u8..=12, 0_u8..=8)
        .prop_map(|(threshold, spare)| (threshold, threshold + spare))
        .prop_flat_map(|(threshold, shares)| {
            let all: Vec<usize> = (0..shares.into()).collect();
            let chosen = subsequence(all, usize::from(threshold)..=usize::from(shares)).prop_shuffle();
            chosen.prop_map(move |chosen| (threshold, shares, chosen))
        })
}

fn pick(shares: &[Share], chosen: &[usize]) -> Vec<Share> {
    chosen.iter().map(|index| shares[*index].clone()).collect()
}

proptest! {
    #[test]
    fn any_threshold_of_the_shares_gives_the_secret(
        secret in vec(any::<u8>(), 1..64), (threshold, count, chosen) in quorum(),
    ) {
        let shares = split(&secret, threshold, count)?;
        prop_assert_eq!(shares.len(), usize::from(count));
        let combined = combine(&pick(&shares, &chosen))?;
        prop_assert_eq!(combined.as_slice(), secret.as_slice());
    }

    #[test]
    fn one_share_too_few_gives_something_else(
        secret in any::<[u8; 32]>(), (threshold, count, chosen) in quorum(),
    ) {
        prop_assume!(threshold > 2);
        let shares = split(&secret, threshold, count)?;
        let combined = combine(&pick(&shares, &chosen[..usize::from(threshold) - 1]))?;
        prop_assert!(combined.as_slice() != secret);
    }

    #[test]
    fn a_changed_share_gives_something_else(secret in any::<[u8; 32]>(), at in 0_usize..32) {
        let mut shares = split(&secret, 3, 5)?;
        shares[1].bytes[at] ^= 1;
        prop_assert!(combine(&shares[..3])?.as_slice() != secret);
    }

    #[test]
    fn a_share_given_twice_is_named(secret in any::<[u8; 16]>(), index in 0_usize..5) {
        let mut shares = split(&secret, 2, 5)?;
        shares.push(shares[index].clone());
        let index = shares[index].index;
        prop_assert_eq!(combine(&shares), Err(Error::Duplicate { index }));
    }
}

/// With one share missing every value of a byte is equally likely, the secret's own among them: coefficients
/// that are never zero would rule one candidate out with every new split.
#[test]
fn too_few_shares_say_nothing_about_a_byte() {
    let mut seen = [0_u32; 256];
    for _ in 0..256 * 40 {
        let shares = split(&[0x5a], 2, 2).expect("split");
        seen[usize::from(shares[0].bytes[0])] += 1;
    }
    // 40 on average; a fair byte leaves this range in fewer than one of 10^6 runs.
    for (value, count) in seen.iter().enumerate() {
        assert!((8..=90).contains(count), "{value:#x} came {count} times");
    }
}

#[test]
fn all_255_shares_can_be_made_and_any_two_of_them_combined() {
    let shares = split(b"secret", 2, 255).expect("split");
    let far = [shares[254].clone(), shares[0].clone()];
    assert_eq!(combine(&far).expect("combined").as_slice(), b"secret");
    assert_eq!(combine(&shares).expect("combined").as_slice(), b"secret");
}

#[test]
fn bounds_are_refused() {
    for (threshold, shares) in [(0, 0), (0, 3), (1, 1), (1, 5), (3, 2), (255, 254)] {
        let refused = split(b"secret", threshold, shares);
        assert_eq!(refused, Err(Error::Bounds { threshold, shares }));
    }
    assert_eq!(split(b"", 2, 3), Err(Error::Secret));
    assert_eq!(split(&[0; SECRET_LEN_MAX + 1], 2, 3), Err(Error::Secret));
}

#[test]
fn what_cannot_be_shares_of_one_secret_is_refused() {
    let share = |index, bytes: &[u8]| Share {
        index,
        bytes: bytes.to_vec().into(),
    };
    let check = |shares: &[Share], why| assert_eq!(combine(shares), Err(why));
    check(&[], Error::TooFew);
    check(&[share(1, b"a")], Error::TooFew);
    check(&[share(0, b"a"), share(1, b"b")], Error::Index);
    check(&[share(1, b"a"), share(2, b"bc")], Error::Lengths);
    check(&[share(1, b""), share(2, b"")], Error::Lengths);
}

#[test]
fn a_share_is_not_printed() {
    let shares = split(b"secret", 2, 2).expect("split");
    assert_eq!(format!("{:?}", shares[0]), "Share(1, <redacted>)");
}
