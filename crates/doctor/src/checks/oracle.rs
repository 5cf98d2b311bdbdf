//! The check for a signing oracle: a challenge whose `crc_token` is a delivery body returns that
//! body's signature.

use birdhook_core::SecretKind;
use birdhook_testkit::Challenge;

use super::response_token::signature;
use crate::exchange::{Exchange, RawRequest, Response};
use crate::results::{self, RunResult};
use crate::target::Target;

pub(super) async fn closed(target: &mut Target) -> RunResult {
    let plain = target.body("sent without the secret");
    // This body passes a filter on the first character, but is a JSON object all the same.
    let indented = format!("\n {}", target.body("sent without the secret"));
    let mut summary = Vec::new();
    for body in [plain, indented] {
        let exchange = target.send(&RawRequest::get(Challenge::new(&body).query())).await;
        if let Some(signature) = signed(&exchange) {
            return exploited(target, body, &signature).await;
        }
        let result = match &exchange {
            // Not a signature, for example an HTML page. Other checks report it.
            Ok(response) if response.is_success() => RunResult::passed(response.summary()),
            _ => results::expect_rejection(&exchange, ""),
        };
        if result.has_failed() {
            return result;
        }
        summary.push(result.observed);
    }
    RunResult::passed(summary.join(", "))
}

/// Returns the signature in the response.
fn signed(exchange: &Exchange) -> Option<String> {
    exchange.as_ref().ok().filter(|response| response.is_success()).and_then(signature)
}

async fn exploited(target: &mut Target, body: String, signature: &str) -> RunResult {
    let cause = "an attacker gets the signature of any delivery by sending it as a challenge";
    // A line break in a header value would start another header.
    let signature = signature.trim().replace(['\r', '\n'], "");
    let answering = target.secrets.answering.kind;
    let mut exchange = target.send(&RawRequest::post(body.clone()).signed([(answering, signature.clone())])).await;
    if exchange.as_ref().is_ok_and(Response::is_rejection) {
        let other = if answering == SecretKind::Client { SecretKind::Consumer } else { SecretKind::Client };
        exchange = target.send(&RawRequest::post(body).signed([(other, signature)])).await;
    }
    let outcome = match exchange {
        Ok(Response { status: status @ 200..300, .. }) => {
            format!(", and the delivery with that signature was accepted ({status})")
        }
        Ok(response) => format!(", but the delivery with that signature was refused ({})", response.status),
        Err(error) => format!("; the delivery with that signature: {error}"),
    };
    RunResult::failed(format!("an event sent as crc_token was signed{outcome}"), cause)
}
