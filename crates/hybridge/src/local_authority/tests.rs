//! The authority on a real directory, and its certificates before a real verifier.
//! Time is an argument, so ten years pass without waiting.

use jiff::SignedDuration;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::*;
use crate::clock;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn directory() -> (tempfile::TempDir, DataDirectory) {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(&folder.path().join("data")).unwrap();
    (folder, data)
}

fn names(names: &[&str]) -> Vec<Name> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Does a client that trusts only this authority accept the leaf for this name at this time?
fn accepts(authority: &LocalAuthority, leaf: &Leaf, name: &str, at: Timestamp) -> bool {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(authority.certificate_path()).unwrap())
        .unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.into())
        .build()
        .unwrap();
    let certificate = CertificateDer::from_pem_file(&leaf.files.chain).unwrap();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at.as_second().unsigned_abs()));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier
        .verify_server_cert(&certificate, &[], &name, &[], at)
        .is_ok()
}

#[test]
fn clients_accept_the_leaf_for_its_names_while_it_lives() {
    let (_folder, data) = directory();
    let now = clock::now();
    let authority = LocalAuthority::open(&data, now).unwrap();
    let leaf = authority
        .leaf(&names(&["shop.example", "192.0.2.7"]), now)
        .unwrap();
    for name in ["localhost", "127.0.0.1", "::1", "shop.example", "192.0.2.7"] {
        assert!(accepts(&authority, &leaf, name, now), "{name}");
    }
    assert!(!accepts(&authority, &leaf, "other.example", now));
    assert!(accepts(&authority, &leaf, "localhost", now + DAY * 89));
    assert!(!accepts(&authority, &leaf, "localhost", now + DAY * 91));
}

#[test]
fn the_edge_loads_chain_and_key_from_the_one_file() {
    let (_folder, data) = directory();
    let now = clock::now();
    let leaf = LocalAuthority::open(&data, now).unwrap().leaf(&[], now).unwrap();
    let loaded = hybridge_edge::certificate::load(&leaf.files).unwrap();
    assert!(
        loaded.names.contains(&"localhost".to_owned()),
        "{:?}",
        loaded.names
    );
}

