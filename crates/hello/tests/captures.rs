//! Hellos of real clients, read as those who sent them meant them. Where the bytes come from, and who
//! says what their fingerprints are: `vectors/clients/SOURCE.md`.

use hybridge_hello::{
    ClientHello, Located, NamedGroup, Progress, ProtocolVersion, Transport, fingerprints, ja4, ja4_stable,
    locate_client_hello,
};

/// What is expected of one file.
struct Expect<'a> {
    ja4: &'a str,
    server_name: Option<&'a str>,
    groups: &'a str,
    shares: &'a str,
    alpn: &'a str,
    version: ProtocolVersion,
}

fn located(direction: &[u8]) -> Option<(Vec<u8>, u16, usize)> {
    match locate_client_hello(direction, &mut Vec::new()) {
        Progress::Complete(Located {
            message,
            records,
            consumed,
        }) => Some((message.to_vec(), records, consumed)),
        _ => None,
    }
}

/// The message of a flight that is one record and nothing else.
fn read(flight: &[u8]) -> Vec<u8> {
    let (message, records, consumed) = located(flight).expect("a real flight holds a hello");
    assert_eq!((records, consumed), (1, flight.len()));
    message
}

fn check(flight: &[u8], expect: &Expect<'_>) {
    let message = read(flight);
    let hello = ClientHello::parse(&message).expect("a real hello keeps the grammar");
    let list = |items: Vec<String>| items.join(" ");
    assert_eq!(ja4(&hello, Transport::Tcp).as_str(), expect.ja4);
    assert_eq!(hello.server_name(), expect.server_name);
    assert_eq!(
        list(hello.supported_groups().map(|group| group.to_string()).collect()),
        expect.groups
    );
    let shares = hello
        .key_shares()
        .map(|share| format!("{}:{}", share.group, share.key_exchange.len()));
    assert_eq!(list(shares.collect()), expect.shares);
    let alpn = hello
        .alpn()
        .map(|name| String::from_utf8_lossy(name).into_owned());
    assert_eq!(list(alpn.collect()), expect.alpn);
    assert_eq!(hello.max_version(), expect.version);
    assert_eq!(
        fingerprints(&hello),
        (ja4(&hello, Transport::Tcp), ja4_stable(&hello, Transport::Tcp))
    );
}

const OPENSSL_3_0_GROUPS: &str =
    "X25519 secp256r1 X448 secp521r1 secp384r1 ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192";
const OPENSSL_3_5_GROUPS: &str =
    "X25519MLKEM768 X25519 secp256r1 X448 secp384r1 secp521r1 ffdhe2048 ffdhe3072";

/// Its list of signature schemes begins with GREASE, another in every connection: JA4 ignores GREASE
/// wherever it is. Envoy hashes it, and so has a new fingerprint for every connection (`…_0d789d2519e1` here).
#[test]
fn reads_chromium() {
    check(
        include_bytes!("../vectors/clients/chromium-156.bin"),
        &Expect {
            ja4: "t13d1517h2_8daaf6152771_cb7bf5808d99",
            server_name: Some("service.example"),
            groups: "0x9a9a X25519MLKEM768 X25519 secp256r1 secp384r1",
            shares: "0x9a9a:1 X25519MLKEM768:1216 X25519:32",
            alpn: "h2 http/1.1",
            version: ProtocolVersion::TLS_1_3,
        },
    );
}

#[test]
fn reads_curl_with_and_without_post_quantum_groups() {
    let expect = Expect {
        ja4: "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6",
        server_name: Some("service.example"),
        groups: OPENSSL_3_0_GROUPS,
        shares: "X25519:32",
        alpn: "h2 http/1.1",
        version: ProtocolVersion::TLS_1_3,
    };
    check(include_bytes!("../vectors/clients/curl-7.88.bin"), &expect);
    let newer = Expect {
        ja4: "t13d3013h2_1d37bd780c83_8537cf56674e",
        groups: OPENSSL_3_5_GROUPS,
        shares: "X25519MLKEM768:1216 X25519:32",
        ..expect
    };
    check(include_bytes!("../vectors/clients/curl-8.14.bin"), &newer);
}

#[test]
fn reads_go() {
    check(
        include_bytes!("../vectors/clients/go-1.26.bin"),
        &Expect {
            ja4: "t13d1312h2_f57a46bbacb6_ab7e3b40a677",
            server_name: Some("service.example"),
            groups: "X25519MLKEM768 SecP256r1MLKEM768 SecP384r1MLKEM1024 X25519 secp256r1 secp384r1 secp521r1",
            shares: "X25519MLKEM768:1216 X25519:32",
            alpn: "h2 http/1.1",
            version: ProtocolVersion::TLS_1_3,
        },
    );
}

