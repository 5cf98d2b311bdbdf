//! Bodies that are too long, too many bodies at once, and uploads that fill the memory budget while
//! good deliveries arrive at 1 Mbit/s.

use std::sync::Arc;
use std::time::Duration;

use birdhook_test_harness::http_client::connect;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::journal::body;
use crate::outcome::Outcome::{self, Closed, Open, Status};
use crate::outcome::{answer_within, only_answer};
use crate::row::{BODIES, CONNECTION, Row, SLACK, attack, row};
use crate::target::{Tally, Target, X_WAITS, chunked, signed, signed_head, unsigned};

pub const ROWS: &[Row] = &[
    attack!("bodies", too_long, "20 MB, signed and unsigned").memory(|_| SLACK + BODIES),
    row("bodies", "as_long_as_allowed", "400 unfinished bodies, 1 MiB", |t, tally| Box::pin(at_once(t, tally, LIMIT)))
        .memory(|t| SLACK + BODIES + connections(t) as u64 * (CONNECTION + t.kind.head_buffer() as u64))
        .waits(),
    row("bodies", "short_and_many", "1,600 unfinished bodies, 60 KB", |t, tally| Box::pin(at_once(t, tally, 60_000)))
        .memory(|t| SLACK + BODIES + connections(t) as u64 * (CONNECTION + t.kind.head_buffer() as u64))
        .waits(),
    attack!("bodies", promised, "1 MiB announced, one byte sent")
        .memory(|t| SLACK + connections(t) as u64 * 4 * CONNECTION)
        .waits(),
    attack!("bodies", cut_off, "connection ends within body").memory(|_| SLACK + BODIES),
    // One every 2 ms makes 250 Mbit/s.
    row("bodies", "slow_uploads", "1,100 endless uploads, 250 Mbit/s", |t, tally| {
        Box::pin(uploads(t, tally, (2_000, 2_000), 1_100))
    })
    .memory(|t| SLACK + BODIES + 1_100 * (CONNECTION + t.kind.head_buffer() as u64)),
    row("bodies", "fast_newcomers", "2,000 endless uploads per second", |t, tally| {
        Box::pin(uploads(t, tally, (500, 1_250), 6_000))
    })
    .memory(|t| SLACK + BODIES + 5_000 * (CONNECTION + t.kind.head_buffer() as u64)),
];

const LIMIT: usize = 1 << 20;
const TOO_LONG: usize = 20_000_000;

