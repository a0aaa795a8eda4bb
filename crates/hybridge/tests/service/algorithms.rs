//! There is nothing to fall back to: every algorithm of the product is a standard one with a document, and none
//! is there for show.
//!
//! The list of the code, the list that the binary tests, and the text in the binary are looked through.

use std::collections::BTreeSet;

use hybridge_crypto::Algorithm;
use hybridge_crypto::provider::PROVIDER;
use hybridge_exchange::Suite;
use serde_json::{Value, json};

use crate::ask::{post, refused};
use crate::process::Home;

/// What an algorithm that protects nothing would be called.
const FORBIDDEN: [&str; 12] = [
    "mock", "test", "dummy", "null", "reduced", "fake", "stub", "toy", "insecure", "noop", "none", "identity",
];

/// Published by its author, and the only one of its kind.
const SHAMIR: &str = "Shamir-GF256";

/// Documents of bodies that publish standards.
const PUBLISHERS: [&str; 6] = ["FIPS ", "RFC ", "SP 800-", "draft-", "SEC ", "ISO"];

fn implemented() -> BTreeSet<&'static str> {
    PROVIDER.names().collect()
}

fn is_forbidden(name: &str) -> bool {
    let words = name.split(|letter: char| !letter.is_ascii_alphabetic());
    let mut words = words.map(str::to_ascii_lowercase);
    words.any(|word| FORBIDDEN.contains(&word.as_str()))
}

#[test]
fn every_algorithm_is_a_standard_one_with_a_document() {
    assert!(implemented().len() > 40, "{:?}", implemented());
    for name in implemented() {
        let algorithm = Algorithm::by_name(name).unwrap();
        assert_eq!(algorithm.name, name, "an alias is no name");
        let document = algorithm.document;
        assert!(
            name == SHAMIR || PUBLISHERS.iter().any(|publisher| document.contains(publisher)),
            "{name}: {document:?}"
        );
        assert!(!is_forbidden(name), "{name}");
    }
}

#[test]
fn the_search_for_forbidden_names_finds_them() {
    for name in [
        "mock",
        "Mock-KEM-768",
        "ML-KEM-768-reduced",
        "NULL",
        "aes_null",
        "Test_Signature",
    ] {
        assert!(is_forbidden(name), "{name}");
    }
    for name in ["ML-KEM-768", "X-Wing", "SLH-DSA-SHA2-128s", "HMAC-SHA-256"] {
        assert!(!is_forbidden(name), "{name}");
    }
}

#[test]
fn every_suite_of_the_exchange_is_made_of_them() {
    for suite in Suite::all() {
        assert!(!is_forbidden(suite.name), "{}", suite.name);
        assert!(implemented().contains(suite.kem().name), "{}", suite.name);
        let classical = suite.kem().category.is_none();
        assert_eq!(
            suite.is_hybrid(),
            !classical,
            "{}: what is not hybrid is classical",
            suite.name
        );
    }
}

#[test]
fn the_binary_tests_exactly_these_and_all_pass() {
    let home = Home::new();
    let (code, said) = home.run(&["selftest", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let report: Value = serde_json::from_str(&said).unwrap();
    let tests = report["tests"].as_array().unwrap();
    let tested: BTreeSet<&str> = tests
        .iter()
        .map(|test| test["algorithm"].as_str().unwrap())
        .collect();
    assert_eq!(tested, implemented());
    assert!(tests.iter().all(|test| test["outcome"] == "passed"), "{said}");
}

#[tokio::test]
async fn a_key_of_an_algorithm_that_is_none_is_refused() {
    let home = Home::new();
    let service = home.start();
    for algorithm in [
        "mock",
        "MOCK-KEM",
        "test",
        "dummy",
        "null",
        "none",
        "",
        "ML-KEM-256",
        "ML-KEM-768-reduced",
        "RSA",
    ] {
        for purpose in ["kem", "sign", "encrypt", "mac", "wrap"] {
            let body = json!({"name": "k", "purpose": purpose, "algorithm": algorithm});
            let answer = post(&service.admin(), "/v1/keys", body).await;
            assert_eq!(answer, refused("422 field_invalid"), "{purpose} {algorithm:?}");
        }
    }
}

/// A section of an ELF file of 64 bits, little endian (System V ABI, chapter 4).
fn section<'a>(elf: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let number = |at: usize, length: usize| {
        let bytes = elf.get(at..at + length)?;
        let number = bytes
            .iter()
            .rev()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        usize::try_from(number).ok()
    };
    let (headers, size, count, names) = (
        number(0x28, 8)?,
        number(0x3a, 2)?,
        number(0x3c, 2)?,
        number(0x3e, 2)?,
    );
    let range = |header: usize| Some((number(header + 0x18, 8)?, number(header + 0x20, 8)?));
    let (names, _) = range(headers + names * size)?;
    (0..count).find_map(|index| {
        let header = headers + index * size;
        let name = elf.get(names + number(header, 4)?..)?;
        let (start, length) = range(header)?;
        let found = name.starts_with(wanted.as_bytes()) && name.get(wanted.len()) == Some(&0);
        found.then(|| elf.get(start..start + length))?
    })
}

/// Text of at least six letters, as strings(1) finds it, in lower case.
fn strings(bytes: &[u8]) -> impl Iterator<Item = String> {
    let printable = |byte: &u8| (0x20..0x7f).contains(byte);
    let runs = bytes
        .split(move |byte| !printable(byte))
        .filter(|run| run.len() >= 6);
    runs.map(|run| String::from_utf8_lossy(run).to_ascii_lowercase())
}

/// A forbidden word right before or after what it would be a forbidden one of.
fn suspicious(text: &str) -> Option<String> {
    const NOUNS: [&str; 14] = [
        "kem",
        "ml-kem",
        "mlkem",
        "ml_kem",
        "ml-dsa",
        "mldsa",
        "ml_dsa",
        "kyber",
        "dilithium",
        "signer",
        "aead",
        "cipher",
        "provider",
        "algorithm",
    ];
    const WORDS: [&str; 8] = [
        "mock", "dummy", "fake", "reduced", "stub", "toy", "insecure", "noop",
    ];
    if !WORDS.iter().any(|word| text.contains(word)) {
        return None;
    }
    let pairs = WORDS
        .iter()
        .flat_map(|word| NOUNS.iter().map(move |noun| [word, noun]));
    let orders = pairs.flat_map(|[word, noun]| [[word, noun], [noun, word]]);
    let mut texts =
        orders.flat_map(|pair| ["", "-", "_", " "].map(|between| pair.map(|part| *part).join(between)));
    texts.find(|pair| text.contains(pair))
}

#[test]
fn the_binary_has_no_text_of_an_algorithm_for_show() {
    assert_eq!(suspicious("use mock-kem here").as_deref(), Some("mock-kem"));
    assert_eq!(suspicious("ml-dsa_reduced").as_deref(), Some("ml-dsa_reduced"));
    let binary = std::fs::read(env!("CARGO_BIN_EXE_hybridge")).unwrap();
    // Constants: what the program can say, and by which names it can be asked.
    let constants = section(&binary, ".rodata").unwrap();
    let mut texts = 0;
    let mut names = BTreeSet::new();
    for text in strings(constants) {
        texts += 1;
        names.extend(
            implemented()
                .into_iter()
                .filter(|name| text.contains(&name.to_ascii_lowercase())),
        );
        let found = suspicious(&text);
        assert_eq!(found, None, "{text}");
    }
    assert!(texts > 1_000, "{texts}");
    assert!(
        names.contains("ML-KEM-768") && names.contains("X-Wing"),
        "the names are in what was looked through"
    );
}
