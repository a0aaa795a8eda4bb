//! A bucket: S3 and what speaks its protocol, through `object_store`.
//!
//! TLS is rustls with the provider of the whole process. A file is uploaded in parts and appears when the
//! upload is completed, so half a file never has its name. HTTP without TLS is for loopback alone.

use std::path::Path as FilePath;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, WriteMultipart};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Content, Destination, DestinationError, Pending, Stored};

/// Bytes of one part of an upload; S3 wants at least 5 MiB and at most 10,000 of them.
const PART_LEN: usize = 16 << 20;
const UPLOADS_AT_ONCE: usize = 2;

/// Where a bucket is and how to get in.
#[derive(Clone)]
pub struct BucketAddress {
    pub bucket: String,
    /// What all names begin with, without the last `/`; may be empty.
    pub prefix: String,
    pub region: String,
    /// `https://…`; where it is none, the endpoint of AWS for the region.
    pub endpoint: Option<String>,
    pub access_key_id: String,
    pub secret_access_key: zeroize::Zeroizing<String>,
    pub session_token: Option<zeroize::Zeroizing<String>>,
}

impl std::fmt::Debug for BucketAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "BucketAddress({}/{}, <redacted>)",
            self.bucket, self.prefix
        )
    }
}

/// A bucket, or a part of one.
#[derive(Clone, Debug)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    place: String,
}

impl Bucket {
    /// A bucket that speaks S3. Nothing is sent yet.
    ///
    /// # Errors
    /// [`DestinationError`] for an address that cannot be, or is in the clear beyond loopback.
    pub fn s3(address: &BucketAddress) -> Result<Self, DestinationError> {
        let place = format!("s3://{}/{}", address.bucket, address.prefix);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&address.bucket)
            .with_region(&address.region)
            .with_access_key_id(&address.access_key_id)
            .with_secret_access_key(address.secret_access_key.as_str());
        if let Some(token) = &address.session_token {
            builder = builder.with_token(token.as_str());
        }
        if let Some(endpoint) = &address.endpoint {
            let in_the_clear = endpoint.starts_with("http://");
            if in_the_clear && !is_loopback(endpoint) {
                return Err(DestinationError::refused(
                    place,
                    "http:// is for loopback alone; use https://",
                ));
            }
            builder = builder.with_endpoint(endpoint).with_allow_http(in_the_clear);
        }
        let store = builder
            .build()
            .map_err(|source| DestinationError::new(place.clone(), "the address cannot be used", source))?;
        Ok(Self::over(Arc::new(store), &address.prefix, place))
    }

    /// Any other object store.
    #[must_use]
    pub fn over(store: Arc<dyn ObjectStore>, prefix: &str, place: String) -> Self {
        Self {
            store,
            prefix: Path::from(prefix),
            place,
        }
    }

    fn path(&self, name: &str) -> Path {
        self.prefix.clone().join(name)
    }

    fn failed(&self, what: String) -> impl FnOnce(object_store::Error) -> DestinationError {
        let place = self.place.clone();
        move |source| DestinationError::new(place, what, source)
    }

    fn failed_here(&self, what: String) -> impl FnOnce(std::io::Error) -> DestinationError {
        let place = self.place.clone();
        move |source| DestinationError::new(place, what, source)
    }

    async fn upload(&self, name: &str, file: &FilePath) -> Result<(), DestinationError> {
        let what = || format!("{name} cannot be uploaded");
        let path = self.path(name);
        if self.store.head(&path).await.is_ok() {
            return Err(DestinationError::refused(
                self.place(),
                format!("{name} exists already"),
            ));
        }
        let mut input = tokio::fs::File::open(file)
            .await
            .map_err(self.failed_here(what()))?;
        let upload = self
            .store
            .put_multipart(&path)
            .await
            .map_err(self.failed(what()))?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, PART_LEN);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = input.read(&mut buffer).await;
            let len = match read {
                Ok(0) => break,
                Ok(len) => len,
                Err(source) => {
                    let _aborted = writer.abort().await;
                    return Err(self.failed_here(what())(source));
                }
            };
            writer
                .wait_for_capacity(UPLOADS_AT_ONCE)
                .await
                .map_err(self.failed(what()))?;
            writer.write(&buffer[..len]);
        }
        writer.finish().await.map_err(self.failed(what()))?;
        Ok(())
    }

    async fn download(&self, name: &str, to: &FilePath) -> Result<(), DestinationError> {
        let what = || format!("{name} cannot be downloaded");
        let mut parts = self
            .store
            .get(&self.path(name))
            .await
            .map_err(self.failed(what()))?
            .into_stream();
        let mut open = tokio::fs::OpenOptions::new();
        let opened = open
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(to)
            .await;
        let mut out = opened.map_err(self.failed_here(what()))?;
        while let Some(part) = parts.try_next().await.map_err(self.failed(what()))? {
            out.write_all(&part).await.map_err(self.failed_here(what()))?;
        }
        out.flush().await.map_err(self.failed_here(what()))
    }
}

