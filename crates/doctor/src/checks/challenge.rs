//! Checks of the first challenge: whether it is answered, how fast, and in which encoding.

use std::time::Duration;

use birdhook_testkit::Challenge;

use super::response_token::{Key, analyze, response_token};
use crate::exchange::{RawRequest, Response};
use crate::results::RunResult;
use crate::target::{KnownSecret, Target};

pub(super) fn first(target: &Target) -> Option<(&Challenge, &Response)> {
    target.challenge.as_ref().and_then(|(challenge, exchange)| Some((challenge, exchange.as_ref().ok()?)))
}

pub(super) fn unanswered() -> RunResult {
    RunResult::skipped("the first challenge was not answered")
}

pub(super) async fn redirect(target: &mut Target) -> RunResult {
    let challenge = target.distinguishing_challenge();
    let exchange = target.send(&RawRequest::get(challenge.query())).await;
    let result = match &exchange {
        Ok(response) if response.is_redirect() => {
            let to = response.header("location").unwrap_or("nowhere");
            let to = to.split('?').next().unwrap_or_default();
            let observed = format!("answered {}, to {}", response.status, target.quote(to));
            RunResult::failed(observed, "X does not follow redirects, and invalidates a webhook at once that redirects")
        }
        Ok(_) => RunResult::passed("no redirect"),
        Err(_) => RunResult::skipped("no response"),
    };
    let is_made_with = |known: &KnownSecret| {
        let token = exchange.as_ref().ok().and_then(response_token);
        token.is_some_and(|token| analyze(&token, &challenge, known).key == Key::Right)
    };
    if target.secrets.other.as_ref().is_some_and(is_made_with) {
        target.secrets.swap();
    }
    // A missing response is the subject of the next check.
    target.missed_response = false;
    target.challenge = Some((challenge, exchange));
    result
}

pub(super) async fn status(target: &mut Target) -> RunResult {
    let Some((_, exchange)) = &target.challenge else { return unanswered() };
    let response = match exchange {
        Ok(response) if response.status == 200 && !response.is_whole => {
            let observed = "answered 200, and closed the connection before the end of the body";
            return RunResult::failed(observed, "X cannot read a truncated response");
        }
        Ok(response) if response.status == 200 => return RunResult::passed(response.summary()),
        Ok(response) => response,
        Err(error) => {
            target.missed_response = true;
            return RunResult::failed(error.to_string(), "X waits between 3 and 10 s");
        }
    };
    let cause = match response.status {
        401 | 403 => "the app, or a proxy in front of it, requires a login",
        404 => "this path does not exist, or not for GET",
        405 => "this path accepts only POST, and X sends GET",
        400 => {
            "the app did not find the crc_token: a proxy in front of it strips the query, or the app reads another parameter"
        }
        402 | 406..=499 => "the app, or a proxy in front of it, refuses X's GET",
        500..=599 => "the app failed, or nothing runs behind the proxy",
        _ => "X accepts only 200",
    };
    RunResult::failed(response.summary(), cause)
}

pub(super) async fn time(target: &mut Target) -> RunResult {
    first(target).map_or_else(unanswered, |(_, response)| in_time(response.took, target.deadline))
}

pub(super) fn in_time(took: Duration, deadline: Duration) -> RunResult {
    let observed = format!("answered after {:.3} s", took.as_secs_f64());
    if took > deadline {
        let cause = format!("X waits {deadline:?} (3 s in 1.1 and enterprise, 10 s in v2)");
        RunResult::failed(observed, cause)
    } else if took > deadline / 3 {
        RunResult::warned(observed, format!("X waits {deadline:?}; under load this may not be enough"))
    } else {
        RunResult::passed(observed)
    }
}

pub(super) async fn encoding(target: &mut Target) -> RunResult {
    let Some((_, response)) = first(target) else { return unanswered() };
    let result = uncompressed(response);
    if result.has_failed() {
        return result;
    }
    // Some servers compress only when asked to, so offer gzip and compare the bytes with
    // `Content-Encoding`.
    let request = RawRequest::get(target.new_challenge().query()).header("Accept-Encoding", "gzip");
    match target.send(&request).await {
        Ok(response) if is_gzip(&response) != says_gzip(&response) => mismatch(&response),
        _ => result,
    }
}

fn uncompressed(response: &Response) -> RunResult {
    let said = response.header("content-encoding").map(str::trim).unwrap_or_default();
    match (said.to_ascii_lowercase().as_str(), is_gzip(response)) {
        ("" | "identity", false) => RunResult::passed("not compressed"),
        ("gzip", true) => RunResult::failed(
            "the response is compressed, though the request does not accept it",
            "X invalidates a webhook whose response it cannot read",
        ),
        _ => mismatch(response),
    }
}

fn mismatch(response: &Response) -> RunResult {
    let observed = match is_gzip(response) {
        true => "the response is gzip, but has no Content-Encoding",
        false => "the response does not match its Content-Encoding",
    };
    RunResult::failed(observed, "X invalidates a webhook whose response it cannot read")
}

fn is_gzip(response: &Response) -> bool {
    response.body.starts_with(&[0x1f, 0x8b])
}

fn says_gzip(response: &Response) -> bool {
    response.header("content-encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("gzip"))
}

pub(super) async fn content_type(target: &mut Target) -> RunResult {
    let Some((_, response)) = first(target) else { return unanswered() };
    let said = response.header("content-type").unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim();
    let cause = "X requires JSON, and all of its samples use application/json";
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => RunResult::passed("application/json"),
        "" => RunResult::failed("the response has no Content-Type", cause),
        other => RunResult::failed(format!("the Content-Type is {}", target.quote(other)), cause),
    }
}
