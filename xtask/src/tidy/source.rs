//! Rust files as syntax, and the few questions that several rules ask of it.
//!
//! A file that does not parse is a violation by itself and is left out of the other rules.

use proc_macro2::Span;
use syn::{Attribute, Meta};

use super::tree::Text;
use super::violation::Violation;

pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) syntax: syn::File,
}

/// Parses every Rust file; what does not parse is reported.
pub(crate) fn parse(texts: &[Text]) -> (Vec<Source>, Vec<Violation>) {
    let mut sources = Vec::new();
    let mut found = Vec::new();
    for file in texts.iter().filter(|file| file.is_rust()) {
        match syn::parse_file(&file.text) {
            Ok(syntax) => sources.push(Source {
                path: file.path.clone(),
                text: file.text.clone(),
                syntax,
            }),
            Err(error) => found.push(Violation::error(
                &file.path,
                line_of(error.span()),
                format!("does not parse: {error}"),
            )),
        }
    }
    (sources, found)
}

/// From 1.
pub(crate) fn line_of(span: Span) -> usize {
    span.start().line
}

/// True for `#[cfg(test)]`.
pub(crate) fn is_cfg_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        Meta::Path(_) | Meta::NameValue(_) => false,
    })
}

/// True for `#[test]`, `#[tokio::test]` and the like.
pub(crate) fn is_test_function(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute
            .path()
            .segments
            .last()
            .is_some_and(|last| last.ident == "test")
    })
}

#[cfg(test)]
pub(crate) fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    let (sources, found) = parse(&super::tree::texts(files));
    assert!(found.is_empty(), "the test's own input does not parse: {found:?}");
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::texts;

    #[test]
    fn a_file_that_does_not_parse_is_a_violation_with_its_line() {
        let (sources, found) = parse(&texts(&[("a.rs", "fn one() {}\nfn {"), ("b.md", "not rust")]));
        assert!(sources.is_empty());
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("a.rs", 2));
    }

    #[test]
    fn tells_test_attributes_from_others() {
        let file = &sources(&[(
            "a.rs",
            "#[cfg(test)] mod a {} #[cfg(unix)] mod b {} #[tokio::test] fn c() {}",
        )])[0];
        let attributes: Vec<_> = file
            .syntax
            .items
            .iter()
            .map(|item| match item {
                syn::Item::Mod(item) => item.attrs.clone(),
                syn::Item::Fn(item) => item.attrs.clone(),
                _ => Vec::new(),
            })
            .collect();
        assert_eq!(
            attributes
                .iter()
                .map(|each| is_cfg_test(each))
                .collect::<Vec<_>>(),
            [true, false, false]
        );
        assert_eq!(
            attributes
                .iter()
                .map(|each| is_test_function(each))
                .collect::<Vec<_>>(),
            [false, false, true]
        );
    }
}
