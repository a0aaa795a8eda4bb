//! New keys: made here, or brought in.
//!
//! A name is given once, for ever. Imported material is marked so, because who else has it is not known.

use std::collections::BTreeMap;

use hybridge_crypto::{Algorithm, encoding};
use jiff::Timestamp;

use super::{Draft, Wanted};
use crate::material::Material;
use crate::record::{Stored, kept};
use crate::{Caller, Error, Key, KeyName, Keys, NewKey, Origin, Purpose, Times};

const LABELS_MAX: usize = 64;
const LABEL_LEN_MAX: usize = 256;

/// A key to bring in.
pub struct Import<'a> {
    /// What it shall be.
    pub key: &'a NewKey,
    /// How the material is written down.
    pub encoding: Encoding,
    /// The material itself.
    pub material: &'a [u8],
}

impl std::fmt::Debug for Import<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Import({:?}, <redacted>)", self.key)
    }
}

/// How private material is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The algorithm's own bytes: seed, scalar or symmetric key.
    Raw,
    /// PKCS#8 (RFC 5958) in DER or PEM; key pairs only.
    Pkcs8,
}

impl Keys {
    /// Makes a key with one version; key pairs are tested for pairwise consistency.
    ///
    /// # Errors
    /// [`Error::Exists`], also for names of destroyed keys; [`Error::Invalid`].
    pub async fn create(
        &self,
        caller: &Caller,
        name: &KeyName,
        new: &NewKey,
        now: Timestamp,
    ) -> Result<Key, Error> {
        let wanted = Wanted::new(caller, name, "key.create", now);
        self.settled(&wanted, self.try_create(&wanted, new).await).await
    }

    async fn try_create(&self, wanted: &Wanted<'_>, new: &NewKey) -> Result<Key, Error> {
        check(wanted.name, new)?;
        self.create_checked(wanted, new).await
    }

    /// Makes a key of the service's own.
    pub(crate) async fn create_checked(&self, wanted: &Wanted<'_>, new: &NewKey) -> Result<Key, Error> {
        let material = Material::generate_aside(new.purpose, new.algorithm).await?;
        self.save_new(wanted, new, (material, Origin::Generated)).await
    }

    /// Brings in a key. The algorithm is the one that the request names; other material is refused.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`].
    pub async fn import(
        &self,
        caller: &Caller,
        name: &KeyName,
        import: &Import<'_>,
        now: Timestamp,
    ) -> Result<Key, Error> {
        let wanted = Wanted::new(caller, name, "key.import", now);
        self.settled(&wanted, self.try_import(&wanted, import).await)
            .await
    }

    async fn try_import(&self, wanted: &Wanted<'_>, import: &Import<'_>) -> Result<Key, Error> {
        check(wanted.name, import.key)?;
        let material = read(import)?;
        self.save_new(wanted, import.key, (material, Origin::Imported))
            .await
    }

    async fn save_new(
        &self,
        wanted: &Wanted<'_>,
        new: &NewKey,
        (material, origin): (Material, Origin),
    ) -> Result<Key, Error> {
        let mut draft = Draft::create(key(wanted, new));
        let activated = kept(new.activate_at.unwrap_or(wanted.now));
        let times = Times::new(kept(wanted.now), activated);
        draft.add(Stored::new(1, &draft.key, (material, origin), times));
        let event = wanted
            .done()
            .version(1)
            .fact("purpose", new.purpose.name())
            .fact("algorithm", new.algorithm);
        let saved = self.save(draft, &event, wanted).await?;
        saved.ok_or(Error::Conflict)
    }
}

fn check(name: &KeyName, new: &NewKey) -> Result<(), Error> {
    if name.is_internal() {
        return Err(Error::invalid("name", "belongs to the service"));
    }
    if !new.purpose.allows(new.algorithm) {
        let why = format_args!("{} keys cannot use {}", new.purpose.name(), new.algorithm);
        return Err(Error::invalid("algorithm", why));
    }
    check_labels(&new.labels)?;
    new.policy
        .check(new.purpose, 1)
        .map_err(|error| Error::invalid(error.field(), error))
}

pub(super) fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), Error> {
    let is_long = |(name, value): (&String, &String)| {
        name.is_empty() || name.len() > LABEL_LEN_MAX || value.len() > LABEL_LEN_MAX
    };
    if labels.len() > LABELS_MAX || labels.iter().any(is_long) {
        let why = format_args!("at most {LABELS_MAX} of at most {LABEL_LEN_MAX} bytes each");
        return Err(Error::invalid("labels", why));
    }
    Ok(())
}

fn key(wanted: &Wanted<'_>, new: &NewKey) -> Key {
    let rotation = new.policy.rotation();
    Key {
        name: wanted.name.clone(),
        purpose: new.purpose,
        algorithm: new.algorithm,
        policy: new.policy.clone(),
        lifetime: new.lifetime,
        labels: new.labels.clone(),
        primary: 1,
        latest: 1,
        created: kept(wanted.now),
        disabled: None,
        destroy_after: None,
        destroyed: None,
        rotate_after: rotation.and_then(|period| kept(wanted.now).checked_add(period).ok()),
        revision: 0,
    }
}

/// Material in the encoding that the request names.
fn read(import: &Import<'_>) -> Result<Material, Error> {
    let NewKey {
        purpose, algorithm, ..
    } = *import.key;
    let raw = match import.encoding {
        Encoding::Raw => return reads(purpose, algorithm, import.material),
        Encoding::Pkcs8 => encoding::private_from_as(algorithm, import.material),
    };
    let pair = raw.map_err(|error| Error::invalid("material", error))?;
    match pair {
        encoding::PrivateKey::Kem(key) if purpose == Purpose::Kem => Ok(Material::Kem(key)),
        encoding::PrivateKey::Sign(key) if purpose == Purpose::Sign => Ok(Material::Sign(key)),
        _ => Err(Error::invalid("material", "it is for another purpose")),
    }
}

fn reads(purpose: Purpose, algorithm: &'static Algorithm, bytes: &[u8]) -> Result<Material, Error> {
    Material::read(purpose, algorithm, bytes).map_err(|error| match error {
        Error::Crypto { source, .. } => Error::invalid("material", source),
        other => other,
    })
}
