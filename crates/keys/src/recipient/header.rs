//! The header of a container: who can open it, in lines of text that a person can read.
//!
//! ```text
//! hybridge-sealed/v1
//! -> x-wing <enc> <sealed file key>
//! -> passphrase <salt> <KiB> <passes> <lanes> <enc> <sealed file key>
//! --- <HMAC-SHA-256 of everything before the space>
//! ```
//! Byte fields are base64url without padding. Parsing is strict: one spelling for each header.

use std::io::Read;

use hybridge_crypto::{hpke, kdf, kem, random};
use zeroize::Zeroizing;

use super::derive::FileKey;
use super::{
    Identity, Lock, OpenError, Opener, Passphrase, Recipient, SealError, by_short_name, passphrase,
    short_name, text,
};

/// Most recipients of one container.
pub(super) const RECIPIENTS_MAX: usize = 64;

const VERSION_LINE: &str = "hybridge-sealed/v1";
const STANZA: &str = "-> ";
const END: &str = "---";
/// Longer than any line of a known stanza (MLKEM1024-P384: 2,220 characters of `enc`).
const LINE_LEN_MAX: usize = 4096;

enum Stanza {
    Recipient {
        name: String,
        enc: Vec<u8>,
        sealed: Vec<u8>,
    },
    Passphrase(PassphraseStanza),
}

struct PassphraseStanza {
    salt: Vec<u8>,
    cost: kdf::Cost,
    enc: Vec<u8>,
    sealed: Vec<u8>,
}

/// Writes the header that gives `file_key` to whoever the lock names.
pub(super) fn write(lock: &Lock, file_key: &FileKey, purpose: &str) -> Result<Vec<u8>, SealError> {
    let mut lines = format!("{VERSION_LINE}\n");
    match lock {
        Lock::Recipients(recipients) => {
            check_number(recipients.len())?;
            for recipient in recipients {
                lines.push_str(&recipient_line(recipient, file_key, purpose)?);
            }
        }
        Lock::Passphrase(passphrase) => lines.push_str(&passphrase_line(passphrase, file_key, purpose)?),
    }
    lines.push_str(END);
    let tag = file_key
        .header_key()
        .and_then(|key| Ok(key.tag(lines.as_bytes())?))
        .map_err(|source| SealError::Crypto("the MAC of the header", source))?;
    Ok(format!("{lines} {}\n", text::encode(&tag)).into_bytes())
}

/// Reads the header, up to and including its last line, and takes the file key out of it.
pub(super) fn read(input: &mut impl Read, opener: Opener<'_>, purpose: &str) -> Result<FileKey, OpenError> {
    let header = Header::read(input)?;
    let file_key = header.file_key(opener, purpose)?;
    let key = file_key
        .header_key()
        .map_err(|source| OpenError::Crypto("the MAC of the header", source))?;
    match key.verify(header.covered.as_bytes(), &header.tag) {
        Ok(()) => Ok(file_key),
        Err(_mismatch) => Err(OpenError::HeaderChanged),
    }
}

struct Header {
    stanzas: Vec<Stanza>,
    covered: String,
    tag: Vec<u8>,
}

impl Header {
    fn read(input: &mut impl Read) -> Result<Self, OpenError> {
        let mut covered = read_line(input)?;
        if covered != VERSION_LINE {
            return Err(OpenError::Format("its first line is not `hybridge-sealed/v1`"));
        }
        covered.push('\n');
        let mut stanzas = Vec::new();
        loop {
            let line = read_line(input)?;
            if let Some(tag) = line.strip_prefix(END) {
                let tag = tag.strip_prefix(' ').ok_or(MALFORMED_END)?;
                covered.push_str(END);
                let tag = bytes(tag)?;
                return Ok(Self {
                    stanzas,
                    covered,
                    tag,
                });
            }
            stanzas.push(Stanza::parse(&line)?);
            if stanzas.len() > RECIPIENTS_MAX {
                return Err(OpenError::Format("its header names too many recipients"));
            }
            covered.push_str(&line);
            covered.push('\n');
        }
    }

