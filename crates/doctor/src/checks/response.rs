//! Checks of the first challenge's response: its JSON, its token, and the secret that signed it.

use serde_json::Value;

use super::challenge::{first, unanswered};
use super::response_token::{Construction, Key, analyze, response_token};
use crate::exchange::{RawRequest, Response};
use crate::results::RunResult;
use crate::target::Target;
use crate::vendor;

pub(super) async fn json(target: &mut Target) -> RunResult {
    let Some((challenge, response)) = first(target) else { return unanswered() };
    let evidence = target.evidence(response);
    let result = shape(target, challenge.token(), response);
    if result.has_failed() { result.evidence(evidence) } else { result }
}

/// Names the first fault in the form of the response.
fn shape(target: &Target, token: &str, response: &Response) -> RunResult {
    let text = String::from_utf8_lossy(&response.body);
    let (marked, text) = (text.starts_with('\u{feff}'), text.trim_start_matches('\u{feff}').trim());
    let only = "answer the JSON alone";
    if text.is_empty() {
        return RunResult::failed("the body is empty", "X treats a 200 without the token as a wrong token");
    }
    if let Some((before, _)) = text.split_once("{\"response_token\"").filter(|(before, _)| !before.is_empty()) {
        let is_notice = ["Notice", "Warning", "Deprecated", "Fatal error"].iter().any(|word| before.contains(word));
        if is_notice {
            let observed = format!("a PHP message precedes the JSON: {}", target.quote(before));
            return RunResult::failed(observed, "the body is not JSON, because PHP prints messages into it")
                .fix("set display_errors=Off, and correct what the message reports");
        }
        if serde_json::from_str::<Value>(text).is_err() && !before.starts_with(['{', '<', 'b']) {
            let observed = format!("text precedes the JSON: {}", target.quote(before));
            return RunResult::failed(observed, "the body is not JSON").fix(only);
        }
    }
    if text.starts_with('<') {
        let observed = format!("the body is an HTML page: {}", target.quote(text));
        return match vendor::recognize(response) {
            Some(recognized) => RunResult::recognized(observed, &recognized),
            None => RunResult::failed(
                observed,
                "a catch-all route, a login page or a tunnel's warning page answers instead of the app",
            )
            .fix("route GET on this path to the webhook's handler"),
        };
    }
    if text == token {
        return RunResult::failed("the body is the crc_token itself", "the token must be signed, not echoed");
    }
    if marked {
        let observed = "the body begins with a byte order mark (U+FEFF)";
        return RunResult::failed(observed, "JSON must not begin with one: parsers refuse it").fix(
            "save the source files as UTF-8 without a byte order mark, and encode the response as UTF-8 without one",
        );
    }
    let unquoted = text.strip_prefix('b').filter(|rest| rest.starts_with(['\'', '"']));
    if unquoted.is_some_and(|rest| rest.contains("response_token")) {
        return RunResult::failed(
            "the body is Python's notation of bytes: b'...'",
            "a bytes object was formatted as text",
        )
        .fix("return the bytes themselves, or decode them first");
    }
    if text.starts_with("{'") {
        return RunResult::failed("the body is a Python dict as text, with single quotes", "str(dict) is not JSON")
            .fix("return json.dumps(...), or let the framework serialize the dict");
    }
    if text == "[object Object]" {
        return RunResult::failed("the body is the text [object Object]", "an object was converted to text")
            .fix("serialize it with JSON.stringify");
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => match members.get("response_token") {
            Some(Value::String(_)) => RunResult::passed("a JSON object with response_token"),
            Some(_) => RunResult::failed("the response_token is not a string", "X expects a string"),
            None if members.contains_key("statusCode") && members.contains_key("body") => RunResult::failed(
                "the body is a Lambda response: an object with statusCode and body",
                "the function's result was sent as it is: the integration is not a proxy integration, or the result was wrapped twice",
            )
            .fix("turn on Lambda proxy integration, or return only {\"response_token\":\"sha256=...\"}"),
            None => match members.iter().find(|(_, inner)| holds_token(inner)) {
                Some((name, _)) => {
                    let observed = format!("the response_token is within the member {}", target.quote(name));
                    RunResult::failed(observed, "X expects the member response_token at the top").fix(only)
                }
                None => {
                    let names: Vec<_> = members.keys().map(String::as_str).collect();
                    let observed = format!("the object has no response_token, only {}", target.quote(&names.join(", ")));
                    RunResult::failed(observed, "X expects the member response_token")
                }
            },
        },
        Ok(Value::String(text)) if text.contains("response_token") => {
            RunResult::failed("the body is JSON within a JSON string", "it was serialized twice")
                .fix("pass the framework either an object or a text, not the serialized text as an object")
        }
        Ok(_) => RunResult::failed("the body is JSON, but not an object", "X expects an object"),
        Err(_) if text.starts_with("sha256=") => {
            RunResult::failed("the body is the bare response_token", "X expects a JSON object")
        }
        Err(_) if begins_with_token(text) => {
            RunResult::failed("text follows the JSON", "the body is not JSON").fix(only)
        }
        Err(_) => RunResult::failed(format!("the body is not JSON: {}", target.quote(text)), "X expects JSON"),
    }
}

fn holds_token(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key("response_token"),
        Value::String(text) => text.contains("\"response_token\""),
        _ => false,
    }
}

/// Returns whether the text begins with the right object, and something follows it.
fn begins_with_token(text: &str) -> bool {
    let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    first.is_some_and(|first| first.is_ok_and(|first| holds_token(&first)))
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
    let token = response_token(response)?;
    let mut found = target.secrets.iter().map(|known| analyze(&token, challenge, known));
    let answering = found.next()?;
    // A wrong form of the other secret's signature is still that secret's.
    let other = found.find(|other| matches!(other.key, Key::Right | Key::Flawed(..)));
    match answering.key {
        Key::Unknown | Key::Unreadable => other.or(Some(answering)),
        _ => Some(answering),
    }
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
        Some(Key::Unknown) if target.secrets.other.is_some() => RunResult::failed(
            "the response_token was computed with neither of the two secrets, or from another text",
            "the receiver has the secret of another app, or an old one",
        ),
        Some(Key::Unknown) => RunResult::failed(
            format!(
                "the response_token was computed with another secret than this {}, or from another text",
                target.secrets.answering.kind
            ),
            "the receiver has the secret of another app, an old one, or the app's other kind of secret (consumer or client)",
        ),
    }
}
