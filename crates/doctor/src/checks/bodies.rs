//! Checks of signed bodies that X does not send, and of bodies that are too large.

use bytes::Bytes;

use crate::exchange::{Exchange, NoResponse, RawRequest};
use crate::results::{self, RunResult};
use crate::target::Target;

/// Body size in bytes, far larger than any that X sends.
const HUGE: usize = 20_000_000;

const NOT_UNDERSTOOD: &str = "a body that cannot be parsed was acknowledged, so X does not send it again";

/// A gzip-compressed `{"replay_job_status":{...}}` with the job id `birdhook-doctor-compressed`.
const COMPRESSED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4d\x8c\x4b\x0a\x80\x30\x0c\x05\xef\x92\xb5\x82\
    \xeb\x6e\x3d\x48\xb1\x4d\xc0\x6a\x35\x25\xa9\x88\x88\x77\xb7\x8a\x42\x77\xef\x33\xcc\x09\x42\x29\x0e\x87\x9d\xd8\
    \x59\xcd\x43\xde\x14\xcc\x09\x3b\xb9\x91\x79\xb6\x01\xc1\x40\x07\x0d\xfc\x37\x95\xde\xf3\x92\x22\x95\x58\xcd\x16\
    \x49\xbd\x84\x94\x03\xaf\x05\xf1\x05\x11\x52\x25\xfc\xa0\x57\xe4\x82\xe0\xa3\x6d\x91\x7d\x66\x69\x2b\xea\xba\x6e\
    \xf0\x73\x1e\xed\x8a\x00\x00\x00";

/// Sends these bodies, signed. Accepting one is only a warning: a receiver may store the raw body
/// and parse it later.
async fn signed(target: &mut Target, bodies: &[(&str, String)]) -> RunResult {
    let mut exchanges = Vec::new();
    for (which, body) in bodies {
        exchanges.push(((*which).to_owned(), target.send(&target.signed(body.clone())).await));
    }
    results::all(&exchanges, |exchange| results::prefer_rejection(exchange, NOT_UNDERSTOOD))
}

pub(super) async fn malformed(target: &mut Target) -> RunResult {
    let mut cut = target.body("cut off");
    cut.truncate(cut.len() - 3);
    signed(target, &[("truncated", cut), ("not JSON", "crc_token=birdhook-doctor".to_owned())]).await
}

pub(super) async fn not_object(target: &mut Target) -> RunResult {
    let bodies = ["[1,2]", "null", "\"x\"", "7"].map(|body| (body, body.to_owned()));
    signed(target, &bodies).await
}

pub(super) async fn empty(target: &mut Target) -> RunResult {
    signed(target, &[("empty", String::new())]).await
}

pub(super) async fn encoded(target: &mut Target) -> RunResult {
    let request = target.signed(COMPRESSED).header("Content-Encoding", "gzip");
    let exchange = target.send(&request).await;
    let cause = "compressed bodies are accepted: if they are decompressed before verification, an attacker can fill the memory with few bytes";
    results::prefer_rejection(&exchange, cause)
}

fn huge(target: &mut Target) -> Bytes {
    target.body(&"too much ".repeat(HUGE / 9)).into()
}

/// Judges a missing response to a huge body. A closed connection counts as a rejection: it may be
/// all that the client sees while it is still sending.
fn no_answer(error: &NoResponse) -> RunResult {
    match error {
        NoResponse::Closed => RunResult::passed(error.to_string()),
        NoResponse::TimedOut(_) => RunResult::failed(
            error.to_string(),
            "20 MB block the receiver, or the network is too slow for them; then increase the doctor's timeout",
        ),
        _ => results::expect_rejection(&Err(error.clone()), ""),
    }
}

pub(super) async fn huge_unsigned(target: &mut Target) -> RunResult {
    let body = huge(target);
    let exchange = target.send(&RawRequest::post(body)).await;
    match &exchange {
        Ok(response) if response.is_rejection() && response.all_sent => RunResult::warned(
            format!("{} after reading all of it", response.summary()),
            "anyone can make the receiver read a large body without a signature",
        ),
        // A proxy may be the source of this 502. Part of the body was never sent, so the target
        // cannot have accepted it.
        Ok(response) if response.status == 502 && !response.all_sent => unheard(target, &exchange).await,
        Ok(_) => results::expect_rejection(&exchange, "20 MB without a signature were accepted"),
        Err(error) => no_answer(error),
    }
}

/// Tells a proxy's 502 from a failure of the target: the target still rejects a short body and
/// answers a challenge.
async fn unheard(target: &mut Target, exchange: &Exchange) -> RunResult {
    let failed = results::expect_rejection(exchange, "");
    let short = target.body("sent without the secret");
    let short = target.send(&RawRequest::post(short)).await;
    let challenge = target.new_challenge();
    let answered = target.send(&RawRequest::get(challenge.query())).await;
    match (short, answered) {
        (Ok(short), Ok(answered))
            if short.is_rejection() && challenge.verify(target.secret(), &answered.body).is_ok() =>
        {
            let (summary, short) = (failed.observed, short.summary());
            RunResult::warned(
                format!("{summary} before the whole body was sent; a short body without a signature: {short}"),
                "a proxy missed the refusal because it was still sending when the receiver closed the connection; if the proxy \
                 counts such failures, attackers can make it take the receiver out of service",
            )
            .fix(
                "let the server drain the body briefly after an early refusal, or limit bodies to 1 MiB in the proxy; do not let \
                 the proxy count failures of this path",
            )
        }
        _ => failed,
    }
}

pub(super) async fn huge_signed(target: &mut Target) -> RunResult {
    let body = huge(target);
    let exchange = target.send(&target.signed(body)).await;
    match &exchange {
        // The whole body must be read before its signature can be checked, so an attacker could
        // send it too.
        Ok(response) if response.is_success() => RunResult::failed(
            format!("{} to 20 MB", response.summary()),
            "there is no limit: anyone can fill the memory, because a wrong signature is only detected at the end of a body",
        ),
        Ok(_) => results::expect_rejection(&exchange, ""),
        Err(error) => no_answer(error),
    }
}
