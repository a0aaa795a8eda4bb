//! Text in columns, at most 80 wide, for reports that a person reads.
//! Colours are painted afterwards: their codes have no width.

/// The widest line, in characters.
pub(crate) const WIDTH: usize = 80;
/// Where the text of a row begins.
const LABEL: usize = 20;

/// A row: a label, then the text beside it, wrapped.
pub(crate) fn row(label: &str, text: &str) -> String {
    hanging(&format!("{label:<LABEL$}"), text)
}

/// Text after a first line's beginning; later lines stand under it. Ends with a line end.
pub(crate) fn hanging(beginning: &str, text: &str) -> String {
    let indent = beginning.chars().count();
    let lines = wrap(text, WIDTH.saturating_sub(indent));
    let mut result = String::new();
    for (number, line) in lines.iter().enumerate() {
        let before = if number == 0 {
            beginning.to_owned()
        } else {
            " ".repeat(indent)
        };
        result.push_str(format!("{before}{line}").trim_end());
        result.push('\n');
    }
    result
}

/// Breaks at spaces. A word that is longer than the width stands on a line of its own. There is
/// always a first line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a first line");
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if length > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_never_inside_a_word() {
        assert_eq!(wrap("a bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(wrap("abcdef gh", 4), ["abcdef", "gh"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn later_lines_stand_under_the_first() {
        let text = row("label", &"word ".repeat(20));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.len() <= WIDTH), "{text}");
        assert!(lines[0].starts_with("label               word"));
        assert!(lines[1].starts_with("                    word"));
        assert_eq!(row("label", ""), "label\n");
    }
}
