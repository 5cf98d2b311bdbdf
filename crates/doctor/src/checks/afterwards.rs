//! The last checks: other methods, leaks, and a final challenge.

use std::collections::{BTreeMap, BTreeSet};

use super::challenge::{first, unanswered};
use crate::exchange::RawRequest;
use crate::results::{self, RunResult};
use crate::target::{SIGNATURE, Target};
use crate::verdict::Effect;

pub(super) async fn methods(target: &mut Target) -> RunResult {
    let mut exchanges = Vec::new();
    for method in ["PUT", "PATCH", "DELETE"] {
        let body = target.body("sent without the secret");
        exchanges.push((method.to_owned(), target.send(&RawRequest::post(body).method(method)).await));
    }
    let refused =
        results::expect_rejections(&exchanges, "a request with another method and without a signature was accepted");
    if refused.has_failed() {
        return refused;
    }
    // OPTIONS is left out because many apps answer it globally.
    let head = target.send(&RawRequest::get("").method("HEAD")).await;
    let result = results::prefer_rejection(&head, "HEAD is accepted");
    RunResult { observed: format!("{}, HEAD: {}", refused.observed, result.observed), ..result }
}

fn expect_none(leaks: &BTreeSet<(&'static str, &'static str)>, cause: &'static str) -> RunResult {
    if leaks.is_empty() {
        return RunResult::passed("none");
    }
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for (check, what) in leaks {
        found.entry(what).or_default().push(*check);
    }
    let quoted = |what: &str| if what.starts_with("the ") { what.to_owned() } else { format!("{what:?}") };
    let texts = found.into_iter().map(|(what, checks)| match checks.as_slice() {
        [first, others @ ..] if !others.is_empty() => {
            let noun = if others.len() == 1 { "check" } else { "checks" };
            format!("{} appears in responses during {first} and {} more {noun}", quoted(what), others.len())
        }
        checks => format!("{} appears in a response during {}", quoted(what), checks.concat()),
    });
    RunResult::failed(texts.collect::<Vec<_>>().join(", "), cause)
}

pub(super) async fn keep_secrets(target: &mut Target) -> RunResult {
    let cause = "anyone who reads this response can sign deliveries";
    let result = expect_none(&target.leaked_secrets, cause);
    let shows_signature = target.leaked_secrets.iter().any(|(_, what)| *what == SIGNATURE);
    match shows_signature {
        // An attacker sends the delivery again, with the signature from the response.
        true => RunResult { effect: Some(Effect::Forgery), ..result },
        false => result,
    }
}

pub(super) async fn without_traces(target: &mut Target) -> RunResult {
    expect_none(&target.leaked_traces, "attackers learn paths, versions and code")
}

pub(super) async fn alive(target: &mut Target) -> RunResult {
    let Some((challenge, before)) = first(target) else { return unanswered() };
    let (was_right, status) = (challenge.verify(target.secret(), &before.body).is_ok(), before.status);
    let challenge = target.new_challenge();
    match target.send(&RawRequest::get(challenge.query())).await {
        Ok(response) if response.status != status => {
            RunResult::failed(response.summary(), format!("the first challenge was answered {status}"))
        }
        Ok(response) if was_right && challenge.verify(target.secret(), &response.body).is_err() => {
            RunResult::failed("the response_token is wrong", "the first one was correct")
        }
        Ok(response) => RunResult::passed(response.summary()),
        Err(error) => RunResult::failed(error.to_string(), "the receiver no longer answers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_check_is_singular() {
        let observed = |checks: &[&'static str]| {
            let leaks = checks.iter().map(|check| (*check, "the secret")).collect();
            expect_none(&leaks, "x").observed
        };
        assert!(observed(&["a", "b"]).ends_with("during a and 1 more check"));
        assert!(observed(&["a", "b", "c"]).ends_with("during a and 2 more checks"));
    }
}
