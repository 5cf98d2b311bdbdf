//! Checks of the first challenge: whether it is answered, how fast, and in which encoding.

use std::time::Duration;

use birdhook_testkit::Challenge;
use serde::de::IgnoredAny;

use super::response_token::{Key, analyze, response_token};
use crate::exchange::{NoResponse, RawRequest, Response};
use crate::results::RunResult;
use crate::target::{KnownSecret, Target};
use crate::vendor;

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
            redirected(target, to, observed).evidence(target.evidence(response))
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

/// Names the rule that redirects, as far as the two addresses show it.
fn redirected(target: &Target, to: &str, observed: String) -> RunResult {
    match redirect_rule(target.url.split('?').next().unwrap_or_default(), to) {
        Some((cause, fix)) => RunResult::failed(observed, cause).fix(fix),
        None => {
            let cause = "X does not follow redirects, and invalidates a webhook at once that redirects";
            RunResult::failed(observed, cause)
        }
    }
}

/// Returns the cause and the fix of a redirect from one address to another one, without queries.
fn redirect_rule(from: &str, to: &str) -> Option<(&'static str, &'static str)> {
    let parts = |url: &str| url.split_once("://").map(|(scheme, rest)| (scheme.to_owned(), rest.to_owned()));
    let (from_scheme, from) = parts(from)?;
    let path = from.find('/').map_or("", |at| from.get(at..).unwrap_or_default());
    // A relative address keeps scheme and host.
    let (to_scheme, to) = parts(to).unwrap_or_else(|| {
        let host = from.strip_suffix(path).unwrap_or_default();
        (from_scheme.clone(), format!("{host}{to}"))
    });
    let bare = |url: &str| url.trim_start_matches("www.").trim_end_matches('/').to_owned();
    if vendor::is_login_address(&to) && !vendor::is_login_address(&from) {
        return Some((
            "a login redirects the challenge, and X does not follow redirects",
            "exempt this path from the login",
        ));
    }
    if bare(&from) != bare(&to) {
        return None;
    }
    if from_scheme == "http" && to_scheme == "https" {
        return Some(("http is redirected to https, and X does not follow redirects", "register the https URL"));
    }
    let fix = "register the URL exactly as the redirect names it";
    if from.trim_end_matches('/') == to.trim_end_matches('/') && from != to {
        return Some(("a rule for trailing slashes redirects the challenge, and X does not follow redirects", fix));
    }
    (from != to).then_some(("a rule for www redirects the challenge, and X does not follow redirects", fix))
}

/// Returns a failure if the target answers the same request only with a `User-Agent`. X sends an
/// empty one.
pub(super) async fn needs_user_agent(target: &mut Target, request: RawRequest, observed: &str) -> Option<RunResult> {
    let again = target.send(&request.with_user_agent()).await;
    target.missed_response = false;
    let with_name = again.ok().filter(Response::is_success)?;
    let observed = format!("{observed} without a User-Agent, {} with one", with_name.summary());
    let cause = "a firewall or bot filter refuses requests without a User-Agent, as X sends them";
    Some(RunResult::failed(observed, cause).fix("allow an empty User-Agent on this path"))
}

pub(super) async fn status(target: &mut Target) -> RunResult {
    let Some((challenge, exchange)) = target.challenge.clone() else { return unanswered() };
    let response = match exchange {
        Ok(response) if response.status == 200 && !response.is_whole => {
            let observed = "answered 200, and closed the connection before the end of the body";
            return RunResult::failed(observed, "X cannot read a truncated response");
        }
        Ok(response) if response.status == 200 => return RunResult::passed(response.summary()),
        Ok(response) => response,
        Err(error) => {
            let observed = error.to_string();
            if matches!(error, NoResponse::Closed)
                && let Some(found) =
                    needs_user_agent(target, RawRequest::get(challenge.query()), "closed the connection").await
            {
                return found;
            }
            target.missed_response = true;
            let fix = "answer the challenge within 3 s, without waiting for other services";
            return match error {
                NoResponse::TimedOut(_) => {
                    RunResult::failed(observed, "the app does not answer in time: X waits between 3 and 10 s").fix(fix)
                }
                _ => RunResult::failed(observed, "the app or a proxy ended the connection: a crash, or a firewall")
                    .fix("see the log of the app for a crash, and that of the firewall for a block"),
            };
        }
    };
    let (evidence, summary) = (target.evidence(&response), response.summary());
    if let Some(recognized) = vendor::recognize(&response) {
        return RunResult::recognized(summary, &recognized).evidence(evidence);
    }
    if matches!(response.status, 400..=499)
        && let Some(found) = needs_user_agent(target, RawRequest::get(challenge.query()), &summary).await
    {
        return found.evidence(evidence);
    }
    let result = match (vendor::by_status(response.status), response.status) {
        (Some(recognized), _) => RunResult::recognized(summary, &recognized),
        (None, 401 | 403) => {
            RunResult::failed(summary, "the app, or a proxy in front of it, requires a login or refuses the client")
                .fix("exempt this path from logins and filters; only the signature identifies X")
        }
        (None, 400) => RunResult::failed(
            summary,
            "the app did not find the crc_token: a proxy in front of it strips the query, or the app reads another parameter",
        )
        .fix("read the query parameter crc_token, and let the proxy pass the query"),
        (None, 402..=499) => RunResult::failed(summary, "the app, or a proxy in front of it, refuses X's GET"),
        _ => RunResult::failed(summary, "X accepts only 200"),
    };
    result.evidence(evidence)
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
    if serde_json::from_slice::<IgnoredAny>(&response.body).is_err() {
        return RunResult::skipped("the body is not JSON");
    }
    let said = response.header("content-type").unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim();
    let cause = "X requires JSON, and all of its samples use application/json";
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => RunResult::passed("application/json"),
        "" => RunResult::failed("the response has no Content-Type", cause),
        other => RunResult::failed(format!("the Content-Type is {}", target.quote(other)), cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_rule_that_redirects() {
        let rows = [
            ("https://a.example/hook", "/users/sign_in", "a login"),
            ("http://a.example/hook", "https://a.example/hook", "http is redirected"),
            ("https://a.example/hook", "/hook/", "a rule for trailing slashes"),
            ("https://a.example/hook/", "https://a.example/hook", "a rule for trailing slashes"),
            ("https://a.example/hook", "https://www.a.example/hook", "a rule for www"),
            ("https://a.example/hook", "https://b.example/hook", ""),
            ("https://a.example/hook", "/en/hook", ""),
            ("https://a.example/hook", "https://a.example/hook", ""),
        ];
        for (from, to, cause) in rows {
            let found = redirect_rule(from, to).map(|(cause, _)| cause).unwrap_or_default();
            assert!(found.starts_with(cause) && found.is_empty() == cause.is_empty(), "{from} {to}: {found:?}");
        }
    }
}