#[test]
fn reads_java_node_and_python() {
    let expect = Expect {
        ja4: "t13d371200_db35923f8641_7c76daad20ec",
        server_name: Some("service.example"),
        groups: "X25519 secp256r1 secp384r1 secp521r1 X448 ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192",
        shares: "X25519:32 secp256r1:65",
        alpn: "",
        version: ProtocolVersion::TLS_1_3,
    };
    check(include_bytes!("../vectors/clients/java-17.bin"), &expect);
    let node = Expect {
        ja4: "t13d591000_a33745022dd6_1f22a2ca17c4",
        groups: OPENSSL_3_0_GROUPS,
        shares: "X25519:32",
        ..expect
    };
    check(include_bytes!("../vectors/clients/node-20.bin"), &node);
    let python = Expect {
        ja4: "t13d1813h1_85036bcba153_d339722ba4af",
        server_name: Some("localhost"),
        alpn: "http/1.1",
        ..node
    };
    check(include_bytes!("../vectors/clients/python-3.11.bin"), &python);
}

#[test]
fn reads_openssl_3_0_in_every_version() {
    let expect = Expect {
        ja4: "t13d3111h2_e8f1e7e78f70_1f22a2ca17c4",
        server_name: Some("service.example"),
        groups: OPENSSL_3_0_GROUPS,
        shares: "X25519:32",
        alpn: "h2 http/1.1",
        version: ProtocolVersion::TLS_1_3,
    };
    check(include_bytes!("../vectors/clients/openssl-3.0.bin"), &expect);
    let tls12 = Expect {
        ja4: "t12d280700_d943125447b4_e7e480e5a997",
        groups: "X25519 secp256r1 X448 secp521r1 secp384r1",
        shares: "",
        alpn: "",
        version: ProtocolVersion::TLS_1_2,
        ..expect
    };
    check(include_bytes!("../vectors/clients/openssl-3.0-tls12.bin"), &tls12);
    let tls10 = Expect {
        ja4: "t10i230500_44099cda8a52_195413a0cc0f",
        server_name: None,
        version: ProtocolVersion::TLS_1_0,
        ..tls12
    };
    check(include_bytes!("../vectors/clients/openssl-3.0-tls10.bin"), &tls10);
}

#[test]
fn reads_openssl_3_5_with_its_default_and_other_groups() {
    let expect = Expect {
        ja4: "t13d301200_1d37bd780c83_ecd0401ec68b",
        server_name: Some("service.example"),
        groups: OPENSSL_3_5_GROUPS,
        shares: "X25519MLKEM768:1216 X25519:32",
        alpn: "",
        version: ProtocolVersion::TLS_1_3,
    };
    check(include_bytes!("../vectors/clients/openssl-3.5.bin"), &expect);
    let larger = Expect {
        groups: "SecP384r1MLKEM1024 MLKEM1024 secp521r1",
        shares: "SecP384r1MLKEM1024:1665",
        ..expect
    };
    check(
        include_bytes!("../vectors/clients/openssl-3.5-mlkem1024.bin"),
        &larger,
    );
    let without_share = Expect {
        groups: "X25519 X25519MLKEM768",
        shares: "X25519:32",
        ..larger
    };
    check(
        include_bytes!("../vectors/clients/openssl-3.5-noshare.bin"),
        &without_share,
    );
}

#[test]
fn tells_who_lists_and_who_shares_a_post_quantum_group() {
    let check = |flight: &[u8], lists, shares| {
        let message = read(flight);
        let hello = ClientHello::parse(&message).expect("a real hello keeps the grammar");
        assert_eq!(
            (hello.lists_post_quantum(), hello.shares_post_quantum()),
            (lists, shares)
        );
        assert_eq!(
            hello
                .supported_groups()
                .any(|group| group == NamedGroup::X25519MLKEM768),
            lists
        );
    };
    check(include_bytes!("../vectors/clients/chromium-156.bin"), true, true);
    check(include_bytes!("../vectors/clients/openssl-3.5.bin"), true, true);
    check(
        include_bytes!("../vectors/clients/openssl-3.5-noshare.bin"),
        true,
        false,
    );
    check(include_bytes!("../vectors/clients/openssl-3.0.bin"), false, false);
    check(include_bytes!("../vectors/clients/java-17.bin"), false, false);
}

/// Envoy printed the JA4 of the first and of the second connection (`vectors/clients/SOURCE.md`).
#[test]
fn keeps_the_stable_fingerprint_when_a_client_comes_back() {
    let first = first_message(include_bytes!("../vectors/transcripts/tls13.client.bin"));
    let second = first_message(include_bytes!("../vectors/transcripts/tls13-resumed.client.bin"));
    let (first, second) = (ClientHello::parse(&first), ClientHello::parse(&second));
    let (first, second) = (first.expect("a real hello"), second.expect("a real hello"));
    assert!(!first.psk_offered() && second.psk_offered());
    assert_eq!(
        ja4(&first, Transport::Tcp).as_str(),
        "t13d301200_1d37bd780c83_ecd0401ec68b"
    );
    assert_eq!(
        ja4(&second, Transport::Tcp).as_str(),
        "t13d301300_1d37bd780c83_064a7c7852a7"
    );
    assert_eq!(fingerprints(&first).1, fingerprints(&second).1);
    assert_eq!(
        fingerprints(&second).1.as_str(),
        "t13d301200_1d37bd780c83_ecd0401ec68b"
    );
}

fn first_message(direction: &[u8]) -> Vec<u8> {
    located(direction).expect("a real flight holds a hello").0
}
