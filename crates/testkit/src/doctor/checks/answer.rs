//! Checks of the first challenge's response: its JSON, its token, and the secret that signed it.

use serde_json::Value;

use super::challenge::{first, none};
use super::response_token::{Key, Made, made};
use crate::doctor::exchange::{Answer, Ask};
use crate::doctor::judgement::Judgement;
use crate::doctor::patient::Patient;

/// Returns the `response_token` of a response body, if there is one.
pub(super) fn response_token(answer: &Answer) -> Option<String> {
    let answer: Value = serde_json::from_slice(&answer.body).ok()?;
    answer.get("response_token").and_then(Value::as_str).map(str::to_owned)
}

pub(super) async fn json(patient: &mut Patient) -> Judgement {
    let Some((challenge, answer)) = first(patient) else { return none() };
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Judgement::failed("the answer is empty", "X takes a 200 without the token for a wrong token");
    }
    if text.starts_with('<') {
        let observed = format!("the answer is a page: {}", patient.quote(text));
        return Judgement::failed(
            observed,
            "a catch-all route, a login or a tunnel's warning answers in the app's place",
        )
        .fix("let GET on this very path reach the webhook's own code");
    }
    if text == challenge.token() {
        return Judgement::failed("the answer is the crc_token itself", "the token must be signed, not told back");
    }
    match serde_json::from_slice(&answer.body) {
        Ok(Value::Object(members)) => match members.get("response_token") {
            Some(Value::String(_)) => Judgement::passed("a JSON object with response_token"),
            Some(_) => Judgement::failed("the response_token is not a string", "X looks for a string"),
            None => {
                let names: Vec<_> = members.keys().map(String::as_str).collect();
                let observed = format!("the object has no response_token but {}", patient.quote(&names.join(", ")));
                Judgement::failed(observed, "X looks for the member response_token")
            }
        },
        Ok(Value::String(text)) if text.contains("response_token") => {
            Judgement::failed("the answer is JSON within a JSON string", "it was written as JSON twice")
                .fix("hand the framework the object, or the text, but not the text as an object")
        }
        Ok(_) => Judgement::failed("the answer is JSON, but no object", "X looks for an object"),
        Err(_) if text.starts_with("sha256=") => {
            Judgement::failed("the answer is the bare token", "X looks for a JSON object")
        }
        Err(_) => Judgement::failed(format!("the answer is not JSON: {}", patient.quote(text)), "X looks for JSON"),
    }
}

pub(super) async fn fresh(patient: &mut Patient) -> Judgement {
    let Some(before) = first(patient).and_then(|(_, answer)| response_token(answer)) else { return none() };
    let another = patient.new_challenge();
    let exchange = patient.send(&Ask::get(another.query())).await;
    if exchange.as_ref().ok().and_then(response_token).as_ref() == Some(&before) {
        let observed = "another crc_token got the same response_token";
        return match how(patient).and_then(|made| made.other_text()) {
            Some(mistake) => {
                Judgement::failed(format!("{observed}: {}", mistake.observed), mistake.cause).fix(mistake.fix)
            }
            None => Judgement::failed(
                observed,
                "the answer is written down in the code, or a cache in front of the app keeps it without regard to the query",
            ),
        };
    }
    match &exchange {
        Ok(answer) if answer.status == 200 => Judgement::passed("another token, another answer"),
        Ok(answer) => Judgement::failed(answer.seen(), "the second challenge was not answered as the first"),
        Err(silence) => Judgement::failed(silence.to_string(), "the second challenge was not answered as the first"),
    }
}

/// Finds out how the response to the first challenge was computed.
fn how(patient: &Patient) -> Option<Made> {
    let (challenge, answer) = first(patient)?;
    Some(made(&response_token(answer)?, challenge, &patient.keys.answering))
}

pub(super) async fn token(patient: &mut Patient) -> Judgement {
    let Some(made) = how(patient) else { return none() };
    match made.mistake() {
        None => Judgement::passed("'sha256=' and base64 of 32 bytes"),
        Some(mistake) => Judgement::failed(mistake.observed, mistake.cause).fix(mistake.fix),
    }
}

pub(super) async fn secret(patient: &mut Patient) -> Judgement {
    match how(patient).map(|made| made.key) {
        None => none(),
        Some(Key::Right) => Judgement::passed(format!("answered with the {}", patient.keys.answering.kind)),
        Some(Key::Unreadable) => Judgement::skipped("the response_token does not show it"),
        Some(Key::Flawed(observed, fix)) => {
            Judgement::failed(observed, "the receiver signs with something else than the secret").fix(fix)
        }
        Some(Key::Unknown) => Judgement::failed(
            "the response_token was made with another secret, or of another text",
            "the receiver's secret is not the one that the doctor was given",
        ),
    }
}
