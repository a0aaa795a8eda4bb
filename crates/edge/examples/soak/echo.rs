//! The upstream: sends back what it is sent, and tells when the client has sent its last byte.
//! A connection whose header says so is reset after that many bytes.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::pattern::HEADER;

/// Serves until the process is killed.
pub(crate) async fn run(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // Whether the peer went away is what the load finds out.
            let _ended = echo(stream).await;
        });
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
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
        stream.write_all(&buffer[..length]).await?;
        echoed += length as u64;
        if reset_after > 0 && echoed >= reset_after {
            return stream.set_zero_linger();
        }
    }
}
