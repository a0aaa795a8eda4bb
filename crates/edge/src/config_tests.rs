//! Configuration that is taken and configuration that is refused, with the words a user reads.
//! Data-driven: one route's text in, the error or its absence out.

use super::*;

const PLAIN: &str = "name = 'shop'\nlisten = '127.0.0.1:8443'\nupstream = { address = '127.0.0.1:8080' }\n";
const CERTIFICATE: &str = "certificate = [{ chain = 'c.pem', key = 'k.pem' }]\n";

fn route(extra: &str) -> String {
    format!("[[route]]\n{PLAIN}{extra}")
}

fn check(extra: &str, expect: Result<(), &str>) {
    let parsed = toml::from_str::<Config>(&route(extra)).map_err(|error| error.to_string());
    let result = parsed.and_then(|config| config.validate().map_err(|error| error.to_string()));
    match (result, expect) {
        (Ok(()), Ok(())) => {}
        (Err(error), Err(part)) => assert!(error.contains(part), "{extra}: {error}"),
        (got, want) => panic!("{extra}: {got:?}, expected {want:?}"),
    }
}

#[test]
fn a_minimal_terminating_route_is_taken() {
    check(CERTIFICATE, Ok(()));
}

#[test]
fn wrong_fields_are_named_with_the_remedy() {
    let with = |extra: &str| format!("{CERTIFICATE}{extra}");
    check("", Err("mode terminate needs at least one certificate"));
    check(&with("colour = 'red'"), Err("unknown field `colour`"));
    check(
        &with("rung = 'share'"),
        Err("share is not on the ladder of mode terminate"),
    );
    check(&with("rung = 'always'"), Err("unknown rung \"always\""));
    check(
        &with("canary = { rung = 'upgrade', weight = 10001 }"),
        Err("parts per ten thousand"),
    );
    check(&with("groups = ['kyber']"), Err("unknown group \"kyber\""));
    check(&with("groups = ['x25519']"), Err("name a post-quantum group"));
    check(
        &with("groups = ['X25519MLKEM768']"),
        Err("needs a classical group too"),
    );
    check(
        &with("groups = ['x25519', 'X25519MLKEM768', 'x25519']"),
        Err("named twice"),
    );
    check(
        &with("limits = { hello_timeout = 'soon' }"),
        Err("\"soon\" is no duration"),
    );
    check(&with("limits = { hello_timeout = '-1s' }"), Err("negative"));
    check(
        "mode = 'observe'\nprotocol = 'http'",
        Err("cannot read HTTP inside TLS"),
    );
    check("mode = 'observe'\nrung = 'upgrade'", Err("has no rung"));
    check(
        "mode = 'originate'\nrung = 'upgrade'",
        Err("upgrade is not on the ladder of mode originate"),
    );
}

#[test]
fn other_modes_and_rungs_are_taken() {
    check("mode = 'observe'", Ok(()));
    check("mode = 'originate'\nrung = 'advertise'", Ok(()));
    let require = "rung = 'require'\ngroups = ['SecP384r1MLKEM1024']\nlimits = { hello_timeout = '250ms' }";
    check(&format!("{CERTIFICATE}{require}"), Ok(()));
}

#[test]
fn no_limit_may_be_nothing() {
    for limit in [
        "connections",
        "half_open",
        "connections_per_client",
        "half_open_per_client",
    ] {
        check(
            &format!("{CERTIFICATE}limits = {{ {limit} = 0 }}"),
            Err("at least 1"),
        );
    }
    for kind in ["hello", "handshake", "idle", "connect", "response"] {
        let text = format!("{CERTIFICATE}limits = {{ {kind}_timeout = '0s' }}");
        check(&text, Err("longer than zero"));
    }
}

#[test]
fn a_client_may_have_a_quarter_unless_the_file_says_otherwise() {
    let limits = |text| toml::from_str::<Limits>(text).unwrap();
    let some = limits("connections = 400\nhalf_open = 10\n");
    assert_eq!(
        (some.connections_of_client(), some.half_open_of_client()),
        (100, 16)
    );
    let named = limits("connections_per_client = 7\nhalf_open_per_client = 9000\n");
    assert_eq!(
        (named.connections_of_client(), named.half_open_of_client()),
        (7, 9000)
    );
}

#[test]
fn no_arm_may_need_a_classical_group_that_the_route_does_not_have() {
    let alone = |more: &str| format!("{CERTIFICATE}rung = 'require'\ngroups = ['X25519MLKEM768']\n{more}");
    let missing = Err("needs a classical group too");
    check(&alone("canary = { rung = 'require', weight = 100 }"), Ok(()));
    check(&alone("canary = { rung = 'upgrade', weight = 100 }"), missing);
    check(&alone("canary = { rung = 'classical', weight = 0 }"), missing);
    let upstream = "127.0.0.1:8080', tls = { rung = 'classical' } }";
    let text = route(&alone("")).replace("127.0.0.1:8080' }", upstream);
    let config: Config = toml::from_str(&text).unwrap();
    let error = config.validate().unwrap_err().to_string();
    assert!(error.contains("needs a classical group too"), "{error}");
}

#[test]
fn two_routes_may_not_share_a_name_or_an_address() {
    let two = format!("{}{}", route(CERTIFICATE), route(CERTIFICATE));
    let config: Config = toml::from_str(&two).unwrap();
    assert!(
        config
            .validate()
            .unwrap_err()
            .to_string()
            .contains("another route has this name")
    );
    let renamed = two.replacen("shop", "till", 1);
    let config: Config = toml::from_str(&renamed).unwrap();
    assert!(
        config
            .validate()
            .unwrap_err()
            .to_string()
            .contains("another route listens here")
    );
    assert_eq!(Config::default().require_routes(), Err(InvalidConfig::NoRoutes));
}

#[test]
fn an_address_needs_a_host_and_a_port() {
    for address in ["127.0.0.1", ":80", "host:0", "host:http"] {
        let text = route(CERTIFICATE).replace("127.0.0.1:8080", address);
        let config: Config = toml::from_str(&text).unwrap();
        assert!(
            config
                .validate()
                .unwrap_err()
                .to_string()
                .contains("write HOST:PORT"),
            "{address}"
        );
    }
}
