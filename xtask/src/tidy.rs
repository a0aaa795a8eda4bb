//! Tidy: the house rules that no compiler checks, one file per rule.
//!
//! Every rule is a pure `check(...) -> Vec<Violation>` over what `tree` read, so that its tests can show
//! that it fails when it should. This file only gathers: it reads the workspace once, calls every rule
//! and prints. The same run is a test, so `cargo test` holds the rules too.

mod edges;
mod heads;
mod length;
mod links;
mod manifests;
mod markers;
mod names;
mod purity;
mod ratchet;
mod root;
mod source;
mod tree;
mod violation;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use tree::Tree;
use violation::{Severity, Violation};

/// Check the house rules: crate edges, names, file heads, lengths, links, manifests, purity.
///
/// Prints `path:line: message` for each violation and fails when there is one. A line that begins with
/// `note:` is advice and fails nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, root: &Path) -> anyhow::Result<ExitCode> {
    let found = check_all(root)?;
    for violation in &found {
        crate::say(&violation.to_string());
    }
    let errors = found
        .iter()
        .filter(|each| each.severity == Severity::Error)
        .count();
    crate::say(&format!(
        "tidy: {errors} violations, {} notes",
        found.len() - errors
    ));
    Ok(if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Reads the workspace at `root` and applies every rule; sorted by place.
fn check_all(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let tree = Tree::read(root)?;
    let (sources, mut found) = source::parse(&tree.texts);
    let graph = edges::Graph::read(root)?;
    let ratchet = ratchet::Ratchet::parse(tree.text(ratchet::PATH)).context(ratchet::PATH)?;
    found.extend(edges::check(&graph));
    found.extend(edges::check_table(tree.text(edges::TABLE_PATH)));
    found.extend(names::check(&sources));
    found.extend(heads::check(&tree.texts));
    found.extend(length::check(&length::measure(&sources), &ratchet));
    found.extend(markers::check(&tree.texts));
    found.extend(links::check(&tree.texts, &tree.paths));
    found.extend(root::check(&tree.paths));
    found.extend(manifests::check(&tree.texts));
    found.extend(purity::check(&sources));
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let found = check_all(crate::root()).expect("the workspace can be read");
        let errors: Vec<String> = found
            .iter()
            .filter(|each| each.severity == Severity::Error)
            .map(Violation::to_string)
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }

    #[test]
    fn the_run_sees_the_workspace_and_not_an_empty_folder() {
        let tree = Tree::read(crate::root()).expect("the workspace can be read");
        assert!(tree.paths.iter().any(|path| path == "xtask/src/tidy.rs"));
        assert!(tree.texts.len() > 20, "only {} files were read", tree.texts.len());
    }
}
