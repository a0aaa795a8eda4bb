//! The upstream: sends back what it is sent, and tells when the client has sent its last byte.
//! A connection whose header says so is reset after that many bytes. As a control of the test itself it
//! can be made to lie: a run against a liar must fail.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::pattern::HEADER;

/// What the upstream makes of what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// The same.
    True,
    /// The same, with one bit changed at `LIE`.
    Liar,
}

/// Where a liar lies.
const LIE: u64 = 30_000;

/// Serves until the process is killed.
pub(crate) async fn run(address: SocketAddr, voice: Voice) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // Whether the peer went away is what the load finds out.
            let _ended = echo(stream, voice).await;
        });
    }
}

async fn echo(mut stream: TcpStream, voice: Voice) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut header = [0; HEADER];
    stream.read_exact(&mut header).await?;
    stream.write_all(&header).await?;
    let [.., a, b, c, d, e, f, g, h] = header;
    let reset_after = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let (mut echoed, mut buffer) = (HEADER as u64, vec![0; 8192]);
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return stream.shutdown().await;
        }
        if voice == Voice::Liar {
            lie(echoed, &mut buffer[..length]);
        }
        stream.write_all(&buffer[..length]).await?;
        echoed += length as u64;
        if reset_after > 0 && echoed >= reset_after {
            return stream.set_zero_linger();
        }
    }
}

fn lie(from: u64, bytes: &mut [u8]) {
    let place = LIE
        .checked_sub(from)
        .and_then(|place| usize::try_from(place).ok());
    if let Some(byte) = place.and_then(|place| bytes.get_mut(place)) {
        *byte ^= 1;
    }
}
