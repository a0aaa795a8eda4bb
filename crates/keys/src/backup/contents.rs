//! What a container holds: a label and frames, in this order: start, keyring, rows, log entries, end.
//!
//! A frame is `u8 kind ‖ u32be length ‖ bytes`; the bytes are postcard of the `…V1` structs here, except
//! that the keyring is its own bytes. The end counts what came before, so that reading to the end proves
//! that all of it was there.

use std::io::{self, Read, Write};

use hybridge_crypto::digest::Sha256;
use hybridge_store::{Entry, Head, Id, Keyring, Origin, Row, StoreId, Table};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const LABEL: &[u8] = b"hybridge-backup/v1\n";
/// Longer than any row or log entry.
const FRAME_LEN_MAX: u32 = 64 << 20;

const START: u8 = 1;
const KEYRING: u8 = 2;
const ROW: u8 = 3;
const ENTRY: u8 = 4;
const END: u8 = 5;

/// One frame.
#[derive(Debug)]
pub(crate) enum Item {
    Row(Row),
    Entry(Entry),
    End(EndV1),
}

/// Where the backup comes from, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StartV1 {
    pub(crate) store: [u8; 16],
    pub(crate) generation: u64,
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) seals: Vec<(u32, u64)>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) taken: i64,
    pub(crate) sealing: u32,
}

/// The first two frames.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) origin: Origin,
    /// Sealing of the root record at that time.
    pub(crate) sealing: u32,
    pub(crate) keyring: Keyring,
}

#[derive(Serialize, Deserialize)]
struct RowV1<'a> {
    table: &'a str,
    key: &'a [u8],
    version: u64,
    epoch: u32,
    checksum: u32,
    sealed: &'a [u8],
}

#[derive(Serialize, Deserialize)]
struct EntryV1<'a> {
    sequence: u64,
    hash: [u8; 32],
    bytes: &'a [u8],
}

/// The last frame: what there was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndV1 {
    pub(crate) rows: u64,
    pub(crate) entries: u64,
    /// SHA-256 over the ids of all tombstones, sorted, each with its length in front (u32be).
    pub(crate) tombstones: [u8; 32],
}

/// Writes frames.
pub(super) struct Frames<W>(pub(super) W);

impl<W: Write> Frames<W> {
    pub(super) fn start(&mut self, start: &StartV1, keyring: &Keyring) -> io::Result<()> {
        self.0.write_all(LABEL)?;
        self.frame(START, &encoded(start))?;
        self.frame(KEYRING, &keyring.to_bytes())
    }

    pub(super) fn row(&mut self, row: &Row) -> io::Result<()> {
        let row = RowV1 {
            table: row.id.table.0,
            key: &row.id.key,
            version: row.version,
            epoch: row.epoch,
            checksum: row.checksum,
            sealed: &row.sealed,
        };
        self.frame(ROW, &encoded(&row))
    }

    pub(super) fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let entry = EntryV1 {
            sequence: entry.sequence,
            hash: entry.hash,
            bytes: &entry.bytes,
        };
        self.frame(ENTRY, &encoded(&entry))
    }

    pub(super) fn end(&mut self, end: &EndV1) -> io::Result<()> {
        self.frame(END, &encoded(end))
    }

    fn frame(&mut self, kind: u8, bytes: &[u8]) -> io::Result<()> {
        let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.0.write_all(&[kind])?;
        self.0.write_all(&len.to_be_bytes())?;
        self.0.write_all(bytes)
    }
}

fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("a struct of plain fields always encodes")
}

/// Reads frames, and checks that they are complete and in order.
pub(crate) struct Contents<R> {
    input: R,
    seen: EndV1,
    tombstones: Vec<Vec<u8>>,
}

impl<R: Read> Contents<R> {
    /// Reads up to the keyring.
    ///
    /// # Errors
    /// [`FrameError`] when it is not a backup, or does not open.
    pub(crate) fn begin(mut input: R) -> Result<(Start, Self), FrameError> {
        let mut label = [0; LABEL.len()];
        input.read_exact(&mut label)?;
        if label != LABEL {
            return Err(FrameError::Malformed("its label is not `hybridge-backup/v1`"));
        }
        let mut contents = Self {
            input,
            seen: EndV1::default(),
            tombstones: Vec::new(),
        };
        let start: StartV1 = match contents.frame()? {
            (START, bytes) => decoded(&bytes)?,
            _ => return Err(FrameError::Malformed("it does not begin with its origin")),
        };
        let keyring = match contents.frame()? {
            (KEYRING, bytes) => Keyring::from_bytes(&bytes),
            _ => return Err(FrameError::Malformed("its keyring is missing")),
        };
        let keyring = keyring.map_err(|_detail| FrameError::Malformed("its keyring is not one"))?;
        Ok((start.with(keyring), contents))
    }

