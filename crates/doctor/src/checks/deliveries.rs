//! Checks of valid deliveries, in every form that X or a proxy may give them.

use birdhook_core::{SecretKind, signature};

use super::challenge::{endless, in_time, needs_user_agent, redirected, redirected_to};
use super::schemes;
use crate::exchange::{Exchange, NoResponse, RawRequest, Response, signature_header};
use crate::results::{self, RunResult};
use crate::target::{KnownSecret, Secrets, Target};
use crate::vendor;

/// The type of the doctor's event of the X Activity API. X has no such type.
pub(crate) const ACTIVITY_TYPE: &str = "birdhook.doctor";

/// Number of copies sent at the same time. X is unlikely to send more.
const COPIES: usize = 6;

pub(super) async fn accepted(target: &mut Target) -> RunResult {
    let body = target.body("sent by birdhook doctor");
    let exchange = target.send(&target.signed(body)).await;
    let result = match &exchange {
        Ok(response) if !response.is_success() || vendor::recognize(response).is_some() => {
            refused(target, &response.clone()).await
        }
        Ok(response) if response.never_ends => endless(response),
        Ok(response) if response.refuses_in_words() => refused(target, &response.clone()).await,
        Ok(response) if vendor::is_page(response) => page(target, &response.clone()).await,
        Ok(response) => RunResult::passed(response.summary()),
        Err(error) => unheard(target, &error.clone()).await,
    };
    target.delivery = Some(exchange);
    result
}

fn again(target: &mut Target) -> RawRequest {
    let body = target.body("sent by birdhook doctor");
    target.signed(body)
}

/// Names the cause of a missing response.
async fn unheard(target: &mut Target, error: &NoResponse) -> RunResult {
    let missed = target.missed_response;
    let verb = match error {
        NoResponse::Closed => Some("closed the connection".to_owned()),
        NoResponse::TimedOut(_) => Some(error.to_string()),
        _ => None,
    };
    if let Some(verb) = verb {
        let request = again(target);
        let found = needs_user_agent(target, request, &verb).await;
        target.missed_response = missed;
        if let Some(found) = found {
            return found;
        }
    }
    match error {
        NoResponse::TimedOut(_) => RunResult::failed(error.to_string(), "the app does not answer a delivery in time")
            .fix("answer 200 at once, and process the event afterwards"),
        _ => RunResult::failed(error.to_string(), "the app or a proxy ended the connection: a crash, or a firewall")
            .fix("see the log of the app for a crash, and that of the firewall for a block"),
    }
}

/// Judges a page with status 200. An app may answer so; but if a delivery with a wrong signature
/// gets the same page, no app has seen it.
async fn page(target: &mut Target, response: &Response) -> RunResult {
    let body = target.body("sent without the secret");
    let unsigned = target.send(&RawRequest::post(body).header("X-Twitter-Webhooks-Signature", "sha256=doctor")).await;
    match unsigned {
        Ok(unsigned) if unsigned.status == response.status && unsigned.body == response.body => {
            let title = vendor::explanation(response).unwrap_or_default();
            let observed =
                format!("{} with the page {}, whatever the signature", response.summary(), target.quote(&title));
            RunResult::failed(observed, "a page answers POST instead of the webhook, so events are lost")
                .fix("route POST on this path to the webhook's handler")
                .evidence(target.evidence(response))
        }
        _ => RunResult::passed(response.summary()),
    }
}

