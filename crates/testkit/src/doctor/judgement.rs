//! The result of a check, and helpers that judge whether a request was rejected or accepted.

use std::borrow::Cow;

use super::exchange::{Answer, Exchange, NoAnswer};
use super::finding::CheckStatus;

/// The result of a check, before it becomes a finding.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) verdict: CheckStatus,
    pub(super) observed: String,
    pub(super) cause: Option<Cow<'static, str>>,
    /// Replaces the fix of the check.
    pub(super) fix: Option<&'static str>,
}

impl Judgement {
    pub(super) fn passed(observed: impl Into<String>) -> Self {
        Self { verdict: CheckStatus::Passed, observed: observed.into(), cause: None, fix: None }
    }

    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self { verdict: CheckStatus::Skipped, ..Self::passed(why) }
    }

    pub(super) fn failed(observed: impl Into<String>, cause: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict: CheckStatus::Failed, cause: Some(cause.into()), ..Self::passed(observed) }
    }

    pub(super) fn warned(observed: impl Into<String>, cause: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict: CheckStatus::Warned, ..Self::failed(observed, cause) }
    }

    pub(super) fn fix(self, fix: &'static str) -> Self {
        Self { fix: Some(fix), ..self }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.verdict == CheckStatus::Failed
    }
}

/// Passes if the request was rejected with 4xx or 501. `accepted` is the cause to report for a 2xx.
pub(super) fn refused(exchange: &Exchange, accepted: &'static str) -> Judgement {
    match exchange {
        Ok(answer) if answer.is_refusal() => Judgement::passed(answer.seen()),
        Ok(answer) if answer.is_success() => Judgement::failed(answer.seen(), accepted),
        Ok(answer) => unexpected(answer),
        Err(silence) => silent(silence),
    }
}

/// Passes if every request was rejected; otherwise returns the first failure.
pub(super) fn all_refused(exchanges: &[(String, Exchange)], accepted: &'static str) -> Judgement {
    let mut passed = Vec::new();
    for (which, exchange) in exchanges {
        let judgement = refused(exchange, accepted);
        let observed = format!("{which}: {}", judgement.observed);
        if judgement.has_failed() {
            return Judgement { observed, ..judgement };
        }
        passed.push(observed);
    }
    Judgement::passed(passed.join(", "))
}

/// Passes if the delivery was accepted with any 2xx. `refused` is the cause to report for a
/// rejection.
pub(super) fn accepted(exchange: &Exchange, refused: &'static str) -> Judgement {
    match exchange {
        Ok(answer) if answer.is_success() => Judgement::passed(answer.seen()),
        Ok(answer) if answer.is_refusal() => Judgement::failed(answer.seen(), refused),
        Ok(answer) => unexpected(answer),
        Err(silence) => silent(silence),
    }
}

/// Judges a response that is never right: a redirect, a server error, or an unknown status.
fn unexpected(answer: &Answer) -> Judgement {
    let cause = match answer.status {
        300..=399 => "X ends a webhook at once that redirects",
        500..=599 => "the receiver failed while it handled the request",
        _ => "neither an acceptance nor a refusal",
    };
    Judgement::failed(answer.seen(), cause)
}

/// Judges a missing response, which is never right.
fn silent(silence: &NoAnswer) -> Judgement {
    let cause = match silence {
        NoAnswer::TimedOut(_) => "the receiver never answers this, and each such request holds a connection",
        NoAnswer::Refused => "nothing listens any more",
        _ => "the receiver did not get to an answer: look for a crash in its log",
    };
    Judgement::failed(silence.to_string(), cause)
}
