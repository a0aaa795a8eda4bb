//! The questions to a TLS endpoint, in order, and the report they make.
//!
//! Later questions build on earlier ones: groups first, since all others are asked with a group that works.

mod ask;
mod flight;
mod groups;
mod offer;
mod preference;
mod split;
mod suites;
#[cfg(test)]
mod tests;
mod versions;

use hybridge_hello::{ProtocolVersion, ServerKeyExchange};

use ask::{Answer, Asker, Delivery};
use flight::Flight;
use offer::Offer;

use super::chain;
use super::dial::Dialer;
use super::report::{Greeting, Tls12Choice, TlsReport};
use super::{Deps, Failure, Options, ProbeError, Step, Target};

pub(super) async fn probe(
    target: &Target,
    options: &Options,
    deps: Deps<'_>,
    dialer: &Dialer,
) -> Result<Box<TlsReport>, ProbeError> {
    let server_name = options.sni.as_deref().or(target.server_name());
    let asker = Asker { dialer, server_name };
    (deps.progress)(Step::Greeting);
    let greeting = asker.complete(&Offer::greeting(), Delivery::Whole).await;
    if let Err(failure @ Failure::OtherProtocol { .. }) = greeting {
        return Err(ProbeError::OtherProtocol {
            address: dialer.address,
            expected: "TLS",
            failure,
        });
    }
    let groups = groups::probe(asker, deps, options.concurrency.get()).await;
    (deps.progress)(Step::Preference);
    let (preference, upgrades) = tokio::join!(
        preference::preference(asker, &groups),
        preference::upgrades(asker, &groups)
    );
    (deps.progress)(Step::Versions);
    let versions = versions::probe(asker).await;
    (deps.progress)(Step::Suites);
    let (suites_tls13, suites_tls12) = tokio::join!(suites::tls13(asker, &groups), suites::tls12(asker));
    (deps.progress)(Step::Split);
    let split = split::probe(asker, options, &greeting).await;
    (deps.progress)(Step::Chain);
    let chain = chain::find(
        deps.chain,
        dialer,
        server_name,
        versions.tls12.as_ref().map(Tls12Flight::of),
    )
    .await;
    Ok(Box::new(TlsReport {
        address: dialer.address,
        server_name: server_name.map(str::to_owned),
        starttls: options.starttls,
        greeting: greeting.map(|answer| greet(&answer)),
        groups,
        preference,
        upgrades,
        tls12: versions.tls12.as_ref().map(tls12_choice),
        versions: versions.findings,
        suites_tls13,
        suites_tls12,
        chain,
        split,
    }))
}

/// What a TLS 1.2 server showed in the clear.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tls12Flight<'a> {
    pub(crate) version: ProtocolVersion,
    pub(crate) choice: Tls12Choice,
    /// The Certificate message, header included.
    pub(crate) certificate: Option<&'a [u8]>,
}

impl<'a> Tls12Flight<'a> {
    fn of(flight: &'a Flight) -> Self {
        Self {
            version: flight.hello.version,
            choice: tls12_choice(flight),
            certificate: flight.certificate.as_deref(),
        }
    }
}

fn greet(answer: &Answer) -> Greeting {
    let hello = &answer.flight.hello;
    let group = if hello.version == ProtocolVersion::TLS_1_3 {
        hello.group
    } else {
        tls12_choice(&answer.flight).group
    };
    Greeting {
        version: hello.version,
        suite: hello.suite,
        group,
        by_retry: answer.retry.is_some(),
    }
}

fn tls12_choice(flight: &Flight) -> Tls12Choice {
    let (version, suite) = (flight.hello.version, flight.hello.suite);
    let exchange = flight.key_exchange.as_deref();
    let read = exchange.and_then(|message| ServerKeyExchange::parse(message, suite, version).ok());
    Tls12Choice {
        suite,
        group: read.and_then(|exchange| exchange.group),
        scheme: read.and_then(|exchange| exchange.scheme),
    }
}
