//! `hybridge bench tls`: handshakes per second, their time, their bytes, for several groups.
//! The groups take turns in short rounds, so that what disturbs the machine disturbs all alike.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hybridge_edge::client_config::{self, Sessions, Trust};
use hybridge_policy::Group;
use rustls::ClientConfig;

use super::connection::Dialer;
use super::json;
use super::server::Server;
use super::slice::{Slice, Stop};
use crate::command_error::{CommandError, Ending, Kind};
use crate::descriptors;
use crate::{duration, terminal};

mod closed;
mod open;
mod report;
mod tally;

use report::{Report, Subject};

/// Part of the measured maximum at which latency is measured.
const LOAD: f64 = 0.5;
/// Rounds in which the groups take turns, at most.
const ROUNDS_MAX: u32 = 10;
/// Load before the first round, so that caches and branches are warm.
const WARM_UP: Duration = Duration::from_millis(200);

/// Measure TLS handshakes: how many per second, how fast, how many bytes
///
/// For each group in turn, in rounds that interleave the groups so that noise hits all alike: first as
/// many full handshakes as the server can do with --concurrency at once, then, at a constant arrival
/// rate, the time of each from the moment it should have begun, TCP connect included (no coordinated
/// omission). Bytes are those of TLS on the wire, tickets after the handshake not included.
///
/// Ctrl-C ends early and prints what there is.
#[derive(Args, Debug)]
pub(super) struct Tls {
    #[command(flatten)]
    server: Server,

    /// Groups to measure, one hello for each; A+B lists both and shares A
    #[arg(
        long,
        value_name = "GROUPS",
        value_delimiter = ',',
        default_value = "X25519,X25519MLKEM768"
    )]
    groups: Vec<Offer>,

    /// Handshakes at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=4096))]
    concurrency: u16,

    /// Time for each group: once for the maximum, once for the latency
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    duration: Duration,

    /// Resume sessions where the server lets us
    #[arg(long)]
    resume: bool,

    /// Handshakes per second for the latency [default: half of the maximum]
    #[arg(long, value_name = "PER_SECOND", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let length = duration::parse(text)?;
    if length > Duration::from_hours(1) {
        Err("at most 1h".to_owned())
    } else {
        Ok(length)
    }
}

/// The groups of one hello; the first is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer(Vec<Group>);

impl FromStr for Offer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let groups: Result<Vec<Group>, _> = text.split('+').map(str::parse).collect();
        groups.map(Self).map_err(|error| error.to_string())
    }
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.0.iter().map(|group| group.name()).collect();
        f.pad(&names.join("+"))
    }
}

/// What makes handshakes of one kind; each has its own memory of sessions.
#[derive(Clone, Debug)]
struct Client {
    dialer: Dialer,
    config: Arc<ClientConfig>,
}

impl Tls {
    pub(super) async fn run(self) -> Result<Ending, CommandError> {
        descriptors::provide(usize::from(self.concurrency) + open::IN_FLIGHT_MAX)?;
        let dialer = self.server.resolve().await?;
        let stop = Stop::on_interrupt();
        let mut subjects = Vec::new();
        for offer in &self.groups {
            let clients = self.clients(&dialer, offer)?;
            subjects.push((report::look(offer, &clients[0]).await?, clients));
        }
        require_one_that_works(&subjects, &dialer)?;
        self.measure(&mut subjects, &stop).await?;
        terminal::progress("");
        let subjects = subjects.into_iter().map(|(subject, _)| subject).collect();
        let report = Report::new(&self, subjects, stop.is_set());
        terminal::print(&if self.server.json {
            json(&report.v1())?
        } else {
            report.table()
        })?;
        Ok(Ending::Done)
    }

