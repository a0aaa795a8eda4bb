//! The repository as tidy sees it: every path, and the text of the files that people write.
//!
//! Git says which files belong: tracked ones, and new ones that are not ignored, so that a rule speaks
//! before the commit and not after it. Without Git (a source archive) the folder is walked instead.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

/// Endings of files that are read. Everything else is known by its path alone.
const TEXT_ENDINGS: &[&str] = &[
    ".rs", ".md", ".toml", ".sh", ".js", ".css", ".html", ".service", ".yml", ".yaml",
];
/// Files without an ending that are read too.
const TEXT_PATHS: &[&str] = &[".ci/run", "fuzz/smoke"];
/// Folders that hold nothing of ours when Git cannot be asked.
const UNTRACKED: &[&str] = &[".git", "target"];

#[derive(Debug)]
pub(crate) struct Tree {
    /// Every file, relative to the root, with forward slashes, sorted.
    pub(crate) paths: Vec<String>,
    pub(crate) texts: Vec<Text>,
}

/// A file that people write, with its contents.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Text {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }
}

impl Tree {
    /// Lists and reads the repository at `root`.
    ///
    /// # Errors
    /// A file that Git lists but that cannot be read as UTF-8.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut paths = tracked(root).map_or_else(|| walk(root), Ok)?;
        paths.retain(|path| root.join(path).is_file());
        paths.sort();
        paths.dedup();
        let texts = paths
            .iter()
            .filter(|path| is_text(path))
            .map(|path| read(root, path))
            .collect::<Result<_, _>>()?;
        Ok(Self { paths, texts })
    }

    /// The text of one file; empty when there is none, which every rule reports in its own words.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.texts
            .iter()
            .find(|each| each.path == path)
            .map_or("", |each| &each.text)
    }
}

fn is_text(path: &str) -> bool {
    TEXT_PATHS.contains(&path) || TEXT_ENDINGS.iter().any(|ending| path.ends_with(ending))
}

fn read(root: &Path, path: &str) -> anyhow::Result<Text> {
    let text = std::fs::read_to_string(root.join(path)).with_context(|| path.to_owned())?;
    Ok(Text {
        path: path.to_owned(),
        text,
    })
}

/// What Git knows of, or `None` when it cannot be asked.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()?;
    let text = String::from_utf8(listing.stdout).ok()?;
    listing.status.success().then(|| {
        text.split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect()
    })
}

fn walk(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).with_context(|| folder.clone())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() {
                name.clone()
            } else {
                format!("{folder}/{name}")
            };
            match entry.file_type()? {
                kind if kind.is_file() => found.push(path),
                kind if kind.is_dir() && !UNTRACKED.contains(&name.as_str()) => folders.push(path),
                _ => {}
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
pub(crate) fn texts(files: &[(&str, &str)]) -> Vec<Text> {
    files
        .iter()
        .map(|(path, text)| Text {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_what_git_lists() {
        let walked = walk(crate::root()).expect("the workspace can be read");
        assert!(walked.iter().any(|path| path == "xtask/src/tidy/tree.rs"));
        assert!(
            walked
                .iter()
                .all(|path| !path.starts_with("target/") && !path.starts_with(".git/"))
        );
    }
}
