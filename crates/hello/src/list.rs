//! Iterators over the lists of a hello, borrowed from its bytes.
//!
//! They run over bytes that a parser has checked, so they cannot fail; over other bytes they would
//! merely end early.

use std::fmt;
use std::marker::PhantomData;

use crate::group::NamedGroup;
use crate::reader::Reader;

/// A list of two-byte code points, in wire order.
pub struct CodePoints<'a, T> {
    bytes: &'a [u8],
    of: PhantomData<fn() -> T>,
}

impl<'a, T> CodePoints<'a, T> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            of: PhantomData,
        }
    }
}

impl<T> Clone for CodePoints<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for CodePoints<'_, T> {}

impl<T: From<u16> + fmt::Debug> fmt::Debug for CodePoints<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

impl<T: From<u16>> Iterator for CodePoints<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let (pair, rest) = self.bytes.split_first_chunk::<2>()?;
        self.bytes = rest;
        Some(T::from(u16::from_be_bytes(*pair)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.bytes.len() / 2, Some(self.bytes.len() / 2))
    }
}

impl<T: From<u16>> ExactSizeIterator for CodePoints<'_, T> {}

/// One entry of the extension `key_share` (RFC 8446 §4.2.8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyShare<'a> {
    /// The group the share is for.
    pub group: NamedGroup,
    /// The share itself: a public key, an encapsulation key, or both one after the other.
    pub key_exchange: &'a [u8],
}

/// The key shares of a ClientHello, in wire order.
#[derive(Clone, Copy, Debug)]
pub struct KeyShares<'a>(pub(crate) Reader<'a>);

impl<'a> Iterator for KeyShares<'a> {
    type Item = KeyShare<'a>;

    #[inline]
    fn next(&mut self) -> Option<KeyShare<'a>> {
        let group = NamedGroup(self.0.u16("group").ok()?);
        let key_exchange = self.0.vec16("key_exchange").ok()?;
        Some(KeyShare { group, key_exchange })
    }
}

/// The protocol names of the extension `application_layer_protocol_negotiation`, in wire order.
#[derive(Clone, Copy, Debug)]
pub struct ProtocolNames<'a>(pub(crate) Reader<'a>);

impl<'a> Iterator for ProtocolNames<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.vec8("ProtocolName").ok()
    }
}

/// The extensions of a hello as `(type, body)`, in wire order.
#[derive(Clone, Copy, Debug)]
pub struct Extensions<'a>(pub(crate) Reader<'a>);

impl<'a> Iterator for Extensions<'a> {
    type Item = (u16, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let kind = self.0.u16("extension_type").ok()?;
        let body = self.0.vec16("extension_data").ok()?;
        Some((kind, body))
    }
}
