//! Banned names: words that say nothing about a thing, in what we define ourselves.
//!
//! Looks at the names of items (types, traits, functions, methods, macros, inline modules) and of files
//! and folders that hold Rust. Not at methods of a trait's implementation, whose names are the trait's,
//! and not at test functions, which are sentences. Standard terms of the field that contain such a word
//! pass by name.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{Ident, ImplItemFn, ItemFn, ItemImpl, ItemMod};

use super::source::{Source, is_test_function, line_of};
use super::violation::Violation;

const BANNED: &[&str] = &[
    "manager",
    "managers",
    "helper",
    "helpers",
    "util",
    "utils",
    "common",
    "misc",
    "base",
    "core",
    "types",
    "shared",
    "data",
    "info",
    "processor",
    "processors",
    "impl",
    "impls",
    "wrapper",
    "wrappers",
];

/// Terms that are somebody else's word for one definite thing.
const STANDARD_TERMS: &[&[&str]] = &[
    &["early", "data"],       // RFC 8446 §4.2.10
    &["application", "data"], // RFC 8446 §5.1, content type 23
    &["common", "name"],      // RFC 5280 §4.1.2.4, attribute CN
    &["pre", "shared"],       // RFC 8446 §4.2.11
    &["shared", "secret"],    // FIPS 203 §3.3
    &["data", "directory"],   // the noun of `--data DIR`
    &["data", "key"],         // SP 800-57 Part 1 §5.1.1, data-encryption key
    &["per", "core"],         // a core of the processor
    &["on", "core"],          // the same
];

pub(crate) fn check(sources: &[Source]) -> Vec<Violation> {
    let mut found = check_paths(sources.iter().map(|source| source.path.as_str()));
    for source in sources {
        let mut items = Items {
            path: &source.path,
            found: &mut found,
        };
        items.visit_file(&source.syntax);
    }
    found
}

/// Every folder and file once, reported at the first file that has it.
fn check_paths<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Violation> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for path in paths {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.for_each(|end| {
            seen.entry(&path[..end]).or_insert(path);
        });
    }
    let named = seen.into_iter().filter_map(|(part, file)| {
        let name = part.rsplit('/').next()?;
        let word = banned_word(name.strip_suffix(".rs").unwrap_or(name))?;
        Some(Violation::error(
            file,
            1,
            format!("the path `{part}` has the banned word `{word}`"),
        ))
    });
    named.collect()
}

struct Items<'a> {
    path: &'a str,
    found: &'a mut Vec<Violation>,
}

impl Items<'_> {
    fn name(&mut self, ident: &Ident) {
        let name = ident.to_string();
        if let Some(word) = banned_word(&name) {
            let message = format!("the name `{name}` has the banned word `{word}`: say what it is");
            self.found
                .push(Violation::error(self.path, line_of(ident.span()), message));
        }
    }
}

impl<'ast> Visit<'ast> for Items<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Struct(item) => self.name(&item.ident),
            syn::Item::Enum(item) => self.name(&item.ident),
            syn::Item::Union(item) => self.name(&item.ident),
            syn::Item::Trait(item) => self.name(&item.ident),
            syn::Item::Type(item) => self.name(&item.ident),
            syn::Item::Macro(item) => item.ident.iter().for_each(|ident| self.name(ident)),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_some() {
            self.name(&item.ident);
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_test_function(&item.attrs) {
            self.name(&item.sig.ident);
        }
        visit::visit_item_fn(self, item);
    }

    /// The methods of a trait's implementation are named by the trait.
    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let methods = item.items.iter().filter_map(|item| match item {
            syn::ImplItem::Fn(method) => Some(method),
            _ => None,
        });
        if item.trait_.is_none() {
            methods.for_each(|method: &ImplItemFn| self.name(&method.sig.ident));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.name(&item.sig.ident);
        visit::visit_trait_item_fn(self, item);
    }
}

/// The first banned word of a name that is not part of a standard term.
fn banned_word(name: &str) -> Option<&'static str> {
    let words = split_words(name);
    let banned = |word: &String| BANNED.iter().copied().find(|banned| banned == word);
    words
        .iter()
        .enumerate()
        .find_map(|(at, word)| banned(word).filter(|_| !is_in_term(&words, at)))
}

fn is_in_term(words: &[String], at: usize) -> bool {
    STANDARD_TERMS.iter().any(|term| {
        words.windows(term.len()).enumerate().any(|(start, window)| {
            let covers = (start..start + term.len()).contains(&at);
            covers && window.iter().map(String::as_str).eq(term.iter().copied())
        })
    })
}

/// Words in lower case of a name in CamelCase, snake_case or kebab-case.
fn split_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = '_';
    for letter in name.chars() {
        let starts = previous == '_' || (letter.is_uppercase() && !previous.is_uppercase());
        match letter {
            '_' | '-' | '.' => previous = '_',
            _ => {
                if starts {
                    words.push(String::new());
                }
                words
                    .last_mut()
                    .into_iter()
                    .for_each(|word| word.extend(letter.to_lowercase()));
                previous = letter;
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source::sources;

    fn lines(text: &str) -> Vec<usize> {
        check(&sources(&[("crates/a/src/a.rs", text)]))
            .iter()
            .map(|each| each.line)
            .collect()
    }

    #[test]
    fn splits_every_case() {
        assert_eq!(split_words("ConfigManagerV2"), ["config", "manager", "v2"]);
        assert_eq!(split_words("TLSData"), ["tlsdata"]);
        assert_eq!(split_words("per_core-count.rs"), ["per", "core", "count", "rs"]);
        assert_eq!(split_words("_unused"), ["unused"]);
    }

    #[test]
    fn refuses_a_banned_word_in_every_kind_of_item() {
        let items = "struct RouteData;\nenum BaseError {}\ntrait Wrapper {}\ntype Info = u8;\nfn core_loop() {}\n\
                     mod helpers {}\nimpl A { fn misc(&self) {} }\nmacro_rules! impl_all { () => {} }\ntrait T { fn data(); }";
        assert_eq!(lines(items), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_word_that_only_contains_a_banned_one_passes() {
        assert_eq!(
            lines("fn base64() {}\nstruct Database;\nfn informs() {}\nfn score() {}"),
            [0; 0]
        );
    }

    #[test]
    fn leaves_trait_implementations_tests_and_standard_terms_alone() {
        assert_eq!(lines("impl T for A { fn data() {} }"), [0; 0]);
        assert_eq!(lines("#[test] fn rejects_data_after_the_end() {}"), [0; 0]);
        assert_eq!(
            lines("struct EarlyData; fn common_name() {} fn open_data_directory() {}"),
            [0; 0]
        );
        assert_eq!(lines("struct EarlyDataInfo;"), [1]);
    }

    #[test]
    fn refuses_files_folders_and_crates_by_name() {
        let paths = [
            "crates/core/src/a.rs",
            "crates/core/src/b.rs",
            "crates/a/src/utils/mod.rs",
            "crates/a/src/types.rs",
        ];
        let found = check_paths(paths.into_iter());
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(check_paths(["crates/hello/src/record.rs"].into_iter()).is_empty());
    }
}
