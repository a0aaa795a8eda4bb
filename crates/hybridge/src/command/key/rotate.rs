//! `hybridge key rotate`: a new primary version of one key, or of many.
//! Of many, each is rotated by itself and told in a line of its own.

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::list::{PAGE, Pages};
use super::parse_name;
use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::{Service, answer, path};
use crate::terminal;

/// Make a new primary version
///
/// What the old version protected still opens; nothing is deleted. With --all each key succeeds or fails by
/// itself, and the exit code is 1 if one failed.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge key rotate app/signing
  hybridge key rotate --all --prefix app/", group = ArgGroup::new("which").required(true))]
pub(crate) struct Rotate {
    /// Name of the key
    #[arg(value_name = "NAME", group = "which", value_parser = parse_name)]
    name: Option<String>,

    /// Every key that the token may see, destroyed and disabled ones aside
    #[arg(long, group = "which")]
    all: bool,

    /// With --all: only names that start so
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        requires = "all"
    )]
    prefix: String,
}

impl Rotate {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        match &self.name {
            Some(name) => service.print(&rotate(service, name)?, shown),
            None => self.rotate_all(service),
        }
    }

    fn rotate_all(&self, service: &Service) -> Result<Ending, CommandError> {
        let (mut rotated, mut failed) = (0, 0);
        for page in Pages::new(service, &self.prefix, PAGE) {
            let page = page?;
            for key in answer::items(&page["keys"]).iter().filter(|key| is_usable(key)) {
                let name = answer::text(key, "name");
                let result = rotate(service, &name);
                rotated += u64::from(result.is_ok());
                failed += u64::from(result.is_err());
                terminal::print(&told(&name, result, service.is_json()))?;
            }
        }
        terminal::note(&format!("{rotated} rotated, {failed} failed"));
        Ok(if failed == 0 {
            Ending::Done
        } else {
            Ending::Negative
        })
    }
}

fn rotate(service: &Service, name: &str) -> Result<Value, CommandError> {
    service.write(&path("keys", name, "rotate"), &json!({}))
}

fn is_usable(key: &Value) -> bool {
    let ends = ["destroyed", "destroy_after", "disabled"];
    !ends.iter().any(|member| answer::is_there(key, member))
}

fn shown(rotated: &Value) -> String {
    row("rotated", &answer::text(rotated, "key/name"))
        + &row("now", &format!("version {}", answer::text(rotated, "new/number")))
        + &row(
            "before",
            &format!(
                "version {}, {}; what it protected still opens",
                answer::text(rotated, "old/number"),
                answer::text(rotated, "old/state")
            ),
        )
}

/// One line about one of many.
fn told(name: &str, result: Result<Value, CommandError>, json: bool) -> String {
    match (result, json) {
        (Ok(rotated), true) => format!("{}\n", json!({"name": name, "version": rotated["new"]["number"]})),
        (Ok(rotated), false) => row(&format!("version {}", answer::text(&rotated, "new/number")), name),
        (Err(error), true) => format!("{}\n", json!({"name": name, "error": error.line()})),
        (Err(error), false) => row("failed", &format!("{name}: {}", error.line())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_error::Kind;

    #[test]
    fn each_of_many_is_told_in_one_line() {
        let done = || Ok(json!({"new": {"number": 3}}));
        let failed = || Err(CommandError::message(Kind::Refused, "disabled"));
        assert_eq!(told("a", done(), true), "{\"name\":\"a\",\"version\":3}\n");
        assert_eq!(told("a", done(), false), "version 3           a\n");
        assert_eq!(
            told("a", failed(), true),
            "{\"error\":\"disabled\",\"name\":\"a\"}\n"
        );
        assert_eq!(told("a", failed(), false), "failed              a: disabled\n");
    }

    #[test]
    fn what_is_on_its_way_out_is_not_rotated() {
        assert!(is_usable(&json!({"disabled": null})));
        assert!(!is_usable(&json!({"disabled": "2026-01-01T00:00:00Z"})));
        assert!(!is_usable(&json!({"destroy_after": "2026-01-01T00:00:00Z"})));
    }
}
