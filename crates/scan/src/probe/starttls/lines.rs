//! Protocols of text lines: SMTP, FTP, IMAP, POP3.
//!
//! Lines and their number are bounded; a reply is compared by its code and never shown but when it declines.

use tokio::io::AsyncWriteExt;

use super::{Stream, declined, read_until};
use crate::probe::Failure;

const LINE_LEN_MAX: usize = 2048;
const LINES_MAX: usize = 100;

/// RFC 3207: greeting, EHLO, STARTTLS.
pub(super) async fn smtp(stream: &mut impl Stream) -> Result<(), Failure> {
    expect(&reply(stream).await?, b"220")?;
    stream.write_all(b"EHLO hybridge.invalid\r\n").await?;
    let features = reply(stream).await?;
    expect(&features, b"250")?;
    let offers = |line: &Vec<u8>| {
        line.get(4..)
            .is_some_and(|keyword| keyword.trim_ascii().eq_ignore_ascii_case(b"STARTTLS"))
    };
    if !features.iter().any(offers) {
        return Err(Failure::Declined {
            reply: "EHLO lists no STARTTLS".to_owned(),
        });
    }
    stream.write_all(b"STARTTLS\r\n").await?;
    expect(&reply(stream).await?, b"220")
}

/// RFC 4217: greeting, AUTH TLS.
pub(super) async fn ftp(stream: &mut impl Stream) -> Result<(), Failure> {
    expect(&reply(stream).await?, b"220")?;
    stream.write_all(b"AUTH TLS\r\n").await?;
    expect(&reply(stream).await?, b"234")
}

/// RFC 9051 §6.2.1: greeting, STARTTLS; untagged lines in between are passed over.
pub(super) async fn imap(stream: &mut impl Stream) -> Result<(), Failure> {
    let greeting = line(stream).await?;
    if !starts_with(&greeting, b"* OK") {
        return Err(declined(&greeting));
    }
    stream.write_all(b"a1 STARTTLS\r\n").await?;
    for _ in 0..LINES_MAX {
        let answer = line(stream).await?;
        if starts_with(&answer, b"a1 ") {
            return if starts_with(&answer, b"a1 OK") {
                Ok(())
            } else {
                Err(declined(&answer))
            };
        }
    }
    Err(Failure::TooLong {
        limit: LINES_MAX * LINE_LEN_MAX,
    })
}

/// RFC 2595 §4: greeting, STLS.
pub(super) async fn pop3(stream: &mut impl Stream) -> Result<(), Failure> {
    let greeting = line(stream).await?;
    if !greeting.starts_with(b"+OK") {
        return Err(declined(&greeting));
    }
    stream.write_all(b"STLS\r\n").await?;
    let answer = line(stream).await?;
    if answer.starts_with(b"+OK") {
        Ok(())
    } else {
        Err(declined(&answer))
    }
}

/// A reply of SMTP (RFC 5321 §4.2.1) or FTP (RFC 959 §4.2): `250-…` goes on until `250 …`.
async fn reply(stream: &mut impl Stream) -> Result<Vec<Vec<u8>>, Failure> {
    let mut lines = vec![line(stream).await?];
    // Another protocol's greeting is no reply: `SSH-2.0` would be awaited to go on.
    if !lines[0].iter().take(3).all(u8::is_ascii_digit) {
        return Err(declined(&lines[0]));
    }
    let continued = lines[0].get(3) == Some(&b'-');
    let code = lines[0].get(..3).unwrap_or_default().to_vec();
    let is_last = |line: &[u8]| line.starts_with(&code) && line.get(3) != Some(&b'-');
    while continued && !lines.last().is_some_and(|last| is_last(last)) {
        if lines.len() == LINES_MAX {
            return Err(Failure::TooLong {
                limit: LINES_MAX * LINE_LEN_MAX,
            });
        }
        lines.push(line(stream).await?);
    }
    Ok(lines)
}

fn expect(reply: &[Vec<u8>], code: &[u8]) -> Result<(), Failure> {
    let last = reply.last().map(Vec::as_slice).unwrap_or_default();
    if last.starts_with(code) {
        Ok(())
    } else {
        Err(declined(last))
    }
}

async fn line(stream: &mut impl Stream) -> Result<Vec<u8>, Failure> {
    read_until(stream, b"\n", LINE_LEN_MAX).await
}

fn starts_with(line: &[u8], prefix: &[u8]) -> bool {
    line.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
