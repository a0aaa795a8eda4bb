//! `hybridge key list`: all keys, page by page, each page printed as it comes.
//! Memory holds one page, however many keys there are.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde_json::Value;

use super::view;
use crate::command_error::{CommandError, Ending};
use crate::service::{Service, answer, segment};
use crate::terminal;

/// Keys on one page where nobody says otherwise.
pub(crate) const PAGE: usize = 500;

/// List keys by name
///
/// All of them that the token may see; with --json one object per line.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key list --prefix app/")]
pub(crate) struct List {
    /// Only names that start so
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    prefix: String,

    /// Keys to ask for at once
    #[arg(long, value_name = "N", default_value_t = PAGE, value_parser = page_parser(), hide = true)]
    page: usize,
}

/// The service has pages of up to 1000.
fn page_parser() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1000)
}

impl List {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let mut shown = 0;
        for page in Pages::new(service, &self.prefix, self.page) {
            let page = page?;
            let keys = answer::items(&page["keys"]);
            let text = if service.is_json() {
                keys.iter().map(|key| format!("{key}\n")).collect()
            } else {
                view::list(keys, shown == 0)
            };
            terminal::print(&text)?;
            shown += keys.len();
            warn_of_damage(&page);
        }
        if shown == 0 {
            terminal::note("no keys");
        }
        Ok(Ending::Done)
    }
}

fn warn_of_damage(page: &Value) {
    for name in answer::items(&page["damaged"]) {
        let name = name.as_str().unwrap_or_default();
        terminal::warn(&format!("the record of key {name} is damaged; it is quarantined"));
    }
}

/// The pages of a list, asked for one by one.
pub(crate) struct Pages<'a> {
    service: &'a Service,
    prefix: &'a str,
    /// Keys on one page.
    limit: usize,
    /// After which name the next page begins; `None` when there is none.
    after: Option<String>,
}

impl<'a> Pages<'a> {
    pub(crate) const fn new(service: &'a Service, prefix: &'a str, limit: usize) -> Self {
        Self {
            service,
            prefix,
            limit,
            after: Some(String::new()),
        }
    }

    fn path(&self, after: &str) -> String {
        let mut path = format!("/v1/keys?limit={}", self.limit);
        for (name, value) in [("prefix", self.prefix), ("after", after)] {
            if !value.is_empty() {
                path = format!("{path}&{name}={}", segment(value));
            }
        }
        path
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Value, CommandError>;

    fn next(&mut self) -> Option<Self::Item> {
        let after = self.after.take()?;
        let page = self.service.read(&self.path(&after));
        if let Ok(page) = &page {
            self.after = page["next"].as_str().map(str::to_owned);
        }
        Some(page)
    }
}
