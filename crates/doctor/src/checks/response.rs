//! Checks of the first challenge's response: its JSON, its token, and the secret that signed it.

use serde_json::Value;

use super::challenge::{first, unanswered};
use super::response_token::{Construction, Key, analyze, response_token};
use crate::exchange::RawRequest;
use crate::results::RunResult;
use crate::target::Target;

pub(super) async fn json(target: &mut Target) -> RunResult {
    let Some((challenge, response)) = first(target) else { return unanswered() };
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return RunResult::failed("the body is empty", "X treats a 200 without the token as a wrong token");
    }
    if text.starts_with('<') {
        let observed = format!("the body is an HTML page: {}", target.quote(text));
        return RunResult::failed(
            observed,
            "a catch-all route, a login page or a tunnel's warning page answers instead of the app",
        )
        .fix("route GET on this path to the webhook's handler");
    }
    if text == challenge.token() {
        return RunResult::failed("the body is the crc_token itself", "the token must be signed, not echoed");
    }
    match serde_json::from_slice(&response.body) {
        Ok(Value::Object(members)) => match members.get("response_token") {
            Some(Value::String(_)) => RunResult::passed("a JSON object with response_token"),
            Some(_) => RunResult::failed("the response_token is not a string", "X expects a string"),
            None => {
                let names: Vec<_> = members.keys().map(String::as_str).collect();
                let observed = format!("the object has no response_token, only {}", target.quote(&names.join(", ")));
                RunResult::failed(observed, "X expects the member response_token")
            }
        },
        Ok(Value::String(text)) if text.contains("response_token") => {
            RunResult::failed("the body is JSON within a JSON string", "it was serialized twice")
                .fix("pass the framework either an object or a text, not the serialized text as an object")
        }
        Ok(_) => RunResult::failed("the body is JSON, but not an object", "X expects an object"),
        Err(_) if text.starts_with("sha256=") => {
            RunResult::failed("the body is the bare response_token", "X expects a JSON object")
        }
        Err(_) => RunResult::failed(format!("the body is not JSON: {}", target.quote(text)), "X expects JSON"),
    }
}

pub(super) async fn fresh(target: &mut Target) -> RunResult {
    let Some(before) = first(target).and_then(|(_, response)| response_token(response)) else { return unanswered() };
    let another = target.new_challenge();
    let exchange = target.send(&RawRequest::get(another.query())).await;
    if exchange.as_ref().ok().and_then(response_token).as_ref() == Some(&before) {
        let observed = "another crc_token got the same response_token";
        return match first_construction(target).and_then(|construction| construction.other_text()) {
            Some(mistake) => {
                RunResult::failed(format!("{observed}: {}", mistake.observed), mistake.cause).fix(mistake.fix)
            }
            None => RunResult::failed(
                observed,
                "the response is hard-coded, or a cache in front of the app ignores the query",
            ),
        };
    }
    match &exchange {
        Ok(response) if response.status == 200 => RunResult::passed("another token, another response_token"),
        Ok(response) => RunResult::failed(response.summary(), "the second challenge was not answered like the first"),
        Err(error) => RunResult::failed(error.to_string(), "the second challenge was not answered like the first"),
    }
}

fn first_construction(target: &Target) -> Option<Construction> {
    let (challenge, response) = first(target)?;
    Some(analyze(&response_token(response)?, challenge, &target.secrets.answering))
}

pub(super) async fn token(target: &mut Target) -> RunResult {
    let Some(construction) = first_construction(target) else { return unanswered() };
    match construction.mistake() {
        None => RunResult::passed("'sha256=' and base64 of 32 bytes"),
        Some(mistake) => RunResult::failed(mistake.observed, mistake.cause).fix(mistake.fix),
    }
}

pub(super) async fn secret(target: &mut Target) -> RunResult {
    match first_construction(target).map(|construction| construction.key) {
        None => unanswered(),
        Some(Key::Right) => RunResult::passed(format!("answered with the {}", target.secrets.answering.kind)),
        Some(Key::Unreadable) => RunResult::skipped("the response_token does not reveal the secret"),
        Some(Key::Flawed(observed, fix)) => {
            RunResult::failed(observed, "the receiver does not sign with the exact secret").fix(fix)
        }
        Some(Key::Unknown) => RunResult::failed(
            "the response_token was computed with another secret, or from another text",
            "the receiver's secret is not the doctor's secret",
        ),
    }
}
