//! `hybridge probe`: asks a server what it can do, and says what that is worth.
//! The questions are `scan`'s, the verdict is `policy`'s; here are arguments, progress and hints.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use hybridge_api::dto::ProbeReport;
use hybridge_policy::endpoint::Verdict;
use hybridge_scan::probe::{
    Deps, Failure, Options, ProbeError, Protocol, Report, StartTls, Step, Target, probe,
};

use crate::chain_source::TlsChainSource;
use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::{clock, duration, terminal};

mod table;
mod trust;

/// Ask a TLS or SSH server what it can do
///
/// Opens some dozens of short connections, a few at once, and says for every key
/// exchange group whether the server takes it from a share, by HelloRetryRequest, or not at all; in
/// what order it prefers them; which versions and suites it accepts; its certificates; and whether a
/// hello in pieces survives. For SSH: which key exchange methods it advertises, and whether the
/// post-quantum ones complete. Nobody is logged in.
///
/// Ends with exit code 1 when the verdict is "fail" or "indeterminate", with 0 for "pass" and "warn".
#[derive(Args, Debug)]
pub(crate) struct Probe {
    /// HOST:PORT, https://HOST or ssh://HOST (the port may be left out)
    #[arg(value_parser = parse_target)]
    target: Target,

    /// Server name to ask for, when it is not the host
    #[arg(long, value_name = "NAME")]
    sni: Option<String>,

    /// Protocol to upgrade to TLS from
    #[arg(long, value_name = "PROTOCOL", value_parser = starttls_parser())]
    starttls: Option<StartTls>,

    /// Longest time for one connection
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration::parse)]
    timeout: Duration,

    /// Print everything that was found as JSON
    #[arg(long)]
    json: bool,
}

fn parse_target(text: &str) -> Result<Target, String> {
    Target::parse(text).map_err(|error| error.to_string())
}

fn starttls_parser() -> impl TypedValueParser<Value = StartTls> {
    PossibleValuesParser::new(StartTls::ALL.map(StartTls::as_str)).try_map(|text| text.parse::<StartTls>())
}

impl Probe {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        if self.starttls.is_some() && self.target.protocol == Protocol::Ssh {
            return Err(CommandError::message(Kind::Usage, "SSH has no --starttls"));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.cannot(Kind::Internal, "start the runtime")?;
        let report = runtime.block_on(self.ask());
        terminal::progress("");
        let report = report.map_err(|error| explain(&self.target, error))?;
        let now = clock::now();
        let assessment = report.assess(now.as_second());
        let text = if self.json {
            self.json(&report, now)?
        } else {
            let trusted = runtime.block_on(trust::judge(&self.target, self.starttls, &report, self.timeout));
            terminal::progress("");
            table::render(
                &self.target,
                &report,
                &assessment,
                &trusted,
                terminal::output_colour(),
            )
        };
        terminal::print(&text)?;
        Ok(match assessment.verdict {
            Verdict::Pass | Verdict::Warn => Ending::Done,
            Verdict::Fail | Verdict::Indeterminate => Ending::Negative,
        })
    }

    async fn ask(&self) -> Result<Report, ProbeError> {
        let options = Options {
            sni: self.sni.clone(),
            starttls: self.starttls,
            timeout: self.timeout,
            ..Options::default()
        };
        let show = |step| terminal::progress(&format!("probing {}: {}", self.target, describe(step)));
        probe(
            &self.target,
            &options,
            Deps {
                chain: Some(&TlsChainSource),
                progress: &show,
            },
        )
        .await
    }

    fn json(&self, report: &Report, now: jiff::Timestamp) -> Result<String, CommandError> {
        let report = ProbeReport::new(&self.target.to_string(), report, now);
        let json = serde_json::to_string_pretty(&report)
            .map_err(|error| CommandError::new(Kind::Internal, error))?;
        Ok(json + "\n")
    }
}

