//! Checks of forged deliveries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_core::SecretKind;

use super::response_token::mac;
use crate::exchange::RawRequest;
use crate::results::{self, RunResult};
use crate::target::Target;

/// A name, and a function that turns the right signature into a wrong one.
type Forging = (&'static str, fn(&str) -> String);

const FORGED: &str = "a forged delivery was accepted";

fn forge(target: &Target, body: &str, forging: impl Fn(&str) -> String) -> Vec<(SecretKind, String)> {
    target.secrets.sign(body.as_bytes()).into_iter().map(|(kind, right)| (kind, forging(&right))).collect()
}

/// Sends a forged body once with each of these signatures.
async fn forged(target: &mut Target, signatures: &[Forging]) -> RunResult {
    let mut exchanges = Vec::new();
    for (which, forging) in signatures {
        let body = target.body("sent without the secret");
        let signatures = forge(target, &body, forging);
        exchanges.push(((*which).to_owned(), target.send(&RawRequest::post(body).signed(signatures)).await));
    }
    results::expect_rejections(&exchanges, FORGED)
}

/// Returns a different signature of the same length.
fn another(signature: &str) -> String {
    let swap = |c: char| if c == 'A' { 'B' } else { 'A' };
    signature.chars().enumerate().map(|(at, c)| if (7..50).contains(&at) { swap(c) } else { c }).collect()
}

pub(super) async fn checked(target: &mut Target) -> RunResult {
    let body = target.body("sent without the secret");
    let signatures = forge(target, &body, another);
    let exchange = target.send(&RawRequest::post(body).signed(signatures)).await;
    let result = match &exchange {
        Ok(response) if response.is_success() => RunResult::failed(
            response.summary(),
            "signatures are not checked: anyone who knows the URL can forge events",
        ),
        Ok(response) => RunResult::passed(response.summary()),
        Err(error) => RunResult::passed(error.to_string()),
    };
    target.forgery = Some(exchange);
    result
}

pub(super) async fn wrong(target: &mut Target) -> RunResult {
    match &target.forgery {
        Some(exchange) => results::expect_rejection(exchange, FORGED),
        None => RunResult::skipped("no wrong signature was sent"),
    }
}

pub(super) async fn missing(target: &mut Target) -> RunResult {
    let body = target.body("sent without the secret");
    let none = target.send(&RawRequest::post(body)).await;
    let result = results::expect_rejections(&[("no header".to_owned(), none)], FORGED);
    if result.has_failed() {
        return result;
    }
    let empty = forged(target, &[("empty header", |_| String::new())]).await;
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
    forged(target, &forgings).await
}

pub(super) async fn not_base64(target: &mut Target) -> RunResult {
    let forgings: [Forging; 2] =
        [("other characters", |_| format!("sha256={}", "!".repeat(44))), ("not a signature", |_| "null".to_owned())];
    forged(target, &forgings).await
}

pub(super) async fn algorithm(target: &mut Target) -> RunResult {
    // The MAC is right and only the prefix is wrong. Only someone with the secret can send this, so
    // accepting `sha1=` is a warning.
    let forgings: [Forging; 2] =
        [("sha1=", |right| right.replace("sha256=", "sha1=")), ("none=", |_| "none=".to_owned())];
    let result = forged(target, &forgings).await;
    if result.has_failed() && result.observed.starts_with("sha1=: answered 2") {
        return RunResult::warned(result.observed, "the prefix before the base64 is not checked");
    }
    result
}

pub(super) async fn empty_secret(target: &mut Target) -> RunResult {
    let body = target.body("sent without the secret");
    // Computed by hand because `Secret` rejects an empty key.
    let signature = format!("sha256={}", STANDARD.encode(mac(b"", body.as_bytes())));
    let signatures = forge(target, &body, |_| signature.clone());
    let exchange = target.send(&RawRequest::post(body).signed(signatures)).await;
    results::expect_rejection(&exchange, "the receiver also accepts an empty secret, with which anyone can sign")
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
