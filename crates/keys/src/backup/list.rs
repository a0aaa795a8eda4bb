//! What backups a destination has, each with its manifest or with what is wrong with it.
//!
//! Nothing here opens a container.

use hybridge_store::StoreId;

use super::destination::Stored;
use super::{BackupError, Destination, Manifest, Name, Signer};

/// A backup that is there.
#[derive(Debug)]
pub struct Listed {
    pub name: Name,
    /// The manifest, signed and fitting the container's size; or why it is not to be relied on.
    pub manifest: Result<Manifest, BackupError>,
}

/// All backups at a destination, oldest first; those of one store, where it is given. A container without
/// a manifest was never finished and is not listed.
///
/// # Errors
/// [`BackupError::Destination`] when the destination cannot be listed.
pub async fn list(
    destination: &dyn Destination,
    store: Option<StoreId>,
    known: Option<&Signer>,
) -> Result<Vec<Listed>, BackupError> {
    let files = destination.list().await?;
    let is_wanted = |name: &Name| store.is_none_or(|store| name.is_of(store));
    let names = files
        .iter()
        .filter_map(|file| Name::of_manifest(&file.name))
        .filter(is_wanted);
    let mut listed = Vec::new();
    for name in names {
        let manifest = read(destination, &name, &files, known).await;
        listed.push(Listed { name, manifest });
    }
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(listed)
}

async fn read(
    destination: &dyn Destination,
    name: &Name,
    files: &[Stored],
    known: Option<&Signer>,
) -> Result<Manifest, BackupError> {
    let manifest = manifest(destination, name, known).await?;
    let container = files.iter().find(|file| file.name == name.container());
    match container {
        None => Err(mismatch(name, "its container is missing")),
        Some(file) if file.bytes != manifest.container.bytes => {
            Err(mismatch(name, "its container has another size"))
        }
        Some(_) => Ok(manifest),
    }
}

/// The manifest of a name, if its signature matches and it says that name.
pub(super) async fn manifest(
    destination: &dyn Destination,
    name: &Name,
    known: Option<&Signer>,
) -> Result<Manifest, BackupError> {
    let manifest = Manifest::open(&destination.read(&name.manifest()).await?, known)?;
    if manifest.name != name.to_string() {
        return Err(mismatch(name, "the manifest is of another backup"));
    }
    Ok(manifest)
}

pub(super) fn mismatch(name: &Name, what: &'static str) -> BackupError {
    BackupError::Mismatch {
        name: name.to_string(),
        what,
    }
}
