//! Checks of valid deliveries, in every form that X or a proxy may give them.

use birdhook_core::{SecretKind, signature};

use super::challenge::{in_time, needs_user_agent};
use crate::exchange::{NoResponse, RawRequest, Response, signature_header};
use crate::results::{self, RunResult};
use crate::target::{KnownSecret, Secrets, Target};
use crate::vendor;

/// The type of the doctor's event of the X Activity API. X has no such type.
pub(crate) const ACTIVITY_TYPE: &str = "birdhook.doctor";

/// Number of copies sent at the same time. X is unlikely to send more.
const COPIES: usize = 6;

const UNLIKE_THE_FIRST: &str = "this delivery was refused, unlike the first, though it is correctly signed";

pub(super) async fn accepted(target: &mut Target) -> RunResult {
    let body = target.body("sent by birdhook doctor");
    let exchange = target.send(&target.signed(body)).await;
    let result = match &exchange {
        Ok(response) if !response.is_success() || vendor::recognize(response).is_some() => {
            refused(target, &response.clone()).await
        }
        Err(NoResponse::Closed) => {
            let (missed, request) = (target.missed_response, again(target));
            let found = needs_user_agent(target, request, "closed the connection").await;
            target.missed_response = missed;
            found.unwrap_or_else(|| results::expect_acceptance(&exchange, ""))
        }
        _ => results::expect_acceptance(&exchange, ""),
    };
    target.delivery = Some(exchange);
    result
}

fn again(target: &mut Target) -> RawRequest {
    let body = target.body("sent by birdhook doctor");
    target.signed(body)
}

/// Finds out why a correctly signed delivery is refused.
async fn refused(target: &mut Target, response: &Response) -> RunResult {
    let (evidence, summary) = (target.evidence(response), response.summary());
    if let Some(recognized) = vendor::recognize(response) {
        return RunResult::recognized(summary, &recognized).evidence(evidence);
    }
    if matches!(response.status, 401 | 403) && takes_oauth2(target).await {
        let [refused, accepted] = [SecretKind::Consumer, SecretKind::Client].map(signature_header);
        let observed = format!("refused with {refused}, accepted with {accepted}");
        let cause = "the receiver verifies the header that X sends for apps with an OAuth 2.0 client secret";
        return RunResult::failed(observed, cause).fix(
            "if this is the client secret, pass it with `--client-secret`; if it is the consumer secret, \
             verify X-Twitter-Webhooks-Signature",
        );
    }
    if matches!(response.status, 400 | 403 | 406) {
        let request = again(target);
        if let Some(found) = needs_user_agent(target, request, &summary).await {
            return found.evidence(evidence);
        }
    }
    if let (403 | 419 | 422, status) = (response.status, response.status) {
        // An app that verifies signatures treats the two differently, unless it refuses both.
        let body = target.body("sent without the secret");
        let unsigned = target.send(&RawRequest::post(body)).await;
        if unsigned.is_ok_and(|unsigned| unsigned.status == status && unsigned.body == response.body) {
            let observed = format!("{summary} with and without a signature");
            // A page is that of a framework; a bare 403 may also come from the signature check.
            let is_page = response.body.trim_ascii_start().starts_with(b"<");
            let result = match status {
                403 if !is_page => RunResult::failed(
                    observed,
                    "CSRF protection refuses every POST, or the signature check does, because the body is changed before it",
                )
                .fix("exempt this path from CSRF protection, and verify the raw bytes of the body"),
                _ => RunResult::recognized(observed, &vendor::CSRF_PROTECTION),
            };
            return result.evidence(evidence);
        }
    }
    let result = match (vendor::by_status(response.status), response.status) {
        (Some(recognized), _) => RunResult::recognized(summary, &recognized),
        (None, 300..=399) => RunResult::failed(summary, "POST is redirected, and X does not follow redirects")
            .fix("answer POST on the registered path itself: see the rules for https, www, slashes and logins"),
        (None, 401 | 403) => RunResult::failed(
            summary,
            "the body is changed or consumed before it is verified, a proxy removes the signature's header, \
             or POST uses another secret than GET",
        ),
        (None, 413) => RunResult::failed(summary, "a small body is too large")
            .fix("raise the body limit of app and proxy to 1 MiB"),
        (None, 415) => RunResult::failed(summary, "the Content-Type application/json is refused")
            .fix("accept application/json on this path"),
        _ => RunResult::failed(summary, "a correctly signed delivery is refused"),
    };
    result.evidence(evidence)
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

async fn expect_acceptance(target: &mut Target, request: RawRequest) -> RunResult {
    let exchange = target.send(&request).await;
    results::expect_acceptance(&exchange, UNLIKE_THE_FIRST)
}

/// Sends an event of an unknown kind in the form of each API.
pub(super) async fn unknown_kind(target: &mut Target) -> RunResult {
    let id = target.random.u64(..);
    let body = format!(r#"{{"birdhook_doctor_events":[{{"id":"{id}"}}]}}"#);
    let exchange = target.send(&target.signed(body)).await;
    let result = results::expect_acceptance(&exchange, "an event of an unknown kind is refused, so X repeats it");
    if result.has_failed() {
        return result;
    }
    let body =
        format!(r#"{{"data":{{"event_type":"{ACTIVITY_TYPE}","event_uuid":"{id}","filter":{{}},"payload":{{}}}}}}"#);
    let exchange = target.send(&target.signed(body)).await;
    let cause = "a delivery of the X Activity API is refused: it has data.event_type, and no for_user_id";
    let activity = results::expect_acceptance(&exchange, cause);
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
    change: impl FnOnce(RawRequest) -> RawRequest,
) -> RunResult {
    let body = target.body(note.as_ref());
    let request = change(target.signed(body));
    expect_acceptance(target, request).await
}

pub(super) async fn escapes(target: &mut Target) -> RunResult {
    let body = target.body(r"https:\/\/x.com\/ \u00e9 \ud83d\udc26 \u003cb\u003e &amp;");
    // A number beyond double precision, and spaces: parsing and re-serializing would change both.
    let body = body.replacen('{', r#"{ "birdhook_doctor" : 1050118621198921728.0, "#, 1);
    expect_acceptance(target, target.signed(body)).await
}

pub(super) async fn header_names(target: &mut Target) -> RunResult {
    let (lower, upper) = (target.body("lower case"), target.body("upper case"));
    let result = expect_acceptance(target, target.signed(lower).map_header_names(str::to_ascii_lowercase)).await;
    if result.has_failed() {
        return RunResult { observed: format!("in lower case: {}", result.observed), ..result };
    }
    expect_acceptance(target, target.signed(upper).map_header_names(str::to_ascii_uppercase)).await
}

pub(super) async fn repeated(target: &mut Target) -> RunResult {
    let body = target.body("twice");
    let request = target.signed(body);
    let first = expect_acceptance(target, request.clone()).await;
    if first.has_failed() {
        return first;
    }
    let second = target.send(&request).await;
    results::expect_acceptance(&second, "the second copy is refused, so X repeats it")
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
        let result = results::expect_acceptance(exchange, "one of the copies is refused");
        if result.has_failed() {
            return result;
        }
    }
    match busy {
        COPIES => RunResult::failed("all copies were answered 503", "no copy was processed"),
        _ => RunResult::passed(format!("{COPIES} copies, {busy} answered 503")),
    }
}
