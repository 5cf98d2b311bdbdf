//! Checks of the first challenge's response: its JSON, its token, and the secret that signed it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::challenge::{first, needs_user_agent, unanswered};
use super::response_token::{Construction, Key, analyze, response_token};
use crate::exchange::{RawRequest, Response};
use crate::results::RunResult;
use crate::target::Target;
use crate::vendor;

pub(super) async fn json(target: &mut Target) -> RunResult {
    let Some((challenge, response)) = first(target) else { return unanswered() };
    let (evidence, is_page) = (target.evidence(response), vendor::is_page(response));
    let result = shape(target, challenge.token(), response);
    if !result.has_failed() {
        return result;
    }
    let recognized = vendor::recognize(response).is_some();
    let request = RawRequest::get(challenge.query());
    if is_page
        && !recognized
        && let Some(found) = needs_user_agent(target, request, "answered 200 with an HTML page").await
    {
        return found.evidence(evidence);
    }
    result.evidence(evidence)
}

const ONLY: &str = "answer the JSON alone";

/// Names the first fault in the form of the response.
fn shape(target: &Target, token: &str, response: &Response) -> RunResult {
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim();
    let (marked, text) = (text.starts_with('\u{feff}'), text.trim_start_matches('\u{feff}').trim());
    if text.is_empty() {
        return RunResult::failed("the body is empty", "X treats a 200 without the token as a wrong token");
    }
    if response.body.starts_with(&[0xff, 0xfe]) || response.body.starts_with(&[0xfe, 0xff]) || text.contains('\0') {
        return RunResult::failed("the body is in UTF-16", "JSON must be in UTF-8")
            .fix("encode the response as UTF-8, without a byte order mark");
    }
    let is_json = serde_json::from_str::<Value>(text).is_ok();
    let json_at = text.find("response_token").and_then(|at| text.get(..at)).and_then(|before| before.rfind('{'));
    let before = json_at.and_then(|at| text.get(..at)).unwrap_or_default();
    if text.starts_with("<?php") {
        return RunResult::failed(
            "the body is the source of a PHP script",
            "the web server does not run PHP for this path",
        )
        .fix("let the web server pass this file to PHP (php-fpm or mod_php), and check that it shows no secret");
    }
    if let (false, Some(message)) = (is_json, php_message(text)) {
        let (place, message) = match (json_at, text.find(message)) {
            (Some(json), Some(at)) if at > json => ("a PHP message follows the JSON", message),
            (Some(_), _) => ("a PHP message precedes the JSON", before),
            (None, _) => ("a PHP message is there instead of the JSON", text),
        };
        return RunResult::failed(
            format!("{place}: {}", target.quote(message)),
            "the body is not JSON, because PHP prints messages into it",
        )
        .fix("set display_errors=Off, and correct what the message reports");
    }
    if !is_json && !before.is_empty() && !before.starts_with(['{', '<', 'b', '"', '[']) {
        if before.ends_with('(') {
            return RunResult::failed("the JSON is within a call of a function (JSONP)", "X expects JSON alone")
                .fix(ONLY);
        }
        let observed = format!("text precedes the JSON: {}", target.quote(before));
        return RunResult::failed(observed, "the body is not JSON").fix(ONLY);
    }
    if text.starts_with('<') {
        return markup(target, text, response);
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
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => object(target, text, &members),
        Ok(Value::String(text)) if text.contains("response_token") => {
            RunResult::failed("the body is JSON within a JSON string", "it was serialized twice")
                .fix("pass the framework either an object or a text, not the serialized text as an object")
        }
        Ok(Value::Array(elements)) if elements.iter().any(holds_token) => {
            RunResult::failed("the object is within a list", "X expects the object alone").fix(ONLY)
        }
        Ok(_) => RunResult::failed(
            format!("the body is JSON, but not an object: {}", target.quote(text)),
            "X expects an object",
        ),
        Err(error) => not_json(target, text, response, error.is_eof()),
    }
}

/// Returns the first line with a message of PHP.
fn php_message(text: &str) -> Option<&str> {
    let kinds = ["Notice", "Warning", "Deprecated", "Fatal error", "Parse error"];
    text.lines().find(|line| {
        let bare = line.replace("<b>", "").replace("</b>", "");
        bare.contains(".php") && kinds.iter().any(|kind| bare.contains(&format!("{kind}: ")))
    })
}

fn markup(target: &Target, text: &str, response: &Response) -> RunResult {
    if text.starts_with("<?xml") {
        return RunResult::failed("the body is XML", "X expects JSON")
            .fix("let the framework answer application/json, also to Accept: */*");
    }
    if text.contains("response_token") {
        return RunResult::failed(
            "the response_token is within an HTML page",
            "a template or a debug toolbar surrounds the JSON",
        )
        .fix(ONLY);
    }
    let title = vendor::explanation(response);
    let observed = format!("the body is an HTML page: {}", target.quote(title.as_deref().unwrap_or(text)));
    match vendor::recognize(response) {
        Some(recognized) => RunResult::recognized(observed, &recognized),
        None => RunResult::failed(
            observed,
            "a page answers instead of the webhook: of a catch-all route, a single-page app, a login or a tunnel",
        )
        .fix("route GET on this path to the webhook's handler"),
    }
}

