//! The report of a probe as a person reads it: facts in rows, then the verdict with its reasons.
//! Pure text, at most 80 columns wide; a fact that was not found out is shown as such.

use hybridge_policy::endpoint::{Assessment, Severity, Verdict};
use hybridge_scan::probe::chain::CertificateFinding;
use hybridge_scan::probe::report::{
    ChainFinding, GroupFinding, GroupSupport, Listing, Preference, SplitFinding, Support, TlsReport,
    UpgradeFinding, VersionFinding,
};
use hybridge_scan::probe::ssh::{KexFinding, SshReport};
use hybridge_scan::probe::{Report, Target};
use jiff::Timestamp;

use super::trust::Trusted;
use crate::layout::{hanging, row};
use crate::terminal::{Colour, Tone};

/// Most names of a certificate that are shown.
const NAMES_SHOWN: usize = 6;

pub(super) fn render(
    target: &Target,
    report: &Report,
    assessment: &Assessment,
    trusted: &Trusted,
    colour: Colour,
) -> String {
    let body = match report {
        Report::Tls(report) => tls(report, trusted, colour),
        Report::Ssh(report) => ssh(report, colour),
    };
    let (kind, address) = match report {
        Report::Tls(report) => ("TLS", report.address),
        Report::Ssh(report) => ("SSH", report.address),
    };
    let title = format!("{kind} at {target}");
    let title = colour.paint(Tone::Title, &title);
    let title = if target.to_string().ends_with(&address.to_string()) {
        title
    } else {
        format!("{title} ({address})")
    };
    format!("{title}\n\n{body}\n{}", verdict(assessment, colour))
}

fn tls(report: &TlsReport, trusted: &Trusted, colour: Colour) -> String {
    let mut rows = vec![colour.paint(Tone::Title, "Key exchange groups") + "\n"];
    rows.extend(report.groups.iter().map(|finding| group(finding, colour)));
    rows.push("\n".to_owned());
    rows.push(row("order of groups", &preference(&report.preference)));
    rows.extend(
        report
            .upgrades
            .iter()
            .map(|finding| row("a client that", &upgrade(finding))),
    );
    rows.push(row("versions", &versions(&report.versions)));
    rows.push(row("TLS 1.3 suites", &listing(&report.suites_tls13)));
    rows.push(row("TLS 1.2 suites", &listing(&report.suites_tls12)));
    rows.push(chain(report.chain.as_ref()));
    if let Some(trusted) = trusted {
        rows.push(row("trust", &trust(trusted)));
    }
    rows.push(row("hello in pieces", &split(&report.split)));
    rows.concat()
}

fn group(finding: &GroupFinding, colour: Colour) -> String {
    let summary = finding.summary();
    let tone = match (summary, finding.group.is_post_quantum()) {
        (GroupSupport::ByShare | GroupSupport::ByRetry, true) => Some(Tone::Good),
        (GroupSupport::Unknown, _) => Some(Tone::Doubtful),
        (GroupSupport::NotOffered, true) => Some(Tone::Title),
        _ => None,
    };
    let remark = match summary {
        GroupSupport::Unknown => finding
            .by_share
            .because()
            .or(finding.by_retry.because())
            .unwrap_or_default(),
        GroupSupport::ByShare if finding.by_retry.is_yes() => "or HelloRetryRequest",
        GroupSupport::ByShare if matches!(finding.by_retry, Support::No { .. }) => "share only",
        _ => "",
    };
    let words = summary.as_str();
    let line = hanging(&format!("  {:<22}{words:<32}", finding.group.to_string()), remark);
    tone.map_or_else(|| line.clone(), |tone| paint(&line, words, tone, colour))
}

/// Colours a phrase where it stands first. Done last: colours have no width.
fn paint(line: &str, phrase: &str, tone: Tone, colour: Colour) -> String {
    line.replacen(phrase, &colour.paint(tone, phrase), 1)
}

