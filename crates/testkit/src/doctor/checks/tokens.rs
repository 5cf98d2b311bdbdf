//! Checks of challenges that X does not send, but attackers can.

use crate::doctor::exchange::Ask;
use crate::doctor::judgement::{self, Judgement};
use crate::doctor::patient::Patient;

pub(super) async fn missing(patient: &mut Patient) -> Judgement {
    let bare = patient.send(&Ask::get("")).await;
    let other = patient.send(&Ask::get("birdhook_doctor=1")).await;
    let asked = [("no query".to_owned(), bare), ("another parameter".to_owned(), other)];
    judgement::all_refused(
        &asked,
        "without a crc_token there is nothing to sign; X may take such a 200 for a wrong token",
    )
}

pub(super) async fn empty(patient: &mut Patient) -> Judgement {
    let exchange = patient.send(&Ask::get("crc_token=")).await;
    judgement::refused(&exchange, "the signature of nothing is that of an empty delivery")
}

pub(super) async fn repeated(patient: &mut Patient) -> Judgement {
    let exchange = patient.send(&Ask::get("crc_token=birdhook&crc_token=doctor")).await;
    match &exchange {
        // Only a warning: an attacker could have sent either token alone.
        Ok(answer) if answer.is_success() => Judgement::warned(
            answer.seen(),
            "one of the two was signed: a proxy that checks the other one would be led astray",
        ),
        _ => judgement::refused(&exchange, ""),
    }
}
