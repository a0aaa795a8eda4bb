//! Length of files and functions: 800 lines and 70 lines, with a ratchet for what is older than the rule.
//!
//! A file counts every line; above 500 it earns a note. A function counts the lines of its body that are
//! neither blank nor comment, as clippy's `too_many_lines` does, so both speak of the same number.

use std::collections::BTreeMap;

use proc_macro2::extra::DelimSpan;
use syn::visit::{self, Visit};
use syn::{ImplItemFn, ItemFn, TraitItemFn};

use super::ratchet::{self, Ratchet};
use super::source::{Source, line_of};
use super::violation::Violation;

const FILE_LINES_SOFT: usize = 500;
const FILE_LINES_HARD: usize = 800;
const FUNCTION_LINES_HARD: usize = 70;

/// How long everything is.
#[derive(Debug, Default)]
pub(crate) struct Lengths {
    files: Vec<Length>,
    functions: Vec<Length>,
}

#[derive(Debug)]
struct Length {
    path: String,
    line: usize,
    /// The ratchet's name for it: the path, or `path::function`.
    key: String,
    lines: usize,
}

pub(crate) fn measure(sources: &[Source]) -> Lengths {
    let mut lengths = Lengths::default();
    for source in sources {
        let lines: Vec<&str> = source.text.lines().collect();
        let path = source.path.clone();
        lengths.files.push(Length {
            path: path.clone(),
            line: 1,
            key: path,
            lines: lines.len(),
        });
        let mut visitor = Functions {
            path: &source.path,
            lines: &lines,
            found: &mut lengths.functions,
        };
        visitor.visit_file(&source.syntax);
    }
    lengths
}

pub(crate) fn check(lengths: &Lengths, ratchet: &Ratchet) -> Vec<Violation> {
    let mut found = check_limit(&lengths.files, FILE_LINES_HARD, &ratchet.files, "file");
    found.extend(check_limit(
        &lengths.functions,
        FUNCTION_LINES_HARD,
        &ratchet.functions,
        "function",
    ));
    let soft = |each: &&Length| (FILE_LINES_SOFT + 1..=FILE_LINES_HARD).contains(&each.lines);
    found.extend(lengths.files.iter().filter(soft).map(|each| {
        Violation::note(
            &each.path,
            each.line,
            format!("{} lines: above {FILE_LINES_SOFT}, split it by noun", each.lines),
        )
    }));
    found
}

fn check_limit(
    all: &[Length],
    limit: usize,
    allowed: &BTreeMap<String, usize>,
    what: &str,
) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut needed: BTreeMap<&str, usize> = BTreeMap::new();
    for each in all {
        let excess = each.lines.saturating_sub(limit);
        let most = needed.entry(&each.key).or_default();
        *most = excess.max(*most);
        if excess > allowed.get(&each.key).copied().unwrap_or(0) {
            let message = format!("{what} `{}` has {} lines, {limit} at most", each.key, each.lines);
            found.push(Violation::error(&each.path, each.line, message));
        }
    }
    found.extend(
        allowed
            .iter()
            .filter_map(|(key, excess)| stale(key, *excess, needed.get(key.as_str()).copied())),
    );
    found
}

/// An entry of the ratchet that allows more than is needed.
fn stale(key: &str, allowed: usize, needed: Option<usize>) -> Option<Violation> {
    let remedy = match needed.unwrap_or(0) {
        0 => "remove it".to_owned(),
        needed if needed < allowed => format!("lower it to {needed}"),
        _ => return None,
    };
    Some(Violation::error(
        ratchet::PATH,
        1,
        format!("`{key}` = {allowed} is more than needed: {remedy}"),
    ))
}

struct Functions<'a> {
    path: &'a str,
    lines: &'a [&'a str],
    found: &'a mut Vec<Length>,
}

impl Functions<'_> {
    fn add(&mut self, name: &syn::Ident, body: DelimSpan) {
        let (open, close) = (line_of(body.open()), line_of(body.close()));
        let inside = self.lines.get(open..close.saturating_sub(1)).unwrap_or_default();
        let lines = inside.iter().filter(|line| is_code(line)).count();
        let key = format!("{}::{name}", self.path);
        self.found.push(Length {
            path: self.path.to_owned(),
            line: line_of(name.span()),
            key,
            lines,
        });
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.add(&item.sig.ident, item.block.brace_token.span);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.add(&item.sig.ident, item.block.brace_token.span);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.add(&item.sig.ident, body.brace_token.span);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source::sources;

    fn check_text(text: &str, ratchet: &str) -> Vec<String> {
        let ratchet = Ratchet::parse(ratchet).expect("the test's own ratchet is valid");
        check(&measure(&sources(&[("a.rs", text)])), &ratchet)
            .iter()
            .map(Violation::to_string)
            .collect()
    }

    fn function(lines: usize) -> String {
        format!(
            "impl A {{\nfn long() {{\n{}\n// why\n}}\n}}\n",
            "let _ = 1;\n".repeat(lines)
        )
    }

    #[test]
    fn a_function_of_70_lines_passes_and_71_fail() {
        assert_eq!(check_text(&function(70), ""), [""; 0]);
        assert_eq!(
            check_text(&function(71), ""),
            ["a.rs:2: function `a.rs::long` has 71 lines, 70 at most"]
        );
    }

    #[test]
    fn a_free_function_and_a_trait_default_are_measured_too() {
        let body = "let _ = 1;\n".repeat(71);
        assert_eq!(
            check_text(
                &format!("fn a() {{\n{body}}}\ntrait T {{ fn b() {{\n{body}}} }}"),
                ""
            )
            .len(),
            2
        );
    }

    #[test]
    fn a_file_earns_a_note_above_500_and_fails_above_800() {
        let file = |lines: usize| "// a\n".repeat(lines);
        assert_eq!(check_text(&file(500), ""), [""; 0]);
        assert_eq!(
            check_text(&file(501), ""),
            ["note: a.rs:1: 501 lines: above 500, split it by noun"]
        );
        assert_eq!(
            check_text(&file(801), ""),
            ["a.rs:1: file `a.rs` has 801 lines, 800 at most"]
        );
    }

    #[test]
    fn the_ratchet_allows_exactly_what_it_names() {
        assert_eq!(
            check_text(&function(75), "[functions]\n\"a.rs::long\" = 5"),
            [""; 0]
        );
        assert_eq!(
            check_text(&function(76), "[functions]\n\"a.rs::long\" = 5").len(),
            1
        );
        assert_eq!(
            check_text(&"// a\n".repeat(801), "[files]\n\"a.rs\" = 1"),
            [""; 0]
        );
    }

    #[test]
    fn a_ratchet_with_slack_says_its_new_number() {
        let found = check_text(&function(73), "[functions]\n\"a.rs::long\" = 5");
        assert_eq!(
            found,
            ["xtask/ratchet.toml:1: `a.rs::long` = 5 is more than needed: lower it to 3"]
        );
        let found = check_text("// a\n", "[files]\n\"a.rs\" = 2\n\"gone.rs\" = 1");
        assert!(
            found.iter().all(|each| each.ends_with("remove it")) && found.len() == 2,
            "{found:?}"
        );
    }
}
