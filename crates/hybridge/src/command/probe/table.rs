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
    let words = format!("{:<31}", summary.as_str());
    let words = tone.map_or_else(|| words.clone(), |tone| colour.paint(tone, &words));
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
    let line = format!("  {:<22}{words} {remark}", finding.group.to_string());
    line.trim_end().to_owned() + "\n"
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
    let words = match (&finding.completes, post_quantum) {
        (Support::Yes, true) => colour.paint(Tone::Good, "post-quantum, completes"),
        (Support::Yes, false) => "completes".to_owned(),
        (Support::No { because }, _) => colour.paint(Tone::Bad, &format!("advertised, but fails: {because}")),
        (Support::Unknown { because }, _) => {
            colour.paint(Tone::Doubtful, &format!("advertised; unknown: {because}"))
        }
        (Support::NotTried { .. }, true) => "post-quantum, advertised, not tried".to_owned(),
        (Support::NotTried { .. }, false) => "advertised".to_owned(),
    };
    format!("  {:<38}{words}\n", finding.method)
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