/// Finds out why a correctly signed delivery is refused.
async fn refused(target: &mut Target, response: &Response) -> RunResult {
    let (evidence, mut summary) = (target.evidence(response), target.summary(response));
    if response.is_success() && response.refuses_in_words() {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        summary = format!("{}, with a body that refuses it: {}", response.summary(), target.quote(&text));
    }
    let recognized = vendor::recognize(response);
    let status = response.status;
    let may_be_of_app = matches!(status, 200..=299 | 400 | 401 | 403 | 406 | 422);
    // A short text about a missing token may also be the app's words for a wrong signature.
    if let Some(recognized) = &recognized
        && (vendor::is_page(response) || !may_be_of_app || response.is_success())
    {
        return RunResult::recognized(summary, recognized).evidence(evidence);
    }
    if matches!(status, 401 | 403) && takes_oauth2(target).await {
        let [refused, accepted] = [SecretKind::Consumer, SecretKind::Client].map(signature_header);
        let observed = format!("refused with {refused}, accepted with {accepted}");
        let cause = "the receiver verifies the header that X sends for apps with an OAuth 2.0 client secret";
        return RunResult::failed(observed, cause).fix(
            "if this is the client secret, pass it with `--client-secret`; if it is the consumer secret, \
             verify X-Twitter-Webhooks-Signature",
        );
    }
    let request = again(target);
    if let Some(found) = needs_user_agent(target, request, &response.summary()).await {
        return found.evidence(evidence);
    }
    if (may_be_of_app || matches!(status, 404 | 500))
        && let Some(found) = schemes::needs_user(target, &summary).await
    {
        return found.evidence(evidence);
    }
    if (may_be_of_app || status == 404)
        && let Some(found) = schemes::accepted_scheme(target, &summary).await
    {
        return found.evidence(evidence);
    }
    let result = match recognized {
        Some(recognized) => RunResult::recognized(summary, &recognized),
        None => refused_alike(target, response, &summary).await.unwrap_or_else(|| by_status(target, response, summary)),
    };
    result.evidence(evidence)
}

/// Names the cause if a delivery without a signature is refused in the same way. An app that
/// verifies signatures treats the two differently, unless it refuses both.
async fn refused_alike(target: &mut Target, response: &Response, summary: &str) -> Option<RunResult> {
    let status = response.status;
    if !matches!(status, 400 | 403 | 406 | 409 | 419 | 422) {
        return None;
    }
    let body = target.body("sent without the secret");
    let unsigned = target.send(&RawRequest::post(body)).await;
    unsigned.ok().filter(|unsigned| unsigned.status == status && unsigned.body == response.body)?;
    let observed = format!("{summary} with and without a signature");
    // A page is that of a framework; a bare 403 may also come from the signature check.
    let is_page = response.body.trim_ascii_start().starts_with(b"<");
    let is_schema = String::from_utf8_lossy(&response.body).contains("\"loc\"");
    Some(match status {
        403 if is_page => RunResult::recognized(observed, &vendor::CSRF_PROTECTION),
        403 => RunResult::failed(
            observed,
            "CSRF protection refuses every POST, or the signature check does, because the body is changed before it",
        )
        .fix("exempt this path from CSRF protection, and verify the raw bytes of the body"),
        422 if is_schema => schema(observed),
        419 | 422 => RunResult::recognized(observed, &vendor::CSRF_PROTECTION),
        _ => RunResult::failed(
            observed,
            "the request is refused before the signature is checked: by a parser of bodies, a schema, or CSRF protection",
        )
        .fix("take the raw bytes of the body, with application/json, and verify them before they are parsed; exempt this path from CSRF protection"),
    })
}

fn schema(observed: String) -> RunResult {
    RunResult::failed(
        observed,
        "a schema refuses the body before the signature is checked: X's events have other members",
    )
    .fix("take the raw body, verify it, then parse it as any JSON object; in FastAPI, use Request.body(), not a model")
}

