//! As many requests as possible.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use birdhook_test_harness::http_client::Connection;
use birdhook_testkit::Challenge;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::journal::body;
use crate::outcome::Answer;
use crate::outcome::Outcome::{Closed, Status};
use crate::row::{BODIES, Row, SLACK, attack};
use crate::server::SECRET;
use crate::target::{Tally, Target, X_WAITS, get, signed};

pub const ROWS: &[Row] = &[
    attack!("floods", distinct_keys, "1,000,000 events")
        // Eight accepted bodies wait in the channel to be printed, each beside its parsed events.
        .memory(|_| SLACK + BODIES + 8 * (16 << 20)),
    attack!("floods", challenges, "challenges without pause"),
    attack!("floods", unsigned, "unsigned deliveries without pause"),
    attack!("floods", connections, "new connection per request"),
    attack!("floods", copies, "one delivery, 10,000 times"),
];

/// Delivers more events than the deduplication window holds, which is 100,000.
async fn distinct_keys(target: Target, tally: &mut Tally) {
    // As many events as 1 MiB holds, and fewer than the 10,000 beyond which a body is not split
    // into events. Printing this many at once blocks a thread of an unoptimised server for seconds,
    // during which it answers no other request.
    let events = target.scale(9_000, 2_000);
    const UNDER_WAY: usize = 4;
    let early = target.journal.ids(1);
    tally.judge("an event before the flood", &target.deliver(early.clone()).await, &[Status(200)]);
    let bodies = target.scale(1_000_000, 120_000_u64).div_ceil(events);
    let (mut sending, mut latest) = (JoinSet::new(), 0);
    for _ in 0..bodies {
        let ids = target.journal.ids(events);
        latest = ids.end - 1;
        let target = target.clone();
        sending.spawn(async move {
            let answer = target.deliver(ids.clone()).await;
            // The next body is sent once this one is printed, so that the queue is bounded, as for
            // an app that keeps up.
            let begun = Instant::now();
            while answer.outcome == Status(200)
                && target.journal.events().count_consumed(&(ids.end - 1)) == 0
                && begun.elapsed() < X_PRINTS
            {
                sleep(Duration::from_millis(2)).await;
            }
            answer
        });
        if sending.len() >= UNDER_WAY {
            let answer = sending.join_next().await.unwrap().unwrap();
            tally.judge("a body of events", &answer, &[Status(200)]);
        }
    }
    tally.judge_all("a body of events", &sending.join_all().await, &[Status(200)]);
    // The newest event is still remembered: the journal would report a second delivery. The one
    // from before the flood need not be.
    tally.judge("the newest again", &target.deliver([latest]).await, &[Status(200)]);
    target.journal.events().may_repeat(early.start);
    tally.judge("the oldest again", &target.deliver(early.clone()).await, &[Status(200)]);
    let begun = Instant::now();
    while target.journal.events().count_consumed(&early.start) < 2 && begun.elapsed() < Duration::from_secs(2) {
        sleep(Duration::from_millis(5)).await;
    }
    let is_not = if target.journal.events().count_consumed(&early.start) == 2 { "is" } else { "is not" };
    tally.note = format!("an event of before the flood {is_not} delivered again");
}

/// Time limit for an app to print the events delivered to it.
const X_PRINTS: Duration = Duration::from_secs(20);

/// Sends requests one after another on several connections for a while. `good` judges the answers.
async fn storm(
    target: &Target,
    tally: &mut Tally,
    request: impl Fn(usize) -> Vec<u8>,
    good: impl Fn(usize, &Answer) -> Option<String>,
) {
    let until = Instant::now() + target.scale(Duration::from_secs(10), Duration::from_millis(1500));
    let (number, shared) = (AtomicUsize::new(0), std::sync::Mutex::new(&mut *tally));
    let client = || async {
        // A server that answers before it reads the body may announce that it closes the
        // connection.
        let mut connection = Connection::new(target.address);
        while Instant::now() < until {
            let own = number.fetch_add(1, SeqCst);
            let answer = Answer::from(connection.ask(&request(own), X_WAITS).await);
            let mut tally = shared.lock().unwrap();
            *tally.outcomes.entry(answer.outcome).or_default() += 1;
            if answer.outcome != Closed
                && let Some(wrong) = good(own, &answer)
            {
                tally.add_wrong(wrong);
            }
        }
    };
    futures_util::future::join_all((0..32).map(|_| client())).await;
    tally.note = format!("{} a second", number.load(SeqCst) * 1000 / target.scale(10_000, 1500));
}

async fn challenges(target: Target, tally: &mut Tally) {
    let secret = birdhook::Secret::new(SECRET).unwrap();
    let challenge = |number: usize| Challenge::new(format!("token{number}"));
    let request = |number: usize| get(&challenge(number).query(), &[]);
    let is_wrong = |number, answer: &Answer| {
        let judged = challenge(number).verify(&secret, &answer.content.body);
        (answer.outcome != Status(200) || judged.is_err()).then(|| format!("{}: {judged:?}", answer.outcome))
    };
    storm(&target, tally, request, is_wrong).await;
}

async fn unsigned(target: Target, tally: &mut Tally) {
    let body = body(target.journal.ids(5));
    let request = crate::target::unsigned(body);
    let is_wrong =
        |_, answer: &Answer| (answer.outcome != Status(401)).then(|| format!("unsigned: {}", answer.outcome));
    storm(&target, tally, |_| request.clone(), is_wrong).await;
}

async fn connections(target: Target, tally: &mut Tally) {
    let request = get("crc_token=a", &["connection: close"]);
    let answers = target.ask_many(target.scale(50_000, 3000), 64, &[&request]).await;
    tally.judge_all("a challenge", &answers, &[Status(200)]);
}

/// Sends one delivery on many connections at once: it is printed once.
async fn copies(target: Target, tally: &mut Tally) {
    let ids = target.journal.ids(1);
    let answers = target.ask_many(target.scale(10_000, 1000), 256, &[&signed(body(ids.clone()), &[])]).await;
    tally.judge_all("a copy", &answers, &[Status(200)]);
    target.journal.events().answered(ids);
}