fn describe(step: Step) -> String {
    match step {
        Step::Connect => "connecting".to_owned(),
        Step::Greeting => "an ordinary hello".to_owned(),
        Step::Group(group) => format!("group {group}"),
        Step::Preference => "order of groups".to_owned(),
        Step::Versions => "versions".to_owned(),
        Step::Suites => "cipher suites".to_owned(),
        Step::Split => "hello in pieces".to_owned(),
        Step::Chain => "certificates".to_owned(),
        Step::Lists => "lists of algorithms".to_owned(),
        Step::KeyExchange => "key exchange".to_owned(),
    }
}

fn explain(target: &Target, error: ProbeError) -> CommandError {
    let kind = if matches!(error, ProbeError::ServerName(_)) {
        Kind::Usage
    } else {
        Kind::Peer
    };
    let hint = hint(target, &error);
    let explained = CommandError::new(kind, error);
    match hint {
        Some(hint) => explained.hint(hint),
        None => explained,
    }
}

fn hint(target: &Target, error: &ProbeError) -> Option<String> {
    let (ProbeError::Connect { failure, .. }
    | ProbeError::StartTls { failure, .. }
    | ProbeError::OtherProtocol { failure, .. }) = error
    else {
        return Some("check the name; an address works too".to_owned())
            .filter(|_| matches!(error, ProbeError::Resolve { .. }));
    };
    match failure {
        Failure::Refused => Some("nothing listens on that port; is the service running?".to_owned()),
        Failure::Timeout { .. } => {
            Some("a firewall may drop the connection; --timeout 20s waits longer".to_owned())
        }
        Failure::OtherProtocol { opening } => hint_by_opening(target, opening),
        _ => None,
    }
}

/// What the first bytes of another protocol suggest.
fn hint_by_opening(target: &Target, opening: &str) -> Option<String> {
    let Target { host, port, .. } = target;
    let starttls =
        |protocol: &str| format!("the server greets in plaintext first: try --starttls {protocol}");
    Some(match opening {
        opening if opening.starts_with("SSH-") => format!("that is an SSH server: probe ssh://{host}:{port}"),
        opening if opening.starts_with("HTTP/") => {
            "that port speaks plain HTTP; is TLS on another?".to_owned()
        }
        opening if opening.starts_with("* OK") => starttls("imap"),
        opening if opening.starts_with("+OK") => starttls("pop3"),
        opening if opening.starts_with("220") => starttls("smtp (or ftp)"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other_protocol(opening: &str) -> Option<String> {
        let error = ProbeError::OtherProtocol {
            address: "127.0.0.1:22".parse().unwrap(),
            expected: "TLS",
            failure: Failure::OtherProtocol {
                opening: opening.to_owned(),
            },
        };
        hint(&Target::parse("localhost:22").unwrap(), &error)
    }

    #[test]
    fn another_protocol_is_recognised_and_the_remedy_named() {
        assert_eq!(
            other_protocol("SSH-2.0-OpenSSH").unwrap(),
            "that is an SSH server: probe ssh://localhost:22"
        );
        assert!(
            other_protocol("220 mail ESMTP")
                .unwrap()
                .contains("--starttls smtp")
        );
        assert!(other_protocol("* OK IMAP4").unwrap().contains("--starttls imap"));
        assert!(other_protocol("HTTP/1.1 400").unwrap().contains("plain HTTP"));
        assert_eq!(other_protocol("\u{1}"), None);
    }

    #[test]
    fn an_unreachable_peer_is_the_peer_s_fault_and_a_wrong_name_is_ours() {
        let target = Target::parse("localhost:1").unwrap();
        let address = "127.0.0.1:1".parse().unwrap();
        let error = explain(
            &target,
            ProbeError::Connect {
                address,
                failure: Failure::Refused,
            },
        );
        assert_eq!((error.kind, error.hints.len()), (Kind::Peer, 1));
        let name = Target::parse("a b:1").unwrap_err();
        assert_eq!(explain(&target, ProbeError::ServerName(name)).kind, Kind::Usage);
    }
}