fn by_status(target: &Target, response: &Response, summary: String) -> RunResult {
    let is_schema = String::from_utf8_lossy(&response.body).contains("\"loc\"");
    match (vendor::by_status(response.status, "POST"), response.status) {
        (_, 422) if is_schema => schema(summary),
        (Some(recognized), _) => RunResult::recognized(summary, &recognized),
        (None, 300..=399) => {
            let result = redirected(target, response, redirected_to(target, response));
            let cause = result.cause.clone().filter(|cause| cause.contains("redirects the request"));
            let cause = cause.unwrap_or_else(|| "POST is redirected, and X does not follow redirects".into());
            RunResult { cause: Some(cause), ..result }
        }
        (None, 401 | 403) => RunResult::failed(
            summary,
            "the body is changed or consumed before it is verified, a proxy removes the signature's header, \
             or POST uses another secret than GET",
        ),
        (None, 200..=299) => RunResult::failed(
            summary,
            "the app refuses a correct signature: the body is changed or consumed before it is verified, \
             or POST uses another secret than GET",
        ),
        (None, 411) => RunResult::failed(summary, "the server does not see the Content-Length that was sent")
            .fix("let the proxy pass Content-Length"),
        (None, 413) => RunResult::failed(summary, "a small body is too large")
            .fix("raise the body limit of app and proxy to 1 MiB"),
        (None, 415) => RunResult::failed(summary, "the Content-Type application/json is refused")
            .fix("accept application/json on this path"),
        (None, 400 | 422) => RunResult::failed(summary, "the app or a parser of bodies finds the body invalid")
            .fix("take the raw body, verify it, then parse it as any JSON object, and answer 200 to events that the app does not use"),
        _ => RunResult::failed(summary, "a correctly signed delivery is refused"),
    }
}

/// Returns whether the target accepts a delivery that is signed with the consumer secret, but in
/// the header of the client secret.
async fn takes_oauth2(target: &mut Target) -> bool {
    let Secrets { answering: KnownSecret { kind: SecretKind::Consumer, secret, .. }, other: None } =
        target.secrets.clone()
    else {
        return false;
    };
    let body = target.body("sent by birdhook doctor");
    let signature = signature::sign(&secret, body.as_bytes());
    let request = RawRequest::post(body).signed([(SecretKind::Client, signature)]);
    target.send(&request).await.is_ok_and(|response| response.is_success())
}

/// Checks each signature header alone if both secrets are known, because X may send either.
pub(super) async fn headers(target: &mut Target) -> RunResult {
    if target.secrets.other.is_none() {
        return RunResult::skipped("one secret was given");
    }
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for known in target.secrets.clone().iter() {
        let body = target.body("with one of two headers");
        let signature = signature::sign(&known.secret, body.as_bytes());
        match target.send(&RawRequest::post(body).signed([(known.kind, signature)])).await {
            Ok(response) if response.is_success() => accepted.push(known.kind),
            _ => refused.push(known.kind),
        }
    }
    let answering = target.secrets.answering.kind;
    let observed = match accepted.as_slice() {
        [] => "neither header is accepted alone".to_owned(),
        [one] => format!("only the header of the {one} is accepted alone"),
        _ => format!("either header is accepted alone; challenges are answered with the {answering}"),
    };
    if refused.contains(&answering) {
        let cause = format!("challenges are answered with the {answering}, but deliveries signed with it are refused");
        return RunResult::failed(observed, cause);
    }
    match refused.is_empty() {
        true => RunResult::passed(observed),
        false => RunResult::passed(format!("{observed}, and that secret answers challenges")),
    }
}

pub(super) async fn status(target: &mut Target) -> RunResult {
    match &target.delivery {
        Some(Ok(response)) if response.status == 200 => RunResult::passed(response.summary()),
        Some(Ok(response)) => RunResult::failed(response.summary(), "X counts every status except 200 as a failure"),
        _ => RunResult::skipped("no response"),
    }
}

pub(super) async fn time(target: &mut Target) -> RunResult {
    match &target.delivery {
        Some(Ok(response)) => in_time(response.took, target.deadline),
        _ => RunResult::skipped("no response"),
    }
}

async fn expect_acceptance(target: &mut Target, request: RawRequest, if_refused: &'static str) -> RunResult {
    let exchange = target.send(&request).await;
    judge(target, &exchange, if_refused)
}

/// Passes if the delivery was accepted like the first one; `delivery_status` judges the status of
/// the first one. `if_refused` is the cause to report if it was refused or crashed the receiver.
fn judge(target: &Target, exchange: &Exchange, if_refused: &'static str) -> RunResult {
    let first_status = target.delivery.as_ref().and_then(|first| first.as_ref().ok()).map(|first| first.status);
    match exchange {
        Ok(response) if response.is_success() && response.status != 200 && Some(response.status) != first_status => {
            RunResult::failed(response.summary(), "X counts every status except 200 as a failure")
                .fix("answer 200: X documents no other success")
        }
        Ok(response) if !response.is_success() && !response.is_redirect() => {
            RunResult::failed(target.summary(response), if_refused)
        }
        Err(NoResponse::Closed) => RunResult::failed("the connection was closed without a response", if_refused),
        _ => results::expect_acceptance(exchange, if_refused),
    }
}

