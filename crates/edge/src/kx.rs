//! TLS provider wiring: from a policy's group to the key exchange that rustls runs.
//!
//! The primitives are aws-lc-rs's, reached through rustls. SecP384r1MLKEM1024 (RFC 10024), which
//! rustls does not offer, is put together here from its P-384 and ML-KEM-1024: concatenation of
//! shares and of secrets with the P-384 part first, nothing else.

use std::sync::Arc;

use hybridge_policy::Group;
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::crypto::{
    ActiveKeyExchange, CompletedKeyExchange, CryptoProvider, SharedSecret, SupportedKxGroup, aws_lc_rs,
};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};

/// The provider that negotiates just these groups, preferred first.
pub fn provider(groups: &[Group]) -> Arc<CryptoProvider> {
    let kx_groups = groups.iter().map(|group| kx(*group)).collect();
    Arc::new(CryptoProvider {
        kx_groups,
        ..aws_lc_rs::default_provider()
    })
}

fn kx(group: Group) -> &'static dyn SupportedKxGroup {
    match group {
        Group::X25519MlKem768 => kx_group::X25519MLKEM768,
        Group::SecP256r1MlKem768 => kx_group::SECP256R1MLKEM768,
        Group::SecP384r1MlKem1024 => &SecP384r1MlKem1024,
        Group::MlKem768 => kx_group::MLKEM768,
        Group::MlKem1024 => kx_group::MLKEM1024,
        Group::X25519 => kx_group::X25519,
        Group::SecP256r1 => kx_group::SECP256R1,
        Group::SecP384r1 => kx_group::SECP384R1,
    }
}

/// SecP384r1MLKEM1024 (RFC 10024): shares are P-384 point ‖ ML-KEM part, secrets likewise.
#[derive(Debug)]
struct SecP384r1MlKem1024;

/// An uncompressed P-384 point, in bytes.
const POINT: usize = 97;
const NAME: NamedGroup = NamedGroup::Unknown(Group::SecP384r1MlKem1024.code_point());

impl SupportedKxGroup for SecP384r1MlKem1024 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let (classical, post_quantum) = (kx_group::SECP384R1.start()?, kx_group::MLKEM1024.start()?);
        let share = [classical.pub_key(), post_quantum.pub_key()].concat();
        Ok(Box::new(Active {
            classical,
            post_quantum,
            share,
        }))
    }

    fn start_and_complete(&self, client_share: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let (point, encapsulation_key) = split(client_share)?;
        let classical = kx_group::SECP384R1.start_and_complete(point)?;
        let post_quantum = kx_group::MLKEM1024.start_and_complete(encapsulation_key)?;
        Ok(CompletedKeyExchange {
            group: NAME,
            pub_key: [&classical.pub_key[..], &post_quantum.pub_key].concat(),
            secret: join(&classical.secret, &post_quantum.secret),
        })
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NAME
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct Active {
    classical: Box<dyn ActiveKeyExchange>,
    post_quantum: Box<dyn ActiveKeyExchange>,
    share: Vec<u8>,
}

impl ActiveKeyExchange for Active {
    fn complete(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, Error> {
        let (point, ciphertext) = split(server_share)?;
        let classical = self.classical.complete(point)?;
        let post_quantum = self.post_quantum.complete(ciphertext)?;
        Ok(join(&classical, &post_quantum))
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn group(&self) -> NamedGroup {
        NAME
    }
}

fn split(share: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    share
        .split_at_checked(POINT)
        .ok_or(Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare))
}

/// `SharedSecret` zeroises what it owns when it is dropped; the exact capacity leaves no copy behind.
fn join(classical: &SharedSecret, post_quantum: &SharedSecret) -> SharedSecret {
    SharedSecret::from([classical.secret_bytes(), post_quantum.secret_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_composed_group_agrees_with_itself_and_has_the_sizes_of_the_standard() {
        let client = SecP384r1MlKem1024.start().unwrap();
        assert_eq!(client.pub_key().len(), 97 + 1568);
        let server = SecP384r1MlKem1024.start_and_complete(client.pub_key()).unwrap();
        assert_eq!(server.pub_key.len(), 97 + 1568);
        let secret = client.complete(&server.pub_key).unwrap();
        assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
        assert_eq!(secret.secret_bytes().len(), 48 + 32);
    }

    #[test]
    fn the_composed_group_refuses_short_and_damaged_shares() {
        let client = SecP384r1MlKem1024.start().unwrap();
        let share = client.pub_key().to_vec();
        for length in [0, 1, 96, 97, 98, share.len() - 1] {
            assert!(
                SecP384r1MlKem1024.start_and_complete(&share[..length]).is_err(),
                "{length}"
            );
        }
        let mut off_curve = share.clone();
        off_curve[50] ^= 1;
        assert!(SecP384r1MlKem1024.start_and_complete(&off_curve).is_err());
        let mut unreduced = share;
        unreduced[97..100].fill(0xff);
        assert!(SecP384r1MlKem1024.start_and_complete(&unreduced).is_err());
    }

    #[test]
    fn every_group_of_the_policy_has_the_key_exchange_of_its_code_point() {
        for group in Group::ALL {
            assert_eq!(u16::from(kx(group).name()), group.code_point());
            assert_eq!(
                kx(group).usable_for_version(ProtocolVersion::TLSv1_2),
                !group.is_post_quantum()
            );
        }
    }
}
