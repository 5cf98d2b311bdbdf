//! The result of running a check, and functions that require a rejection or an acceptance.

use std::borrow::Cow;

use crate::diagnosis::CheckStatus;
use crate::exchange::{Exchange, NoResponse, Response};
use crate::vendor::Recognized;
use crate::verdict::Effect;

/// Result of a check, without the name and description of the check.
#[derive(Debug)]
pub(crate) struct RunResult {
    pub(crate) status: CheckStatus,
    pub(crate) observed: String,
    pub(crate) cause: Option<Cow<'static, str>>,
    /// Replaces the fix of the check.
    pub(crate) fix: Option<&'static str>,
    /// Headers and the beginning of the body that show who answered.
    pub(crate) evidence: Option<String>,
    /// Replaces the effect of the check.
    pub(crate) effect: Option<Effect>,
}

impl RunResult {
    pub(crate) fn passed(observed: impl Into<String>) -> Self {
        Self {
            status: CheckStatus::Passed,
            observed: observed.into(),
            cause: None,
            fix: None,
            evidence: None,
            effect: None,
        }
    }

    pub(crate) fn skipped(why: impl Into<String>) -> Self {
        Self { status: CheckStatus::Skipped, ..Self::passed(why) }
    }

    pub(crate) fn failed(observed: impl Into<String>, cause: impl Into<Cow<'static, str>>) -> Self {
        Self { status: CheckStatus::Failed, cause: Some(cause.into()), ..Self::passed(observed) }
    }

    pub(crate) fn warned(observed: impl Into<String>, cause: impl Into<Cow<'static, str>>) -> Self {
        Self { status: CheckStatus::Warned, ..Self::failed(observed, cause) }
    }

    pub(crate) fn fix(self, fix: &'static str) -> Self {
        Self { fix: Some(fix), ..self }
    }

    /// Fails for a cause that the response reveals.
    pub(crate) fn recognized(observed: impl Into<String>, recognized: &Recognized) -> Self {
        Self::failed(observed, recognized.cause).fix(recognized.fix)
    }

    pub(crate) fn evidence(self, evidence: String) -> Self {
        Self { evidence: Some(evidence).filter(|evidence| !evidence.is_empty()), ..self }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.status == CheckStatus::Failed
    }
}

/// Passes if the request was rejected with 4xx or 501. `if_accepted` is the cause to report for a 2xx.
pub(crate) fn expect_rejection(exchange: &Exchange, if_accepted: &'static str) -> RunResult {
    let result = expect(exchange, Response::is_rejection, Response::is_success, if_accepted);
    match exchange {
        Ok(response) if response.is_success() && response.refuses_in_words() => RunResult::warned(
            format!("{}, with a body that refuses it", response.summary()),
            "a refusal with a status of success: proxies, logs and tests take it for an acceptance",
        )
        .fix("answer 401"),
        Ok(response) if response.is_success() => result,
        // The request was not accepted, but it crashed or blocked the receiver.
        _ => RunResult { effect: Some(Effect::Exposure), ..result },
    }
}

/// Like [`expect_rejection`], but only warns of a 2xx.
pub(crate) fn prefer_rejection(exchange: &Exchange, if_accepted: &'static str) -> RunResult {
    let result = expect_rejection(exchange, if_accepted);
    match exchange {
        Ok(response) if response.is_success() => RunResult { status: CheckStatus::Warned, ..result },
        _ => result,
    }
}

/// Passes if every request was rejected; otherwise returns the first failure.
pub(crate) fn expect_rejections(exchanges: &[(String, Exchange)], if_accepted: &'static str) -> RunResult {
    all(exchanges, |exchange| expect_rejection(exchange, if_accepted))
}

/// Passes if every result passes; otherwise returns the first failure, or else the first warning.
pub(crate) fn all(exchanges: &[(String, Exchange)], judge: impl Fn(&Exchange) -> RunResult) -> RunResult {
    let (mut passed, mut warning) = (Vec::new(), None);
    for (which, exchange) in exchanges {
        let result = judge(exchange);
        let observed = format!("{which}: {}", result.observed);
        if result.has_failed() {
            return RunResult { observed, ..result };
        }
        if result.status == CheckStatus::Warned {
            warning.get_or_insert(RunResult { observed, ..result });
        } else {
            passed.push(observed);
        }
    }
    warning.unwrap_or_else(|| RunResult::passed(passed.join(", ")))
}

/// Passes if the delivery was accepted with any 2xx. `if_rejected` is the cause to report
/// for a rejection.
pub(crate) fn expect_acceptance(exchange: &Exchange, if_rejected: &'static str) -> RunResult {
    expect(exchange, Response::is_success, Response::is_rejection, if_rejected)
}

fn expect(
    exchange: &Exchange,
    is_right: fn(&Response) -> bool,
    is_wrong: fn(&Response) -> bool,
    if_wrong: &'static str,
) -> RunResult {
    match exchange {
        Ok(response) if is_right(response) => RunResult::passed(response.summary()),
        Ok(response) if is_wrong(response) => RunResult::failed(response.summary(), if_wrong),
        Ok(response) => unexpected(response),
        Err(error) => no_response(error),
    }
}

/// Fails for a response that is never right: a redirect, a server error, or an unknown status.
fn unexpected(response: &Response) -> RunResult {
    let cause = match response.status {
        300..=399 => "X invalidates a webhook at once that redirects",
        500..=599 => "the receiver failed while processing the request",
        _ => "the status is neither a success nor a refusal",
    };
    RunResult::failed(response.summary(), cause)
}

/// Fails for a missing response, which is never right.
fn no_response(error: &NoResponse) -> RunResult {
    let cause = match error {
        NoResponse::TimedOut(_) => "the receiver does not respond, and each such request occupies a connection",
        NoResponse::Refused => "nothing listens at this port now",
        _ => "the receiver ended the connection, as a crash does",
    };
    RunResult::failed(error.to_string(), cause)
}
