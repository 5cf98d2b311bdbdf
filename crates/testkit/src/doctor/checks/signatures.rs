//! Checks of forged deliveries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_core::SecretKind;

use super::response_token::mac;
use crate::doctor::exchange::Ask;
use crate::doctor::judgement::{self, Judgement};
use crate::doctor::patient::Patient;

/// A name, and a function that turns the right signature into a wrong one.
type Forging = (&'static str, fn(&str) -> String);

const FORGED: &str = "a stranger's delivery was accepted";

/// Computes the right signatures and applies `forging` to each.
fn forge(patient: &Patient, body: &str, forging: impl Fn(&str) -> String) -> Vec<(SecretKind, String)> {
    patient.keys.sign(body.as_bytes()).into_iter().map(|(kind, right)| (kind, forging(&right))).collect()
}

/// Sends a forged body once with each of these signatures.
async fn forged(patient: &mut Patient, signatures: &[Forging]) -> Judgement {
    let mut exchanges = Vec::new();
    for (which, forging) in signatures {
        let body = patient.body("made by a stranger");
        let signatures = forge(patient, &body, forging);
        exchanges.push(((*which).to_owned(), patient.send(&Ask::post(body).signed(signatures)).await));
    }
    judgement::all_refused(&exchanges, FORGED)
}

/// Returns a different signature of the same length.
fn another(signature: &str) -> String {
    let swap = |c: char| if c == 'A' { 'B' } else { 'A' };
    signature.chars().enumerate().map(|(at, c)| if (7..50).contains(&at) { swap(c) } else { c }).collect()
}

pub(super) async fn checked(patient: &mut Patient) -> Judgement {
    let body = patient.body("made by a stranger");
    let signatures = forge(patient, &body, another);
    let exchange = patient.send(&Ask::post(body).signed(signatures)).await;
    let judgement = match &exchange {
        Ok(answer) if answer.is_success() => {
            Judgement::failed(answer.seen(), "signatures are not checked: anybody who knows the URL can make up events")
        }
        Ok(answer) => Judgement::passed(answer.seen()),
        Err(silence) => Judgement::passed(silence.to_string()),
    };
    patient.forgery = Some(exchange);
    judgement
}

pub(super) async fn wrong(patient: &mut Patient) -> Judgement {
    match &patient.forgery {
        Some(exchange) => judgement::refused(exchange, FORGED),
        None => Judgement::skipped("no wrong signature was sent"),
    }
}

pub(super) async fn missing(patient: &mut Patient) -> Judgement {
    let body = patient.body("made by a stranger");
    let none = patient.send(&Ask::post(body)).await;
    let judgement = judgement::all_refused(&[("no header".to_owned(), none)], FORGED);
    if judgement.has_failed() {
        return judgement;
    }
    let empty = forged(patient, &[("an empty one", |_| String::new())]).await;
    Judgement { observed: format!("{}, {}", judgement.observed, empty.observed), ..empty }
}

pub(super) async fn short(patient: &mut Patient) -> Judgement {
    let ways: [Forging; 3] = [
        ("the algorithm alone", |_| "sha256=".to_owned()),
        ("four characters", |right| right.chars().take(11).collect()),
        // Removing only the padding would leave a signature that lenient base64 decoders, such as
        // Node's, accept.
        ("one byte less", |right| right.chars().take(right.len() - 2).collect()),
    ];
    forged(patient, &ways).await
}

pub(super) async fn not_base64(patient: &mut Patient) -> Judgement {
    let ways: [Forging; 2] = [
        ("other characters", |_| format!("sha256={}", "!".repeat(44))),
        ("no signature at all", |_| "null".to_owned()),
    ];
    forged(patient, &ways).await
}

pub(super) async fn algorithm(patient: &mut Patient) -> Judgement {
    // The MAC is right and only the prefix is wrong. Only someone with the secret can send this, so
    // accepting `sha1=` is a warning.
    let ways: [Forging; 2] = [("sha1=", |right| right.replace("sha256=", "sha1=")), ("none=", |_| "none=".to_owned())];
    let judgement = forged(patient, &ways).await;
    if judgement.has_failed() && judgement.observed.starts_with("sha1=: answered 2") {
        return Judgement::warned(judgement.observed, "what is before the base64 is not looked at");
    }
    judgement
}

pub(super) async fn empty_secret(patient: &mut Patient) -> Judgement {
    let body = patient.body("made by a stranger");
    // Computed by hand because `Secret` rejects an empty key.
    let signature = format!("sha256={}", STANDARD.encode(mac(b"", body.as_bytes())));
    let signatures = forge(patient, &body, |_| signature.clone());
    let exchange = patient.send(&Ask::post(body).signed(signatures)).await;
    judgement::refused(&exchange, "the receiver has an empty secret too, with which anybody can sign")
}

pub(super) async fn repeated(patient: &mut Patient) -> Judgement {
    let mut taken = Vec::new();
    let mut exchanges = Vec::new();
    for right_first in [true, false] {
        let body = patient.body("signed twice");
        let (right, wrong) = (forge(patient, &body, str::to_owned), forge(patient, &body, another));
        let (first, second) = if right_first { (right, wrong) } else { (wrong, right) };
        let which = if right_first { "right, wrong" } else { "wrong, right" };
        let exchange = patient.send(&Ask::post(body).signed(first).signed(second)).await;
        match &exchange {
            Ok(answer) if answer.is_success() => taken.push(which),
            _ => exchanges.push((which.to_owned(), exchange)),
        }
    }
    let refused = judgement::all_refused(&exchanges, FORGED);
    if refused.has_failed() || taken.is_empty() {
        return refused;
    }
    // Only a warning: a sender with a right signature could have sent it alone.
    let cause = "one of two signatures counts: a proxy that checks the other one would be led astray";
    Judgement::warned(format!("accepted: {}", taken.join("; ")), cause)
}
