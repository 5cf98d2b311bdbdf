//! Checks of challenges that X does not send, but attackers can.

use crate::exchange::RawRequest;
use crate::results::{self, RunResult};
use crate::target::Target;

pub(super) async fn missing(target: &mut Target) -> RunResult {
    let bare = target.send(&RawRequest::get("")).await;
    let other = target.send(&RawRequest::get("birdhook_doctor=1")).await;
    let asked = [("no query".to_owned(), bare), ("another parameter".to_owned(), other)];
    results::expect_rejections(
        &asked,
        "without a crc_token there is nothing to sign; X may treat such a 200 as a wrong token",
    )
}

pub(super) async fn empty(target: &mut Target) -> RunResult {
    let exchange = target.send(&RawRequest::get("crc_token=")).await;
    results::expect_rejection(&exchange, "the signature of an empty token is that of an empty delivery")
}

pub(super) async fn repeated(target: &mut Target) -> RunResult {
    let exchange = target.send(&RawRequest::get("crc_token=birdhook&crc_token=doctor")).await;
    // Only a warning: an attacker could have sent either token alone.
    results::prefer_rejection(&exchange, "one of the two was signed; a proxy may check the other one")
}
