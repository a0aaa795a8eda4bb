//! `SSH_MSG_KEXINIT` (RFC 4253 §7.1): what a side can do, in order of preference.
//! One type for both ways: what was read writes back to the same bytes.

use super::message;
use super::name_list::NameList;
use super::wire::put_string;
use crate::malformed::{Flaw, Malformed};
use crate::reader::Reader;

/// A KEXINIT, to be read or written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KexInit<'a> {
    /// 16 random bytes.
    pub cookie: [u8; 16],
    /// Key exchange methods, with the signals that travel among them.
    pub kex_algorithms: NameList<'a>,
    /// Host key algorithms.
    pub server_host_key_algorithms: NameList<'a>,
    /// Ciphers, client to server.
    pub encryption_client_to_server: NameList<'a>,
    /// Ciphers, server to client.
    pub encryption_server_to_client: NameList<'a>,
    /// MACs, client to server.
    pub mac_client_to_server: NameList<'a>,
    /// MACs, server to client.
    pub mac_server_to_client: NameList<'a>,
    /// Compression, client to server.
    pub compression_client_to_server: NameList<'a>,
    /// Compression, server to client.
    pub compression_server_to_client: NameList<'a>,
    /// Languages, client to server; nearly always empty.
    pub languages_client_to_server: NameList<'a>,
    /// Languages, server to client; nearly always empty.
    pub languages_server_to_client: NameList<'a>,
    /// Whether a guessed key exchange packet follows.
    pub first_kex_packet_follows: bool,
}

const FIELDS: [&str; 10] = [
    "kex_algorithms",
    "server_host_key_algorithms",
    "encryption_algorithms_client_to_server",
    "encryption_algorithms_server_to_client",
    "mac_algorithms_client_to_server",
    "mac_algorithms_server_to_client",
    "compression_algorithms_client_to_server",
    "compression_algorithms_server_to_client",
    "languages_client_to_server",
    "languages_server_to_client",
];

impl<'a> KexInit<'a> {
    /// Reads the payload of a packet.
    ///
    /// # Errors
    /// When it is no KEXINIT, a name-list breaks the grammar, or bytes are missing or left over.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let start = reader;
        if reader.u8("message number")? != message::KEXINIT {
            return Err(start.wrong("message number", Flaw::BadValue));
        }
        let mut kexinit = Self {
            cookie: *reader.array("cookie")?,
            ..Self::default()
        };
        for (list, field) in kexinit.lists_mut().into_iter().zip(FIELDS) {
            *list = name_list(&mut reader, field)?;
        }
        kexinit.first_kex_packet_follows = reader.u8("first_kex_packet_follows")? != 0;
        reader.u32("reserved")?;
        reader.end("SSH_MSG_KEXINIT")?;
        Ok(kexinit)
    }

    /// The payload of a packet: also `I_C` or `I_S` of the exchange hash (RFC 4253 §8).
    pub fn to_payload(&self) -> Vec<u8> {
        let mut copy = *self;
        let mut payload = vec![message::KEXINIT];
        payload.extend_from_slice(&self.cookie);
        for list in copy.lists_mut() {
            put_string(&mut payload, list.as_str().as_bytes());
        }
        payload.push(u8::from(self.first_kex_packet_follows));
        payload.extend_from_slice(&[0; 4]);
        payload
    }

    /// The ten lists in wire order.
    const fn lists_mut(&mut self) -> [&mut NameList<'a>; 10] {
        [
            &mut self.kex_algorithms,
            &mut self.server_host_key_algorithms,
            &mut self.encryption_client_to_server,
            &mut self.encryption_server_to_client,
            &mut self.mac_client_to_server,
            &mut self.mac_server_to_client,
            &mut self.compression_client_to_server,
            &mut self.compression_server_to_client,
            &mut self.languages_client_to_server,
            &mut self.languages_server_to_client,
        ]
    }
}

fn name_list<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<NameList<'a>, Malformed> {
    let list = reader.string(field)?;
    let start = reader.offset() - list.len();
    NameList::parse(list).map_err(|malformed| Malformed {
        field,
        flaw: malformed.flaw,
        offset: start + malformed.offset,
    })
}
