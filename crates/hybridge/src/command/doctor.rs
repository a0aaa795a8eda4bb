//! `hybridge doctor`: the security audit of a data directory and the service on it.
//!
//! Here are arguments, the order of the checks and what is printed. It changes no key and mends nothing: each
//! finding names the command that does.

use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::command_error::{CommandError, Ending};
use crate::layout::hanging;
use crate::service::{self, ServiceArgs};
use crate::terminal::{self, Colour, Tone};
use crate::{api_address, clock};

mod files;
mod finding;
mod keys;
mod machine;
mod running;
mod stopped;

use finding::{Finding, State};

/// Audit the security of a data directory and its service
///
/// Looks at permissions, disk space, clock, witness, swap and core dumps of this machine; at the seal, the
/// self-tests, damaged records and backups of the key service; and for keys that are weak, overdue or never
/// rotated, and tokens that never expire. Where the service runs it is asked through its API; where it is
/// stopped, what needs no unsealing is read.
///
/// Each finding is ok, a warning or a failure, with the command that mends it. Ends with exit code 1 when
/// something fails; warnings alone end with 0.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    service: ServiceArgs,
}

impl Doctor {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let folder = self.service.folder()?;
        let findings = self.look(&folder);
        let text = if self.service.json {
            let findings: Vec<_> = findings.iter().map(Finding::json).collect();
            let failed = findings.iter().any(|finding| finding["state"] == "fail");
            service::json(&json!({ "passed": !failed, "findings": findings }))?
        } else {
            render(&findings, terminal::output_colour())
        };
        terminal::print(&text)?;
        let failed = findings.iter().any(|finding| finding.state == State::Fail);
        Ok(if failed { Ending::Negative } else { Ending::Done })
    }

    fn look(&self, folder: &Path) -> Vec<Finding> {
        let now = clock::now();
        let is_announced = self.service.api.is_some() || api_address::read(folder).is_some();
        let mut findings = files::check(folder, now);
        findings.extend(machine::check(folder));
        findings.extend(if is_announced {
            running::check(&self.service, folder, now)
        } else {
            stopped::check(folder)
        });
        findings
    }
}

/// One line per finding, its remedy under it, and a summary.
fn render(findings: &[Finding], colour: Colour) -> String {
    let mut text = String::new();
    for finding in findings {
        let (tone, word) = match finding.state {
            State::Ok => (Tone::Good, "ok  "),
            State::Warn => (Tone::Doubtful, "warn"),
            State::Fail => (Tone::Bad, "FAIL"),
        };
        let line = hanging(&format!("{word}  {:<12}", finding.check), &finding.what);
        text.push_str(&line.replacen(word, &colour.paint(tone, word), 1));
        if let Some(remedy) = &finding.remedy {
            text.push_str(&format!("      {:<12}-> {remedy}\n", ""));
        }
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (failed, warned) = (count(State::Fail), count(State::Warn));
    text.push_str(&format!(
        "\n{failed} failures, {warned} warnings, {} checks\n",
        findings.len()
    ));
    text
}
