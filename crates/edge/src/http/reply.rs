//! Answers that are ours and not the upstream's: short, plain, and clear about who says so.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;

use super::body::Download;

/// A plain-text answer.
pub(super) fn plain(status: StatusCode, text: &str) -> Response<Download> {
    let body = Full::new(Bytes::from(format!("hybridge: {text}\n")));
    let mut response = Response::new(Download::Own(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
