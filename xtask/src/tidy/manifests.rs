//! Manifests: a crate never names a version; the workspace does, once, beside the standard it serves.
//!
//! Holds for normal, development, build and per-target dependencies of every member. The fuzz targets
//! are a workspace of their own and keep their own versions.

use toml::{Table, Value};

use super::tree::Text;
use super::violation::Violation;

const KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(crate) fn check(texts: &[Text]) -> Vec<Violation> {
    texts
        .iter()
        .filter(|file| is_member(&file.path))
        .flat_map(check_one)
        .collect()
}

fn is_member(path: &str) -> bool {
    path == "xtask/Cargo.toml" || (path.starts_with("crates/") && path.ends_with("/Cargo.toml"))
}

fn check_one(file: &Text) -> Vec<Violation> {
    let manifest = match file.text.parse::<Table>() {
        Ok(manifest) => manifest,
        Err(error) => {
            return vec![Violation::error(
                &file.path,
                1,
                format!("does not parse: {}", error.message()),
            )];
        }
    };
    let outside = tables(&manifest)
        .flat_map(Table::iter)
        .filter(|(_, value)| !is_inherited(value));
    outside
        .map(|(name, _)| {
            Violation::error(
                &file.path,
                line_of(&file.text, name),
                format!("`{name}` is not `workspace = true`"),
            )
        })
        .collect()
}

/// The dependency tables of a manifest, those under `[target.*]` included.
fn tables(manifest: &Table) -> impl Iterator<Item = &Table> {
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::values);
    let places = std::iter::once(manifest).chain(targets.filter_map(Value::as_table));
    places.flat_map(|place| KINDS.iter().filter_map(|kind| place.get(*kind)?.as_table()))
}

/// The line, from 1, that names a dependency: as a key or as the header of a table.
fn line_of(text: &str, name: &str) -> usize {
    let key = |line: &str| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with([' ', '=', '.']))
    };
    let header = format!(".{name}]");
    text.lines()
        .position(|line| key(line) || line.trim_end().ends_with(&header))
        .map_or(1, |index| index + 1)
}

fn is_inherited(dependency: &Value) -> bool {
    dependency.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::texts;

    fn check_text(text: &str) -> Vec<Violation> {
        check(&texts(&[("crates/a/Cargo.toml", text)]))
    }

    #[test]
    fn accepts_inherited_dependencies_with_features() {
        assert!(
            check_text("[dependencies]\na.workspace = true\nb = { workspace = true, features = [\"x\"] }")
                .is_empty()
        );
    }

    #[test]
    fn refuses_a_version_a_path_and_a_table() {
        let found = check_text(
            "[dependencies]\na = \"1\"\nb = { path = \"../b\" }\n[dev-dependencies.c]\nversion = \"1\"",
        );
        assert_eq!(found.iter().map(|each| each.line).collect::<Vec<_>>(), [2, 3, 4]);
    }

    #[test]
    fn looks_under_targets_and_build() {
        assert_eq!(
            check_text("[target.'cfg(unix)'.dependencies]\na = \"1\"\n[build-dependencies]\nb = \"1\"").len(),
            2
        );
    }

    #[test]
    fn leaves_other_workspaces_alone() {
        assert!(check(&texts(&[("fuzz/Cargo.toml", "[dependencies]\na = \"1\"")])).is_empty());
    }

    #[test]
    fn reports_a_manifest_that_does_not_parse() {
        assert_eq!(check_text("[dependencies").len(), 1);
    }
}
