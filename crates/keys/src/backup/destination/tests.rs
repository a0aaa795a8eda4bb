//! What every destination must do, and that each of ours does it.
//!
//! The bucket is over an object store in memory, which has the same interface as one over S3.

#![expect(
    clippy::disallowed_methods,
    reason = "a test's own folder, and damage need not be written safely"
)]

use std::path::Path;
use std::sync::Arc;

use object_store::memory::InMemory;

use super::{Bucket, Content, Destination, Directory};

/// What every destination must do.
async fn conforms(destination: &dyn Destination, spool: &Path) {
    destination.put("b", Content::Bytes(b"small")).await.expect("put");
    let file = spool.join("file");
    std::fs::write(&file, vec![7; 3 << 20]).expect("written");
    destination.put("a", Content::File(&file)).await.expect("put");
    assert!(
        destination.put("b", Content::Bytes(b"other")).await.is_err(),
        "a name is given once"
    );
    assert_eq!(destination.read("b").await.expect("read"), b"small");
    let listed: Vec<_> = destination
        .list()
        .await
        .expect("listed")
        .into_iter()
        .map(|f| (f.name, f.bytes))
        .collect();
    assert_eq!(listed, [("a".to_owned(), 3 << 20), ("b".to_owned(), 5)]);
    let copy = spool.join("copy");
    destination.fetch("a", &copy).await.expect("fetched");
    assert_eq!(std::fs::read(copy).expect("read"), vec![7; 3 << 20]);
    destination.delete("a").await.expect("deleted");
    destination.delete("a").await.expect("deleted again");
    assert_eq!(destination.list().await.expect("listed").len(), 1);
    assert!(destination.read("a").await.is_err());
}

#[tokio::test]
async fn a_folder_is_a_destination() {
    let (folder, spool) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    conforms(&Directory::open(folder.path()).expect("a folder"), spool.path()).await;
}

#[tokio::test]
async fn a_bucket_is_a_destination() {
    let spool = tempfile::tempdir().expect("a folder");
    let bucket = Bucket::over(Arc::new(InMemory::new()), "hybridge/eu", "memory".to_owned());
    conforms(&bucket, spool.path()).await;
}
