//! The last checks: other methods, leaks, and a final challenge.

use std::collections::BTreeSet;

use crate::doctor::exchange::Ask;
use crate::doctor::judgement::{self, Judgement};
use crate::doctor::patient::Patient;

pub(super) async fn methods(patient: &mut Patient) -> Judgement {
    let mut exchanges = Vec::new();
    for method in ["PUT", "PATCH", "DELETE"] {
        let body = patient.body("made by a stranger");
        exchanges.push((method.to_owned(), patient.send(&Ask::post(body).method(method)).await));
    }
    let refused =
        judgement::all_refused(&exchanges, "what came by another method was accepted, and without a signature");
    if refused.has_failed() {
        return refused;
    }
    // OPTIONS is left out because many apps answer it globally.
    let head = patient.send(&Ask::get("").method("HEAD")).await;
    let observed = |judgement: &Judgement| format!("{}, HEAD: {}", refused.observed, judgement.observed);
    let judgement = match &head {
        Ok(answer) if answer.is_success() => {
            Judgement::warned(answer.seen(), "HEAD is answered as if there were something to fetch")
        }
        _ => judgement::refused(&head, ""),
    };
    Judgement { observed: observed(&judgement), ..judgement }
}

fn told(told: &BTreeSet<(&'static str, &'static str)>) -> String {
    let told: Vec<_> = told.iter().map(|(check, what)| format!("{what:?} in an answer to {check}")).collect();
    told.join(", ")
}

pub(super) async fn keep_secrets(patient: &mut Patient) -> Judgement {
    match patient.secrets_told.is_empty() {
        true => Judgement::passed("none did"),
        false => Judgement::failed(told(&patient.secrets_told), "who reads this answer can sign deliveries"),
    }
}

pub(super) async fn without_traces(patient: &mut Patient) -> Judgement {
    match patient.traces_told.is_empty() {
        true => Judgement::passed("none did"),
        false => Judgement::failed(told(&patient.traces_told), "strangers learn paths, versions and code"),
    }
}

pub(super) async fn alive(patient: &mut Patient) -> Judgement {
    let Some((first, Ok(before))) = &patient.challenge else {
        return Judgement::skipped("the first challenge was not answered");
    };
    let (was_right, status) = (first.judge(patient.secret(), &before.body).is_ok(), before.status);
    let challenge = patient.new_challenge();
    match patient.send(&Ask::get(challenge.query())).await {
        Ok(answer) if answer.status != status => {
            Judgement::failed(answer.seen(), format!("the first challenge was answered {status}"))
        }
        Ok(answer) if was_right && challenge.judge(patient.secret(), &answer.body).is_err() => {
            Judgement::failed("the response_token is wrong", "the first one was right")
        }
        Ok(answer) => Judgement::passed(answer.seen()),
        Err(silence) => Judgement::failed(silence.to_string(), "the receiver no longer answers"),
    }
}
