//! Just enough HTTP/1.1 to set a server up and to see its first answer: one request per connection, loopback.
//! Nothing here is measured.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

/// A request.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// Header fields besides those that every request has, each with its line end.
    pub(super) fields: &'a str,
    pub(super) body: &'a str,
}

/// Asks and returns the status and the body, which is empty where it is no JSON.
///
/// # Errors
/// Nobody answers, or not with HTTP.
pub(super) fn ask(port: u16, request: &Request<'_>) -> anyhow::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let Request {
        method,
        path,
        fields,
        body,
    } = request;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{fields}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("not HTTP")?;
    let status = head.split_whitespace().nth(1).context("no status")?.parse()?;
    Ok((status, serde_json::from_str(body.trim()).unwrap_or(Value::Null)))
}
