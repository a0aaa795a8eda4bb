//! The edge in front of our own API: where others reach it, TLS comes first.
//!
//! The API then listens on a free port of loopback, and believes nobody there but this route, which proves
//! with each request that it is the edge of this process.

use std::net::SocketAddr;

use hybridge_api::{Config, EdgeProof, Tls};
use hybridge_edge::config::{
    AcceptProxy, CertificateFiles, ClientAuth, ClientAuthMode, Limits, Mode, Proof, Protocol, Route,
    SendProxy, Upstream,
};
use hybridge_policy::Rung;

/// The route's name.
pub(crate) const NAME: &str = "api";

/// The route from where others come to where the API listens.
pub(crate) fn route(config: &Config, tls: &Tls, api: SocketAddr, proof: &EdgeProof) -> Route {
    let client_auth = tls.client_ca.clone().map(|ca| ClientAuth {
        ca,
        // Tokens are as good: who shows no certificate is asked for one by the API.
        mode: ClientAuthMode::Optional,
    });
    Route {
        name: NAME.to_owned(),
        listen: config.listen,
        mode: Mode::Terminate,
        protocol: Protocol::Http,
        upstream: Upstream {
            address: api.to_string(),
            tls: None,
            send_proxy: SendProxy::Off,
            proof: Some(Proof(proof.reveal().into())),
        },
        certificates: vec![CertificateFiles {
            chain: tls.certificate.clone(),
            key: tls.key.clone(),
        }],
        rung: Some(Rung::Upgrade),
        canary: None,
        groups: Vec::new(),
        client_auth,
        accept_proxy: AcceptProxy::Off,
        limits: Limits::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_and_the_api_agree_on_the_field_of_the_proof() {
        assert_eq!(Proof::FIELD, hybridge_api::EDGE_PROOF);
    }

    #[test]
    fn the_route_is_one_that_the_edge_accepts() {
        let tls = Tls {
            certificate: "api.pem".into(),
            key: "api.key".into(),
            client_ca: Some("clients.pem".into()),
        };
        let config = Config {
            listen: SocketAddr::from(([0, 0, 0, 0], 8443)),
            tls: Some(tls.clone()),
            ..Config::default()
        };
        config.validate().unwrap();
        let proof = EdgeProof::generate().unwrap();
        let route = route(&config, &tls, SocketAddr::from(([127, 0, 0, 1], 4711)), &proof);
        assert!(
            !format!("{route:?}").contains(proof.reveal()),
            "the proof is not printed"
        );
        let edge = hybridge_edge::config::Config {
            routes: vec![route],
            ..Default::default()
        };
        edge.validate().unwrap();
    }
}
