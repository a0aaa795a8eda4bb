//! File heads: every Rust file says at its top what it is, what it is not, and its rules.
//!
//! Two lines at least; a single line is a repeated file name more often than an explanation.

use super::tree::Text;
use super::violation::Violation;

const LINES_MIN: usize = 2;

pub(crate) fn check(texts: &[Text]) -> Vec<Violation> {
    let short = |file: &&Text| file.is_rust() && head_lines(&file.text) < LINES_MIN;
    texts.iter().filter(short).map(violation).collect()
}

fn violation(file: &Text) -> Violation {
    Violation::error(
        &file.path,
        1,
        format!("opens with fewer than {LINES_MIN} lines of `//!`: say what the file is and its rules"),
    )
}

/// Lines with words in the `//!` block that opens the file.
fn head_lines(text: &str) -> usize {
    let head = text.lines().map_while(|line| line.strip_prefix("//!"));
    head.filter(|line| !line.trim().is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::texts;

    fn check_one(text: &str) -> usize {
        check(&texts(&[("a.rs", text)])).len()
    }

    #[test]
    fn accepts_two_lines_with_words() {
        assert_eq!(check_one("//! What.\n//! Rules.\nfn a() {}"), 0);
        assert_eq!(check_one("//! What.\n//!\n//! Rules.\n"), 0);
    }

    #[test]
    fn refuses_a_missing_a_short_and_a_late_head() {
        assert_eq!(check_one("fn a() {}"), 1);
        assert_eq!(check_one("//! What.\nfn a() {}"), 1);
        assert_eq!(check_one("//! What.\n//!\nfn a() {}"), 1);
        assert_eq!(check_one("use a;\n//! What.\n//! Rules."), 1);
    }

    #[test]
    fn looks_at_rust_only() {
        assert!(check(&texts(&[("a.md", "no head")])).is_empty());
    }
}
