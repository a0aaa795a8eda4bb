//! Bindings on the command line: `ROLE[:KEYS[:OPERATIONS]]`, with a `!` before it as a denial.
//! Patterns are read by the service; here only their places are told apart.

use clap::Args;
use hybridge_policy::access::Role;
use serde_json::{Value, json};

use crate::command_error::{CommandError, Kind};
use crate::service::answer;

/// What a token may do.
#[derive(Args, Debug)]
pub(super) struct Bindings {
    /// Role of a binding: admin, operator, user or auditor
    #[arg(long, value_name = "ROLE", value_parser = parse_role)]
    role: Option<String>,

    /// Names of keys that --role is for, as a pattern with * and ?; may be repeated [default: all]
    #[arg(long = "key", value_name = "PATTERN", requires = "role")]
    keys: Vec<String>,

    /// Operations that --role is for, like key.sign or key.*; may be repeated [default: all of the role]
    #[arg(long = "operation", value_name = "PATTERN", requires = "role")]
    operations: Vec<String>,

    /// A further binding; may be repeated
    #[arg(long = "binding", value_name = "BINDING", value_parser = parse)]
    bindings: Vec<Value>,
}

impl Bindings {
    /// All of them, as the service takes them.
    pub(super) fn body(&self) -> Result<Value, CommandError> {
        let first = self.role.as_ref().map(
            |role| json!({"role": role, "names": self.keys, "operations": self.operations, "deny": false}),
        );
        let all: Vec<Value> = first.into_iter().chain(self.bindings.iter().cloned()).collect();
        if all.is_empty() {
            return Err(
                CommandError::message(Kind::Usage, "a token without a binding may do nothing")
                    .hint("give it a role, like --role user --key 'app/*'"),
            );
        }
        Ok(Value::Array(all))
    }
}

fn parse_role(text: &str) -> Result<String, String> {
    if Role::ALL.iter().any(|role| role.name() == text) {
        Ok(text.to_owned())
    } else {
        Err("it is admin, operator, user or auditor".to_owned())
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let (deny, rest) = match text.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = rest.splitn(3, ':');
    let role = parse_role(parts.next().unwrap_or_default())?;
    let mut patterns = || -> Vec<&str> {
        let part = parts.next().unwrap_or_default();
        part.split(',').filter(|pattern| !pattern.is_empty()).collect()
    };
    Ok(json!({"role": role, "names": patterns(), "operations": patterns(), "deny": deny}))
}

/// Bindings as they are written.
pub(super) fn shown(bindings: &Value) -> String {
    let each: Vec<_> = answer::items(bindings).iter().map(one).collect();
    each.join(" ")
}

fn one(binding: &Value) -> String {
    let patterns = |member: &str| -> String {
        let each = answer::items(&binding[member]).iter().filter_map(Value::as_str);
        each.collect::<Vec<_>>().join(",")
    };
    let deny = if binding["deny"] == Value::Bool(true) {
        "!"
    } else {
        ""
    };
    let text = format!(
        "{deny}{}:{}:{}",
        answer::text(binding, "role"),
        patterns("names"),
        patterns("operations")
    );
    text.trim_end_matches(':').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_reads_back_as_it_was_written() {
        for text in [
            "user",
            "user:app/*",
            "user:app/*,b:key.sign",
            "!operator:prod/*",
            "user::key.*",
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!(shown(&json!([parsed])), text);
        }
        assert!(parse("root").is_err());
        assert!(parse("").is_err());
    }
}
