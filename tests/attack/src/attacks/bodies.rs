//! Bodies that are too long, and too many bodies at once.

use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::row::{BODIES, CONNECTION, Row, SLACK, row};
use crate::target::{Tally, Target, X_WAITS, chunked, post, signed, signed_head};
use crate::wire::Outcome::{self, Closed, Status};
use crate::wire::{connect, only_answer};

pub const ROWS: &[Row] = &[
    row("bodies", "too_long", "20 MB, signed and unsigned", |t| Box::pin(too_long(t))).memory(|_| SLACK + BODIES),
    row("bodies", "as_long_as_allowed", "400 unfinished bodies, 1 MiB", |t| Box::pin(at_once(t, LIMIT)))
        .memory(|t| SLACK + BODIES + connections(t) as u64 * (CONNECTION + t.kind.head_buffer() as u64))
        .waits(),
    row("bodies", "short_and_many", "1,600 unfinished bodies, 60 KB", |t| Box::pin(at_once(t, 60_000)))
        .memory(|t| SLACK + BODIES + connections(t) as u64 * (CONNECTION + t.kind.head_buffer() as u64))
        .waits(),
    row("bodies", "promised", "1 MiB announced, one byte sent", |t| Box::pin(promised(t)))
        .memory(|t| SLACK + connections(t) as u64 * 4 * CONNECTION)
        .waits(),
    row("bodies", "cut_off", "connection ends within body", |t| Box::pin(cut_off(t))).memory(|_| SLACK + BODIES),
];

const LIMIT: usize = 1 << 20;
const TOO_LONG: usize = 20_000_000;

async fn too_long(target: Target) -> Tally {
    let mut tally = Tally::default();
    let body = format!(r#"{{"for_user_id":"1","a":"{}"}}"#, "a".repeat(TOO_LONG)).into_bytes();
    let unsigned = [&post(&[&format!("content-length: {}", body.len())]), body.as_slice()].concat();
    // A server that answers and closes while the client still writes may reset the connection
    // before the client reads the answer.
    let too_large: &[Outcome] = &[Status(413), Closed];
    let unauthorised: &[Outcome] = &[Status(401), Closed];
    let cases: [(&str, Vec<u8>, &[Outcome]); 4] = [
        ("signed", signed(&body, &[]), too_large),
        ("unsigned", unsigned, unauthorised),
        ("signed, in chunks", chunked(&body, 64 << 10, true), too_large),
        ("unsigned, in chunks", chunked(&body, 64 << 10, false), unauthorised),
    ];
    for (what, bytes, allowed) in cases {
        let mut sending = JoinSet::new();
        let bytes = std::sync::Arc::new(bytes);
        for _ in 0..target.scale(8, 3) {
            let (target, bytes) = (target.clone(), bytes.clone());
            sending.spawn(async move { target.ask(&[&bytes]).await });
        }
        let answers = sending.join_all().await;
        answers.iter().for_each(|answer| tally.judge(what, answer, allowed));
        tally.holds(answers.iter().any(|answer| answer.outcome != Closed), || format!("{what}: never answered"));
    }
    let exact = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    tally.judge("the limit", &target.ask(&[&signed(exact(LIMIT), &[])]).await, &[Status(200)]);
    tally.judge("a byte more", &target.ask(&[&signed(exact(LIMIT + 1), &[])]).await, too_large);
    tally.judge(
        "the limit in chunks",
        &target.ask(&[&chunked(exact(LIMIT).as_bytes(), 999, true)]).await,
        &[Status(200)],
    );
    let more = chunked(exact(LIMIT + 1).as_bytes(), 999, true);
    tally.judge("a byte more in chunks", &target.ask(&[&more]).await, too_large);
    tally
}

fn connections(target: &Target) -> usize {
    target.scale(400, 150)
}

/// Sends all but the last byte of a body on each connection.
async fn at_once(target: Target, length: usize) -> Tally {
    let count = if length < LIMIT { connections(&target) * 4 } else { connections(&target) };
    let body = std::sync::Arc::new(vec![b' '; length]);
    let head = signed_head(body.as_slice(), &[]);
    let mut sending = JoinSet::new();
    for _ in 0..count {
        let (server, head, body) = (target.address, head.clone(), body.clone());
        sending.spawn(async move {
            let Ok(stream) = connect(server).await else { return None };
            let (mut reader, mut writer) = stream.into_split();
            let writing = async {
                writer.write_all(&head).await.ok();
                writer.write_all(&body[1..]).await.ok();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                answer = timeout(X_WAITS, only_answer(&mut reader)) => answer.ok(),
                () = writing => None,
            }
        });
    }
    let mut tally = Tally::default();
    for answer in sending.join_all().await {
        match answer {
            Some(answer) => tally.judge("a body at once with others", &answer, &[Status(408), Status(503), Closed]),
            None => tally.count("a body at once with others", Outcome::Open, &[]),
        }
    }
    // The bodies exceed the memory budget, if all of them were in progress at once.
    let refused = tally.outcomes.get(&Status(503)).copied().unwrap_or_default();
    let sent = (count * length) >> 20;
    tally.note = format!("{sent} MiB sent");
    tally.holds(refused > 0 || length < LIMIT, || format!("none of {sent} MiB was 503"));
    tally
}

/// Announces 1 MiB on each connection and sends one byte: answered 408.
async fn promised(target: Target) -> Tally {
    let mut sending = JoinSet::new();
    let head = signed_head(vec![b' '; LIMIT], &[]);
    for _ in 0..connections(&target) * 4 {
        let (target, head) = (target.clone(), head.clone());
        sending.spawn(async move { target.ask(&[&head, b" "]).await });
    }
    let mut tally = Tally::default();
    sending.join_all().await.iter().for_each(|answer| tally.judge("a promise", answer, &[Status(408)]));
    tally
}

async fn cut_off(target: Target) -> Tally {
    let mut tally = Tally::default();
    let whole = signed(vec![b' '; 100_000], &[]);
    let chunks = chunked(&[b' '; 100_000], 5000, true);
    for round in 0..target.scale(2000, 200) {
        let bytes = if round % 2 == 0 { &whole } else { &chunks };
        let Ok(mut stream) = connect(target.address).await else { continue };
        stream.write_all(&bytes[..bytes.len() * (round % 7 + 1) / 8]).await.ok();
        // Half of the clients send nothing more, but still read.
        if round % 4 < 2 {
            stream.shutdown().await.ok();
            let answered = timeout(X_WAITS, only_answer(&mut stream)).await;
            let outcome = answered.map_or(Outcome::Open, |answer| answer.outcome);
            tally.count("a body cut off", outcome, &[Status(400), Status(408), Status(401), Closed]);
        }
    }
    tally
}
