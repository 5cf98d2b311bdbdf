//! Checks of valid deliveries, in every form that X or a proxy may give them.

use birdhook_core::{SecretKind, signature};

use super::challenge::in_time;
use crate::doctor::exchange::{Ask, signature_header};
use crate::doctor::judgement::{self, Judgement};
use crate::doctor::patient::{Keys, Known, Patient};

/// Size in bytes. Posts and reposts with all their media are smaller.
const LARGE: usize = 200_000;
/// Number of copies sent at the same time. X is unlikely to send more.
const COPIES: usize = 6;

const UNLIKE_THE_FIRST: &str = "this delivery was refused, unlike the first, though it is correctly signed";

pub(super) async fn accepted(patient: &mut Patient) -> Judgement {
    let body = patient.body("made up by birdhook doctor");
    let exchange = patient.send(&patient.signed(body)).await;
    let refused = match exchange.as_ref().map_or(0, |answer| answer.status) {
        401 | 403 if takes_oauth2(patient).await => {
            let [refused, accepted] = [SecretKind::Consumer, SecretKind::Client].map(signature_header);
            let observed = format!("refused with {refused}, accepted with {accepted}");
            let cause = "the receiver verifies the header that X sends for apps with an OAuth 2.0 client secret";
            return Judgement::failed(observed, cause).fix(
                "if the secret is the client secret, pass it as such (`--client-secret`); if it is the consumer secret, \
                 verify X-Twitter-Webhooks-Signature",
            );
        }
        401 | 403 => {
            "the body is changed or consumed before it is verified, the signature's header is lost on the way, \
             or POST uses another secret than GET"
        }
        404 | 405 => "this path does not take POST",
        415 => "the Content-Type application/json is refused",
        _ => "a correctly signed delivery is refused",
    };
    let judgement = judgement::accepted(&exchange, refused);
    patient.delivery = Some(exchange);
    judgement
}

/// Returns whether the target accepts a delivery that is signed with the consumer secret, but in
/// the header of the client secret.
async fn takes_oauth2(patient: &mut Patient) -> bool {
    let Keys { answering: Known { kind: SecretKind::Consumer, secret, .. }, other: None } = patient.keys.clone() else {
        return false;
    };
    let body = patient.body("made up by birdhook doctor");
    let signature = signature::sign(&secret, body.as_bytes());
    let ask = Ask::post(body).signed([(SecretKind::Client, signature)]);
    patient.send(&ask).await.is_ok_and(|answer| answer.is_success())
}

/// Checks each signature header alone if both secrets are known, because X may send either.
pub(super) async fn headers(patient: &mut Patient) -> Judgement {
    if patient.keys.other.is_none() {
        return Judgement::skipped("one secret was given");
    }
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for known in patient.keys.clone().iter() {
        let body = patient.body("with one of two headers");
        let signature = signature::sign(&known.secret, body.as_bytes());
        match patient.send(&Ask::post(body).signed([(known.kind, signature)])).await {
            Ok(answer) if answer.is_success() => accepted.push(known.kind),
            _ => refused.push(known.kind),
        }
    }
    let answering = patient.keys.answering.kind;
    let observed = match accepted.as_slice() {
        [] => "neither header is accepted alone".to_owned(),
        [one] => format!("only the header of the {one} is accepted alone"),
        _ => format!("either header is accepted alone; challenges are answered with the {answering}"),
    };
    if refused.contains(&answering) {
        let cause = format!("challenges are answered with the {answering}, and deliveries that it signed are refused");
        return Judgement::failed(observed, cause);
    }
    match refused.is_empty() {
        true => Judgement::passed(observed),
        false => Judgement::passed(format!("{observed}, which is the kind that answers challenges")),
    }
}

pub(super) async fn status(patient: &mut Patient) -> Judgement {
    match &patient.delivery {
        Some(Ok(answer)) if answer.status == 200 => Judgement::passed(answer.seen()),
        Some(Ok(answer)) => Judgement::failed(answer.seen(), "X calls 200 a success, and counts the rest as failures"),
        _ => Judgement::skipped("there was no answer"),
    }
}

