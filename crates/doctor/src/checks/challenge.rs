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
            let (observed, evidence) = (redirected_to(target, response), target.evidence(response));
            let found = match vendor::recognize(response) {
                Some(recognized) => Some(RunResult::recognized(observed.clone(), &recognized)),
                None => needs_user_agent(target, RawRequest::get(challenge.query()), &observed).await,
            };
            found.unwrap_or_else(|| redirected(target, response, observed)).evidence(evidence)
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

/// Returns the address of a redirect, without its query.
fn location(response: &Response) -> Option<&str> {
    response.header("location").map(|to| to.split('?').next().unwrap_or_default())
}

pub(super) fn redirected_to(target: &Target, response: &Response) -> String {
    match location(response) {
        Some(to) => format!("answered {}, to {}", response.status, target.quote(to)),
        None => format!("answered {}, without a Location", response.status),
    }
}

/// Names the rule that redirects, as far as the two addresses show it.
pub(super) fn redirected(target: &Target, response: &Response, observed: String) -> RunResult {
    let from = target.url.split('?').next().unwrap_or_default();
    match (response.status, location(response)) {
        (304, _) => RunResult::failed(observed, "a cache answers instead of the app")
            .fix("exempt this path from caches, and answer 200 without ETag"),
        (_, None) => RunResult::failed(observed, "X accepts only 200").fix("answer 200 on the registered path itself"),
        (_, Some(to)) => match redirect_rule(from, to) {
            Some((cause, fix)) => RunResult::failed(observed, cause).fix(fix),
            None => {
                let cause = "X does not follow redirects, and invalidates a webhook at once that redirects";
                RunResult::failed(observed, cause)
                    .fix("register the URL that it redirects to, or exempt this path from the redirect")
            }
        },
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
    if vendor::is_login_address(&to) && !vendor::is_login_address(&from) {
        return Some((
            "a login redirects the request, and X does not follow redirects",
            "exempt this path from the login",
        ));
    }
    // A redirect to https drops the port of http.
    let without_port = |url: &str| {
        let (host, path) = url.split_once('/').map_or((url, ""), |(host, path)| (host, path));
        format!("{}/{path}", host.split(':').next().unwrap_or_default())
    };
    let (from_bare, to_bare) = (without_port(&from), without_port(&to));
    let bare = |url: &str| url.trim_start_matches("www.").trim_end_matches('/').to_owned();
    if bare(&from_bare) != bare(&to_bare) {
        return None;
    }
    if from_scheme == "http" && to_scheme == "https" {
        return Some((
            "http is redirected to https, and X does not follow redirects",
            "register the https URL; if a proxy terminates TLS, let the app trust its X-Forwarded-Proto",
        ));
    }
    let fix = "register the URL exactly as the redirect names it";
    if from_scheme == "https" && to_scheme == "http" {
        return Some(("https is redirected to http, which X does not call", "remove this redirect"));
    }
    if from_bare.trim_end_matches('/') == to_bare.trim_end_matches('/') && from_bare != to_bare {
        return Some(("a rule for trailing slashes redirects the request, and X does not follow redirects", fix));
    }
    if from_bare == to_bare {
        return Some((
            "the URL redirects to itself: the app does not know that the proxy in front of it uses https, or waits for a cookie",
            "let the app trust the proxy's X-Forwarded-Proto, and exempt this path from rules that set cookies",
        ));
    }
    Some(("a rule for www redirects the request, and X does not follow redirects", fix))
}

/// Names of clients that filters accept.
const USER_AGENTS: [&str; 2] = ["birdhook-doctor", "Mozilla/5.0 (compatible; birdhook-doctor)"];

/// Returns a failure if the target answers the same request only with a `User-Agent`. X sends an
/// empty one.
pub(super) async fn needs_user_agent(target: &mut Target, request: RawRequest, observed: &str) -> Option<RunResult> {
    for name in USER_AGENTS {
        let again = target.send(&request.clone().with_user_agent(name)).await;
        target.missed_response = false;
        let is_answer = |response: &Response| match request.method {
            "GET" => response.status == 200 && response_token(response).is_some(),
            _ => response.is_success() && !response.refuses_in_words() && !vendor::is_page(response),
        };
        if let Some(with_name) = again.ok().filter(is_answer) {
            let with = if name == USER_AGENTS[0] { "one" } else { "that of a browser" };
            let observed = format!("{observed} without a User-Agent, {} with {with}", with_name.summary());
            let cause = "a firewall or bot filter refuses requests without a User-Agent, as X sends them";
            return Some(RunResult::failed(observed, cause).fix("allow an empty User-Agent on this path"));
        }
    }
    None
}

pub(super) async fn status(target: &mut Target) -> RunResult {
    let Some((challenge, exchange)) = target.challenge.clone() else { return unanswered() };
    let response = match exchange {
        Ok(response) if response.never_ends => return endless(&response),
        Ok(response) if response.status == 200 && !response.is_whole => {
            let observed = "answered 200, and closed the connection before the end of the body";
            return RunResult::failed(observed, "X cannot read a truncated response").fix(
                "let the framework set Content-Length, or set it to the number of bytes; see the log of the proxy for an ended connection",
            );
        }
        Ok(response) if response.status == 200 => return RunResult::passed(response.summary()),
        Ok(response) => response,
        Err(error) => return unheard(target, &challenge, &error).await,
    };
    let (evidence, summary) = (target.evidence(&response), target.summary(&response));
    if let Some(recognized) = vendor::recognize(&response) {
        return RunResult::recognized(summary, &recognized).evidence(evidence);
    }
    if let Some(found) = needs_user_agent(target, RawRequest::get(challenge.query()), &response.summary()).await {
        return found.evidence(evidence);
    }
    let names_parameter = |name: &str| String::from_utf8_lossy(&response.body).contains(name);
    let result = match (vendor::by_status(response.status, "GET"), response.status) {
        (Some(recognized), _) => RunResult::recognized(summary, &recognized),
        (None, 401 | 403) => {
            RunResult::failed(summary, "the app, or a proxy in front of it, requires a login or refuses the client")
                .fix("exempt this path from logins and filters; only the signature identifies X")
        }
        (None, 400 | 422) if names_parameter("\"header\"") => RunResult::failed(
            summary,
            "the handler of GET requires a header that only deliveries have",
        )
        .fix("give GET a handler of its own, which requires only the query parameter crc_token"),
        (None, 400 | 422) if names_parameter("signature") || names_parameter("Signature") => RunResult::failed(
            summary,
            "the handler of GET expects a signature, which only deliveries have",
        )
        .fix("answer GET before the signature is verified: sign its crc_token"),
        (None, 400 | 422) => RunResult::failed(
            summary,
            "the app did not find the crc_token: a proxy in front of it strips the query, or the app reads another parameter",
        )
        .fix("read the query parameter crc_token, and let the proxy pass the query"),
        (None, 406) => RunResult::failed(summary, "the app does not answer JSON to Accept: */*")
            .fix("answer application/json on this path, whatever Accept says"),
        (None, 411 | 413 | 415) => RunResult::failed(summary, "the app expects a body, which a GET does not have")
            .fix("exempt GET from the parsing of bodies, and route it to the handler of challenges"),
        (None, 402..=499) => RunResult::failed(summary, "the app, or a proxy in front of it, refuses X's GET"),
        (None, 200..=299) => RunResult::failed(summary, "X accepts only 200")
            .fix("answer 200 with {\"response_token\":\"sha256=...\"}, not another success"),
        _ => RunResult::failed(summary, "X accepts only 200"),
    };
    result.evidence(evidence)
}

/// Fails for a response without an end.
pub(super) fn endless(response: &Response) -> RunResult {
    RunResult::failed(
        format!("{}, but the response does not end", response.summary()),
        "fewer bytes come than Content-Length names, or there is no Content-Length, and the connection stays open",
    )
    .fix("let the framework write the response, or send its number of bytes as Content-Length, and end it")
}

/// Names the cause of a missing response.
async fn unheard(target: &mut Target, challenge: &Challenge, error: &NoResponse) -> RunResult {
    let observed = error.to_string();
    let verb = match error {
        NoResponse::Closed => Some("closed the connection".to_owned()),
        NoResponse::TimedOut(_) => Some(observed.clone()),
        _ => None,
    };
    if let Some(verb) = verb
        && let Some(found) = needs_user_agent(target, RawRequest::get(challenge.query()), &verb).await
    {
        return found;
    }
    target.missed_response = true;
    match error {
        NoResponse::TimedOut(_) => {
            RunResult::failed(observed, "the app does not answer in time: X waits between 3 and 10 s")
                .fix("answer the challenge within 3 s, without waiting for other services")
        }
        NoResponse::TlsPort => RunResult::failed(observed, "the port expects TLS, but the request is plain http")
            .fix("use https in the URL, or in the proxy's address of the app"),
        NoResponse::NotHttp => RunResult::failed(observed, "another service than a web server listens at this port")
            .fix("compare the port with that of the app"),
        _ => RunResult::failed(observed, "the app or a proxy ended the connection: a crash, or a firewall")
            .fix("see the log of the app for a crash, and that of the firewall for a block"),
    }
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
        ("gzip", true) => compressed(),
        // These have no mark that shows them, but compressed JSON is not JSON.
        ("deflate" | "br" | "zstd", _) if serde_json::from_slice::<IgnoredAny>(&response.body).is_err() => compressed(),
        _ => mismatch(response),
    }
}

fn compressed() -> RunResult {
    RunResult::failed(
        "the response is compressed, though the request does not accept it",
        "the app, a proxy or a CDN compresses all responses, and X does not read compressed ones",
    )
}

fn mismatch(response: &Response) -> RunResult {
    match is_gzip(response) {
        true => RunResult::failed(
            "the response is gzip, but has no Content-Encoding",
            "the app compresses the body itself, or a proxy removes the header",
        ),
        false => RunResult::failed(
            "the response does not match its Content-Encoding",
            "the app or a proxy sets the header without compressing the body, so X cannot read it",
        ),
    }
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
            ("https://a.example/hook", "https://a.example/hook", "the URL redirects to itself"),
            ("http://a.example:8080/hook", "https://a.example/hook", "http is redirected"),
            ("https://a.example/hook", "http://a.example/hook", "https is redirected"),
        ];
        for (from, to, cause) in rows {
            let found = redirect_rule(from, to).map(|(cause, _)| cause).unwrap_or_default();
            assert!(found.starts_with(cause) && found.is_empty() == cause.is_empty(), "{from} {to}: {found:?}");
        }
    }
}
