//! Rules for SSH endpoints.
//!
//! In SSH the client's order decides, so a post-quantum method counts wherever it stands in the list.

use hybridge_crypto::Algorithm;

use super::{Answer, HostKeyFact, Reason, Severity, SshFacts, is_broken};

const RSA_BITS_MIN: u32 = 2048;

/// Ciphers and MACs that are not acceptable today, by the start of their name (RFC 8758, RFC 9142).
const BROKEN_PREFIXES: [&str; 7] = [
    "none",
    "arcfour",
    "3des",
    "blowfish",
    "cast128",
    "hmac-md5",
    "hmac-sha1-96",
];

pub(super) fn reasons(facts: &SshFacts) -> Vec<Reason> {
    let mut reasons = post_quantum(facts);
    reasons.extend(classical(facts));
    reasons.extend(broken(&facts.key_exchanges, "key exchange", "ssh-kex-broken"));
    reasons.extend(broken(
        &facts.host_key_algorithms,
        "host key algorithm",
        "ssh-host-key-broken",
    ));
    reasons.extend(
        facts
            .ciphers
            .iter()
            .chain(&facts.macs)
            .filter_map(|name| weak_transport(name)),
    );
    reasons.extend(facts.host_keys.iter().flat_map(host_key));
    reasons
}

fn post_quantum(facts: &SshFacts) -> Vec<Reason> {
    if facts.completed.is_empty() {
        let text = "no post-quantum key exchange is advertised: \
                    what is recorded today can be read once a quantum computer exists";
        let reason = Reason::new(Severity::Fail, "post-quantum-missing", text);
        return vec![reason.remedy("OpenSSH 9.9 and later: add mlkem768x25519-sha256 to KexAlgorithms")];
    }
    let any = facts.completed.iter().any(|(_, answer)| *answer == Answer::Yes);
    facts
        .completed
        .iter()
        .map(|(method, answer)| method_reason(method, answer, any))
        .collect()
}

/// A method that was not checked decides only when no other one completed.
fn method_reason(method: &str, answer: &Answer, another_completed: bool) -> Reason {
    match answer {
        Answer::Yes => Reason::new(
            Severity::Note,
            "post-quantum-completes",
            format!("{method} completes, and the host key signs it"),
        ),
        Answer::No => Reason::new(
            Severity::Fail,
            "post-quantum-fails",
            format!("{method} is advertised but does not complete"),
        ),
        Answer::Unknown(reason) => Reason::new(
            if another_completed {
                Severity::Note
            } else {
                Severity::Unknown
            },
            "post-quantum-unknown",
            format!("{method} is {reason}"),
        ),
    }
}

fn classical(facts: &SshFacts) -> Option<Reason> {
    let vulnerable = |name: &&String| {
        Algorithm::by_name(name).is_some_and(|algorithm| !algorithm.status.resists_quantum())
    };
    let first = facts.key_exchanges.iter().find(vulnerable)?;
    if facts.completed.is_empty() {
        return None;
    }
    Some(Reason::new(
        Severity::Note,
        "classical-accepted",
        format!("{first} stays open to clients that offer nothing better, which stay exposed"),
    ))
}

fn broken<'a>(
    names: &'a [String],
    what: &'static str,
    code: &'static str,
) -> impl Iterator<Item = Reason> + 'a {
    let broken = |name: &&String| is_broken(Algorithm::by_name(name));
    names.iter().filter(broken).map(move |name| {
        Reason::new(
            Severity::Warn,
            code,
            format!("{what} {name} is advertised and not acceptable today"),
        )
        .remedy(format!("remove {name} from the server's configuration"))
    })
}

fn weak_transport(name: &str) -> Option<Reason> {
    BROKEN_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix))
        .then(|| {
            Reason::new(
                Severity::Warn,
                "ssh-transport-broken",
                format!("{name} is advertised and not acceptable today"),
            )
            .remedy(format!("remove {name} from the server's configuration"))
        })
}

fn host_key(fact: &HostKeyFact) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match &fact.verified {
        Answer::Yes => {}
        Answer::No => reasons.push(Reason::new(
            Severity::Fail,
            "ssh-signature-invalid",
            format!("the signature of the {} host key does not verify", fact.algorithm),
        )),
        Answer::Unknown(reason) => reasons.push(Reason::new(
            Severity::Note,
            "ssh-signature-unknown",
            format!(
                "the signature of the {} host key was not checked: {reason}",
                fact.algorithm
            ),
        )),
    }
    if let Some(bits) = fact.rsa_bits.filter(|bits| *bits < RSA_BITS_MIN) {
        let text = format!("the RSA host key has {bits} bits");
        reasons.push(Reason::new(Severity::Fail, "ssh-host-key-weak", text).remedy("make a new host key"));
    }
    let algorithm = Algorithm::by_name(&fact.algorithm);
    if algorithm.is_some_and(|algorithm| !algorithm.status.resists_quantum()) {
        let text = format!(
            "the {} host key is quantum-vulnerable, which matters later than key exchange",
            fact.algorithm
        );
        reasons.push(Reason::new(
            Severity::Note,
            "ssh-host-key-quantum-vulnerable",
            text,
        ));
    }
    reasons
}
