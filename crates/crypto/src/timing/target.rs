//! What is measured: each operation with the two kinds of input that it must not tell apart.
//!
//! Inputs are copied into one buffer before the clock starts, so that both kinds come from the same memory.
//! Every input of a pool is another one: what is compared are kinds, not two particular values.

use super::{Class, Subject};
use crate::random::RandomError;
use crate::{Algorithm, aead, kem, mac};

/// An operation that must take the same time for both of its classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// ML-KEM-768 decapsulation: valid ciphertexts, and ciphertexts that are rejected implicitly.
    MlKemValidity,
    /// ML-KEM-768 decapsulation: rejected for the first byte, and for the last.
    MlKemRejection,
    /// X-Wing decapsulation: valid ciphertexts, and ones whose ML-KEM half is rejected implicitly.
    XWingValidity,
    /// HMAC-SHA-256 verification: the first byte of the tag wrong, and the last.
    MacTag,
    /// AES-256-GCM opening: the first byte of the tag wrong, and the last.
    AeadTag,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 5] = [
        Self::MlKemValidity,
        Self::MlKemRejection,
        Self::XWingValidity,
        Self::MacTag,
        Self::AeadTag,
    ];

    /// The name of its algorithm in the table.
    #[must_use]
    pub const fn algorithm(self) -> &'static str {
        match self {
            Self::MlKemValidity | Self::MlKemRejection => "ML-KEM-768",
            Self::XWingValidity => "X-Wing",
            Self::MacTag => "HMAC-SHA-256",
            Self::AeadTag => "AES-256-GCM",
        }
    }

    /// What is done.
    #[must_use]
    pub const fn operation(self) -> &'static str {
        match self {
            Self::MlKemValidity | Self::MlKemRejection | Self::XWingValidity => "decapsulate",
            Self::MacTag => "verify",
            Self::AeadTag => "open",
        }
    }

    /// The two classes of input.
    #[must_use]
    pub const fn classes(self) -> [&'static str; 2] {
        match self {
            Self::MlKemValidity | Self::XWingValidity => ["valid", "rejected"],
            Self::MlKemRejection => ["first byte wrong", "last byte wrong"],
            Self::MacTag | Self::AeadTag => ["first tag byte wrong", "last tag byte wrong"],
        }
    }

    pub(super) fn subject(self) -> Result<Box<dyn Subject>, Error> {
        let algorithm = Algorithm::by_name(self.algorithm()).ok_or(Error::Unsupported(self.algorithm()))?;
        Ok(match self {
            Self::MlKemValidity | Self::XWingValidity => {
                Box::new(Decapsulation::new(algorithm, [None, Some(0)])?)
            }
            Self::MlKemRejection => {
                let last = algorithm.sizes.ciphertext.unwrap_or(1) - 1;
                Box::new(Decapsulation::new(algorithm, [Some(0), Some(last)])?)
            }
            Self::MacTag => Box::new(MacVerification::new(algorithm)?),
            Self::AeadTag => Box::new(AeadOpening::new(algorithm)?),
        })
    }
}

/// Inputs in each class.
const POOL: usize = 64;
/// Runs of a short operation in one sample, so that a sample is long beside a tick of the clock.
const REPEATS: usize = 16;

/// Inputs of both classes, and the one whose turn it is.
struct Pool {
    classes: [Vec<Vec<u8>>; 2],
    turn: usize,
    current: Vec<u8>,
}

impl Pool {
    /// `make` gives a fresh valid input; `wrong` says which byte of it each class has changed.
    fn new<E>(wrong: [Option<usize>; 2], mut make: impl FnMut() -> Result<Vec<u8>, E>) -> Result<Self, E> {
        let mut class = |wrong: Option<usize>| -> Result<Vec<Vec<u8>>, E> {
            (0..POOL).map(|_number| Ok(changed(make()?, wrong))).collect()
        };
        let classes = [class(wrong[0])?, class(wrong[1])?];
        let current = classes[0][0].clone();
        let turn = 0;
        Ok(Self {
            classes,
            turn,
            current,
        })
    }

    fn prepare(&mut self, class: Class) {
        self.turn = (self.turn + 1) % POOL;
        let inputs = match class {
            Class::A => &self.classes[0],
            Class::B => &self.classes[1],
        };
        self.current.copy_from_slice(&inputs[self.turn]);
    }
}

/// The input with one bit changed in the given byte.
fn changed(mut input: Vec<u8>, wrong: Option<usize>) -> Vec<u8> {
    if let Some(byte) = wrong.and_then(|byte| input.get_mut(byte)) {
        *byte ^= 1;
    }
    input
}

struct Decapsulation {
    key: kem::PrivateKey,
    pool: Pool,
}

impl Decapsulation {
    fn new(algorithm: &'static Algorithm, wrong: [Option<usize>; 2]) -> Result<Self, Error> {
        let key = kem::PrivateKey::generate(algorithm)?;
        let make = || kem::encapsulate(algorithm, key.public_key()).map(|(ciphertext, _secret)| ciphertext);
        let pool = Pool::new(wrong, make)?;
        Ok(Self { key, pool })
    }
}

impl Subject for Decapsulation {
    fn prepare(&mut self, class: Class) {
        self.pool.prepare(class);
    }

    fn run(&mut self) {
        let _secret = std::hint::black_box(self.key.decapsulate(&self.pool.current));
    }
}

const MESSAGE: &[u8] = &[0x5a; 64];

struct MacVerification {
    key: mac::Key,
    pool: Pool,
}

impl MacVerification {
    /// All tags of one message are the same one: each input has its own wrong bit pattern in the wrong byte.
    fn new(algorithm: &'static Algorithm) -> Result<Self, Error> {
        let key = mac::Key::generate(algorithm)?;
        let tag = key.tag(MESSAGE)?;
        let last = tag.len() - 1;
        let pool = Pool::new([Some(0), Some(last)], || Ok::<_, Error>(tag.clone()))?;
        Ok(Self { key, pool })
    }
}

impl Subject for MacVerification {
    fn prepare(&mut self, class: Class) {
        self.pool.prepare(class);
    }

    fn run(&mut self) {
        for _repeat in 0..REPEATS {
            let _verified = std::hint::black_box(self.key.verify(MESSAGE, &self.pool.current));
        }
    }
}

struct AeadOpening {
    key: aead::Key,
    pool: Pool,
}

impl AeadOpening {
    fn new(algorithm: &'static Algorithm) -> Result<Self, Error> {
        let key = aead::Key::generate(algorithm)?;
        let tag = aead::NONCE_LEN + MESSAGE.len();
        let wrong = [Some(tag), Some(tag + aead::TAG_LEN - 1)];
        let pool = Pool::new(wrong, || key.seal_random(b"", MESSAGE))?;
        Ok(Self { key, pool })
    }
}

impl Subject for AeadOpening {
    fn prepare(&mut self, class: Class) {
        self.pool.prepare(class);
    }

    fn run(&mut self) {
        for _repeat in 0..REPEATS {
            let _opened = std::hint::black_box(self.key.open_random(b"", &self.pool.current));
        }
    }
}

/// Why a target could not be set up or measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// This build has no such algorithm.
    #[error("{0} is not implemented")]
    Unsupported(&'static str),
    /// A KEM key could not be made or used.
    #[error(transparent)]
    Kem(#[from] kem::Error),
    /// A MAC key could not be made or used.
    #[error(transparent)]
    Mac(#[from] mac::Error),
    /// An AEAD key could not be made or used.
    #[error(transparent)]
    Aead(#[from] aead::Error),
    /// The random generator failed.
    #[error(transparent)]
    Random(#[from] RandomError),
}
