//! `hybridge key compromise`: the emergency of a key that others may know.
//! What it had protected is printed, because that is what has to be dealt with next.

use clap::Args;
use serde_json::{Map, Value};

use super::policy::put;
use super::{Named, view};
use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::Service;
use crate::service::answer::{span, text, time};

/// Record that a key is known to others
///
/// Rotates at once, quarantines the version so that nothing of it opens, and prints what it had protected.
/// `hybridge quarantine release` lets it open again for as long as it takes to move what it protected.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key compromise app/signing")]
pub(crate) struct Compromise {
    #[command(flatten)]
    key: Named,

    /// The version [default: the primary one]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

impl Compromise {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let mut body = Map::new();
        put(&mut body, "version", self.version);
        let recorded = service.write(&self.key.path("compromise"), &Value::Object(body))?;
        service.print(&recorded, shown)
    }
}

fn shown(recorded: &Value) -> String {
    let protected = &recorded["protected"];
    let version = text(recorded, "version/number");
    let rows = [
        (
            "compromised",
            format!(
                "{} version {version}, now in quarantine",
                text(recorded, "key/name")
            ),
        ),
        (
            "now primary",
            format!("version {}", text(recorded, "key/primary")),
        ),
        (
            "it protected",
            format!("at most {} times", text(protected, "protections")),
        ),
        (
            "data keys",
            format!("at most {} wrapped", text(protected, "data_keys")),
        ),
        ("from", time(protected, "from")),
        ("until", time(protected, "until")),
        ("must last", span(protected, "lifetime_seconds")),
        ("labels", view::labels(&protected["labels"])),
    ];
    let rows = rows.iter().filter(|(_, said)| said != "-");
    rows.map(|(label, said)| row(label, said)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_says_what_is_at_risk() {
        let text = shown(&json!({
            "key": {"name": "app/data", "primary": 4},
            "version": {"number": 3},
            "protected": {
                "protections": 12, "data_keys": 2, "labels": {"team": "a"}, "lifetime_seconds": null,
                "from": "2026-01-02T03:04:05Z", "until": "2026-02-02T03:04:05Z",
            },
        }));
        for line in [
            "compromised         app/data version 3, now in quarantine\n",
            "now primary         version 4\n",
            "it protected        at most 12 times\n",
            "data keys           at most 2 wrapped\n",
            "labels              team=a\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        assert!(!text.contains("must last"), "{text}");
    }
}