fn object(target: &Target, text: &str, members: &serde_json::Map<String, Value>) -> RunResult {
    let has = |name: &str| members.contains_key(name);
    match members.get("response_token") {
        Some(Value::String(_)) => return RunResult::passed("a JSON object with response_token"),
        Some(Value::Null) => {
            return RunResult::failed("the response_token is null", "the function that signs returned nothing")
                .fix("return the base64 of the HMAC from the function, and put it after 'sha256='");
        }
        Some(Value::Object(value)) if value.contains_key("data") => {
            return RunResult::failed(
                "the response_token is a Buffer, not a string",
                "the digest's bytes were not encoded",
            )
            .fix("encode the digest's bytes in base64: digest('base64')");
        }
        Some(_) => return RunResult::failed("the response_token is not a string", "X expects a string"),
        None => {}
    }
    if has("statusCode") && has("body") {
        return RunResult::failed(
            "the body is a Lambda response: an object with statusCode and body",
            "the function's result was sent as it is: the integration is not a proxy integration, or the result was wrapped twice",
        )
        .fix("turn on Lambda proxy integration, or return only {\"response_token\":\"sha256=...\"}");
    }
    if has("errorMessage") && (has("errorType") || has("stackTrace")) {
        let observed = format!("the body is the error of a Lambda function: {}", target.quote(text));
        return RunResult::failed(observed, "the function crashed on this request").fix(
            "see the error in the function's log; with a non-proxy integration, the event has no queryStringParameters",
        );
    }
    let is_graphql = |value: &Value| value.to_string().to_ascii_lowercase().contains("query");
    if members.get("errors").is_some_and(is_graphql) {
        return RunResult::failed(
            format!("the body is an error of GraphQL: {}", target.quote(text)),
            "a GraphQL server answers instead of the webhook's handler",
        )
        .fix("route GET and POST on this path to the webhook's handler, not to GraphQL");
    }
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '-', ' '], "");
    if let Some(name) = members.keys().find(|name| plain(name) == "responsetoken") {
        let observed = format!("the object has no response_token, only {}", target.quote(name));
        return RunResult::failed(observed, "X expects the member response_token, written exactly so")
            .fix("name the member response_token");
    }
    if let Some((name, _)) = members.iter().find(|(_, inner)| holds_token(inner)) {
        let observed = format!("the response_token is within the member {}", target.quote(name));
        return RunResult::failed(observed, "X expects the member response_token at the top").fix(ONLY);
    }
    let observed = format!("the object has no response_token: {}", target.quote(text));
    let is_signature = |value: &Value| value.as_str().is_some_and(|text| text.starts_with("sha256="));
    if members.values().any(is_signature) {
        return RunResult::failed(observed, "X expects the member response_token")
            .fix("name the member response_token");
    }
    RunResult::failed(observed, "another handler than the webhook's answers, or the app reports an error").fix(
        "route GET on this path to the handler that answers {\"response_token\":\"sha256=...\"}, and see the app's log",
    )
}

/// Names the language or the tool whose notation the body is.
fn not_json(target: &Target, text: &str, response: &Response, is_cut_off: bool) -> RunResult {
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
    let printed = |name: &str, fix| {
        let observed = format!("the body is {name}, printed: {}", target.quote(text));
        RunResult::failed(observed, "the notation of the language is not JSON").fix(fix)
    };
    if text.starts_with("sha256=") {
        return RunResult::failed("the body is the bare response_token", "X expects a JSON object");
    }
    if text.starts_with("Array") || text.starts_with("array(") || text.starts_with("object(") {
        return printed("a PHP array", "print json_encode($array)");
    }
    if text.contains("response_token") {
        if text.contains("=>") {
            return printed("a Ruby hash", "render json: hash, or return hash.to_json");
        }
        if text.starts_with("map[") || text.starts_with("&{") {
            return printed("a Go value", "write json.NewEncoder(w).Encode(value)");
        }
        if text.starts_with("{response_token=") {
            return printed("a Java or Kotlin map", "serialize the map with a JSON library, such as Jackson");
        }
        if text.starts_with("response_token=") {
            return printed("a form", "serialize the response as JSON");
        }
        if let Some(rest) = after_token(text) {
            let observed = format!("text follows the JSON: {}", target.quote(rest));
            return RunResult::failed(observed, "the body is not JSON").fix(ONLY);
        }
        if is_cut_off {
            return cut_off();
        }
        if text.starts_with('{') && (text.contains("response_token:") || text.contains("'sha256=")) {
            return printed("a JavaScript object", "serialize it with JSON.stringify");
        }
    }
    if is_cut_off && text.starts_with('{') {
        return cut_off();
    }
    if STANDARD.decode(text).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("response_token")) {
        return RunResult::failed("the body is the JSON in base64", "the response was encoded in base64")
            .fix("return the JSON as text; in a Lambda function, set isBase64Encoded to false");
    }
    let observed = format!("the body is not JSON: {}", target.quote(text));
    match vendor::recognize(response) {
        Some(recognized) => RunResult::recognized(observed, &recognized),
        None => RunResult::failed(observed, "X expects JSON"),
    }
}

fn cut_off() -> RunResult {
    RunResult::failed(
        "the JSON ends too early",
        "the response is cut off, or its Content-Length is smaller than the body, for example in characters, not bytes",
    )
    .fix("let the framework set Content-Length, or set it to the number of bytes")
}

fn holds_token(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key("response_token"),
        Value::String(text) => text.contains("\"response_token\""),
        _ => false,
    }
}

/// Returns the text that follows the right object.
fn after_token(text: &str) -> Option<&str> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let is_first = values.next()?.is_ok_and(|first| holds_token(&first));
    is_first.then(|| text.get(values.byte_offset()..)).flatten()
}

pub(super) async fn fresh(target: &mut Target) -> RunResult {
    let Some(before) = first(target).and_then(|(_, response)| response_token(response)) else { return unanswered() };
    let another = target.new_challenge();
    let exchange = target.send(&RawRequest::get(another.query())).await;
    if exchange.as_ref().ok().and_then(response_token).as_ref() == Some(&before) {
        let observed = "another crc_token got the same response_token";
        return match first_construction(target).and_then(|construction| construction.constant()) {
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
