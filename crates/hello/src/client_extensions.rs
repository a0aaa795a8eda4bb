//! The extensions of a ClientHello, checked one by one (RFC 8446 §4.2).
//!
//! An extension that this crate reads must keep its grammar; the others are bytes. Whatever it is,
//! none comes twice and `pre_shared_key` comes last.

use crate::extension;
use crate::list::Extensions;
use crate::malformed::{Flaw, Malformed};
use crate::reader::Reader;
use crate::seen::{self, Seen};

/// What the known extensions said; the slices hold list bodies that keep their grammar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) server_name: Option<&'a str>,
    pub(crate) server_name_seen: bool,
    pub(crate) psk: bool,
    pub(crate) early_data: bool,
    pub(crate) groups: &'a [u8],
    pub(crate) schemes: &'a [u8],
    pub(crate) versions: &'a [u8],
    pub(crate) compression: &'a [u8],
    pub(crate) cookie: Option<&'a [u8]>,
    pub(crate) shares: Reader<'a>,
    pub(crate) alpn: Reader<'a>,
}

impl Known<'_> {
    const fn nothing() -> Self {
        Self {
            server_name: None,
            server_name_seen: false,
            psk: false,
            early_data: false,
            groups: &[],
            schemes: &[],
            versions: &[],
            compression: &[],
            cookie: None,
            shares: Reader::new(&[]),
            alpn: Reader::new(&[]),
        }
    }
}

/// Reads an extension block from its first extension to its end.
pub(crate) fn read(block: Reader<'_>) -> Result<Known<'_>, Malformed> {
    let mut known = Known::nothing();
    let mut seen = Seen::new();
    let mut crowded = false;
    let mut rest = block;
    while !rest.is_empty() {
        let start = rest;
        let kind = rest.u16("extension_type")?;
        let mut body = rest.sub16("extension_data")?;
        match seen.note(kind) {
            Some(false) => {}
            Some(true) => return Err(start.wrong("extension_type", Flaw::Duplicate)),
            None => crowded = true,
        }
        if kind == extension::PRE_SHARED_KEY && !rest.is_empty() {
            return Err(start.wrong("pre_shared_key", Flaw::Misplaced));
        }
        read_one(&mut known, kind, &mut body)?;
    }
    if crowded {
        refuse_repeats(block).map(|()| known)
    } else {
        Ok(known)
    }
}

/// The same search for repeats, for a block with more types than [`Seen`] has room for.
#[cold]
fn refuse_repeats(block: Reader<'_>) -> Result<(), Malformed> {
    let Some(index) = seen::first_repeated(Extensions(block).map(|(kind, _)| kind)) else {
        return Ok(());
    };
    let mut upto = Extensions(block);
    upto.by_ref().take(index).for_each(drop);
    Err(upto.0.wrong("extension_type", Flaw::Duplicate))
}

fn read_one<'a>(known: &mut Known<'a>, kind: u16, body: &mut Reader<'a>) -> Result<(), Malformed> {
    match kind {
        extension::SERVER_NAME => {
            known.server_name_seen = true;
            known.server_name = server_name(body)?;
        }
        extension::SUPPORTED_GROUPS => {
            known.groups = body.sub16("supported_groups")?.pairs("supported_groups")?;
        }
        extension::SIGNATURE_ALGORITHMS => {
            known.schemes = body
                .sub16("signature_algorithms")?
                .pairs("signature_algorithms")?;
        }
        extension::ALPN => known.alpn = alpn(body)?,
        extension::COMPRESS_CERTIFICATE => {
            known.compression = body.sub8("compress_certificate")?.pairs("compress_certificate")?;
        }
        extension::PRE_SHARED_KEY => {
            pre_shared_key(body)?;
            known.psk = true;
        }
        extension::EARLY_DATA => known.early_data = true,
        extension::SUPPORTED_VERSIONS => {
            known.versions = body.sub8("supported_versions")?.pairs("supported_versions")?;
        }
        extension::COOKIE => known.cookie = Some(body.filled16("cookie")?),
        extension::PSK_KEY_EXCHANGE_MODES => modes(body)?,
        extension::KEY_SHARE => known.shares = key_share(body)?,
        _ => return Ok(()),
    }
    body.end("extension_data")
}

