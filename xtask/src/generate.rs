//! Generated pages: what the binary says about itself, checked in so that a change shows in review.
//!
//! The binary writes each page to standard output under a hidden subcommand; this file only runs it and
//! compares. With `--check` nothing is written and a page that would change fails the run.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};

/// Write the generated pages: the command-line reference and the OpenAPI document.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail when a page would change.
    #[arg(long)]
    check: bool,
}

/// A page and the subcommand that prints it.
struct Page {
    path: &'static str,
    command: &'static [&'static str],
}

const PAGES: &[Page] = &[
    Page {
        path: "docs/cli.md",
        command: &["docs", "cli"],
    },
    Page {
        path: "docs/openapi.json",
        command: &["docs", "openapi"],
    },
];

pub(crate) fn run(args: &Args, root: &Path) -> anyhow::Result<ExitCode> {
    let mut stale = false;
    for page in PAGES {
        let now = printed(page, root)?;
        let before = std::fs::read_to_string(root.join(page.path)).unwrap_or_default();
        let Some(line) = first_difference(&before, &now) else {
            continue;
        };
        stale = true;
        if args.check {
            crate::say(&format!(
                "{}:{line}: is stale: run `cargo xtask generate`",
                page.path
            ));
        } else {
            write(&root.join(page.path), &now)?;
            crate::say(&format!("wrote {}", page.path));
        }
    }
    Ok(if args.check && stale {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What the binary prints for a page, with exactly one line end at its end.
fn printed(page: &Page, root: &Path) -> anyhow::Result<String> {
    let shown = format!("hybridge {}", page.command.join(" "));
    let output = Command::new("cargo")
        .args(["run", "--quiet", "--package", "hybridge", "--"])
        .args(page.command)
        .current_dir(root)
        .output()
        .with_context(|| shown.clone())?;
    if !output.status.success() {
        bail!(
            "`{shown}` failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("`{shown}` does not print UTF-8"))?;
    if text.trim().is_empty() {
        bail!("`{shown}` prints nothing");
    }
    Ok(format!("{}\n", text.trim_end()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a page that a crash cut short is written again by the next run"
)]
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

/// The first line, from 1, in which two texts differ.
fn first_difference(before: &str, now: &str) -> Option<usize> {
    if before == now {
        return None;
    }
    let same = before
        .lines()
        .zip(now.lines())
        .take_while(|(a, b)| a == b)
        .count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_line_that_differs() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("", "a\n"), Some(1));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("a", "a\n"), Some(2));
    }
}
