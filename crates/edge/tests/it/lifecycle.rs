//! An edge through its life: reloads that add, remove, move and refuse; certificates that are
//! replaced; and addresses that are taken.

use std::net::SocketAddr;

use hybridge_edge::{Error, Options, Service};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::harness::client::{HYBRID, X};
use crate::harness::{
    CERTIFICATE, Edge, connect, echo, eventually, make_certificate, round_trip, route, terminating,
};

async fn client(address: SocketAddr) -> TlsStream<TcpStream> {
    connect(address, &[HYBRID, X]).await.unwrap()
}

fn leaf(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

async fn leaf_at(address: SocketAddr) -> Vec<u8> {
    leaf(&client(address).await)
}

async fn refused(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_err()
}

/// Waits until nobody listens there any more.
async fn becomes_refused(address: SocketAddr) {
    for _ in 0..1000 {
        if refused(address).await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    panic!("{address} still listens");
}

/// A free port that nothing else is given meanwhile, as far as that can be had.
fn free_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn two_routes(upstream: SocketAddr) -> String {
    let second = route("second", upstream, CERTIFICATE);
    format!("{}{second}", terminating(upstream, ""))
}

#[tokio::test]
async fn a_replaced_certificate_is_noticed_and_open_connections_live() {
    let edge = Edge::start(&terminating(echo().await, ""));
    let mut open = client(edge.address("r")).await;
    round_trip(&mut open).await;
    make_certificate(
        edge.directory.path(),
        "leaf",
        &["localhost", "new.example"],
        &rcgen::PKCS_ED25519,
    );
    let address = edge.address("r");
    for _ in 0..200 {
        if leaf_at(address).await != leaf(&open) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    let mut new = client(address).await;
    assert_ne!(leaf(&new), leaf(&open));
    round_trip(&mut new).await;
    round_trip(&mut open).await;
    let certificates = &edge.handle.routes()[0].certificates;
    assert_eq!(
        (certificates[0].key_algorithm, certificates[0].names[1].as_str()),
        ("Ed25519", "new.example")
    );
}

#[tokio::test]
async fn half_a_replaced_pair_leaves_the_old_one_in_force() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_ML_DSA_65,
    ] {
        let toml = terminating(echo().await, "");
        let directory = tempfile::tempdir().unwrap();
        make_certificate(directory.path(), "leaf", &["localhost"], algorithm);
        let edge = Edge::start_in(directory, &toml);
        let before = leaf_at(edge.address("r")).await;
        make_certificate(edge.directory.path(), "next", &["localhost"], algorithm);
        let file = |name: &str| edge.directory.path().join(name);
        std::fs::rename(file("next.pem"), file("leaf.pem")).unwrap();
        let error = edge.handle.reload(edge.config(&toml)).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            cause.contains("leaf.key is not the key"),
            "{algorithm:?}: {cause}"
        );
        assert_eq!(leaf_at(edge.address("r")).await, before);
        std::fs::rename(file("next.key"), file("leaf.key")).unwrap();
        edge.handle.reload(edge.config(&toml)).unwrap();
        assert_ne!(leaf_at(edge.address("r")).await, before);
    }
}

#[tokio::test]
async fn a_route_is_added_and_removed_without_touching_the_other() {
    let upstream = echo().await;
    let (one, two) = (terminating(upstream, ""), two_routes(upstream));
    let edge = Edge::start(&one);
    let (first, mut open) = (edge.address("r"), client(edge.address("r")).await);
    edge.handle.reload(edge.config(&two)).unwrap();
    assert_eq!(edge.address("r"), first, "port 0 stays what it became");
    let second = edge.address("second");
    let mut second_open = client(second).await;
    round_trip(&mut second_open).await;
    edge.handle.reload(edge.config(&one)).unwrap();
    becomes_refused(second).await;
    round_trip(&mut second_open).await;
    round_trip(&mut open).await;
    round_trip(&mut client(first).await).await;
    assert_eq!(edge.handle.routes().len(), 1);
}

#[tokio::test]
async fn a_route_moves_and_its_connections_stay() {
    let toml = terminating(echo().await, "");
    let edge = Edge::start(&toml);
    let (before, mut open) = (edge.address("r"), client(edge.address("r")).await);
    round_trip(&mut open).await;
    let target = free_port();
    edge.handle
        .reload(edge.config(&toml.replace("127.0.0.1:0", &target.to_string())))
        .unwrap();
    assert_eq!(edge.address("r"), target);
    round_trip(&mut client(target).await).await;
    becomes_refused(before).await;
    round_trip(&mut open).await;
    assert_eq!(edge.totals().connections.opened, 2, "the counters move along");
}

#[tokio::test]
async fn a_route_is_renamed_where_it_is() {
    let target = free_port();
    let toml = terminating(echo().await, "").replace("127.0.0.1:0", &target.to_string());
    let edge = Edge::start(&toml);
    let mut open = client(target).await;
    round_trip(&mut open).await;
    edge.handle
        .reload(edge.config(&toml.replace("name = 'r'", "name = 'shop'")))
        .unwrap();
    assert_eq!(edge.address("shop"), target);
    eventually("the new name serves", || {
        let Ok(_) = std::net::TcpStream::connect(target) else {
            return false;
        };
        edge.handle.routes()[0].totals.connections.opened > 0
    })
    .await;
    round_trip(&mut client(target).await).await;
    round_trip(&mut open).await;
}

