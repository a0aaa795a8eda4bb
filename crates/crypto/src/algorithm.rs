//! The table of algorithms: what a probe, a certificate or a policy may meet, under its standard name.
//!
//! Rules: names, aliases and object identifiers are unique over the whole table, so a lookup has one answer.
//! A name that is not here is unknown, which is never the same as safe. A family is one file with one
//! `TABLE`, and one line in `FAMILIES`. Being listed says nothing about whether a provider implements it.

mod aead;
mod composite;
mod diffie_hellman;
mod dsa;
mod ecdsa;
mod eddsa;
mod hash;
mod hash_based;
mod hybrid;
mod kdf;
mod mac;
mod ml_dsa;
mod ml_kem;
mod rsa;

/// One algorithm or parameter set, as its defining document names it.
#[derive(Clone, Copy)]
pub struct Algorithm {
    /// Standard name, for example `ML-KEM-768`.
    pub name: &'static str,
    /// What TLS, SSH and X.509 call the same thing, for example `mlkem768x25519-sha256`.
    pub aliases: &'static [&'static str],
    /// What it is used for.
    pub kind: Kind,
    /// The mathematical or composite family it belongs to.
    pub family: Family,
    /// Object identifiers in dotted form; empty where none is registered.
    pub oids: &'static [&'static str],
    /// Sizes in bytes of what goes over the wire or into a store.
    pub sizes: Sizes,
    /// NIST security category, 1 to 5; `None` for classical and for non-NIST algorithms.
    pub category: Option<u8>,
    /// How it stands against a quantum computer, and against today's.
    pub status: Status,
    /// Names of the component algorithms of a hybrid or composite (RFC 9794 §2); else empty.
    pub components: &'static [&'static str],
    /// The document that defines it.
    pub document: &'static str,
}

/// What an algorithm is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Key-encapsulation mechanism (RFC 9794 §2).
    Kem,
    /// Non-interactive key agreement, such as Diffie-Hellman.
    KeyAgreement,
    /// A key exchange made of several others, such as a TLS hybrid group.
    KeyExchange,
    /// Digital signature, or a key that is used for one.
    Signature,
    /// Authenticated encryption with associated data (RFC 5116).
    Aead,
    /// Message authentication code.
    Mac,
    /// Hash or extendable-output function.
    Hash,
    /// Key derivation, from secrets or from passwords.
    Kdf,
    /// Splitting of a secret into shares.
    SecretSharing,
}

/// Mathematical or composite family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Module-lattice KEM, FIPS 203.
    MlKem,
    /// Module-lattice signatures, FIPS 204.
    MlDsa,
    /// Stateless hash-based signatures, FIPS 205.
    SlhDsa,
    /// Stateful hash-based signatures, SP 800-208.
    StatefulHash,
    /// Streamlined NTRU Prime.
    NtruPrime,
    /// Diffie-Hellman over elliptic curves, X25519 and X448 included.
    Ecdh,
    /// Diffie-Hellman in finite fields.
    FiniteField,
    /// RSA in any encoding.
    Rsa,
    /// ECDSA and the elliptic-curve keys used with it.
    Ecdsa,
    /// Ed25519 and Ed448.
    EdDsa,
    /// DSA in finite fields.
    Dsa,
    /// A key exchange that combines a classical and a post-quantum one.
    HybridExchange,
    /// A KEM that combines a classical and a post-quantum one, with keys that can be stored.
    HybridKem,
    /// A signature that combines ML-DSA with a classical one.
    CompositeMlDsa,
    /// AES in a mode that authenticates, FIPS 197.
    Aes,
    /// ChaCha20 with Poly1305.
    ChaCha,
    /// HMAC, FIPS 198-1.
    Hmac,
    /// SHA-2, FIPS 180-4.
    Sha2,
    /// SHA-3 and SHAKE, FIPS 202.
    Sha3,
    /// HKDF, RFC 5869.
    Hkdf,
    /// Argon2, RFC 9106.
    Argon2,
    /// Shamir's secret sharing.
    Shamir,
}

