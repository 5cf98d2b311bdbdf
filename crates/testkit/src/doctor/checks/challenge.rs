//! Checks of the first challenge: whether it is answered, how fast, and in which encoding.

use std::time::Duration;

use super::answer::response_token;
use super::response_token::{Key, made};
use crate::doctor::exchange::{Answer, Ask};
use crate::doctor::judgement::Judgement;
use crate::doctor::patient::{Known, Patient};
use crate::request::Challenge;

/// Returns the first challenge and its response, if there is one.
pub(super) fn first(patient: &Patient) -> Option<(&Challenge, &Answer)> {
    patient.challenge.as_ref().and_then(|(challenge, exchange)| Some((challenge, exchange.as_ref().ok()?)))
}

pub(super) fn none() -> Judgement {
    Judgement::skipped("the first challenge was not answered")
}

pub(super) async fn redirect(patient: &mut Patient) -> Judgement {
    let challenge = patient.telling_challenge();
    let exchange = patient.send(&Ask::get(challenge.query())).await;
    let judgement = match &exchange {
        Ok(answer) if answer.is_redirect() => {
            let to = answer.header("location").unwrap_or("nowhere");
            let observed = format!("answered {}, to {}", answer.status, patient.quote(without_query(to)));
            Judgement::failed(observed, "X follows no redirect, and ends a webhook at once that answers one")
        }
        Ok(_) => Judgement::passed("no redirect"),
        Err(_) => Judgement::skipped("there was no answer"),
    };
    let is_made_with = |known: &Known| {
        let token = exchange.as_ref().ok().and_then(response_token);
        token.is_some_and(|token| made(&token, &challenge, known).key == Key::Right)
    };
    if patient.keys.other.as_ref().is_some_and(is_made_with) {
        patient.keys.swap();
    }
    // A missing response is the subject of the next check.
    patient.fell_silent = false;
    patient.challenge = Some((challenge, exchange));
    judgement
}

fn without_query(location: &str) -> &str {
    location.split('?').next().unwrap_or_default()
}

pub(super) async fn status(patient: &mut Patient) -> Judgement {
    let Some((_, exchange)) = &patient.challenge else { return none() };
    let answer = match exchange {
        Ok(answer) if answer.status == 200 && !answer.is_whole => {
            let observed = "answered 200, and closed before all of the body had come that was announced";
            return Judgement::failed(observed, "X cannot read an answer that is cut off");
        }
        Ok(answer) if answer.status == 200 => return Judgement::passed(answer.seen()),
        Ok(answer) => answer,
        Err(silence) => {
            patient.fell_silent = true;
            return Judgement::failed(silence.to_string(), "X waits 3 s at its shortest, and 10 s at its longest");
        }
    };
    let cause = match answer.status {
        401 | 403 => "the app, or something in front of it, asks X for a login",
        404 => "this path leads nowhere, or not for GET",
        405 => "this path takes POST only, and X asks by GET",
        400 => {
            "the crc_token did not arrive: something in front of the app strips the query, or it is looked for elsewhere"
        }
        402 | 406..=499 => "the app, or something in front of it, refuses X's GET",
        500..=599 => "the app failed, or nothing runs behind the proxy",
        _ => "X takes 200 only",
    };
    Judgement::failed(answer.seen(), cause)
}

pub(super) async fn time(patient: &mut Patient) -> Judgement {
    first(patient).map_or_else(none, |(_, answer)| in_time(answer.took, patient.deadline))
}

/// Judges a response time.
pub(super) fn in_time(took: Duration, deadline: Duration) -> Judgement {
    let observed = format!("answered after {:.3} s", took.as_secs_f64());
    if took > deadline {
        let cause = format!("X waits {deadline:?} (3 s in 1.1 and enterprise, 10 s in v2)");
        Judgement::failed(observed, cause)
    } else if took > deadline / 3 {
        Judgement::warned(observed, format!("X waits {deadline:?}, and today may be a good day"))
    } else {
        Judgement::passed(observed)
    }
}

pub(super) async fn encoding(patient: &mut Patient) -> Judgement {
    let Some((_, answer)) = first(patient) else { return none() };
    let judgement = uncompressed(answer);
    if judgement.has_failed() {
        return judgement;
    }
    // Some servers compress only when asked to, so offer gzip and compare the bytes with
    // `Content-Encoding`.
    let ask = Ask::get(patient.new_challenge().query()).header("Accept-Encoding", "gzip");
    match patient.send(&ask).await {
        Ok(answer) if is_gzip(&answer) != says_gzip(&answer) => mismatch(&answer),
        _ => judgement,
    }
}

fn uncompressed(answer: &Answer) -> Judgement {
    let said = answer.header("content-encoding").map(str::trim).unwrap_or_default();
    match (said.to_ascii_lowercase().as_str(), is_gzip(answer)) {
        ("" | "identity", false) => Judgement::passed("not compressed"),
        ("gzip", true) => Judgement::failed(
            "the answer is compressed, though nobody asked for it",
            "X ends a webhook whose answer it cannot read",
        ),
        _ => mismatch(answer),
    }
}

fn mismatch(answer: &Answer) -> Judgement {
    let observed = match is_gzip(answer) {
        true => "the answer is gzip, and no Content-Encoding says so",
        false => "the answer has a Content-Encoding, and its bytes are something else",
    };
    Judgement::failed(observed, "X ends a webhook whose answer it cannot read")
}

fn is_gzip(answer: &Answer) -> bool {
    answer.body.starts_with(&[0x1f, 0x8b])
}

fn says_gzip(answer: &Answer) -> bool {
    answer.header("content-encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("gzip"))
}

pub(super) async fn content_type(patient: &mut Patient) -> Judgement {
    let Some((_, answer)) = first(patient) else { return none() };
    let said = answer.header("content-type").unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim();
    let cause =
        "X asks for JSON, all of its own samples say application/json, and nothing shows that it takes anything else";
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => Judgement::passed("application/json"),
        "" => Judgement::failed("the answer has no Content-Type", cause),
        other => Judgement::failed(format!("the answer is declared as {}", patient.quote(other)), cause),
    }
}