async fn too_long(target: Target, tally: &mut Tally) {
    let body = format!(r#"{{"for_user_id":"1","a":"{}"}}"#, "a".repeat(TOO_LONG)).into_bytes();
    // A server that answers and closes while the client still writes may reset the connection
    // before the client reads the answer.
    let too_large: &[Outcome] = &[Status(413), Closed];
    let unauthorised: &[Outcome] = &[Status(401), Closed];
    let cases: [(&str, Vec<u8>, &[Outcome]); 4] = [
        ("signed", signed(&body, &[]), too_large),
        ("unsigned", unsigned(&body), unauthorised),
        ("signed, in chunks", chunked(&body, 64 << 10, true), too_large),
        ("unsigned, in chunks", chunked(&body, 64 << 10, false), unauthorised),
    ];
    for (what, bytes, allowed) in cases {
        let answers = target.ask_many(target.scale(8, 3), 8, &[&bytes]).await;
        tally.judge_all(what, &answers, allowed);
        tally.holds(answers.iter().any(|answer| answer.outcome != Closed), || format!("{what}: never answered"));
    }
    let exact = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    tally.judge("the limit", &target.ask(&[&signed(exact(LIMIT), &[])]).await, &[Status(200)]);
    tally.judge("a byte more", &target.ask(&[&signed(exact(LIMIT + 1), &[])]).await, too_large);
    let in_chunks = |length| chunked(exact(length).as_bytes(), 999, true);
    tally.judge("the limit in chunks", &target.ask(&[&in_chunks(LIMIT)]).await, &[Status(200)]);
    tally.judge("a byte more in chunks", &target.ask(&[&in_chunks(LIMIT + 1)]).await, too_large);
}

fn connections(target: &Target) -> usize {
    target.scale(400, 150)
}

/// Sends all but the last byte of a body on each connection.
async fn at_once(target: Target, tally: &mut Tally, length: usize) {
    let count = if length < LIMIT { connections(&target) * 4 } else { connections(&target) };
    let body = Arc::new(vec![b' '; length]);
    let head = signed_head(body.as_slice(), &[]);
    let send = |target: Target, _| {
        let (head, body) = (head.clone(), body.clone());
        async move {
            let (mut reader, mut writer) = connect(target.address).await.ok()?.into_split();
            let writing = async {
                writer.write_all(&head).await.ok();
                writer.write_all(&body[1..]).await.ok();
                std::future::pending().await
            };
            tokio::select! {
                answer = timeout(X_WAITS, only_answer(&mut reader)) => answer.ok(),
                never = writing => never,
            }
        }
    };
    for answer in target.clients(count, usize::MAX, send).await {
        match answer {
            Some(answer) => tally.judge("a body at once with others", &answer, &[Status(408), Status(503), Closed]),
            None => tally.count("a body at once with others", Open, &[]),
        }
    }
    // The bodies exceed the memory budget, if all of them were in progress at once.
    let refused = tally.outcomes.get(&Status(503)).copied().unwrap_or_default();
    let sent = (count * length) >> 20;
    tally.note = format!("{sent} MiB sent");
    tally.holds(refused > 0 || length < LIMIT, || format!("none of {sent} MiB was 503"));
}

/// Announces 1 MiB on each connection and sends one byte: answered 408.
async fn promised(target: Target, tally: &mut Tally) {
    let head = signed_head(vec![b' '; LIMIT], &[]);
    let answers = target.ask_many(connections(&target) * 4, usize::MAX, &[&head, b" "]).await;
    tally.judge_all("a promise", &answers, &[Status(408)]);
}

async fn cut_off(target: Target, tally: &mut Tally) {
    let whole = signed(vec![b' '; 100_000], &[]);
    let chunks = chunked(&[b' '; 100_000], 5000, true);
    for round in 0..target.scale(2000, 200) {
        let bytes = if round % 2 == 0 { &whole } else { &chunks };
        let Ok(mut stream) = connect(target.address).await else { continue };
        stream.write_all(&bytes[..bytes.len() * (round % 7 + 1) / 8]).await.ok();
        // Half of the clients send nothing more, but still read.
        if round % 4 < 2 {
            stream.shutdown().await.ok();
            let outcome = answer_within(X_WAITS, &mut stream).await;
            tally.count("a body cut off", outcome, &[Status(400), Status(408), Status(401), Closed]);
        }
    }
}

const UPLOAD: usize = 63 << 10;

const LASTS: Duration = Duration::from_secs(6);

/// Sends all but the last byte of an upload that looks signed.
async fn upload(target: &Target, payload: &[u8]) -> Option<TcpStream> {
    let head = signed_head(payload, &[]);
    let mut stream = connect(target.address).await.ok()?;
    stream.write_all(&head).await.ok()?;
    stream.write_all(&payload[1..]).await.ok()?;
    Some(stream)
}

/// Outcomes of an upload: ended to make room, too slow, or refused for lack of room.
const ENDED: &[Outcome] = &[Status(503), Status(408), Closed];

/// Begins uploads at an interval, given in microseconds for the full and for the short form, with a
/// maximum in progress, while good deliveries are sent.
async fn uploads(target: Target, tally: &mut Tally, every: (u64, u64), most: usize) {
    let every = Duration::from_micros(target.scale(every.0, every.1));
    let payload: Arc<Vec<u8>> = Arc::new(vec![b' '; UPLOAD]);
    let (begun, mut clock) = (Instant::now(), interval(every));
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let good = tokio::spawn(good_deliveries(target.clone()));
    let (mut sending, mut count) = (JoinSet::new(), 0);
    while begun.elapsed() < LASTS {
        clock.tick().await;
        while let Some(ended) = sending.try_join_next() {
            match ended {
                Ok(Some((answer, is_closed))) => {
                    tally.judge("an upload", &answer, ENDED);
                    let open = || format!("an upload: {}, and its connection is still open", answer.outcome);
                    tally.holds(is_closed, open);
                }
                _ => tally.count("an upload", Closed, ENDED),
            }
        }
        if sending.len() < most {
            let (target, payload) = (target.clone(), Arc::clone(&payload));
            count += 1;
            sending.spawn(async move {
                let mut stream = upload(&target, &payload).await?;
                let answer = timeout(X_WAITS, only_answer(&mut stream)).await.ok()?;
                let behind = timeout(X_WAITS, only_answer(&mut stream)).await;
                Some((answer, behind.is_ok_and(|behind| behind.outcome == Closed)))
            });
        }
    }
    sending.abort_all();
    while sending.join_next().await.is_some() {}
    let ended = tally.outcomes.get(&Status(503)).copied().unwrap_or_default();
    tally.note = format!("{count} uploads");
    tally.holds(ended > 0, || "no upload was ended: the room was never full");
    if let Ok(good) = good.await {
        tally.add(good);
    }
}

/// Sends a delivery of 6 KB every 50 ms, each at 1 Mbit/s.
async fn good_deliveries(target: Target) -> Tally {
    let (begun, mut clock, mut sending) = (Instant::now(), interval(Duration::from_millis(50)), JoinSet::new());
    while begun.elapsed() < LASTS {
        clock.tick().await;
        let target = target.clone();
        sending.spawn(async move {
            let ids = target.journal.ids(1);
            let event = body(ids.clone());
            let padding = " ".repeat(6_000 - event.len());
            let request = signed(event + &padding, &[]);
            let Ok(stream) = connect(target.address).await else { return Closed };
            let (mut reader, mut writer) = stream.into_split();
            let writing = async {
                for piece in request.chunks(1_460) {
                    if writer.write_all(piece).await.is_err() {
                        break;
                    }
                    sleep(Duration::from_millis(12)).await;
                }
                std::future::pending::<()>().await;
            };
            let outcome = tokio::select! {
                outcome = answer_within(X_WAITS, &mut reader) => outcome,
                () = writing => Open,
            };
            if outcome == Status(200) {
                target.journal.events().answered(ids);
            }
            outcome
        });
    }
    let mut tally = Tally::default();
    tally.count_all("a good delivery of 6 KB at 1 Mbit/s", sending.join_all().await, &[Status(200)]);
    tally
}