    fn clients(&self, dialer: &Dialer, offer: &Offer) -> Result<Vec<Client>, CommandError> {
        let internal = |error: anyhow::Error| CommandError::new(Kind::Internal, error);
        let verifier = Trust::DangerAnyone
            .verifier()
            .map_err(|error| internal(error.into()))?;
        let sessions = if self.resume {
            Sessions::Remember
        } else {
            Sessions::Forget
        };
        let client = |_| {
            let config = client_config::build(&offer.0, &verifier, &[], sessions);
            Ok(Client {
                dialer: dialer.clone(),
                config: config.map_err(|error| internal(error.into()))?,
            })
        };
        (0..self.concurrency).map(client).collect()
    }

    /// Rounds of the closed loop, then rounds of the open one.
    async fn measure(
        &self,
        subjects: &mut [(Subject, Vec<Client>)],
        stop: &Stop,
    ) -> Result<(), CommandError> {
        let (rounds, length) = rounds(self.duration);
        for (subject, clients) in working(subjects) {
            show(subject, "warming up");
            closed::run(clients, &Slice::begin(WARM_UP, stop)).await?;
        }
        for round in 1..=rounds {
            for (subject, clients) in working(subjects).filter(|_| !stop.is_set()) {
                show(subject, &format!("maximum, round {round} of {rounds}"));
                subject.add_closed(closed::run(clients, &Slice::begin(length, stop)).await?);
            }
        }
        for round in 1..=rounds {
            for (subject, clients) in working(subjects).filter(|_| !stop.is_set()) {
                let rate = self
                    .rate
                    .map_or(subject.handshakes_per_second() * LOAD, f64::from);
                show(
                    subject,
                    &format!("latency at {rate:.0}/s, round {round} of {rounds}"),
                );
                subject.add_open(open::run(clients, rate, &Slice::begin(length, stop)).await?, rate);
            }
        }
        Ok(())
    }
}

fn working(subjects: &mut [(Subject, Vec<Client>)]) -> impl Iterator<Item = (&mut Subject, &[Client])> {
    let working = subjects
        .iter_mut()
        .filter(|(subject, _)| subject.negotiated.is_ok());
    working.map(|(subject, clients)| (subject, clients.as_slice()))
}

fn show(subject: &Subject, what: &str) {
    terminal::progress(&format!("{}: {what}", subject.offer));
}

/// How many rounds make up a duration, and how long each is.
fn rounds(duration: Duration) -> (u32, Duration) {
    let rounds = u32::try_from(duration.as_secs())
        .unwrap_or(u32::MAX)
        .clamp(1, ROUNDS_MAX);
    (rounds, duration / rounds)
}

fn require_one_that_works(subjects: &[(Subject, Vec<Client>)], dialer: &Dialer) -> Result<(), CommandError> {
    let refusals: Vec<_> = subjects
        .iter()
        .filter_map(|(subject, _)| subject.negotiated.as_ref().err())
        .collect();
    if refusals.len() < subjects.len() {
        return Ok(());
    }
    let reason = refusals
        .first()
        .map_or("no group was given", |reason| reason.as_str());
    Err(CommandError::message(
        Kind::Peer,
        format!("no handshake with {} succeeds: {reason}", dialer.address),
    )
    .hint(format!(
        "see what the server can do: hybridge probe {}",
        dialer.address
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_lists_groups_and_shares_the_first() {
        let offer: Offer = "x25519+X25519MLKEM768".parse().unwrap();
        assert_eq!(offer.0, [Group::X25519, Group::X25519MlKem768]);
        assert_eq!(offer.to_string(), "x25519+X25519MLKEM768");
        assert!("X25519+".parse::<Offer>().is_err());
    }

    #[test]
    fn a_duration_is_cut_into_rounds_of_about_a_second() {
        let seconds = Duration::from_secs;
        assert_eq!(
            rounds(Duration::from_millis(300)),
            (1, Duration::from_millis(300))
        );
        assert_eq!(rounds(seconds(5)), (5, seconds(1)));
        assert_eq!(rounds(seconds(60)), (10, seconds(6)));
    }
}