impl Destination for Bucket {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn folder(&self) -> Option<&FilePath> {
        None
    }

    fn put<'a>(&'a self, name: &'a str, content: Content<'a>) -> Pending<'a, ()> {
        Box::pin(async move {
            match content {
                Content::File(file) => self.upload(name, file).await,
                Content::Bytes(bytes) => {
                    let (path, payload) = (self.path(name), bytes.to_vec().into());
                    let put = self.store.put_opts(&path, payload, PutMode::Create.into()).await;
                    put.map(drop)
                        .map_err(self.failed(format!("{name} cannot be written")))
                }
            }
        })
    }

    fn read<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<u8>> {
        Box::pin(async move {
            let what = || format!("{name} cannot be read");
            let found = self
                .store
                .get(&self.path(name))
                .await
                .map_err(self.failed(what()))?;
            let bytes = found.bytes().await.map_err(self.failed(what()))?;
            Ok(bytes.to_vec())
        })
    }

    fn fetch<'a>(&'a self, name: &'a str, to: &'a FilePath) -> Pending<'a, ()> {
        Box::pin(self.download(name, to))
    }

    fn list(&self) -> Pending<'_, Vec<Stored>> {
        Box::pin(async move {
            let prefix = (self.prefix != Path::default()).then_some(&self.prefix);
            let listed = self.store.list_with_delimiter(prefix).await;
            let objects = listed
                .map_err(self.failed("the bucket cannot be listed".to_owned()))?
                .objects;
            let stored = |object: object_store::ObjectMeta| {
                let name = object.location.filename()?.to_owned();
                Some(Stored {
                    name,
                    bytes: object.size,
                })
            };
            let mut found: Vec<Stored> = objects.into_iter().filter_map(stored).collect();
            found.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(found)
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> Pending<'a, ()> {
        Box::pin(async move {
            match self.store.delete(&self.path(name)).await {
                Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
                Err(source) => Err(self.failed(format!("{name} cannot be deleted"))(source)),
            }
        })
    }
}

/// True where the host of an `http://` endpoint is this machine.
fn is_loopback(endpoint: &str) -> bool {
    let rest = endpoint.strip_prefix("http://").unwrap_or(endpoint);
    let authority = rest.split('/').next().unwrap_or(rest);
    if authority.contains('@') {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(endpoint: &str) -> BucketAddress {
        BucketAddress {
            bucket: "backups".to_owned(),
            prefix: "hybridge".to_owned(),
            region: "eu-central-1".to_owned(),
            endpoint: Some(endpoint.to_owned()),
            access_key_id: "id".to_owned(),
            secret_access_key: "hush".to_owned().into(),
            session_token: None,
        }
    }

    #[test]
    fn http_in_the_clear_is_for_loopback_alone() {
        for fine in [
            "https://s3.example.net",
            "http://127.0.0.1:9000",
            "http://localhost:9000/",
            "http://[::1]:1",
        ] {
            assert!(Bucket::s3(&address(fine)).is_ok(), "{fine}");
        }
        for refused in [
            "http://s3.example.net",
            "http://127.0.0.1@evil.example",
            "http://localhost.evil.example",
        ] {
            assert!(Bucket::s3(&address(refused)).is_err(), "{refused}");
        }
    }

    #[test]
    fn the_secret_of_an_address_is_not_printed() {
        assert!(!format!("{:?}", address("https://s3.example.net")).contains("hush"));
    }
}
