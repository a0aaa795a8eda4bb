//! The self-tests of the running service: asked for by its API, shown as it answers.
//! The exit code is that of the tests: 1 where one did not pass.

use serde_json::{Value, json};

use crate::command_error::{CommandError, Ending};
use crate::service::ServiceArgs;
use crate::service::answer::{items, table, text};

/// Has the service test itself.
pub(super) fn run(service: &ServiceArgs) -> Result<Ending, CommandError> {
    let service = service.open()?;
    let answer = service.write("/v1/selftest", &json!({}))?;
    service.print(&answer, shown)?;
    Ok(if answer["passed"] == true {
        Ending::Done
    } else {
        Ending::Negative
    })
}

fn shown(answer: &Value) -> String {
    let tests = items(&answer["tests"]);
    let row = |test: &Value| {
        ["algorithm", "test", "outcome"]
            .map(|member| text(test, member))
            .to_vec()
    };
    let rows: Vec<_> = tests.iter().map(row).collect();
    let passed = tests.iter().filter(|test| test["outcome"] == "passed").count();
    let last = match answer["failure"].as_str() {
        Some(failure) => format!("{passed} of {} tests passed: {failure}", tests.len()),
        None => format!("{passed} of {} tests passed", tests.len()),
    };
    format!("{}\n{last}\n", table(&["ALGORITHM", "TEST", "OUTCOME"], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_the_last_word() {
        let test = json!({"algorithm": "X-Wing", "test": "known answer", "outcome": "refused"});
        let answer = json!({"passed": false, "failure": "switched off", "tests": [test]});
        let said = shown(&answer);
        assert!(said.contains("X-Wing     known answer  refused\n"), "{said}");
        assert!(said.ends_with("\n0 of 1 tests passed: switched off\n"), "{said}");
    }
}