/// Sends an event of an unknown kind in the form of each API.
pub(super) async fn unknown_kind(target: &mut Target) -> RunResult {
    let id = target.random.u64(..);
    let body = format!(r#"{{"birdhook_doctor_events":[{{"id":"{id}"}}]}}"#);
    let exchange = target.send(&target.signed(body)).await;
    let result = judge(target, &exchange, "an event of an unknown kind is refused or crashes the app, so X repeats it");
    if result.has_failed() {
        return result;
    }
    let body =
        format!(r#"{{"data":{{"event_type":"{ACTIVITY_TYPE}","event_uuid":"{id}","filter":{{}},"payload":{{}}}}}}"#);
    let exchange = target.send(&target.signed(body)).await;
    let cause = "a delivery of the X Activity API is refused: it has data.event_type, and no for_user_id";
    let activity = judge(target, &exchange, cause);
    match activity.has_failed() {
        true => activity.fix("read the kind of an event from data.event_type too, and answer 200 to unknown ones"),
        false => RunResult::passed(format!(
            "Account Activity API: {}, X Activity API: {}",
            result.observed, activity.observed
        )),
    }
}

/// Sends a delivery with this note in another form, which must be accepted like the first one.
pub(super) async fn form(
    target: &mut Target,
    note: impl AsRef<str>,
    if_refused: &'static str,
    change: impl FnOnce(RawRequest) -> RawRequest,
) -> RunResult {
    let body = target.body(note.as_ref());
    let request = change(target.signed(body));
    expect_acceptance(target, request, if_refused).await
}

pub(super) async fn escapes(target: &mut Target) -> RunResult {
    let body = target.body(r"https:\/\/x.com\/ \u00e9 \ud83d\udc26 \u003cb\u003e &amp;");
    // A number beyond double precision, and spaces: parsing and re-serializing would change both.
    let body = body.replacen('{', r#"{ "birdhook_doctor" : 1050118621198921728.0, "#, 1);
    let cause = "the app verifies JSON that it parsed and serialized again, not the received bytes";
    expect_acceptance(target, target.signed(body), cause).await
}

pub(super) async fn header_names(target: &mut Target) -> RunResult {
    let (lower, upper) = (target.body("lower case"), target.body("upper case"));
    let cause = "the signature's header is looked up case-sensitively, but proxies and HTTP/2 change the case of names";
    let result = expect_acceptance(target, target.signed(lower).map_header_names(str::to_ascii_lowercase), cause).await;
    if result.has_failed() {
        return RunResult { observed: format!("in lower case: {}", result.observed), ..result };
    }
    expect_acceptance(target, target.signed(upper).map_header_names(str::to_ascii_uppercase), cause).await
}

pub(super) async fn repeated(target: &mut Target) -> RunResult {
    let body = target.body("twice");
    let request = target.signed(body);
    let first = expect_acceptance(target, request.clone(), "this delivery was refused, unlike the first").await;
    if first.has_failed() {
        return first;
    }
    let second = target.send(&request).await;
    judge(target, &second, "the second copy is refused, so X repeats it")
}

pub(super) async fn at_once(target: &mut Target) -> RunResult {
    let body = target.body("at once");
    let exchanges = target.send_at_once(&target.signed(body), COPIES).await;
    let mut busy = 0;
    for exchange in &exchanges {
        if exchange.as_ref().is_ok_and(|response| response.status == 503) {
            busy += 1;
            continue;
        }
        let result =
            judge(target, exchange, "one of the copies is refused or fails, as the second insert of a key does");
        if result.has_failed() {
            return result;
        }
    }
    match busy {
        COPIES => RunResult::failed("all copies were answered 503", "no copy was processed"),
        _ => RunResult::passed(format!("{COPIES} copies, {busy} answered 503")),
    }
}
