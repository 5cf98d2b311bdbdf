//! Checks of forged deliveries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_core::SecretKind;

use super::response_token::mac;
use crate::diagnosis::CheckStatus;
use crate::exchange::{RawRequest, Response};
use crate::results::{self, RunResult};
use crate::target::Target;
use crate::vendor;

/// A name, and a function that turns the right signature into a wrong one.
type Forging = (&'static str, fn(&str) -> String);

const FORGED: &str = "a forged delivery was accepted";

fn forge(target: &Target, body: &str, forging: impl Fn(&str) -> String) -> Vec<(SecretKind, String)> {
    target.secrets.sign(body.as_bytes()).into_iter().map(|(kind, right)| (kind, forging(&right))).collect()
}

/// Sends a forged body once with each of these signatures.
async fn forged(target: &mut Target, signatures: &[Forging], if_accepted: &'static str) -> RunResult {
    let mut exchanges = Vec::new();
    for (which, forging) in signatures {
        let body = target.body("sent without the secret");
        let signatures = forge(target, &body, forging);
        exchanges.push(((*which).to_owned(), target.send(&RawRequest::post(body).signed(signatures)).await));
    }
    results::expect_rejections(&exchanges, if_accepted)
}

/// Returns a different signature of the same length.
fn another(signature: &str) -> String {
    changed(signature, 7..50)
}

/// Changes the characters in this range.
fn changed(signature: &str, range: std::ops::Range<usize>) -> String {
    let swap = |c: char| if c == 'A' { 'B' } else { 'A' };
    signature.chars().enumerate().map(|(at, c)| if range.contains(&at) { swap(c) } else { c }).collect()
}

/// Also runs if no signed delivery was accepted: a receiver with another secret may accept
/// everything.
pub(super) async fn checked(target: &mut Target) -> RunResult {
    let body = target.body("sent without the secret");
    let signatures = forge(target, &body, another);
    let exchange = target.send(&RawRequest::post(body).signed(signatures)).await;
    let signed = target.delivery.as_ref().and_then(|signed| signed.as_ref().ok());
    let is_signed_accepted = signed.is_some_and(|signed| signed.is_success() && !signed.refuses_in_words());
    let is_same = |response: &Response| signed.is_some_and(|signed| signed.body == response.body);
    let result = match &exchange {
        Ok(response)
            if response.is_success() && vendor::is_page(response) && (signed.is_none() || is_same(response)) =>
        {
            RunResult::skipped("a page answers POST, whatever the signature")
        }
        Ok(response) if response.is_success() && response.refuses_in_words() => match is_signed_accepted {
            true => results::expect_rejection(&exchange, FORGED),
            false => RunResult::skipped("no signed delivery was accepted"),
        },
        Ok(response) if response.is_success() => RunResult::failed(
            response.summary(),
            "signatures are not checked: anyone who knows the URL can forge events",
        ),
        _ if !is_signed_accepted => RunResult::skipped("no signed delivery was accepted"),
        Ok(response) => RunResult::passed(response.summary()),
        Err(error) => RunResult::passed(error.to_string()),
    };
    target.forgery = Some(exchange);
    result
}

pub(super) async fn wrong(target: &mut Target) -> RunResult {
    let Some(exchange) = target.forgery.clone() else { return RunResult::skipped("no wrong signature was sent") };
    let result = results::expect_rejection(&exchange, FORGED);
    if result.status != CheckStatus::Passed {
        return result;
    }
    let forgings: [Forging; 2] = [
        ("wrong only at the end", |right| changed(right, 40..50)),
        ("wrong only at the beginning", |right| changed(right, 7..12)),
    ];
    let partly = forged(target, &forgings, "only a part of the signature is compared").await;
    match partly.status {
        CheckStatus::Failed => {
            partly.fix("compare the whole signature, in constant time, and answer 401 when it differs")
        }
        _ => RunResult { observed: format!("{}, {}", result.observed, partly.observed), ..partly },
    }
}

pub(super) async fn missing(target: &mut Target) -> RunResult {
    let cause = "a delivery without a signature is accepted, so anyone can forge events";
    let body = target.body("sent without the secret");
    let none = target.send(&RawRequest::post(body)).await;
    let result = results::expect_rejections(&[("no header".to_owned(), none)], cause);
    if result.has_failed() {
        return result;
    }
    let empty = forged(target, &[("empty header", |_| String::new())], cause).await;
    RunResult { observed: format!("{}, {}", result.observed, empty.observed), ..empty }
}

pub(super) async fn short(target: &mut Target) -> RunResult {
    let forgings: [Forging; 3] = [
        ("only the algorithm", |_| "sha256=".to_owned()),
        ("four characters", |right| right.chars().take(11).collect()),
        // Removing only the padding would leave a signature that lenient base64 decoders, such as
        // Node's, accept.
        ("one byte short", |right| right.chars().take(right.len() - 2).collect()),
    ];
    forged(target, &forgings, "the beginning of a signature is accepted as the whole").await
}

pub(super) async fn not_base64(target: &mut Target) -> RunResult {
    let forgings: [Forging; 2] =
        [("other characters", |_| format!("sha256={}", "!".repeat(44))), ("not a signature", |_| "null".to_owned())];
    forged(target, &forgings, "a signature that cannot be decoded is accepted").await
}

pub(super) async fn algorithm(target: &mut Target) -> RunResult {
    // The MAC is right and only the prefix is wrong. Only someone with the secret can send this, so
    // accepting `sha1=` is a warning.
    let forgings: [Forging; 2] =
        [("sha1=", |right| right.replace("sha256=", "sha1=")), ("none=", |_| "none=".to_owned())];
    let result = forged(target, &forgings, "a signature with an unknown algorithm is accepted").await;
    if result.has_failed() && result.observed.starts_with("sha1=: answered 2") {
        return RunResult::warned(result.observed, "the prefix before the base64 is not checked");
    }
    result
}

pub(super) async fn empty_secret(target: &mut Target) -> RunResult {
    let mut exchanges = Vec::new();
    // The words are what programs make of a missing variable.
    for (which, key) in [("an empty secret", ""), ("'undefined'", "undefined"), ("'null'", "null"), ("'None'", "None")]
    {
        let body = target.body("sent without the secret");
        // Computed by hand because `Secret` rejects an empty key.
        let signature = format!("sha256={}", STANDARD.encode(mac(key.as_bytes(), body.as_bytes())));
        let signatures = forge(target, &body, |_| signature.clone());
        exchanges.push((which.to_owned(), target.send(&RawRequest::post(body).signed(signatures)).await));
    }
    results::expect_rejections(
        &exchanges,
        "the receiver also accepts the secret of a missing variable, with which anyone can sign",
    )
}

pub(super) async fn repeated(target: &mut Target) -> RunResult {
    let mut taken = Vec::new();
    let mut exchanges = Vec::new();
    for right_first in [true, false] {
        let body = target.body("signed twice");
        let (right, wrong) = (forge(target, &body, str::to_owned), forge(target, &body, another));
        let (first, second) = if right_first { (right, wrong) } else { (wrong, right) };
        let which = if right_first { "right, wrong" } else { "wrong, right" };
        let exchange = target.send(&RawRequest::post(body).signed(first).signed(second)).await;
        match &exchange {
            Ok(response) if response.is_success() => taken.push(which),
            _ => exchanges.push((which.to_owned(), exchange)),
        }
    }
    let refused = results::expect_rejections(&exchanges, FORGED);
    if refused.has_failed() || taken.is_empty() {
        return refused;
    }
    // Only a warning: a sender with a right signature could have sent it alone.
    let cause = "one of two signatures is checked; a proxy may check the other one";
    RunResult::warned(format!("accepted: {}", taken.join("; ")), cause)
}