pub(super) async fn time(patient: &mut Patient) -> Judgement {
    match &patient.delivery {
        Some(Ok(answer)) => in_time(answer.took, patient.deadline),
        _ => Judgement::skipped("there was no answer"),
    }
}

async fn taken(patient: &mut Patient, ask: Ask) -> Judgement {
    let exchange = patient.send(&ask).await;
    judgement::accepted(&exchange, UNLIKE_THE_FIRST)
}

pub(super) async fn unknown_kind(patient: &mut Patient) -> Judgement {
    let id = patient.random.u64(..);
    let body = format!(r#"{{"birdhook_doctor_events":[{{"id":"{id}"}}]}}"#);
    let exchange = patient.send(&patient.signed(body)).await;
    judgement::accepted(&exchange, "an event whose kind is unknown is refused, and X sends it again and again")
}

pub(super) async fn charset(patient: &mut Patient) -> Judgement {
    let body = patient.body("with a charset");
    let ask = patient.signed(body).without_header("Content-Type");
    taken(patient, ask.header("Content-Type", "application/json; charset=utf-8")).await
}

pub(super) async fn escapes(patient: &mut Patient) -> Judgement {
    let body = patient.body(r"https:\/\/x.com\/ \u00e9 \ud83d\udc26 \u003cb\u003e &amp;");
    // A number beyond double precision, and spaces: parsing and re-serializing would change both.
    let body = body.replacen('{', r#"{ "birdhook_doctor" : 1050118621198921728.0, "#, 1);
    taken(patient, patient.signed(body)).await
}

pub(super) async fn unicode(patient: &mut Patient) -> Judgement {
    let body = patient.body("é ü 日本語 \u{1f426} \u{2028}");
    taken(patient, patient.signed(body)).await
}

pub(super) async fn header_names(patient: &mut Patient) -> Judgement {
    let (lower, upper) = (patient.body("lower case"), patient.body("upper case"));
    let judgement = taken(patient, patient.signed(lower).names_as(str::to_ascii_lowercase)).await;
    if judgement.has_failed() {
        return Judgement { observed: format!("in lower case: {}", judgement.observed), ..judgement };
    }
    taken(patient, patient.signed(upper).names_as(str::to_ascii_uppercase)).await
}

pub(super) async fn empty_header(patient: &mut Patient) -> Judgement {
    let body = patient.body("with an empty header");
    taken(patient, patient.signed(body).header("Finagle-Http-Retryable-Request", "")).await
}

pub(super) async fn large(patient: &mut Patient) -> Judgement {
    let body = patient.body(&"large ".repeat(LARGE / 6));
    taken(patient, patient.signed(body)).await
}

pub(super) async fn chunked(patient: &mut Patient) -> Judgement {
    let body = patient.body(&"in chunks ".repeat(50));
    taken(patient, patient.signed(body).chunked()).await
}

pub(super) async fn again(patient: &mut Patient) -> Judgement {
    let body = patient.body("twice");
    let ask = patient.signed(body);
    let first = taken(patient, ask.clone()).await;
    if first.has_failed() {
        return first;
    }
    let second = patient.send(&ask).await;
    judgement::accepted(&second, "the second copy is refused, and X sends it again and again")
}

pub(super) async fn at_once(patient: &mut Patient) -> Judgement {
    let body = patient.body("at once");
    let exchanges = patient.send_at_once(&patient.signed(body), COPIES).await;
    let mut busy = 0;
    for exchange in &exchanges {
        if exchange.as_ref().is_ok_and(|answer| answer.status == 503) {
            busy += 1;
            continue;
        }
        let judgement = judgement::accepted(exchange, "one of the copies is refused");
        if judgement.has_failed() {
            return judgement;
        }
    }
    match busy {
        COPIES => Judgement::failed("all copies were answered 503", "the event is handed over for none of them"),
        _ => Judgement::passed(format!("{COPIES} copies, {busy} told to come again")),
    }
}
