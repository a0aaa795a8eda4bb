//! Answers that are ours and not the upstream's: short, plain, and clear about who says so.
//! No reason from inside (addresses, certificates) goes to a stranger: that is for the log.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
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
    if status == StatusCode::METHOD_NOT_ALLOWED {
        // RFC 9110 §15.5.6 wants the list of those that are.
        let forwarded = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE";
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static(forwarded));
    }
    response
}
