//! Checks of other valid forms of a challenge, once the first was answered correctly.

use birdhook_testkit::{Challenge, now};

use super::response_token::{analyze, response_token};
use crate::exchange::{Exchange, RawRequest};
use crate::results::{self, RunResult};
use crate::target::Target;

fn evaluate(target: &Target, challenge: &Challenge, exchange: &Exchange, passed: &'static str) -> RunResult {
    let result = results::expect_acceptance(exchange, "this challenge was refused, unlike the first");
    let (Ok(response), false) = (exchange, result.has_failed()) else { return result };
    let Some(token) = response_token(response) else {
        return RunResult::failed("there is no response_token", "this challenge was not answered like the first");
    };
    match analyze(&token, challenge, &target.secrets.answering).mistake() {
        Some(mistake) => RunResult::failed(mistake.observed, mistake.cause).fix(mistake.fix),
        None if challenge.verify(target.secret(), &response.body).is_ok() => RunResult::passed(passed),
        None => RunResult::failed("the response_token is wrong", "the signed text is not the decoded crc_token"),
    }
}

pub(super) async fn decoding(target: &mut Target) -> RunResult {
    let passed = "form-decoded once";
    let token = target.new_challenge();
    let challenge = Challenge::new(format!("a+b/c{}==", token.token()));
    let exchange = target.send(&RawRequest::get(challenge.query())).await;
    let result = evaluate(target, &challenge, &exchange, passed);
    if result.has_failed() {
        return result;
    }
    // The query of this token has a plus, as X's own test vector has. A target that accepts only
    // base64 may reject the space.
    let challenge = Challenge::new(format!("test token {}", token.token()));
    match target.send(&RawRequest::get(challenge.query())).await {
        Ok(response) if response.is_rejection() => result,
        exchange => {
            let result = evaluate(target, &challenge, &exchange, passed);
            if result.has_failed() && matches!(&exchange, Ok(response) if response.is_success()) {
                // The previous token was decoded correctly, so the plus is the cause.
                let cause = "a plus in the query was signed as a plus, but it means a space";
                return RunResult::failed(result.observed, cause);
            }
            result
        }
    }
}

pub(super) async fn nonce(target: &mut Target) -> RunResult {
    let challenge = Challenge::from_seed(target.random.u64(..), now());
    let exchange = target.send(&RawRequest::get(challenge.query())).await;
    evaluate(target, &challenge, &exchange, "the nonce is not signed")
}

pub(super) async fn own_query(target: &mut Target) -> RunResult {
    let challenge = target.new_challenge();
    let exchange = target.send(&RawRequest::get(format!("birdhook_doctor=1&{}", challenge.query()))).await;
    evaluate(target, &challenge, &exchange, "found by its name")
}