/// `ServerNameList` (RFC 6066 §3). Of name types other than `host_name` nobody knows the length, so
/// what follows one is not read.
fn server_name<'a>(body: &mut Reader<'a>) -> Result<Option<&'a str>, Malformed> {
    let mut list = body.sub16("server_name_list")?;
    if list.is_empty() {
        return Err(list.wrong("server_name_list", Flaw::Empty));
    }
    let mut found = None;
    while !list.is_empty() {
        let start = list;
        if list.u8("name_type")? != 0 {
            break;
        }
        let name = list.filled16("host_name")?;
        if found.replace(name).is_some() {
            return Err(start.wrong("host_name", Flaw::Duplicate));
        }
    }
    Ok(found.and_then(host_name))
}

/// A host name as DNS has them: labels of 1 to 63 letters, digits, hyphens (not at either end) and
/// underscores, 253 bytes in all, perhaps a final dot, and a last label that is no number.
fn host_name(name: &[u8]) -> Option<&str> {
    if name.len() > 253 {
        return None;
    }
    let labels = name.strip_suffix(b".").unwrap_or(name);
    let mut last_is_number = true;
    for label in labels.split(|&byte| byte == b'.') {
        let hyphen_outside = label.first() == Some(&b'-') || label.last() == Some(&b'-');
        if !(1..=63).contains(&label.len()) || hyphen_outside {
            return None;
        }
        if !label
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            return None;
        }
        last_is_number = label.iter().all(u8::is_ascii_digit);
    }
    if last_is_number {
        None
    } else {
        std::str::from_utf8(name).ok()
    }
}

/// `ProtocolNameList` (RFC 7301 §3.1)
fn alpn<'a>(body: &mut Reader<'a>) -> Result<Reader<'a>, Malformed> {
    let names = body.sub16("protocol_name_list")?;
    if names.is_empty() {
        return Err(names.wrong("protocol_name_list", Flaw::Empty));
    }
    let mut rest = names;
    while !rest.is_empty() {
        let start = rest;
        if rest.vec8("ProtocolName")?.is_empty() {
            return Err(start.wrong("ProtocolName", Flaw::Empty));
        }
    }
    Ok(names)
}

/// `KeyShareEntry client_shares<0..2^16-1>` (RFC 8446 §4.2.8). Two shares for one group are a fault
/// of meaning that servers need not look for; we list both.
fn key_share<'a>(body: &mut Reader<'a>) -> Result<Reader<'a>, Malformed> {
    let shares = body.sub16("client_shares")?;
    let mut rest = shares;
    while !rest.is_empty() {
        rest.u16("group")?;
        rest.filled16("key_exchange")?;
    }
    Ok(shares)
}

/// `PskKeyExchangeMode ke_modes<1..255>` (RFC 8446 §4.2.9)
fn modes(body: &mut Reader<'_>) -> Result<(), Malformed> {
    let start = *body;
    let modes = body.vec8("psk_key_exchange_modes")?;
    if modes.is_empty() {
        Err(start.wrong("psk_key_exchange_modes", Flaw::Empty))
    } else {
        Ok(())
    }
}

/// `OfferedPsks` (RFC 8446 §4.2.11): identities, and a binder of at least 32 bytes for each.
fn pre_shared_key(body: &mut Reader<'_>) -> Result<(), Malformed> {
    let mut identities = body.sub16("identities")?;
    let mut binders = body.sub16("binders")?;
    if identities.is_empty() {
        return Err(identities.wrong("identities", Flaw::Empty));
    }
    if binders.is_empty() {
        return Err(binders.wrong("binders", Flaw::Empty));
    }
    while !identities.is_empty() {
        identities.filled16("identity")?;
        identities.array::<4>("obfuscated_ticket_age")?;
    }
    while !binders.is_empty() {
        let start = binders;
        if binders.vec8("binder")?.len() < 32 {
            return Err(start.wrong("binder", Flaw::BadLength));
        }
    }
    Ok(())
}
