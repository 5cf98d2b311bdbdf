//! Checks of other valid forms of a challenge, once the first was answered correctly.

use super::answer::response_token;
use super::response_token::made;
use crate::doctor::exchange::{Ask, Exchange};
use crate::doctor::judgement::{self, Judgement};
use crate::doctor::patient::Patient;
use crate::request::{Challenge, now};

fn judge(patient: &Patient, challenge: &Challenge, exchange: &Exchange, passed: &'static str) -> Judgement {
    let judgement = judgement::accepted(exchange, "this challenge was refused, unlike the first");
    let (Ok(answer), false) = (exchange, judgement.has_failed()) else { return judgement };
    let Some(token) = response_token(answer) else {
        return Judgement::failed("there is no response_token", "this challenge was answered otherwise than the first");
    };
    match made(&token, challenge, &patient.keys.answering).mistake() {
        Some(mistake) => Judgement::failed(mistake.observed, mistake.cause).fix(mistake.fix),
        None if challenge.judge(patient.secret(), &answer.body).is_ok() => Judgement::passed(passed),
        None => {
            Judgement::failed("the response_token is wrong", "something else than the decoded crc_token was signed")
        }
    }
}

pub(super) async fn decoding(patient: &mut Patient) -> Judgement {
    let passed = "decoded once, as a form's value";
    let token = patient.new_challenge();
    let challenge = Challenge::new(format!("a+b/c{}==", token.token()));
    let exchange = patient.send(&Ask::get(challenge.query())).await;
    let judgement = judge(patient, &challenge, &exchange, passed);
    if judgement.has_failed() {
        return judgement;
    }
    // The query of this token has a plus, as X's own test vector has. A target that accepts only
    // base64 may reject the space.
    let challenge = Challenge::new(format!("test token {}", token.token()));
    match patient.send(&Ask::get(challenge.query())).await {
        Ok(answer) if answer.is_refusal() => judgement,
        exchange => {
            let judgement = judge(patient, &challenge, &exchange, passed);
            if judgement.has_failed() && matches!(&exchange, Ok(answer) if answer.is_success()) {
                // The previous token was decoded correctly, so the plus is the cause.
                let cause = "a plus in the query was signed as a plus: in a form's value it is a space";
                return Judgement::failed(judgement.observed, cause);
            }
            judgement
        }
    }
}

pub(super) async fn nonce(patient: &mut Patient) -> Judgement {
    let challenge = Challenge::from_seed(patient.random.u64(..), now());
    let exchange = patient.send(&Ask::get(challenge.query())).await;
    judge(patient, &challenge, &exchange, "no part of the answer")
}

pub(super) async fn own_query(patient: &mut Patient) -> Judgement {
    let challenge = patient.new_challenge();
    let exchange = patient.send(&Ask::get(format!("birdhook_doctor=1&{}", challenge.query()))).await;
    judge(patient, &challenge, &exchange, "found by its name")
}
