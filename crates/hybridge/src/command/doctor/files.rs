//! The data directory: who may read what, times in the future, the seal's key and the backups' identity
//! beside what they open, and the witness.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::finding::Finding;
use crate::{backups, key_service};

/// A file may be ahead of the clock by so much, in seconds.
const AHEAD_MAX: i64 = 60;
/// Files in a data directory that are looked at, at most.
const FILES_MAX: usize = 10_000;
/// What need not be private.
const PUBLIC: [&str; 2] = ["ca.pem", "leaf.pem"];

pub(super) fn check(folder: &Path, now: Timestamp) -> Vec<Finding> {
    let Ok(root) = std::fs::metadata(folder) else {
        let what = format!("there is no data directory at {}", folder.display());
        return vec![Finding::fail("files", what).mend("hybridge doctor --data DIR")];
    };
    let mut files = vec![(folder.to_owned(), root)];
    walk(folder, &mut files);
    let mut findings: Vec<_> = files
        .iter()
        .filter_map(|(path, file)| open_to_others(path, file))
        .collect();
    if findings.is_empty() {
        let what = format!(
            "{} and the {} files in it are private",
            folder.display(),
            files.len() - 1
        );
        findings.push(Finding::ok("files", what));
    }
    findings.extend(clock(&files, now));
    findings.push(witness(folder));
    findings.extend(identity(folder));
    findings
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, Metadata)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(file) = entry.metadata() else { continue };
        let is_folder = file.is_dir();
        files.push((path.clone(), file));
        if is_folder && files.len() < FILES_MAX {
            walk(&path, files);
        }
    }
}

fn open_to_others(path: &Path, file: &Metadata) -> Option<Finding> {
    let mode = file.permissions().mode() & 0o777;
    let is_public = path
        .file_name()
        .is_some_and(|name| PUBLIC.iter().any(|public| name == *public));
    let forbidden = if is_public { 0o022 } else { 0o077 };
    let owner = rustix::process::geteuid().as_raw();
    let shown = path.display();
    if mode & forbidden != 0 && !file.is_symlink() {
        let right = if file.is_dir() { 700 } else { 600 };
        let what = format!("others may read or write {shown} (mode {mode:04o})");
        return Some(Finding::fail("files", what).mend(format!("chmod {right} {shown}")));
    }
    if file.uid() != owner && owner != 0 {
        let what = format!("{shown} belongs to user {}, not to user {owner}", file.uid());
        return Some(Finding::fail("files", what).mend(format!("chown {owner} {shown}")));
    }
    None
}

/// A file from the future means that the clock was set back, or was wrong when it was written.
fn clock(files: &[(PathBuf, Metadata)], now: Timestamp) -> Option<Finding> {
    let newest = files.iter().max_by_key(|(_, file)| file.mtime())?;
    let ahead = newest.1.mtime() - now.as_second();
    Some(if ahead > AHEAD_MAX {
        let what = format!(
            "{} was written {ahead} s in the future: the clock went back",
            newest.0.display()
        );
        Finding::fail("clock", what).mend("timedatectl set-ntp true")
    } else {
        Finding::ok("clock", "no file is from the future")
    })
}

/// The witness is written beside the directory, so its folder must be writable.
fn witness(folder: &Path) -> Finding {
    let path = key_service::witness_beside(folder);
    let parent = path.parent().unwrap_or(Path::new("/"));
    if let Err(error) = tempfile::tempfile_in(parent) {
        let what = format!("the witness {} cannot be written: {error}", path.display());
        let remedy = "use a data directory in a folder that the service owns, like /var/lib/hybridge/data";
        return Finding::warn("witness", what).mend(remedy);
    }
    if !path.exists() && folder.join("keys.db").exists() {
        let what = format!(
            "there is no witness at {}: an older image would not be noticed",
            path.display()
        );
        return Finding::warn("witness", what).mend("start the service: it writes one");
    }
    Finding::ok("witness", format!("{} can be written", path.display()))
}

/// What opens the backups lies beside them: whoever loses the disk loses both.
fn identity(folder: &Path) -> Option<Finding> {
    let identity = folder.join(backups::IDENTITY);
    identity.exists().then(|| {
        let what = format!(
            "what opens the backups lies beside the data: {}",
            identity.display()
        );
        let remedy = "copy it to where the backups are not, or name [backup] recipients of your own";
        Finding::warn("backup", what).mend(remedy)
    })
}
