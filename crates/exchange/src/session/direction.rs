//! The two directions of a session, each with its own keys.
//! A side is a type, so that no session is used from the wrong end.

use super::{Client, Server};

/// Who a message goes to. The number is part of what the AEAD authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Direction {
    ToServer = 1,
    ToClient = 2,
}

impl Direction {
    pub(crate) const fn reversed(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    /// Labels of the AEAD key and of the nonce mask.
    pub(crate) const fn labels(self) -> [&'static [u8]; 2] {
        match self {
            Self::ToServer => [b"c key", b"c iv"],
            Self::ToClient => [b"s key", b"s iv"],
        }
    }
}

/// Where a side sends to. Only this crate's two sides have it.
pub trait Sends {
    const SENDS: Direction;
}

impl Sends for Client {
    const SENDS: Direction = Direction::ToServer;
}

impl Sends for Server {
    const SENDS: Direction = Direction::ToClient;
}