    fn file_key(&self, opener: Opener<'_>, purpose: &str) -> Result<FileKey, OpenError> {
        match (&self.stanzas[..], opener) {
            ([Stanza::Passphrase(stanza)], Opener::Passphrase(words)) => stanza.open(words, purpose),
            ([Stanza::Passphrase(_)], Opener::Identity(_)) => Err(OpenError::NeedsPassphrase),
            (stanzas, _) if stanzas.iter().any(Stanza::is_passphrase) => {
                Err(OpenError::Format("a passphrase stands beside other recipients"))
            }
            (_, Opener::Passphrase(_)) => Err(OpenError::NeedsIdentity),
            (stanzas, Opener::Identity(identity)) => stanzas
                .iter()
                .find_map(|stanza| stanza.open(identity, purpose))
                .ok_or(OpenError::NotARecipient {
                    recipients: stanzas.len(),
                }),
        }
    }
}

const MALFORMED_END: OpenError = OpenError::Format("the last line of its header is malformed");
const MALFORMED_STANZA: OpenError = OpenError::Format("a recipient's line is malformed");

impl Stanza {
    fn parse(line: &str) -> Result<Self, OpenError> {
        let fields = line.strip_prefix(STANZA).ok_or(MALFORMED_STANZA)?;
        match fields.split(' ').collect::<Vec<_>>()[..] {
            ["passphrase", salt, memory_kib, passes, lanes, enc, sealed] => {
                Ok(Self::Passphrase(PassphraseStanza {
                    salt: bytes(salt)?,
                    cost: cost([memory_kib, passes, lanes])?,
                    enc: bytes(enc)?,
                    sealed: bytes(sealed)?,
                }))
            }
            [name, enc, sealed] => Ok(Self::Recipient {
                name: name.to_owned(),
                enc: bytes(enc)?,
                sealed: bytes(sealed)?,
            }),
            _ => Err(MALFORMED_STANZA),
        }
    }

    fn is_passphrase(&self) -> bool {
        matches!(self, Self::Passphrase(_))
    }

    /// The file key, if this line was written for this identity.
    fn open(&self, identity: &Identity, purpose: &str) -> Option<FileKey> {
        let Self::Recipient { name, enc, sealed } = self else {
            return None;
        };
        let algorithm = by_short_name(name).ok()?;
        if algorithm != identity.key().algorithm() {
            return None;
        }
        unwrap(identity.key(), enc, sealed, purpose)
    }
}

impl PassphraseStanza {
    fn open(&self, words: &Passphrase, purpose: &str) -> Result<FileKey, OpenError> {
        if self.salt.len() != passphrase::SALT_LEN {
            return Err(MALFORMED_STANZA);
        }
        if !passphrase::is_acceptable(self.cost) {
            let kdf::Cost {
                memory_kib,
                passes,
                lanes,
            } = self.cost;
            return Err(OpenError::Cost {
                memory_kib,
                passes,
                lanes,
            });
        }
        let key = words.key(&self.salt, self.cost)?;
        unwrap(&key, &self.enc, &self.sealed, purpose).ok_or(OpenError::WrongPassphrase)
    }
}

fn check_number(recipients: usize) -> Result<(), SealError> {
    match recipients {
        0 => Err(SealError::NoRecipient),
        1..=RECIPIENTS_MAX => Ok(()),
        _ => Err(SealError::TooMany),
    }
}

fn recipient_line(recipient: &Recipient, file_key: &FileKey, purpose: &str) -> Result<String, SealError> {
    let name = short_name(recipient.algorithm()).expect("only accepted algorithms become recipients");
    let (enc, sealed) = wrap(recipient, file_key, purpose)?;
    Ok(format!(
        "{STANZA}{name} {} {}\n",
        text::encode(&enc),
        text::encode(&sealed)
    ))
}

