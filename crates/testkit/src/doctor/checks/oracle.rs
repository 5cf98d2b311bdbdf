//! The check for a signing oracle: a challenge whose `crc_token` is a delivery body returns that
//! body's signature.

use birdhook_core::SecretKind;

use super::answer::response_token;
use crate::doctor::exchange::{Answer, Ask, Exchange};
use crate::doctor::judgement::{self, Judgement};
use crate::doctor::patient::Patient;
use crate::request::Challenge;

pub(super) async fn closed(patient: &mut Patient) -> Judgement {
    let plain = patient.body("made by a stranger");
    // This body passes a filter on the first character, but is a JSON object all the same.
    let indented = format!("\n {}", patient.body("made by a stranger"));
    let mut seen = Vec::new();
    for body in [plain, indented] {
        let exchange = patient.send(&Ask::get(Challenge::new(&body).query())).await;
        if let Some(signature) = signed(patient, &body, &exchange) {
            return exploited(patient, body, &signature).await;
        }
        let judgement = match &exchange {
            // Not a signature, for example an HTML page. Other checks report it.
            Ok(answer) if answer.is_success() => Judgement::passed(answer.seen()),
            _ => judgement::refused(&exchange, ""),
        };
        if judgement.has_failed() {
            return judgement;
        }
        seen.push(judgement.observed);
    }
    Judgement::passed(seen.join(", "))
}

/// Returns the signature of `body` in the response, or a token of the same length in case the
/// target has a secret that the doctor does not know.
fn signed(patient: &Patient, body: &str, exchange: &Exchange) -> Option<String> {
    let token = exchange.as_ref().ok().filter(|answer| answer.is_success()).and_then(response_token)?;
    let right = patient.keys.sign(body.as_bytes());
    let bare = |text: &str| text.trim().trim_start_matches("sha256=").trim_end_matches('=').to_owned();
    let is_right = right.iter().any(|(_, right)| bare(&token) == bare(right));
    (is_right || bare(&token).len() == 43).then_some(token)
}

async fn exploited(patient: &mut Patient, body: String, signature: &str) -> Judgement {
    let observed = "an event sent as crc_token was signed";
    let cause = "a stranger gets the signature of any delivery they make up, by asking for it as a challenge";
    // A line break in a header value would start another header.
    let signature = signature.trim().replace(['\r', '\n'], "");
    let answering = patient.keys.answering.kind;
    let mut exchange = patient.send(&Ask::post(body.clone()).signed([(answering, signature.clone())])).await;
    if exchange.as_ref().is_ok_and(Answer::is_refusal) {
        let other = if answering == SecretKind::Client { SecretKind::Consumer } else { SecretKind::Client };
        exchange = patient.send(&Ask::post(body).signed([(other, signature)])).await;
    }
    match exchange {
        Ok(answer) if answer.is_success() => Judgement::failed(
            format!("{observed}, and the delivery with that signature was accepted ({})", answer.status),
            cause,
        ),
        Ok(answer) => {
            Judgement::failed(format!("{observed}, though the delivery with it was refused ({})", answer.status), cause)
        }
        Err(silence) => Judgement::failed(format!("{observed}; to the delivery with it: {silence}"), cause),
    }
}
