//! Purity: the crates of the pure ring have no clock, no file, no socket and no runtime.
//!
//! Resolves each path through the file's own `use` declarations, so a renamed import is seen; reads into
//! macro arguments where they are expressions. What is compiled for tests alone may read vector files.
//! Addresses are values and pass as `core::net`; `std::net` also opens sockets.

use std::collections::{BTreeMap, BTreeSet};

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, ItemFn, ItemImpl, ItemMod, ItemUse, Macro, Path, Token, UseTree};

use super::source::{Source, is_cfg_test, is_test_function, line_of};
use super::violation::Violation;

const PURE: &[&str] = &[
    "crates/crypto/src/",
    "crates/exchange/src/",
    "crates/hello/src/",
    "crates/policy/src/",
];

const IMPURE: &[(&[&str], &str)] = &[
    (&["tokio"], "no runtime"),
    (&["std", "fs"], "no file"),
    (&["std", "net"], "no socket (addresses are in core::net)"),
    (&["std", "time", "Instant"], "no clock: time is an argument"),
    (&["std", "time", "SystemTime"], "no clock: time is an argument"),
];

pub(crate) fn check(sources: &[Source]) -> Vec<Violation> {
    let tests = test_modules(sources);
    let pure = sources
        .iter()
        .filter(|source| PURE.iter().any(|folder| source.path.starts_with(folder)));
    pure.filter(|source| !tests.iter().any(|test| is_within(&source.path, test)))
        .flat_map(check_one)
        .collect()
}

/// Paths, without `.rs`, of the modules that are declared `#[cfg(test)] mod name;`.
fn test_modules(sources: &[Source]) -> BTreeSet<String> {
    sources.iter().flat_map(declared_for_tests).collect()
}

fn declared_for_tests(source: &Source) -> Vec<String> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let below = match file.strip_suffix(".rs").unwrap_or(file) {
        "lib" | "main" | "mod" => folder.to_owned(),
        stem => format!("{folder}/{stem}"),
    };
    let mut found = Vec::new();
    for item in &source.syntax.items {
        let syn::Item::Mod(item) = item else { continue };
        if item.content.is_none() && is_cfg_test(&item.attrs) {
            found.push(format!("{below}/{}", item.ident));
            found.extend(explicit_path(item).map(|path| format!("{folder}/{path}")));
        }
    }
    found
}

/// The value of `#[path = "…"]`, without `.rs`.
fn explicit_path(item: &ItemMod) -> Option<String> {
    item.attrs.iter().find_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(path),
                ..
            }) => path.value().strip_suffix(".rs").map(str::to_owned),
            _ => None,
        },
        _ => None,
    })
}

fn is_within(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn check_one(source: &Source) -> Vec<Violation> {
    let mut imports = Imports::default();
    imports.visit_file(&source.syntax);
    let mut paths = Paths {
        imports: &imports.names,
        found: imports.found,
    };
    paths.visit_file(&source.syntax);
    paths.found.sort();
    paths.found.dedup();
    let message = |why| format!("the pure ring has {why}");
    paths
        .found
        .into_iter()
        .map(|(line, why)| Violation::error(&source.path, line, message(why)))
        .collect()
}

/// Why a path is not for the pure ring.
fn impure(path: &[String]) -> Option<&'static str> {
    let leads = |prefix: &&[&str]| path.len() >= prefix.len() && prefix.iter().zip(path).all(|(a, b)| a == b);
    IMPURE
        .iter()
        .find(|(prefix, _)| leads(prefix))
        .map(|(_, why)| *why)
}

/// First pass: what each imported name stands for.
#[derive(Default)]
struct Imports {
    names: BTreeMap<String, Vec<String>>,
    found: Vec<(usize, &'static str)>,
}

impl Imports {
    fn add(&mut self, lead: &[String], tree: &UseTree) {
        let joined = |ident: &syn::Ident| [lead, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add(&joined(&path.ident), &path.tree),
            UseTree::Name(name) if name.ident == "self" => {
                self.bind(lead.last().cloned(), lead.to_vec(), line_of(name.ident.span()));
            }
            UseTree::Name(name) => self.bind(
                Some(name.ident.to_string()),
                joined(&name.ident),
                line_of(name.ident.span()),
            ),
            UseTree::Rename(name) if name.ident == "self" => {
                self.bind(
                    Some(name.rename.to_string()),
                    lead.to_vec(),
                    line_of(name.ident.span()),
                );
            }
            UseTree::Rename(name) => self.bind(
                Some(name.rename.to_string()),
                joined(&name.ident),
                line_of(name.ident.span()),
            ),
            UseTree::Glob(glob) => self.glob(lead, line_of(glob.star_token.spans[0])),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add(lead, tree)),
        }
    }

