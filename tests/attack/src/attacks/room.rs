//! Uploads that fill the memory budget, while good deliveries arrive at 1 Mbit/s.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::book::body;
use crate::row::{BODIES, CONNECTION, Row, SLACK, row};
use crate::target::{Tally, Target, X_WAITS, signed, signed_head};
use crate::wire::Outcome::{self, Closed, Open, Status};
use crate::wire::{connect, only_answer};

pub const ROWS: &[Row] = &[
    row("bodies", "slow_uploads", "1,100 endless uploads, 250 Mbit/s", |t| Box::pin(slow_uploads(t)))
        .memory(|t| SLACK + BODIES + 1_100 * (CONNECTION + t.kind.head_buffer() as u64)),
    row("bodies", "fast_newcomers", "2,000 endless uploads per second", |t| Box::pin(fast_newcomers(t)))
        .memory(|t| SLACK + BODIES + 5_000 * (CONNECTION + t.kind.head_buffer() as u64)),
];

const UPLOAD: usize = 63 << 10;

/// Duration of the attack.
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

/// The uploads with the least progress are answered 503, and no delivery of 6 KB at 1 Mbit/s is
/// refused.
async fn slow_uploads(target: Target) -> Tally {
    // One every 2 ms makes 250 Mbit/s.
    attack(target, Duration::from_millis(2), 1_100).await
}

async fn fast_newcomers(target: Target) -> Tally {
    attack(target.clone(), Duration::from_micros(target.scale(500, 1_250)), 6_000).await
}

/// Begins uploads at an interval, with a maximum in progress, while good deliveries are sent.
async fn attack(target: Target, every: Duration, most: usize) -> Tally {
    let payload: Arc<Vec<u8>> = Arc::new(vec![b' '; UPLOAD]);
    let (begun, mut clock) = (Instant::now(), interval(every));
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let good = tokio::spawn(good_deliveries(target.clone()));
    let (mut uploads, mut tally, mut count) = (JoinSet::new(), Tally::default(), 0);
    while begun.elapsed() < LASTS {
        clock.tick().await;
        while let Some(ended) = uploads.try_join_next() {
            match ended {
                Ok(Some((answer, is_closed))) => {
                    tally.judge("an upload", &answer, ENDED);
                    tally.holds(is_closed, || {
                        format!("an upload: {}, and its connection is still open", answer.outcome)
                    });
                }
                _ => tally.count("an upload", Closed, ENDED),
            }
        }
        if uploads.len() < most {
            let (target, payload) = (target.clone(), Arc::clone(&payload));
            count += 1;
            uploads.spawn(async move {
                let mut stream = upload(&target, &payload).await?;
                let answer = timeout(X_WAITS, only_answer(&mut stream)).await.ok()?;
                let behind = timeout(X_WAITS, only_answer(&mut stream)).await;
                Some((answer, behind.is_ok_and(|behind| behind.outcome == Closed)))
            });
        }
    }
    uploads.abort_all();
    while uploads.join_next().await.is_some() {}
    let ended = tally.outcomes.get(&Status(503)).copied().unwrap_or_default();
    tally.note = format!("{count} uploads");
    tally.holds(ended > 0, || "no upload was ended: the room was never full".to_owned());
    if let Ok(good) = good.await {
        tally.add(good);
    }
    tally
}

/// Sends a delivery of 6 KB every 50 ms, each at 1 Mbit/s.
async fn good_deliveries(target: Target) -> Tally {
    let (begun, mut clock, mut sending) = (Instant::now(), interval(Duration::from_millis(50)), JoinSet::new());
    while begun.elapsed() < LASTS {
        clock.tick().await;
        let target = target.clone();
        sending.spawn(async move {
            let ids = target.book.ids(1);
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
                answer = timeout(X_WAITS, only_answer(&mut reader)) => answer.map_or(Open, |answer| answer.outcome),
                () = writing => Open,
            };
            if outcome == Status(200) {
                target.book.accepted(ids);
            }
            outcome
        });
    }
    let mut tally = Tally::default();
    for outcome in sending.join_all().await {
        tally.count("a good delivery of 6 KB at 1 Mbit/s", outcome, &[Status(200)]);
    }
    tally
}
