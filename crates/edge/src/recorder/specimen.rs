//! Records for tests: a few typical handshakes, to be varied with struct update syntax.
//! Fingerprints come from real hellos, so that they are what a client would have.

use std::net::Ipv4Addr;
use std::sync::Arc;

use hybridge_hello::{
    CipherSuite, ClientHello, ClientHelloBuilder, Ja4, NamedGroup, ProtocolVersion, SignatureScheme,
    fingerprints,
};
use hybridge_policy::Rung;

use super::Named;
use crate::arms::Arm;
use crate::handshake::{Groups, Handshake, Negotiated, Offered, Outcome, RouteId, Side, SniClass};
use crate::prefix::Prefix;

/// 2026-11-21 10:15:00 UTC, in microseconds.
pub(crate) const NOON_US: i64 = 1_795_256_100_000_000;

/// A client that shares X25519MLKEM768 and gets it.
pub(crate) fn hybrid() -> Handshake {
    let groups = [NamedGroup::X25519MLKEM768, NamedGroup::x25519];
    Handshake {
        at_us: NOON_US,
        route: RouteId(0),
        side: Side::Downstream,
        arm: Some(Arm::Control),
        rung: Some(Rung::Upgrade),
        client: network(0),
        offered: Some(Offered {
            groups: Groups::collect(groups.into_iter()),
            shares: Groups::collect(groups.into_iter()),
            version: ProtocolVersion::TLS_1_3,
            sni: SniClass::Known,
            fingerprints: Some((fingerprint(0), fingerprint(0))),
            can_post_quantum: true,
            shares_post_quantum: true,
            hello_bytes: 1736,
            segments: 2,
            records: 1,
        }),
        negotiated: Negotiated {
            group: Some(NamedGroup::X25519MLKEM768),
            version: Some(ProtocolVersion::TLS_1_3),
            suite: Some(CipherSuite::TLS_AES_128_GCM_SHA256),
            scheme: Some(SignatureScheme::ecdsa_secp256r1_sha256),
            retry: false,
            resumed: false,
        },
        outcome: Outcome::Success,
        alert: None,
        hello_us: 300,
        finished_us: 1400,
    }
}

/// A client that lists X25519MLKEM768 without a share, and gets X25519.
pub(crate) fn reluctant() -> Handshake {
    let plain = classical();
    let groups = [NamedGroup::x25519, NamedGroup::X25519MLKEM768];
    let offered = plain.offered.map(|offered| Offered {
        groups: Groups::collect(groups.into_iter()),
        can_post_quantum: true,
        ..offered
    });
    Handshake { offered, ..plain }
}

/// A client that knows classical groups only.
pub(crate) fn classical() -> Handshake {
    let hybrid = hybrid();
    let groups = [NamedGroup::x25519];
    let offered = hybrid.offered.map(|offered| Offered {
        groups: Groups::collect(groups.into_iter()),
        shares: Groups::collect(groups.into_iter()),
        can_post_quantum: false,
        shares_post_quantum: false,
        hello_bytes: 517,
        segments: 1,
        ..offered
    });
    let negotiated = Negotiated {
        group: Some(NamedGroup::x25519),
        ..hybrid.negotiated
    };
    Handshake {
        offered,
        negotiated,
        rung: Some(Rung::Accept),
        ..hybrid
    }
}

/// The same handshake, not finished.
pub(crate) fn failed(handshake: Handshake, outcome: Outcome) -> Handshake {
    Handshake {
        outcome,
        negotiated: Negotiated::default(),
        ..handshake
    }
}

/// The same handshake, of another kind of client in another network.
pub(crate) fn of_client(handshake: Handshake, kind: u16, client: u32) -> Handshake {
    let fingerprints = Some((fingerprint(kind), fingerprint(kind)));
    let offered = handshake.offered.map(|offered| Offered {
        fingerprints,
        ..offered
    });
    Handshake {
        offered,
        client: network(client),
        ..handshake
    }
}

/// The record as the recorder passes it on.
pub(crate) fn named(handshake: Handshake) -> Named {
    Named {
        sequence: 1,
        route: Arc::from("shop"),
        handshake,
    }
}

/// The nth /24.
pub(crate) fn network(n: u32) -> Prefix {
    Prefix::of(Ipv4Addr::from(n << 8).into())
}

/// The fingerprint of the nth kind of client; `kind` is below 2000, so that none is GREASE (RFC 8701).
pub(crate) fn fingerprint(kind: u16) -> Ja4 {
    let hello = ClientHelloBuilder::new([7; 32])
        .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
        .groups(&[NamedGroup::x25519])
        .extension(0x4000 + kind, &[])
        .build()
        .expect("the hello is complete");
    fingerprints(&ClientHello::parse(&hello).expect("what we build we can read")).1
}