fn preference(preference: &Preference) -> String {
    match preference {
        Preference::Server(groups) => format!("the server's: {}", join(groups)),
        Preference::Client => "the client's".to_owned(),
        Preference::Mixed { forward, reverse } => {
            format!("neither side's alone: {forward} from our order, {reverse} from its reverse")
        }
        Preference::Undetermined { because } => format!("not found out: {because}"),
    }
}

fn upgrade(finding: &UpgradeFinding) -> String {
    let client = finding.habit.describe(finding.classical, finding.post_quantum);
    match &finding.outcome {
        Ok(selection) if selection.by_retry => {
            format!("{client}: gets {} by HelloRetryRequest", selection.group)
        }
        Ok(selection) => format!("{client}: gets {}", selection.group),
        Err(failure) => format!("{client}: not found out: {failure}"),
    }
}

fn versions(findings: &[VersionFinding]) -> String {
    let words = findings.iter().map(|finding| {
        let word = match &finding.support {
            Support::Yes => "yes".to_owned(),
            Support::No { .. } => "no".to_owned(),
            Support::Unknown { because } | Support::NotTried { because } => format!("unknown ({because})"),
        };
        format!("{} {word}", finding.version)
    });
    words.collect::<Vec<_>>().join(", ")
}

fn listing(listing: &Listing) -> String {
    let suites = if listing.suites.is_empty() {
        "none".to_owned()
    } else {
        join(&listing.suites)
    };
    match &listing.missing {
        Some(missing) => format!("{suites} (perhaps more: {missing})"),
        None => suites,
    }
}

fn chain(chain: Result<&ChainFinding, &String>) -> String {
    match chain {
        Ok(chain) => {
            let labels = std::iter::once("certificate").chain(std::iter::repeat("  issued by"));
            labels
                .zip(&chain.certificates)
                .map(|(label, one)| row(label, &certificate(one)))
                .collect()
        }
        Err(reason) => row("certificate", &format!("not seen: {reason}")),
    }
}

fn certificate(certificate: &CertificateFinding) -> String {
    let names = if certificate.is_authority {
        vec![certificate.subject.clone()]
    } else {
        certificate.names.clone()
    };
    let more = match names.len().saturating_sub(NAMES_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = names.into_iter().take(NAMES_SHOWN).collect::<Vec<_>>().join(", ");
    let expires = Timestamp::from_second(certificate.not_after)
        .map_or_else(|_| "never".to_owned(), |time| time.strftime("%F").to_string());
    let CertificateFinding {
        key_text,
        signature_text,
        ..
    } = certificate;
    format!("{names}{more}; {key_text}, signed with {signature_text}, expires {expires}")
}

fn trust(trusted: &Result<(), String>) -> String {
    match trusted {
        Ok(()) => "the authorities of this system accept it".to_owned(),
        Err(reason) => format!("the authorities of this system do not accept it: {reason}"),
    }
}

fn split(split: &SplitFinding) -> String {
    let word = |support: &Support| match support {
        Support::Yes => "survives".to_owned(),
        Support::No { because } => format!("FAILS ({because})"),
        Support::Unknown { because } | Support::NotTried { because } => format!("unknown ({because})"),
    };
    format!(
        "two TCP segments: {}; several TLS records: {}",
        word(&split.segments),
        word(&split.records)
    )
}

fn ssh(report: &SshReport, colour: Colour) -> String {
    let mut rows = vec![colour.paint(Tone::Title, "Key exchange methods") + "\n"];
    rows.extend(
        report
            .key_exchanges
            .iter()
            .map(|finding| key_exchange(finding, colour)),
    );
    rows.push("\n".to_owned());
    rows.push(row("server", &report.identification));
    for host_key in &report.host_keys {
        let words = match &host_key.verified {
            Support::Yes => "signs the exchange".to_owned(),
            Support::No { because } => format!("its signature is wrong: {because}"),
            Support::Unknown { because } | Support::NotTried { because } => format!("not seen: {because}"),
        };
        rows.push(row("host key", &format!("{}: {words}", host_key.algorithm)));
    }
    rows.push(row("ciphers", &report.algorithms.ciphers_to_server.join(", ")));
    rows.push(row("MACs", &report.algorithms.macs_to_server.join(", ")));
    rows.concat()
}

fn key_exchange(finding: &KexFinding, colour: Colour) -> String {
    use hybridge_hello::ssh::KexMethod;
    let post_quantum = KexMethod(&finding.method).is_post_quantum();
    let (words, tone, remark) = match (&finding.completes, post_quantum) {
        (Support::Yes, true) => ("post-quantum, completes", Tone::Good, ""),
        (Support::Yes, false) => ("completes", Tone::Title, ""),
        (Support::No { because }, _) => ("advertised, but fails:", Tone::Bad, because.as_str()),
        (Support::Unknown { because }, _) => ("not found out:", Tone::Doubtful, because.as_str()),
        (Support::NotTried { .. }, true) => ("post-quantum, not tried", Tone::Doubtful, ""),
        (Support::NotTried { .. }, false) => return format!("  {:<38}advertised\n", finding.method),
    };
    let line = hanging(&format!("  {:<38}", finding.method), &format!("{words} {remark}"));
    paint(&line, words, tone, colour)
}

fn verdict(assessment: &Assessment, colour: Colour) -> String {
    let tone = match assessment.verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Warn | Verdict::Indeterminate => Tone::Doubtful,
        Verdict::Fail => Tone::Bad,
    };
    let word = assessment.verdict.as_str().to_uppercase();
    let mut text = format!("Verdict: {}\n", colour.paint(tone, &word));
    for reason in &assessment.reasons {
        let label = match reason.severity {
            Severity::Note => "note",
            Severity::Warn => "warn",
            Severity::Unknown => "unknown",
            Severity::Fail => "fail",
        };
        text.push_str(&hanging(&format!("  {label:<9}"), &reason.text));
        if let Some(remedy) = &reason.remedy {
            text.push_str(&hanging("           remedy: ", remedy));
        }
    }
    text
}

