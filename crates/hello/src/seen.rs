//! Which extension types a hello has shown so far, to find one that comes twice.
//!
//! The usual hello has a dozen types below 64 and a handful above: a word and a short list. A hello
//! made to hurt has thousands: then a bitmap of all 65,536 keeps the cost of each one constant.

const LISTED_MAX: usize = 16;

#[derive(Debug)]
pub(crate) struct Seen {
    low: u64,
    listed: [u16; LISTED_MAX],
    count: usize,
}

impl Seen {
    pub(crate) const fn new() -> Self {
        Self {
            low: 0,
            listed: [0; LISTED_MAX],
            count: 0,
        }
    }

    /// Notes a type; `Some(true)` if it was noted before, `None` if there is no room to tell.
    #[inline]
    pub(crate) fn note(&mut self, kind: u16) -> Option<bool> {
        if kind < 64 {
            let bit = 1_u64 << kind;
            let before = self.low & bit != 0;
            self.low |= bit;
            return Some(before);
        }
        let listed = self.listed.get(..self.count)?;
        if listed.contains(&kind) {
            return Some(true);
        }
        *self.listed.get_mut(self.count)? = kind;
        self.count += 1;
        Some(false)
    }
}

/// The index of the first type in `kinds` that an earlier one equals.
#[cold]
#[inline(never)]
pub(crate) fn first_repeated(kinds: impl Iterator<Item = u16>) -> Option<usize> {
    let mut bitmap = [0_u64; 1024];
    kinds.into_iter().position(|kind| {
        let bit = 1_u64 << (kind & 63);
        let word = bitmap.get_mut(usize::from(kind >> 6));
        word.is_some_and(|word| {
            let before = *word & bit != 0;
            *word |= bit;
            before
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_type_that_comes_twice() {
        let check =
            |kinds: &[u16], expect| assert_eq!(first_repeated(kinds.iter().copied()), expect, "{kinds:?}");
        check(&[], None);
        check(&[0, 1, 2, 65535], None);
        check(&[7, 65535, 65535, 7], Some(2));
        check(&[7, 64, 7], Some(2));
    }

    #[test]
    fn says_when_its_list_is_full() {
        let mut seen = Seen::new();
        assert!((64..80).all(|kind| seen.note(kind) == Some(false)));
        assert_eq!(seen.note(70), Some(true));
        assert_eq!(seen.note(1000), None);
        assert_eq!(seen.note(3), Some(false));
        assert_eq!(seen.note(3), Some(true));
    }
}
