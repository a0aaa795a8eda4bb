//! The little HTTP that the harness needs itself: one request to an API on this machine, one answer.
//!
//! HTTP/1.1 with `Connection: close`; bodies by length, chunked (RFC 9112 §7.1) or until the end. Not a
//! client for anything else: what is tested is asked by real clients.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// Longer than the API takes for a probe at its slowest.
const LIMIT: Duration = Duration::from_secs(70);

/// The API of a process of ours, with its administrator's token.
pub(super) struct Api {
    port: u16,
    token: String,
}

impl Api {
    /// The API on a port, of a process with this data directory, which has made its token before it listens.
    ///
    /// # Errors
    /// The token cannot be read.
    pub(super) fn of(port: u16, data: &Path) -> anyhow::Result<Self> {
        let path = data.join("admin.token");
        let token = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let token = token.trim().to_owned();
        Ok(Self { port, token })
    }

    /// The body of a successful `GET`.
    ///
    /// # Errors
    /// No connection, no HTTP, or a status other than 200.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<String> {
        let authorization = format!("Authorization: Bearer {}\r\n", self.token);
        exchange(self.port, path, &request("GET", path, &authorization, ""))
    }

    /// The body of a successful `POST` of JSON.
    ///
    /// # Errors
    /// As `get`.
    pub(super) fn post(&self, path: &str, json: &str) -> anyhow::Result<String> {
        let fields = format!(
            "Authorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            self.token,
            json.len()
        );
        exchange(self.port, path, &request("POST", path, &fields, json))
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Api({})", self.port)
    }
}

/// The body of a successful `GET` from a port of this machine.
///
/// # Errors
/// No connection, no HTTP, or a status other than 200.
pub(super) fn get(port: u16, path: &str) -> anyhow::Result<String> {
    exchange(port, path, &request("GET", path, "", ""))
}

/// The body of a successful `POST` of JSON to a port of this machine.
///
/// # Errors
/// As `get`.
#[cfg(test)]
pub(super) fn post(port: u16, path: &str, json: &str) -> anyhow::Result<String> {
    let fields = format!("Content-Length: {}\r\n", json.len());
    exchange(port, path, &request("POST", path, &fields, json))
}

fn request(method: &str, path: &str, fields: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}Connection: close\r\n\r\n{body}")
}

fn exchange(port: u16, path: &str, request: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let (status, body) = split(&answer).with_context(|| format!("{path} answered no HTTP"))?;
    ensure!(status == 200, "{path} answered {status}: {}", body.trim());
    Ok(body)
}

fn split(answer: &[u8]) -> Option<(u16, String)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = &answer[end + 4..];
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    Some((status, String::from_utf8(body).ok()?))
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let chunk = rest.get(line + 2..line + 2 + size)?;
        body.extend_from_slice(chunk);
        rest = rest.get(line + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expect: Option<(u16, &str)>) {
        let found = split(answer.as_bytes());
        assert_eq!(
            found,
            expect.map(|(status, body)| (status, body.to_owned())),
            "{answer:?}"
        );
    }

    #[test]
    fn reads_bodies_with_and_without_chunks() {
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            Some((200, "hi")),
        );
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(
            &format!("{chunked}2\r\nhi\r\n1;x=y\r\n!\r\n0\r\n\r\n"),
            Some((200, "hi!")),
        );
        check(&format!("{chunked}2\r\nhi\r\n"), None);
        check("HTTP/1.1 404 Not Found\r\n\r\n", Some((404, "")));
        check("SSH-2.0-OpenSSH_10.0\r\n", None);
    }
}
