//! From an error of the key exchange to a problem, by the codes of `docs/key-exchange.md` §HTTP.
//! The suites that would do travel with the two codes that a client acts on.

use std::time::Duration;

use hybridge_exchange::server::Refusal;
use hybridge_keys::exchange::ExchangeError;

use crate::key_problem::chain;
use crate::problem::{Code, Problem, SuiteAdvice};

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        let error = match error {
            ExchangeError::Keys(error) => return error.into(),
            other => other,
        };
        let code = Code::by_name(error.code()).unwrap_or(Code::ExchangeFailed);
        let mut problem = Self::new(code, chain(&error));
        problem.suites = advice(&error).map(Box::new);
        if code == Code::ExchangeBusy {
            return problem.retry_after(Duration::from_secs(5));
        }
        problem
    }
}

fn advice(error: &ExchangeError) -> Option<SuiteAdvice> {
    match error {
        ExchangeError::Refusal(Refusal::ShareRequired { suite }) => Some(SuiteAdvice {
            suite: Some(suite.name),
            ..SuiteAdvice::default()
        }),
        ExchangeError::Refusal(Refusal::NoSuite { allowed }) => Some(SuiteAdvice {
            allowed: allowed.iter().map(|suite| suite.name).collect(),
            ..SuiteAdvice::default()
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_code_of_its_own_is_a_failure_of_the_service() {
        let problem = Problem::from(ExchangeError::NoSession);
        assert_eq!(problem.code, Code::SessionUnknown);
        let problem = Problem::from(ExchangeError::Full);
        assert_eq!(problem.code, Code::ExchangeBusy);
    }
}