/// How an algorithm stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Believed to resist a quantum computer by itself.
    PostQuantum,
    /// Holds while either a post-quantum or a classical component holds.
    Hybrid,
    /// Sound today; a quantum computer breaks it.
    QuantumVulnerable,
    /// Not acceptable today, quantum computer or not.
    Broken,
}

impl Status {
    /// True where a quantum computer alone does not break the algorithm.
    #[must_use]
    pub const fn resists_quantum(self) -> bool {
        matches!(self, Self::PostQuantum | Self::Hybrid)
    }
}

/// Sizes in bytes; the largest value where the encoding varies, `None` where it depends on the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Public or encapsulation key; for a hybrid exchange, the client's share.
    pub public_key: Option<usize>,
    /// Private key in its stored form: the seed where the standard has one.
    pub private_key: Option<usize>,
    /// KEM ciphertext; for a hybrid exchange, the server's share.
    pub ciphertext: Option<usize>,
    /// Shared secret.
    pub shared_secret: Option<usize>,
    /// Signature.
    pub signature: Option<usize>,
    /// Authentication tag, or digest.
    pub tag: Option<usize>,
}

impl Sizes {
    /// No size is fixed by the standard.
    pub(crate) const NONE: Self = Self {
        public_key: None,
        private_key: None,
        ciphertext: None,
        shared_secret: None,
        signature: None,
        tag: None,
    };

    /// Public key, private key, signature.
    pub(crate) const fn signature(public_key: usize, private_key: usize, signature: usize) -> Self {
        Self {
            public_key: Some(public_key),
            private_key: Some(private_key),
            signature: Some(signature),
            ..Self::NONE
        }
    }

    /// A share in each direction and the secret they give.
    pub(crate) const fn exchange(client: usize, server: usize, secret: usize) -> Self {
        Self {
            public_key: Some(client),
            ciphertext: Some(server),
            shared_secret: Some(secret),
            ..Self::NONE
        }
    }
}

const FAMILIES: &[&[Algorithm]] = &[
    ml_kem::TABLE,
    hybrid::TABLE,
    diffie_hellman::TABLE,
    ml_dsa::TABLE,
    hash_based::TABLE,
    composite::TABLE,
    ecdsa::TABLE,
    eddsa::TABLE,
    rsa::TABLE,
    dsa::TABLE,
    aead::TABLE,
    mac::TABLE,
    hash::TABLE,
    kdf::TABLE,
];

const COUNT: usize = count(FAMILIES);

impl Algorithm {
    /// Every algorithm the product can name.
    pub const ALL: &'static [Self] = &flatten::<COUNT>(FAMILIES);

    /// Looks up a standard name or an alias, without regard to case.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|algorithm| algorithm.is_called(name))
    }

    /// Looks up an object identifier in dotted form, such as `2.16.840.1.101.3.4.3.18`.
    #[must_use]
    pub fn by_oid(oid: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|algorithm| algorithm.oids.contains(&oid))
    }

    /// True for the standard name and for every alias, without regard to case.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }
}

impl PartialEq for Algorithm {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Algorithm {}

impl std::fmt::Debug for Algorithm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Algorithm({})", self.name)
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

const fn count(families: &[&[Algorithm]]) -> usize {
    let (mut total, mut index) = (0, 0);
    while index < families.len() {
        total += families[index].len();
        index += 1;
    }
    total
}

const fn flatten<const N: usize>(families: &[&[Algorithm]]) -> [Algorithm; N] {
    let mut flat = [families[0][0]; N];
    let (mut filled, mut family) = (0, 0);
    while family < families.len() {
        let mut member = 0;
        while member < families[family].len() {
            flat[filled] = families[family][member];
            filled += 1;
            member += 1;
        }
        family += 1;
    }
    flat
}

#[cfg(test)]
mod tests;