#[test]
fn keys_are_ours_alone_and_no_temporary_folder_is_left() {
    let (_folder, data) = directory();
    let now = clock::now();
    let authority = LocalAuthority::open(&data, now).unwrap();
    let leaf = authority.leaf(&[], now).unwrap();
    assert_eq!(mode(&authority.folder), 0o700);
    assert_eq!(mode(&authority.folder.join(CA_KEY)), 0o600);
    assert_eq!(mode(&leaf.files.key), 0o600);
    let mut entries: Vec<_> = std::fs::read_dir(data.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    entries.sort();
    assert_eq!(entries, ["authority", "lock"]);
}

#[test]
fn the_second_start_reuses_everything() {
    let (_folder, data) = directory();
    let now = clock::now();
    let first = LocalAuthority::open(&data, now).unwrap();
    let issued = first.leaf(&names(&["a.example", "b.example"]), now).unwrap();
    let second = LocalAuthority::open(&data, now + DAY).unwrap();
    let reused = second
        .leaf(&names(&["b.example", "a.example"]), now + DAY)
        .unwrap();
    assert_eq!(second.certificate_pem, first.certificate_pem);
    assert_eq!((issued.origin, reused.origin), (Origin::Issued, Origin::Reused));
    assert_eq!(issued.renew_at, reused.renew_at);
}

#[test]
fn a_leaf_is_issued_when_names_change_or_a_third_of_its_life_is_left() {
    let (_folder, data) = directory();
    let now = clock::now();
    let authority = LocalAuthority::open(&data, now).unwrap();
    let origin = |names: &[Name], at| authority.leaf(names, at).unwrap().origin;
    let first = authority.leaf(&[], now).unwrap();
    assert!(
        (DAY * 59..DAY * 61).contains(&first.renew_at.duration_since(now)),
        "{}",
        first.renew_at
    );
    assert_eq!(origin(&names(&["a.example"]), now), Origin::Issued);
    assert_eq!(origin(&names(&["a.example"]), now + DAY * 59), Origin::Reused);
    assert_eq!(origin(&names(&["a.example"]), now + DAY * 61), Origin::Issued);
}

#[test]
fn a_damaged_leaf_or_one_of_another_authority_is_replaced() {
    let ((_folder, data), (_other_folder, other)) = (directory(), directory());
    let now = clock::now();
    let authority = LocalAuthority::open(&data, now).unwrap();
    let leaf = authority.leaf(&[], now).unwrap();
    private_file::write(&leaf.files.chain, b"damaged").unwrap();
    assert_eq!(authority.leaf(&[], now).unwrap().origin, Origin::Issued);
    let foreign = LocalAuthority::open(&other, now).unwrap().leaf(&[], now).unwrap();
    std::fs::copy(foreign.files.chain, &leaf.files.chain).unwrap();
    let replaced = authority.leaf(&[], now).unwrap();
    assert_eq!(replaced.origin, Origin::Issued);
    assert!(accepts(&authority, &replaced, "localhost", now));
}

#[test]
fn a_leaf_does_not_outlive_its_authority() {
    let (_folder, data) = directory();
    let now = clock::now();
    let authority = LocalAuthority::open(&data, now).unwrap();
    let late = authority.facts.not_after - DAY * 10;
    let leaf = authority.leaf(&[], late).unwrap();
    assert!(leaf.renew_at < authority.facts.not_after);
    assert!(!accepts(
        &authority,
        &leaf,
        "localhost",
        authority.facts.not_after + DAY
    ));
}

/// Damages the authority, then opens it: the error's line, with the files untouched.
fn refusal(damage: impl Fn(&Path), later: SignedDuration) -> CommandError {
    let (_folder, data) = directory();
    let now = clock::now();
    let folder = LocalAuthority::open(&data, now).unwrap().folder;
    damage(&folder);
    let before = [CA_CERTIFICATE, CA_KEY].map(|name| std::fs::read(folder.join(name)).ok());
    let error = LocalAuthority::open(&data, now + later).unwrap_err();
    assert_eq!(
        [CA_CERTIFICATE, CA_KEY].map(|name| std::fs::read(folder.join(name)).ok()),
        before
    );
    assert_eq!(error.kind, Kind::File);
    error
}

#[test]
fn a_damaged_authority_is_named_with_the_remedy_and_nothing_is_overwritten() {
    let truncate =
        |name: &'static str| move |folder: &Path| private_file::write(&folder.join(name), b"").unwrap();
    let foreign_key = |folder: &Path| {
        let pem = KeyPair::generate().unwrap().serialize_pem();
        private_file::write(&folder.join(CA_KEY), pem.as_bytes()).unwrap();
    };
    let remove = |folder: &Path| std::fs::remove_file(folder.join(CA_KEY)).unwrap();
    let cases = [
        (
            refusal(truncate(CA_CERTIFICATE), DAY),
            "ca.pem: it holds no CA certificate",
        ),
        (refusal(truncate(CA_KEY), DAY), "ca.key: it holds no private key"),
        (
            refusal(foreign_key, DAY),
            "ca.key: it is not the key of the certificate beside it",
        ),
        (refusal(remove, DAY), "No such file or directory"),
        (refusal(|_| {}, DAY * 3653), "ca.pem: it expired on 20"),
    ];
    for (error, what) in cases {
        assert!(error.line().contains(what), "{}", error.line());
        assert!(
            error
                .hints
                .iter()
                .any(|hint| hint.contains("restore") && hint.contains("mv ")),
            "{what}"
        );
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let open = |folder: &Path| {
        std::fs::set_permissions(folder.join(CA_KEY), Permissions::from_mode(0o644)).unwrap();
    };
    let error = refusal(open, DAY);
    assert!(error.line().contains("ca.key (mode 0644)"), "{}", error.line());
    assert!(error.hints[0].starts_with("chmod 600 "), "{:?}", error.hints);
}