#[tokio::test]
async fn two_routes_swap_their_places() {
    let (a, b) = (free_port(), free_port());
    let directory = tempfile::tempdir().unwrap();
    make_certificate(directory.path(), "one", &["localhost"], &rcgen::PKCS_ED25519);
    make_certificate(directory.path(), "two", &["localhost"], &rcgen::PKCS_ED25519);
    let upstream = echo().await;
    let toml = |one: SocketAddr, two: SocketAddr| {
        let table = |name: &str, listen: SocketAddr| {
            let files =
                format!("certificate = [{{ chain = '{{DIR}}/{name}.pem', key = '{{DIR}}/{name}.key' }}]");
            route(name, upstream, &files).replace("127.0.0.1:0", &listen.to_string())
        };
        format!(
            "process.cores = 2\nprocess.drain = '200ms'\n{}{}",
            table("one", one),
            table("two", two)
        )
    };
    let edge = Edge::start_in(directory, &toml(a, b));
    let (at_a, at_b) = (leaf_at(a).await, leaf_at(b).await);
    edge.handle.reload(edge.config(&toml(b, a))).unwrap();
    becomes_steady(a, &at_b).await;
    becomes_steady(b, &at_a).await;
}

/// Ten connections one after the other get this leaf: while the old listener empties its queue, it may
/// still take one.
async fn becomes_steady(address: SocketAddr, expect: &[u8]) {
    let mut right = 0;
    for _ in 0..500 {
        right = if leaf_at(address).await == expect {
            right + 1
        } else {
            0
        };
        if right == 10 {
            return;
        }
    }
    panic!("{address} is served by the wrong route");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_leaves_the_old_one_in_force() {
    let toml = terminating(echo().await, "rung = 'upgrade'");
    let edge = Edge::start(&toml);
    let before = edge.handle.routes()[0].config.clone();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (taken, free) = (taken.local_addr().unwrap(), free_port());
    let second = |listen: SocketAddr, extra: &str| {
        let table = route("second", free, extra).replace("127.0.0.1:0", &listen.to_string());
        format!("{}{table}", toml.replace("upgrade", "require"))
    };
    let missing = "certificate = [{ chain = '{DIR}/none.pem', key = '{DIR}/none.key' }]";
    let moved = second(taken, CERTIFICATE).replace("127.0.0.1:0", &free.to_string());
    let cases = [
        (toml.replace("name = 'r'", "name = 'no spaces'"), "name"),
        (second(free, missing), "certificate"),
        (second(free, ""), "certificate"),
        (second(taken, CERTIFICATE), "cannot listen"),
        (moved, "cannot listen"),
    ];
    for (bad, words) in cases {
        let error = edge.handle.reload(edge.config(&bad)).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        let routes = edge.handle.routes();
        assert_eq!((routes.len(), &routes[0].config), (1, &before));
        assert_eq!(routes[0].arms.control.name(), "upgrade");
        assert!(refused(free).await, "nothing is left listening");
        round_trip(&mut client(edge.address("r")).await).await;
    }
}

#[test]
fn an_address_that_is_taken_is_named_with_its_route() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    make_certificate(directory.path(), "leaf", &["localhost"], &rcgen::PKCS_ED25519);
    let free = free_port();
    let toml = terminating(free, "")
        + &route("second", free, CERTIFICATE).replace("127.0.0.1:0", &address.to_string());
    let toml = toml.replace("{DIR}", directory.path().to_str().unwrap());
    let error = Service::bind(toml::from_str(&toml).unwrap(), Options::default()).unwrap_err();
    let Error::Bind(error) = error else {
        panic!("{error}")
    };
    assert_eq!((error.route.as_str(), error.address), ("second", address));
    assert_eq!(error.source.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn two_routes_are_counted_apart() {
    let edge = Edge::start(&two_routes(echo().await));
    round_trip(&mut client(edge.address("r")).await).await;
    for _ in 0..2 {
        round_trip(&mut client(edge.address("second")).await).await;
    }
    let opened = edge
        .handle
        .routes()
        .into_iter()
        .map(|route| route.totals.connections.opened);
    assert_eq!(opened.collect::<Vec<_>>(), [1, 2]);
    let records = edge.handshakes(3).await;
    assert_eq!(
        records.iter().filter(|record| &*record.route == "second").count(),
        2
    );
}

#[tokio::test]
async fn a_reload_changes_the_upstream_for_the_next_connection() {
    let (old, new) = (
        echo().await,
        crate::harness::upstream::serving(|mut stream| async move {
            let _said = tokio::io::AsyncWriteExt::write_all(&mut stream, b"new!").await;
        })
        .await,
    );
    let toml = terminating(old, "");
    let edge = Edge::start(&toml);
    let mut open = client(edge.address("r")).await;
    round_trip(&mut open).await;
    edge.handle
        .reload(edge.config(&toml.replace(&old.to_string(), &new.to_string())))
        .unwrap();
    round_trip(&mut open).await;
    let mut greeting = [0; 4];
    // The cores take up the change in their own time.
    for _ in 0..100 {
        let mut stream = client(edge.address("r")).await;
        let read = tokio::time::timeout(
            std::time::Duration::from_millis(50),
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut greeting),
        )
        .await;
        if matches!(read, Ok(Ok(_))) {
            break;
        }
    }
    assert_eq!(&greeting, b"new!");
    round_trip(&mut open).await;
}

#[tokio::test]
async fn an_inherited_socket_is_served_and_stays_open_through_reloads() {
    let inherited = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = inherited.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    make_certificate(directory.path(), "leaf", &["localhost"], &rcgen::PKCS_ED25519);
    let toml = terminating(echo().await, "")
        .replace("127.0.0.1:0", &address.to_string())
        .replace("cores = 1", "cores = 2");
    let options = Options {
        inherited: vec![inherited],
        ..Options::default()
    };
    let edge = Edge::start_with(directory, &toml, options);
    for _ in 0..4 {
        round_trip(&mut client(address).await).await;
        edge.handle.reload(edge.config(&toml)).unwrap();
    }
}
