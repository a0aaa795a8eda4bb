//! Small things of which two checksummed copies are kept: the header and the root record.
//!
//! The copies lie in two tables, hence on two pages. Both are written in one transaction. A damaged or
//! missing copy is written anew from the other one and reported.

use crate::backend::{Backend, Reader, Side};
use crate::fault::{Fault, FaultKind};
use crate::log::StoreId;

pub(crate) const HEADER: &str = "header";
pub(crate) const ROOT: &str = "root";
const FORMAT: u8 = 1;

/// What the two copies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Copies {
    Absent,
    Sound(Vec<u8>),
    /// The copy on this side is damaged; the bytes are the other one's.
    Damaged(Side, Vec<u8>),
    Lost,
}

pub(crate) fn read(reader: &mut dyn Reader, name: &str) -> Result<Copies, Fault> {
    let a = one(reader, Side::A, name)?;
    let b = one(reader, Side::B, name)?;
    Ok(match (a, b) {
        (One::Absent, One::Absent) => Copies::Absent,
        (One::Sound(a), One::Sound(_)) => Copies::Sound(a),
        (One::Sound(a), _) => Copies::Damaged(Side::B, a),
        (_, One::Sound(b)) => Copies::Damaged(Side::A, b),
        _ => Copies::Lost,
    })
}

enum One {
    Absent,
    Sound(Vec<u8>),
    Damaged,
}

fn one(reader: &mut dyn Reader, side: Side, name: &str) -> Result<One, Fault> {
    match reader.copy(side, name) {
        Ok(None) => Ok(One::Absent),
        Ok(Some(bytes)) => Ok(open(name, &bytes).map_or(One::Damaged, One::Sound)),
        Err(fault) if fault.kind == FaultKind::Corrupt => Ok(One::Damaged),
        Err(fault) => Err(fault),
    }
}

/// Writes both copies; inside a transaction.
pub(crate) fn write(backend: &mut dyn Backend, name: &str, bytes: &[u8]) -> Result<(), Fault> {
    let checked = close(name, bytes);
    backend.put_copy(Side::A, name, &checked)?;
    backend.put_copy(Side::B, name, &checked)
}

/// Writes a damaged copy anew and says which it was; inside a transaction.
pub(crate) fn heal(backend: &mut dyn Backend, name: &str) -> Result<Option<Side>, Fault> {
    let Copies::Damaged(side, bytes) = read(backend, name)? else {
        return Ok(None);
    };
    backend.put_copy(side, name, &close(name, &bytes))?;
    Ok(Some(side))
}

/// `u32be CRC-32(name ‖ 0x00 ‖ bytes) ‖ bytes`.
fn close(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut checked = checksum(name, bytes).to_vec();
    checked.extend_from_slice(bytes);
    checked
}

fn open(name: &str, checked: &[u8]) -> Option<Vec<u8>> {
    let (sum, bytes) = checked.split_first_chunk::<4>()?;
    (*sum == checksum(name, bytes)).then(|| bytes.to_vec())
}

fn checksum(name: &str, bytes: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(&[0]);
    hasher.update(bytes);
    hasher.finalize().to_be_bytes()
}

/// How far a store's file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Ready,
    /// A restore into it was begun and is not finished.
    Importing,
}

/// `u8 format (1) ‖ u8 stage ‖ store id (16) ‖ u64be generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) stage: Stage,
    pub(crate) store: StoreId,
    /// Grows by one whenever the store is opened.
    pub(crate) generation: u64,
}

impl Header {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let stage = match self.stage {
            Stage::Ready => 0,
            Stage::Importing => 1,
        };
        [
            &[FORMAT, stage][..],
            &self.store.0,
            &self.generation.to_be_bytes(),
        ]
        .concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ([format, stage], rest) = bytes.split_first_chunk::<2>()?;
        let (store, generation) = rest.split_first_chunk::<16>()?;
        let stage = match (*format, *stage) {
            (FORMAT, 0) => Stage::Ready,
            (FORMAT, 1) => Stage::Importing,
            _ => return None,
        };
        let generation = u64::from_be_bytes(generation.try_into().ok()?);
        Some(Self {
            stage,
            store: StoreId(*store),
            generation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_from_its_bytes_and_from_nothing_else() {
        let header = Header {
            stage: Stage::Importing,
            store: StoreId([3; 16]),
            generation: 9,
        };
        let bytes = header.to_bytes();
        assert_eq!(Header::from_bytes(&bytes), Some(header));
        assert_eq!(Header::from_bytes(&bytes[..25]), None);
        assert_eq!(Header::from_bytes(&[&[2], &bytes[1..]].concat()), None);
    }

    #[test]
    fn a_copy_is_checked_together_with_its_name() {
        let checked = close("root", b"bytes");
        assert_eq!(open("root", &checked).unwrap(), b"bytes");
        assert_eq!(open("header", &checked), None);
        assert_eq!(open("root", &checked[..8]), None);
        assert_eq!(open("root", b""), None);
    }
}