fn join(items: &[impl ToString]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use hybridge_hello::NamedGroup;
    use hybridge_hello::ssh::KexMethod;

    use super::*;
    use crate::layout::WIDTH;

    fn key_exchange_line(method: &str, completes: Support, colour: Colour) -> String {
        let kind = KexMethod(method).kind();
        key_exchange(
            &KexFinding {
                method: method.to_owned(),
                kind,
                completes,
            },
            colour,
        )
    }

    fn unknown() -> Support {
        Support::Unknown {
            because: "advertised, not checked: no provider implements sntrup761".to_owned(),
        }
    }

    #[test]
    fn long_reasons_are_wrapped_under_themselves() {
        let line = key_exchange_line("sntrup761x25519-sha512@openssh.com", unknown(), Colour::Plain);
        assert!(
            line.lines().count() > 1 && line.lines().all(|line| line.chars().count() <= WIDTH),
            "{line}"
        );
        let finding = GroupFinding {
            group: NamedGroup(0x11ec),
            by_share: unknown(),
            by_retry: unknown(),
        };
        let line = group(&finding, Colour::Plain);
        assert!(line.starts_with("  X25519MLKEM768        unknown "), "{line}");
        assert!(line.lines().all(|line| line.chars().count() <= WIDTH), "{line}");
    }

    #[test]
    fn colours_change_nothing_but_the_colour() {
        for completes in [
            Support::Yes,
            Support::No {
                because: "alert".to_owned(),
            },
            unknown(),
        ] {
            let plain = key_exchange_line("mlkem768x25519-sha256", completes.clone(), Colour::Plain);
            let ansi = key_exchange_line("mlkem768x25519-sha256", completes, Colour::Ansi);
            assert!(ansi.contains('\u{1b}'), "{ansi:?}");
            let stripped: String = ansi
                .split('\u{1b}')
                .map(|part| part.trim_start_matches(|c| "[0123456789;".contains(c)))
                .map(|part| part.strip_prefix('m').unwrap_or(part))
                .collect();
            assert_eq!(stripped, plain);
        }
    }
}