    /// The next frame; nothing may follow the end.
    ///
    /// # Errors
    /// [`FrameError`].
    pub(crate) fn next(&mut self) -> Result<Item, FrameError> {
        let (kind, bytes) = self.frame()?;
        match kind {
            ROW if self.seen.entries == 0 => self.row(&bytes).map(Item::Row),
            ENTRY => {
                let EntryV1 {
                    sequence,
                    hash,
                    bytes,
                } = decoded(&bytes)?;
                self.seen.entries += 1;
                Ok(Item::Entry(Entry {
                    sequence,
                    hash,
                    bytes: bytes.to_vec(),
                }))
            }
            END => self.end(&bytes).map(Item::End),
            _ => Err(FrameError::Malformed("a part is unknown or out of order")),
        }
    }

    fn row(&mut self, bytes: &[u8]) -> Result<Row, FrameError> {
        let read: RowV1<'_> = decoded(bytes)?;
        let table =
            Table::named(read.table).ok_or(FrameError::Malformed("the name of a table is not one"))?;
        let row = Row {
            id: Id::new(table, read.key),
            version: read.version,
            epoch: read.epoch,
            checksum: read.checksum,
            sealed: read.sealed.to_vec(),
        };
        self.seen.rows += 1;
        if table == crate::record::TOMBSTONE {
            self.tombstones.push(row.id.key.clone());
        }
        row.checked()
            .map_err(|_damage| FrameError::Malformed("a record does not match its checksum"))
    }

    fn end(&mut self, bytes: &[u8]) -> Result<EndV1, FrameError> {
        let end: EndV1 = decoded(bytes)?;
        self.seen.tombstones = tombstone_digest(&mut self.tombstones);
        if end != self.seen {
            return Err(FrameError::Malformed("its end does not count what it holds"));
        }
        match self.input.read(&mut [0])? {
            0 => Ok(end),
            _ => Err(FrameError::Malformed("something follows its end")),
        }
    }

    fn frame(&mut self) -> Result<(u8, Zeroizing<Vec<u8>>), FrameError> {
        let mut head = [0; 5];
        self.input.read_exact(&mut head)?;
        let [kind, len @ ..] = head;
        let len = u32::from_be_bytes(len);
        if len > FRAME_LEN_MAX {
            return Err(FrameError::Malformed("a part is too long"));
        }
        let len = usize::try_from(len).map_err(|_wide| FrameError::Malformed("a part is too long"))?;
        let mut bytes = Zeroizing::new(vec![0; len]);
        self.input.read_exact(&mut bytes)?;
        Ok((kind, bytes))
    }
}

impl StartV1 {
    fn with(self, keyring: Keyring) -> Start {
        let origin = Origin {
            store: StoreId(self.store),
            generation: self.generation,
            head: Head {
                sequence: self.sequence,
                hash: self.hash,
            },
            root: None,
            rows: 0,
            seals: self.seals,
        };
        Start {
            origin,
            sealing: self.sealing,
            keyring,
        }
    }
}

fn decoded<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, FrameError> {
    postcard::from_bytes(bytes).map_err(|_detail| FrameError::Malformed("a part does not decode"))
}

/// The digest of [`EndV1::tombstones`]; sorts the ids.
pub(super) fn tombstone_digest(ids: &mut [Vec<u8>]) -> [u8; 32] {
    ids.sort_unstable();
    let mut digest = Sha256::new();
    for id in ids {
        digest.update(&u32::try_from(id.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(id);
    }
    digest.finish()
}

impl<R> std::fmt::Debug for Contents<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Contents({:?})", self.seen)
    }
}

/// Why frames cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("{0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl FrameError {
    /// Names the backup, and takes the container's own error out of the one of reading.
    pub(crate) fn of(self, name: &super::Name) -> super::BackupError {
        let contents = |what| super::BackupError::Contents {
            name: name.to_string(),
            what,
        };
        match self {
            Self::Malformed(what) => contents(what),
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => contents("it has no end"),
            Self::Io(error) => super::BackupError::Open(crate::recipient::OpenError::from_io(error)),
        }
    }
}
