//! Checks of challenges that X does not send, but attackers can.
//!
//! A page that answers every request 200 is harmless; these checks fail if something was signed.

use super::response_token::signature;
use crate::exchange::{Exchange, RawRequest};
use crate::results::{self, RunResult};
use crate::target::Target;

/// Passes unless the response has a signature. `if_signed` is the cause to report for one.
fn expect_unsigned(exchange: &Exchange, if_signed: &'static str) -> RunResult {
    match exchange {
        Ok(response) if response.is_success() => match signature(response) {
            Some(_) => RunResult::failed(format!("{} with a signature", response.summary()), if_signed),
            None => RunResult::passed(format!("{} without a signature", response.summary())),
        },
        _ => results::expect_rejection(exchange, if_signed),
    }
}

pub(super) async fn missing(target: &mut Target) -> RunResult {
    let bare = target.send(&RawRequest::get("")).await;
    let other = target.send(&RawRequest::get("birdhook_doctor=1")).await;
    let asked = [("no query".to_owned(), bare), ("another parameter".to_owned(), other)];
    results::all(&asked, |exchange| expect_unsigned(exchange, "without a crc_token there is nothing to sign"))
}

pub(super) async fn empty(target: &mut Target) -> RunResult {
    let exchange = target.send(&RawRequest::get("crc_token=")).await;
    expect_unsigned(&exchange, "the signature of an empty token is that of an empty delivery")
}

pub(super) async fn repeated(target: &mut Target) -> RunResult {
    let exchange = target.send(&RawRequest::get("crc_token=birdhook&crc_token=doctor")).await;
    let result = expect_unsigned(&exchange, "one of the two was signed; a proxy may check the other one");
    match exchange {
        // Only a warning: an attacker could have sent either token alone.
        Ok(response) if response.is_success() && result.has_failed() => {
            RunResult::warned(result.observed, result.cause.unwrap_or_default())
        }
        _ => result,
    }
}