    fn bind(&mut self, name: Option<String>, path: Vec<String>, line: usize) {
        self.found.extend(impure(&path).map(|why| (line, why)));
        self.names.extend(name.map(|name| (name, path)));
    }

    /// A glob hides what it brings in, so it counts when anything below it would.
    fn glob(&mut self, lead: &[String], line: usize) {
        let below =
            |prefix: &[&str]| prefix.len() > lead.len() && lead.iter().zip(prefix).all(|(a, b)| a == b);
        let hidden = IMPURE
            .iter()
            .find(|(prefix, _)| below(prefix))
            .map(|(_, why)| *why);
        self.found.extend(impure(lead).or(hidden).map(|why| (line, why)));
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_cfg_test(&item.attrs) {
            self.add(&[], &item.tree);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_cfg_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }
}

/// Second pass: every path, with its first segment replaced by what was imported under that name.
struct Paths<'a> {
    imports: &'a BTreeMap<String, Vec<String>>,
    found: Vec<(usize, &'static str)>,
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast Path) {
        let written: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let line = path
            .segments
            .first()
            .map_or(1, |first| line_of(first.ident.span()));
        let resolved = match self.imports.get(&written[0]) {
            Some(import) => [import, &written[1..]].concat(),
            None => written,
        };
        // A single segment that was not imported is a local name, whatever it is called.
        if resolved.len() > 1 {
            self.found.extend(impure(&resolved).map(|why| (line, why)));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let expressions = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(call.tokens.clone());
        for expression in expressions.iter().flatten() {
            self.visit_expr(expression);
        }
        visit::visit_macro(self, call);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_cfg_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_cfg_test(&item.attrs) && !is_test_function(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if !is_cfg_test(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source::sources;

    fn lines(text: &str) -> Vec<usize> {
        check(&sources(&[("crates/hello/src/a.rs", text)]))
            .iter()
            .map(|each| each.line)
            .collect()
    }

    #[test]
    fn refuses_imports_however_they_are_written() {
        let imports = [
            "use std::fs;",
            "use std::{fmt, net::IpAddr};",
            "use std::time::{Duration, Instant};",
            "use tokio::*;",
        ];
        for import in imports.into_iter().chain([
            "use std::fs::{self};",
            "use std::fs as disk;",
            "use std::time::*;",
        ]) {
            assert_eq!(lines(import), [1], "{import}");
        }
    }

    #[test]
    fn refuses_paths_through_a_renamed_module_and_in_macros() {
        assert_eq!(
            lines("use std::time as clock;\nfn a() { clock::Instant::now(); }"),
            [2]
        );
        assert_eq!(
            lines("fn a() {\n say!(\"{:?}\", std::time::SystemTime::now()) }"),
            [2]
        );
        assert_eq!(lines("fn a(\n b: &tokio::net::TcpStream) {}"), [2]);
        assert_eq!(lines("fn a() {\n tokio::spawn!(b) }"), [2]);
    }

    #[test]
    fn accepts_durations_addresses_and_a_module_of_the_same_name() {
        assert_eq!(
            lines("use core::net::IpAddr; use std::time::Duration; use crate::fs; fn a() { fs::read() }"),
            [0; 0]
        );
    }

    #[test]
    fn what_is_compiled_for_tests_alone_may_read_files() {
        assert_eq!(
            lines("#[cfg(test)] mod tests { use std::fs; fn a() { std::fs::read(\"v\"); } }"),
            [0; 0]
        );
        let files = [
            (
                "crates/hello/src/record.rs",
                "#[cfg(test)] mod tests; #[cfg(test)] #[path = \"record_big.rs\"] mod big;",
            ),
            ("crates/hello/src/record/tests.rs", "use std::fs;"),
            ("crates/hello/src/record_big.rs", "use std::fs;"),
            ("crates/hello/src/record_small.rs", "use std::fs;"),
        ];
        let found = check(&sources(&files));
        assert_eq!(
            found.iter().map(|each| each.path.as_str()).collect::<Vec<_>>(),
            ["crates/hello/src/record_small.rs"]
        );
    }

    #[test]
    fn other_rings_may_do_as_they_please() {
        assert!(
            check(&sources(&[
                ("crates/edge/src/a.rs", "use std::fs;"),
                ("crates/hello/tests/a.rs", "use std::fs;")
            ]))
            .is_empty()
        );
    }
}
