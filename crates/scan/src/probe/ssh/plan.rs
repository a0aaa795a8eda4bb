//! Which exchanges to run: every post-quantum method once, every kind of host key once.
//!
//! Classical methods serve only where nothing post-quantum is there to show the host keys with.

use hybridge_crypto::kex::Exchange;
use hybridge_hello::ssh::KexMethod;

use super::host_key::Scheme;
use super::session::Algorithms;
use crate::probe::report::Support;

/// A key exchange method that we can run to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) exchange: Exchange,
    pub(super) hash: Hash,
    /// Whether the secret enters the exchange hash as an `mpint` (RFC 8731, RFC 5656) or as a `string`
    /// (RFC 10042).
    pub(super) secret_is_mpint: bool,
}

/// The hash of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// Post-quantum ones first.
const METHODS: [Method; 8] = [
    hybrid("mlkem768x25519-sha256", Exchange::SshMlKem768X25519, Hash::Sha256),
    hybrid(
        "mlkem768nistp256-sha256",
        Exchange::SshMlKem768NistP256,
        Hash::Sha256,
    ),
    hybrid(
        "mlkem1024nistp384-sha384",
        Exchange::SshMlKem1024NistP384,
        Hash::Sha384,
    ),
    classical("curve25519-sha256", Exchange::X25519, Hash::Sha256),
    classical("curve25519-sha256@libssh.org", Exchange::X25519, Hash::Sha256),
    classical("ecdh-sha2-nistp256", Exchange::P256, Hash::Sha256),
    classical("ecdh-sha2-nistp384", Exchange::P384, Hash::Sha384),
    classical("ecdh-sha2-nistp521", Exchange::P521, Hash::Sha512),
];

const fn hybrid(name: &'static str, exchange: Exchange, hash: Hash) -> Method {
    Method {
        name,
        exchange,
        hash,
        secret_is_mpint: false,
    }
}

const fn classical(name: &'static str, exchange: Exchange, hash: Hash) -> Method {
    Method {
        name,
        exchange,
        hash,
        secret_is_mpint: true,
    }
}

/// One exchange to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) method: &'static Method,
    /// The host key algorithm to ask for.
    pub(super) host_key: String,
}

/// Pairs methods with host keys, so that every one of either is asked for in as few exchanges as possible.
pub(super) fn plan(algorithms: &Algorithms) -> Vec<Plan> {
    let listed = |method: &&Method| algorithms.key_exchange.iter().any(|name| name == method.name);
    let runnable: Vec<_> = METHODS.iter().filter(listed).collect();
    let Some(best) = runnable.first() else {
        return Vec::new();
    };
    let post_quantum: Vec<_> = runnable
        .iter()
        .filter(|method| KexMethod(method.name).is_post_quantum())
        .collect();
    let host_keys = host_keys(&algorithms.host_key);
    let Some(first_key) = host_keys.first() else {
        return Vec::new();
    };
    (0..post_quantum.len().max(host_keys.len()))
        .map(|index| Plan {
            method: post_quantum.get(index).map_or(best, |method| method),
            host_key: host_keys.get(index).unwrap_or(first_key).clone(),
        })
        .collect()
}

/// One algorithm for each kind of key, in the server's order.
fn host_keys(advertised: &[String]) -> Vec<String> {
    let mut kinds = Vec::new();
    let mut chosen = Vec::new();
    for name in advertised {
        if let Some(kind) = Scheme::of(name)
            .map(Scheme::key_type)
            .filter(|kind| !kinds.contains(kind))
        {
            kinds.push(kind);
            chosen.push(name.clone());
        }
    }
    chosen
}

/// What is known about a method before anything was asked.
pub(super) fn before_asking(method: KexMethod<'_>, algorithms: &Algorithms) -> Support {
    if !method.is_post_quantum() {
        return Support::not_tried("only post-quantum exchanges are run to their end");
    }
    if METHODS.iter().any(|known| known.name == method.0) {
        return if host_keys(&algorithms.host_key).is_empty() {
            Support::unknown("advertised, not checked: no host key algorithm that we can verify")
        } else {
            Support::unknown("advertised, not asked")
        };
    }
    let missing = if method.0.starts_with("sntrup761") {
        "sntrup761"
    } else {
        method.0
    };
    Support::unknown(format!(
        "advertised, not checked: no provider implements {missing}"
    ))
}

#[cfg(test)]
mod tests {
    use super::{Algorithms, Support, before_asking, plan};
    use hybridge_hello::ssh::KexMethod;

    fn server(key_exchange: &[&str], host_key: &[&str]) -> Algorithms {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Algorithms {
            key_exchange: owned(key_exchange),
            host_key: owned(host_key),
            ..Algorithms::default()
        }
    }

    fn check(key_exchange: &[&str], host_key: &[&str], expected: &[(&str, &str)]) {
        let plans = plan(&server(key_exchange, host_key));
        let pairs: Vec<_> = plans
            .iter()
            .map(|plan| (plan.method.name, plan.host_key.as_str()))
            .collect();
        assert_eq!(pairs, expected);
    }

    #[test]
    fn asks_every_post_quantum_method_and_every_kind_of_host_key_once() {
        check(
            &[
                "mlkem768x25519-sha256",
                "sntrup761x25519-sha512",
                "curve25519-sha256",
            ],
            &[
                "rsa-sha2-512",
                "rsa-sha2-256",
                "ecdsa-sha2-nistp256",
                "ssh-ed25519",
            ],
            &[
                ("mlkem768x25519-sha256", "rsa-sha2-512"),
                ("mlkem768x25519-sha256", "ecdsa-sha2-nistp256"),
                ("mlkem768x25519-sha256", "ssh-ed25519"),
            ],
        );
        check(
            &["mlkem768x25519-sha256", "mlkem1024nistp384-sha384"],
            &["ssh-ed25519"],
            &[
                ("mlkem768x25519-sha256", "ssh-ed25519"),
                ("mlkem1024nistp384-sha384", "ssh-ed25519"),
            ],
        );
    }

    #[test]
    fn uses_a_classical_method_only_to_see_host_keys() {
        check(
            &["ecdh-sha2-nistp256", "curve25519-sha256"],
            &["ssh-ed25519"],
            &[("curve25519-sha256", "ssh-ed25519")],
        );
        check(&["diffie-hellman-group14-sha256"], &["ssh-ed25519"], &[]);
        check(&["curve25519-sha256"], &["ssh-dss", "ssh-rsa"], &[]);
    }

    #[test]
    fn says_what_no_provider_implements() {
        let algorithms = server(&[], &["ssh-ed25519"]);
        assert_eq!(
            before_asking(KexMethod("sntrup761x25519-sha512@openssh.com"), &algorithms),
            Support::unknown("advertised, not checked: no provider implements sntrup761")
        );
        assert!(matches!(
            before_asking(KexMethod("curve25519-sha256"), &algorithms),
            Support::NotTried { .. }
        ));
    }
}
