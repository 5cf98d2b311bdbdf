//! Checks of signed bodies that X does not send, and of bodies that are too large.

use bytes::Bytes;

use crate::doctor::exchange::{Ask, Exchange, NoAnswer};
use crate::doctor::judgement::{self, Judgement};
use crate::doctor::patient::Patient;

/// Body size in bytes, far larger than any that X sends.
const HUGE: usize = 20_000_000;

const NOT_UNDERSTOOD: &str = "what cannot have been understood was acknowledged, and X never sends it again";

/// A gzip-compressed `{"replay_job_status":{...}}` with the job id `birdhook-doctor-compressed`.
const COMPRESSED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4d\x8c\x4b\x0a\x80\x30\x0c\x05\xef\x92\xb5\x82\
    \xeb\x6e\x3d\x48\xb1\x4d\xc0\x6a\x35\x25\xa9\x88\x88\x77\xb7\x8a\x42\x77\xef\x33\xcc\x09\x42\x29\x0e\x87\x9d\xd8\
    \x59\xcd\x43\xde\x14\xcc\x09\x3b\xb9\x91\x79\xb6\x01\xc1\x40\x07\x0d\xfc\x37\x95\xde\xf3\x92\x22\x95\x58\xcd\x16\
    \x49\xbd\x84\x94\x03\xaf\x05\xf1\x05\x11\x52\x25\xfc\xa0\x57\xe4\x82\xe0\xa3\x6d\x91\x7d\x66\x69\x2b\xea\xba\x6e\
    \xf0\x73\x1e\xed\x8a\x00\x00\x00";

/// Sends these bodies, signed. The target must not accept any of them.
async fn signed(patient: &mut Patient, bodies: &[(&str, String)]) -> Judgement {
    let mut exchanges = Vec::new();
    for (which, body) in bodies {
        exchanges.push(((*which).to_owned(), patient.send(&patient.signed(body.clone())).await));
    }
    judgement::all_refused(&exchanges, NOT_UNDERSTOOD)
}

pub(super) async fn malformed(patient: &mut Patient) -> Judgement {
    let mut cut = patient.body("cut off");
    cut.truncate(cut.len() - 3);
    signed(patient, &[("cut off", cut), ("no JSON", "crc_token=birdhook-doctor".to_owned())]).await
}

pub(super) async fn not_object(patient: &mut Patient) -> Judgement {
    let bodies = ["[1,2]", "null", "\"x\"", "7"].map(|body| (body, body.to_owned()));
    signed(patient, &bodies).await
}

pub(super) async fn empty(patient: &mut Patient) -> Judgement {
    signed(patient, &[("no byte", String::new())]).await
}

pub(super) async fn encoded(patient: &mut Patient) -> Judgement {
    let ask = patient.signed(COMPRESSED).header("Content-Encoding", "gzip");
    match patient.send(&ask).await {
        Ok(answer) if answer.is_success() => Judgement::warned(
            answer.seen(),
            "compressed bodies are taken: of few bytes a stranger makes many, if they are unpacked before they are verified",
        ),
        exchange => judgement::refused(&exchange, ""),
    }
}

fn huge(patient: &mut Patient) -> Bytes {
    patient.body(&"too much ".repeat(HUGE / 9)).into()
}

/// Judges a missing response to a huge body. A closed connection counts as a rejection: it may be
/// all that the client sees while it is still sending.
fn no_answer(silence: &NoAnswer) -> Judgement {
    match silence {
        NoAnswer::Closed => Judgement::passed(silence.to_string()),
        NoAnswer::TimedOut(_) => Judgement::failed(
            silence.to_string(),
            "20 MB hold the receiver up (or the way there is too slow for them: then give the doctor more patience)",
        ),
        _ => judgement::refused(&Err(silence.clone()), ""),
    }
}

pub(super) async fn huge_unsigned(patient: &mut Patient) -> Judgement {
    let body = huge(patient);
    let exchange = patient.send(&Ask::post(body)).await;
    match &exchange {
        Ok(answer) if answer.is_refusal() && answer.all_sent => Judgement::warned(
            format!("{} after reading all of it", answer.seen()),
            "anybody can make the receiver read what nobody can have signed",
        ),
        // A proxy may be the source of this 502. Part of the body was never sent, so the target
        // cannot have accepted it.
        Ok(answer) if answer.status == 502 && !answer.all_sent => unheard(patient, &exchange).await,
        Ok(_) => judgement::refused(&exchange, "a stranger's 20 MB were accepted"),
        Err(silence) => no_answer(silence),
    }
}

/// Tells a proxy's 502 from a failure of the target: the target still rejects a short body and
/// answers a challenge.
async fn unheard(patient: &mut Patient, exchange: &Exchange) -> Judgement {
    let failed = judgement::refused(exchange, "");
    let short = patient.body("made by a stranger");
    let short = patient.send(&Ask::post(short)).await;
    let challenge = patient.new_challenge();
    let answered = patient.send(&Ask::get(challenge.query())).await;
    match (short, answered) {
        (Ok(short), Ok(answered))
            if short.is_refusal() && challenge.judge(patient.secret(), &answered.body).is_ok() =>
        {
            let (seen, short) = (failed.observed, short.seen());
            Judgement::warned(
                format!("{seen} before all of it was sent; a short body without a signature: {short}"),
                "a proxy did not hear the refusal, for it was still sending when the receiver closed; if it counts such failures it \
                 takes the receiver for ill, and strangers can make it",
            )
            .fix(
                "let the server read on for a moment after an early refusal, or the proxy limit bodies to 1 MiB; and do not let \
                 the proxy count failures here",
            )
        }
        _ => failed,
    }
}

pub(super) async fn huge_signed(patient: &mut Patient) -> Judgement {
    let body = huge(patient);
    let exchange = patient.send(&patient.signed(body)).await;
    match &exchange {
        // The whole body must be read before its signature can be checked, so an attacker could
        // send it too.
        Ok(answer) if answer.is_success() => Judgement::failed(
            format!("{} to 20 MB", answer.seen()),
            "there is no limit: anybody can fill the memory with bodies whose signature is seen to be wrong at their end",
        ),
        Ok(_) => judgement::refused(&exchange, ""),
        Err(silence) => no_answer(silence),
    }
}
