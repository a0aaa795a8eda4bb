//! Unfinished work leaves no anonymous marks: a marker names its issue, and the unfinished macro is gone.
//!
//! A marker is one of the two customary words in capitals, outside backticks. It passes with `#123` or a
//! link that contains `issues/123` after it on the same line.

use proc_macro2::{TokenStream, TokenTree};

use super::source::line_of;
use super::tree::Text;
use super::violation::Violation;

/// Spelled in two halves, so that this file does not report itself.
const MARKERS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];
const UNFINISHED_MACRO: &str = "todo";

pub(crate) fn check(texts: &[Text]) -> Vec<Violation> {
    texts
        .iter()
        .flat_map(|file| check_markers(file).into_iter().chain(check_macros(file)))
        .collect()
}

fn check_markers(file: &Text) -> Vec<Violation> {
    let anonymous = |line: &str| MARKERS.iter().copied().find(|marker| is_anonymous(line, marker));
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(index, line)| anonymous(line).map(|marker| (index + 1, marker)))
        .map(|(line, marker)| {
            Violation::error(
                &file.path,
                line,
                format!("{marker} without an issue: add `#123` or its link"),
            )
        })
        .collect()
}

fn is_anonymous(line: &str, marker: &str) -> bool {
    line.match_indices(marker).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + marker.len()..]);
        is_word(before, after) && before.matches('`').count().is_multiple_of(2) && !names_issue(after)
    })
}

fn is_word(before: &str, after: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    !before.ends_with(joins) && !after.starts_with(joins)
}

fn names_issue(text: &str) -> bool {
    let number_follows = |at: usize| text[at..].starts_with(|c: char| c.is_ascii_digit());
    ["#", "issues/"].iter().any(|lead| {
        text.match_indices(lead)
            .any(|(at, lead)| number_follows(at + lead.len()))
    })
}

/// Uses of the macro anywhere in the tokens, inside other macros too; a string is not a use.
fn check_macros(file: &Text) -> Vec<Violation> {
    if !file.is_rust() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if let Ok(tokens) = file.text.parse::<TokenStream>() {
        collect_macros(tokens, &mut lines);
    }
    let message = format!("`{UNFINISHED_MACRO}!` does not belong in a commit");
    lines
        .into_iter()
        .map(|line| Violation::error(&file.path, line, message.clone()))
        .collect()
}

fn collect_macros(tokens: TokenStream, lines: &mut Vec<usize>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => collect_macros(group.stream(), lines),
            TokenTree::Ident(name) if name == UNFINISHED_MACRO => {
                if matches!(tokens.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == '!') {
                    lines.push(line_of(name.span()));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::texts;

    fn check_text(path: &str, text: &str) -> Vec<usize> {
        check(&texts(&[(path, text)]))
            .iter()
            .map(|each| each.line)
            .collect()
    }

    fn with_marker(template: &str) -> String {
        template.replace("MARK", MARKERS[0])
    }

    #[test]
    fn refuses_a_marker_without_an_issue() {
        assert_eq!(
            check_text("a.rs", &with_marker("fn a() {}\n// MARK: finish")),
            [2]
        );
        assert_eq!(check_text("a.toml", &format!("# {} # 12", MARKERS[1])), [1]);
    }

    #[test]
    fn accepts_a_marker_with_an_issue_and_a_quoted_one() {
        assert!(check_text("a.rs", &with_marker("// MARK(#12): finish")).is_empty());
        assert!(check_text("a.md", &with_marker("MARK https://example.org/x/issues/12")).is_empty());
        assert!(check_text("a.md", &with_marker("No `MARK` without an issue.")).is_empty());
        assert!(check_text("a.md", &with_marker("the METHODMARK")).is_empty());
    }

    #[test]
    fn refuses_the_macro_inside_macros_too_and_not_in_strings() {
        assert_eq!(check_text("a.rs", "fn a() {\n todo!() }"), [2]);
        assert_eq!(check_text("a.rs", "fn a() { assert!(\n todo!(\"x\")) }"), [2]);
        assert!(check_text("a.rs", "fn todo() { say(\"todo!\") }").is_empty());
    }
}
