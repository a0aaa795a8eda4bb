//! The body of a container: chunks of 64 KiB, each sealed, in an order that cannot be changed.
//!
//! STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) as in age: the nonce of a chunk is its number in
//! 11 bytes, big-endian, and one byte that is 1 for the last chunk. So a chunk that is changed, moved,
//! repeated or missing does not open, and neither does a body that ends early or goes on.

use std::io::{self, Read, Write};

use hybridge_crypto::{aead, random};
use zeroize::Zeroizing;

use super::derive::{BODY_SALT_LEN, FileKey};
use super::{Lock, OpenError, Opener, SealError, header};

/// Bytes of plaintext in every chunk but the last.
const CHUNK_LEN: usize = 64 * 1024;

const SEALED_LEN: usize = CHUNK_LEN + aead::TAG_LEN;

/// Seals what is written to it. Without [`Writer::finish`] the container has no end and never opens.
pub struct Writer<W> {
    out: W,
    key: aead::Key,
    chunk: u64,
    pending: Zeroizing<Vec<u8>>,
}

impl<W: Write> Writer<W> {
    /// Writes the header and makes ready for the body. `purpose` is bound in, and not written.
    ///
    /// # Errors
    /// [`SealError`] when nobody could open it, cryptography fails, or the header cannot be written.
    pub fn begin(mut out: W, lock: &Lock, purpose: &str) -> Result<Self, SealError> {
        let failed = |source: random::RandomError| SealError::Crypto("the random generator", source.into());
        let file_key = FileKey::generate().map_err(failed)?;
        let salt = random::bytes::<BODY_SALT_LEN>().map_err(failed)?;
        let key = file_key
            .body_key(&salt)
            .map_err(|source| SealError::Crypto("the key of the body", source))?;
        out.write_all(&header::write(lock, &file_key, purpose)?)?;
        out.write_all(&salt)?;
        let pending = Zeroizing::new(Vec::with_capacity(SEALED_LEN));
        Ok(Self {
            out,
            key,
            chunk: 0,
            pending,
        })
    }

    /// Writes the last chunk and gives the output back.
    ///
    /// # Errors
    /// What writing gives.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal_chunk(Place::Last)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn seal_chunk(&mut self, place: Place) -> io::Result<()> {
        let sealed = self
            .key
            .seal(nonce(self.chunk, place), &[], &self.pending)
            .map_err(io::Error::other)?;
        self.out.write_all(&sealed)?;
        self.chunk += 1;
        self.pending.clear();
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits until something follows it: only then is it known not to be the last.
        if self.pending.len() == CHUNK_LEN && !bytes.is_empty() {
            self.seal_chunk(Place::Inner)?;
        }
        let taken = bytes.len().min(CHUNK_LEN - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Flushes the output. What is less than a chunk stays here until [`Writer::finish`].
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W> std::fmt::Debug for Writer<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Writer(chunk {}, <redacted>)", self.chunk)
    }
}

/// Opens a container as it is read. Every byte it gives was authenticated, but only reading to the end
/// shows that nothing is missing. Its errors are [`OpenError`] inside `io::Error`.
pub struct Reader<R> {
    input: R,
    key: aead::Key,
    chunk: u64,
    opened: Zeroizing<Vec<u8>>,
    given: usize,
    ahead: Vec<u8>,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the header and the first chunk. Give it buffered input: the header is read byte by byte.
    ///
    /// # Errors
    /// [`OpenError`] when the opener does not fit, or the header is not as it was written.
    pub fn open(mut input: R, opener: Opener<'_>, purpose: &str) -> Result<Self, OpenError> {
        let file_key = header::read(&mut input, opener, purpose)?;
        let mut salt = [0; BODY_SALT_LEN];
        if read_full(&mut input, &mut salt).map_err(OpenError::Io)? < BODY_SALT_LEN {
            return Err(OpenError::Format("it ends in its header"));
        }
        let key = file_key
            .body_key(&salt)
            .map_err(|source| OpenError::Crypto("the key of the body", source))?;
        let mut reader = Self {
            input,
            key,
            chunk: 0,
            opened: Zeroizing::new(Vec::new()),
            given: 0,
            ahead: Vec::new(),
            ended: false,
        };
        reader.ahead = reader.read_sealed().map_err(OpenError::Io)?;
        Ok(reader)
    }

    fn next_chunk(&mut self) -> Result<(), OpenError> {
        let sealed = std::mem::take(&mut self.ahead);
        if sealed.len() == SEALED_LEN {
            self.ahead = self.read_sealed().map_err(OpenError::Io)?;
        }
        let place = if self.ahead.is_empty() {
            Place::Last
        } else {
            Place::Inner
        };
        self.opened = match self.key.open(nonce(self.chunk, place), &[], &sealed) {
            Ok(opened) if opened.is_empty() && self.chunk > 0 => return Err(self.damaged()),
            Ok(opened) => opened,
            Err(_refused) => return Err(self.why(&sealed, place)),
        };
        self.ended = place == Place::Last;
        self.chunk += 1;
        self.given = 0;
        Ok(())
    }

    /// Tells a body that ends early or goes on from one that is damaged.
    fn why(&self, sealed: &[u8], tried: Place) -> OpenError {
        let other = match tried {
            Place::Last => Place::Inner,
            Place::Inner => Place::Last,
        };
        match (self.key.open(nonce(self.chunk, other), &[], sealed), tried) {
            (Ok(_), Place::Last) => OpenError::Truncated { chunk: self.chunk },
            (Ok(_), Place::Inner) => OpenError::Trailing { chunk: self.chunk },
            // Nothing at all where a chunk should be.
            (Err(_), Place::Last) if sealed.is_empty() => OpenError::Truncated { chunk: self.chunk },
            (Err(_), _) => self.damaged(),
        }
    }

    fn damaged(&self) -> OpenError {
        OpenError::Damaged { chunk: self.chunk }
    }

    fn read_sealed(&mut self) -> io::Result<Vec<u8>> {
        let mut sealed = vec![0; SEALED_LEN];
        let len = read_full(&mut self.input, &mut sealed)?;
        sealed.truncate(len);
        Ok(sealed)
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.given == self.opened.len() && !self.ended {
            self.next_chunk()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
        let given = buffer.len().min(self.opened.len() - self.given);
        buffer[..given].copy_from_slice(&self.opened[self.given..][..given]);
        self.given += given;
        Ok(given)
    }
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Reader(chunk {}, <redacted>)", self.chunk)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Inner,
    Last,
}

/// Three zero bytes, the chunk's number in eight, and one byte that marks the last chunk.
fn nonce(chunk: u64, place: Place) -> [u8; aead::NONCE_LEN] {
    let mut nonce = [0; aead::NONCE_LEN];
    nonce[3..11].copy_from_slice(&chunk.to_be_bytes());
    nonce[11] = u8::from(place == Place::Last);
    nonce
}

/// Reads until the buffer is full or the input ends; how many bytes it got.
fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(len) => filled += len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
