//! Takes a plaintext protocol to the point where TLS begins.
//!
//! Nothing is read ahead: the byte after the server's consent is the first one of TLS, so what an attacker
//! injects before it is never taken for an answer. Replies are bounded in length; time is bounded outside.

mod binary;
mod lines;
mod xmpp;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::Failure;

/// A plaintext protocol with a way to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StartTls {
    /// RFC 3207.
    Smtp,
    /// RFC 9051 §6.2.1.
    Imap,
    /// RFC 2595 §4.
    Pop3,
    /// RFC 4217 §4.
    Ftp,
    /// PostgreSQL frontend/backend protocol, `SSLRequest`.
    Postgres,
    /// MySQL client/server protocol, `SSLRequest`. To the server every question is a connection that
    /// failed; from another host, some dozens of them come near its `max_connect_errors`.
    Mysql,
    /// RFC 4511 §4.14.
    Ldap,
    /// RFC 6120 §5.
    Xmpp,
}

impl StartTls {
    /// Every protocol, as a help text lists them.
    pub const ALL: [Self; 8] = [
        Self::Smtp,
        Self::Imap,
        Self::Pop3,
        Self::Ftp,
        Self::Postgres,
        Self::Mysql,
        Self::Ldap,
        Self::Xmpp,
    ];

    /// The word a person writes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ftp => "ftp",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Ldap => "ldap",
            Self::Xmpp => "xmpp",
        }
    }
}

impl std::fmt::Display for StartTls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::str::FromStr for StartTls {
    type Err = UnknownStartTls;

    fn from_str(text: &str) -> Result<Self, UnknownStartTls> {
        let known = Self::ALL.into_iter().find(|protocol| protocol.as_str() == text);
        known.ok_or_else(|| UnknownStartTls {
            text: text.to_owned(),
        })
    }
}

/// Not a protocol that we can take to TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not one of smtp, imap, pop3, ftp, postgres, mysql, ldap, xmpp")]
pub struct UnknownStartTls {
    /// What was asked for.
    pub text: String,
}

/// Both directions of a connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Talks until the server consents to TLS. `host` is the name that XMPP must be told.
pub(crate) async fn upgrade(protocol: StartTls, stream: &mut impl Stream, host: &str) -> Result<(), Failure> {
    match protocol {
        StartTls::Smtp => lines::smtp(stream).await,
        StartTls::Imap => lines::imap(stream).await,
        StartTls::Pop3 => lines::pop3(stream).await,
        StartTls::Ftp => lines::ftp(stream).await,
        StartTls::Postgres => binary::postgres(stream).await,
        StartTls::Mysql => binary::mysql(stream).await,
        StartTls::Ldap => binary::ldap(stream).await,
        StartTls::Xmpp => xmpp::upgrade(stream, host).await,
    }
}

/// Reads up to and including `end`, at most `limit` bytes.
async fn read_until(stream: &mut impl Stream, end: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        if bytes.len() == limit {
            return Err(Failure::TooLong { limit });
        }
        bytes.push(stream.read_u8().await?);
    }
    Ok(bytes)
}

/// A refusal in the server's words, cut to a length and freed of control characters.
fn declined(reply: &[u8]) -> Failure {
    const SHOWN: usize = 120;
    let text = String::from_utf8_lossy(reply.get(..SHOWN).unwrap_or(reply));
    let printable = text
        .trim()
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    Failure::Declined {
        reply: printable.collect(),
    }
}

#[cfg(test)]
mod tests;
