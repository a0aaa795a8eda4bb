//! Where backups go, as text: a folder, or `s3://BUCKET/PREFIX`.
//!
//! How to get into a bucket comes from the environment, in the names that other programs use too, so that no
//! secret stands in the configuration.

use std::path::Path;
use std::sync::Arc;

use hybridge_keys::backup::{Bucket, BucketAddress, Destination, DestinationError, Directory};
use zeroize::Zeroizing;

use crate::command_error::{CommandError, Kind};

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error("{0:?} is no place for backups: write a folder, or s3://BUCKET/PREFIX")]
    Malformed(String),
    #[error("{0} is not set, and the bucket cannot be reached without it")]
    Missing(&'static str),
    #[error(transparent)]
    Destination(#[from] DestinationError),
}

impl PlaceError {
    /// As an error of the configuration.
    pub(crate) fn of_configuration(self) -> CommandError {
        CommandError::new(Kind::Configuration, self).context("backup.destination".to_owned())
    }

    /// As an error of the command line.
    pub(crate) fn of_usage(self) -> CommandError {
        CommandError::new(Kind::Usage, self)
    }
}

/// Opens a place, and makes the folder where there is none.
///
/// # Errors
/// [`PlaceError`].
pub(crate) fn open(text: &str) -> Result<Arc<dyn Destination>, PlaceError> {
    match text.strip_prefix("s3://") {
        Some(rest) => bucket(text, rest, |name| std::env::var_os(name)?.into_string().ok()),
        None if text.is_empty() || text.contains("://") => Err(PlaceError::Malformed(text.to_owned())),
        None => Ok(Arc::new(Directory::open(Path::new(text))?)),
    }
}

fn bucket(
    text: &str,
    rest: &str,
    variable: impl Fn(&'static str) -> Option<String>,
) -> Result<Arc<dyn Destination>, PlaceError> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(PlaceError::Malformed(text.to_owned()));
    }
    let needed = |name| variable(name).ok_or(PlaceError::Missing(name));
    let address = BucketAddress {
        bucket: bucket.to_owned(),
        prefix: prefix.trim_end_matches('/').to_owned(),
        region: variable("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
        endpoint: variable("AWS_ENDPOINT_URL"),
        access_key_id: needed("AWS_ACCESS_KEY_ID")?,
        secret_access_key: Zeroizing::new(needed("AWS_SECRET_ACCESS_KEY")?),
        session_token: variable("AWS_SESSION_TOKEN").map(Zeroizing::new),
    };
    Ok(Arc::new(Bucket::s3(&address)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, known: &[(&str, &str)]) -> Result<String, String> {
        let rest = text.strip_prefix("s3://").unwrap_or(text);
        let variable = |wanted: &'static str| {
            let found = known.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        bucket(text, rest, variable)
            .map(|destination| destination.place())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_bucket_needs_credentials_from_the_environment() {
        let known = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        assert_eq!(
            check("s3://backups/prod/", &known).as_deref(),
            Ok("s3://backups/prod")
        );
        let error = check("s3://backups", &known[..1]).unwrap_err();
        assert!(error.starts_with("AWS_SECRET_ACCESS_KEY is not set"), "{error}");
        assert!(check("s3://", &known).unwrap_err().contains("is no place"));
    }

    #[test]
    fn http_without_tls_stays_on_this_machine() {
        let known = [
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_ENDPOINT_URL", "http://store.example:9000"),
        ];
        assert!(check("s3://backups", &known).is_err());
    }

    #[test]
    fn other_schemes_are_no_places() {
        for text in ["", "gs://bucket", "file:///backups"] {
            assert!(matches!(open(text), Err(PlaceError::Malformed(_))), "{text}");
        }
    }
}