fn passphrase_line(words: &Passphrase, file_key: &FileKey, purpose: &str) -> Result<String, SealError> {
    let salt = random::bytes::<{ passphrase::SALT_LEN }>()
        .map_err(|source| SealError::Crypto("the random generator", source.into()))?;
    let cost = words.cost();
    let key = words
        .key(&salt, cost)
        .map_err(|source| SealError::Crypto("Argon2id", source.into()))?;
    let recipient = Recipient {
        algorithm: key.algorithm(),
        public_key: key.public_key().to_vec(),
    };
    let (enc, sealed) = wrap(&recipient, file_key, purpose)?;
    let costs = format!("{} {} {}", cost.memory_kib, cost.passes, cost.lanes);
    let (salt, enc, sealed) = (text::encode(&salt), text::encode(&enc), text::encode(&sealed));
    Ok(format!("{STANZA}passphrase {salt} {costs} {enc} {sealed}\n"))
}

fn wrap(recipient: &Recipient, file_key: &FileKey, purpose: &str) -> Result<(Vec<u8>, Vec<u8>), SealError> {
    let failed = |source: hpke::Error| SealError::Crypto("HPKE", source.into());
    let suite = hpke::Suite::default_for(recipient.algorithm()).map_err(failed)?;
    let (enc, mut sender) =
        hpke::sender(suite, recipient.public_key(), &hpke_context(purpose)).map_err(failed)?;
    let sealed = sender.seal(&[], file_key.as_bytes()).map_err(failed)?;
    Ok((enc, sealed))
}

fn unwrap(key: &kem::PrivateKey, enc: &[u8], sealed: &[u8], purpose: &str) -> Option<FileKey> {
    let suite = hpke::Suite::default_for(key.algorithm()).ok()?;
    let mut receiver = hpke::receiver(suite, key, enc, &hpke_context(purpose)).ok()?;
    let opened: Zeroizing<Vec<u8>> = receiver.open(&[], sealed).ok()?;
    FileKey::from_bytes(opened)
}

/// `hybridge-sealed/v1 file key`, a zero byte, and the purpose.
fn hpke_context(purpose: &str) -> Vec<u8> {
    [b"hybridge-sealed/v1 file key\0", purpose.as_bytes()].concat()
}

fn bytes(field: &str) -> Result<Vec<u8>, OpenError> {
    match text::decode(field) {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(_detail) => Err(OpenError::Format("a field of its header is not base64url")),
    }
}

fn cost([memory_kib, passes, lanes]: [&str; 3]) -> Result<kdf::Cost, OpenError> {
    Ok(kdf::Cost {
        memory_kib: number(memory_kib)?,
        passes: number(passes)?,
        lanes: number(lanes)?,
    })
}

/// A decimal number in its one spelling: no sign, no leading zero.
fn number(field: &str) -> Result<u32, OpenError> {
    let read: u32 = field.parse().map_err(|_detail| MALFORMED_STANZA)?;
    if read.to_string() == field {
        Ok(read)
    } else {
        Err(MALFORMED_STANZA)
    }
}

/// One line without its end. Reads byte by byte, so that nothing of the body is consumed.
fn read_line(input: &mut impl Read) -> Result<String, OpenError> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match input.read_exact(&mut byte) {
            Ok(()) if byte == *b"\n" => break,
            Ok(()) => line.push(byte[0]),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(OpenError::Format("its header has no end"));
            }
            Err(error) => return Err(OpenError::Io(error)),
        }
        if line.len() > LINE_LEN_MAX {
            return Err(OpenError::Format("a line of its header is too long"));
        }
    }
    match String::from_utf8(line) {
        Ok(line) if line.is_ascii() => Ok(line),
        _ => Err(OpenError::Format("its header is not ASCII text")),
    }
}
