//! The HTTP of the load and the oracle: one connection that stays open, one request after the other.
//!
//! Nothing is ever sent twice by itself: what a lost answer means is the oracle's business.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

/// The longest time for one answer.
const LIMIT: Duration = Duration::from_secs(60);

/// A client with its connection and its token.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) address: SocketAddr,
    pub(super) token: String,
    stream: Option<BufReader<TcpStream>>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The id under which the request is in the audit log.
    pub(super) request: String,
    pub(super) body: Value,
}

impl Reply {
    pub(super) fn is_done(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The stable code of a problem.
    pub(super) fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// Status and body, cut short, for a person.
    pub(super) fn shown(&self) -> String {
        let text: String = self.body.to_string().chars().take(300).collect();
        format!("{} {text}", self.status)
    }
}

/// What to ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ask<'a> {
    pub(super) path: &'a str,
    /// A `POST` where there is one.
    pub(super) body: Option<&'a Value>,
    /// An `Idempotency-Key`.
    pub(super) once: Option<&'a str>,
}

impl Client {
    pub(super) fn new(address: SocketAddr, token: &str) -> Self {
        Self {
            address,
            token: token.to_owned(),
            stream: None,
        }
    }

    pub(super) fn get(&mut self, path: &str) -> anyhow::Result<Reply> {
        self.ask(&Ask {
            path,
            ..Ask::default()
        })
    }

    pub(super) fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Reply> {
        self.ask(&Ask {
            path,
            body: Some(body),
            once: None,
        })
    }

    /// Asks once.
    ///
    /// # Errors
    /// No whole answer came; whether the request was obeyed is not known.
    pub(super) fn ask(&mut self, ask: &Ask<'_>) -> anyhow::Result<Reply> {
        let asked = self.exchange(ask);
        if asked.is_err() {
            self.stream = None;
        }
        asked
    }

    fn exchange(&mut self, ask: &Ask<'_>) -> anyhow::Result<Reply> {
        let request = self.request(ask);
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(LIMIT))?;
                empty.insert(BufReader::new(stream))
            }
        };
        stream.get_mut().write_all(request.as_bytes())?;
        let (reply, stays) = read(stream)?;
        if !stays {
            self.stream = None;
        }
        Ok(reply)
    }

    fn request(&self, ask: &Ask<'_>) -> String {
        let verb = if ask.body.is_some() { "POST" } else { "GET" };
        let body = ask.body.map(Value::to_string).unwrap_or_default();
        let mut head = format!("{verb} {} HTTP/1.1\r\nHost: localhost\r\n", ask.path);
        if !self.token.is_empty() {
            head.push_str(&format!("Authorization: Bearer {}\r\n", self.token));
        }
        if let Some(once) = ask.once {
            head.push_str(&format!("Idempotency-Key: {once}\r\n"));
        }
        if ask.body.is_some() {
            let length = body.len();
            head.push_str(&format!(
                "Content-Type: application/json\r\nContent-Length: {length}\r\n"
            ));
        }
        format!("{head}\r\n{body}")
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> anyhow::Result<(Reply, bool)> {
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("no HTTP: {first:?}"))?;
    let (mut length, mut request, mut stays) = (None, String::new(), true);
    loop {
        let line = line(stream)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse::<usize>().ok(),
            "x-request-id" => value.clone_into(&mut request),
            "connection" => stays = !value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    match length {
        Some(length) => {
            body.resize(length, 0);
            stream.read_exact(&mut body)?;
        }
        None if status == 204 => {}
        None => {
            stays = false;
            stream.read_to_end(&mut body)?;
        }
    }
    let body = serde_json::from_slice(&body)
        .unwrap_or_else(|_text| Value::String(String::from_utf8_lossy(&body).into_owned()));
    let reply = Reply {
        status,
        request,
        body,
    };
    Ok((reply, stays))
}

/// A line without its end.
fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}
