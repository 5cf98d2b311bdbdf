//! Copies of one delivery, and overlapping deliveries, at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Context;
use std::time::Duration;

use crate::support::{
    Alarm, Asked, Asking, Verdict, asking, assert_took, count, deleted, deliver, halting, ids, incoming, pending, race,
    read_to_end, webhook, whole,
};
use birdhook_pipeline::{Outcome, Pipeline, SinkError};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::time::Instant;

const COPIES: usize = 64;
const ACCEPTED: Outcome = Outcome::Accepted;
const DUPLICATE: Outcome = Outcome::Duplicate;

type Answers = Vec<BoxFuture<'static, Outcome>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_channel_receives_one_of_64_concurrent_copies() {
    for round in 0..20 {
        let (pipeline, mut deliveries) = webhook().deadline(Duration::from_secs(60)).channel(COPIES);
        let answers = race(&pipeline, &vec![deleted(&[&round.to_string(), "x"]); COPIES]).await;
        assert_eq!(count(&answers, [ACCEPTED, DUPLICATE]), [1, COPIES - 1]);
        assert_eq!(deliveries.recv().await.unwrap().events().len(), 2);
        let health = pipeline.health();
        assert_eq!((health.events, health.duplicates, health.in_flight), (2, 126, 0));
        drop(pipeline);
        assert!(deliveries.recv().await.is_none(), "only one delivery");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slow_handler_receives_one_of_64_concurrent_copies() {
    for _ in 0..20 {
        let (pipeline, mut asked) = asking(webhook().deadline(Duration::from_secs(60)));
        let bodies = vec![deleted(&["1"]); COPIES];
        let (answers, ()) = tokio::join!(race(&pipeline, &bodies), async {
            let (_, verdict) = asked.next().await;
            // Waits until every copy has begun.
            while pipeline.health().in_flight < COPIES {
                tokio::task::yield_now().await;
            }
            verdict.say(Ok(()));
        });
        assert_eq!(count(&answers, [ACCEPTED, DUPLICATE]), [1, COPIES - 1]);
        assert!(asked.now().is_none(), "delivered once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn copies_are_delivered_until_the_handler_succeeds() {
    let (calls, within) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (calls_in, within_in) = (Arc::clone(&calls), Arc::clone(&within));
    let pipeline = webhook().deadline(Duration::from_secs(60)).delivery_handler(move |_| {
        let (calls, within) = (Arc::clone(&calls_in), Arc::clone(&within_in));
        async move {
            assert_eq!(within.fetch_add(1, SeqCst), 0, "two copies are delivered at once");
            tokio::task::yield_now().await;
            within.fetch_sub(1, SeqCst);
            if calls.fetch_add(1, SeqCst) < 9 { Err("not yet") } else { Ok(()) }
        }
    });
    let answers = race(&pipeline, &vec![deleted(&["1"]); COPIES]).await;
    assert_eq!(count(&answers, [Outcome::SinkFailed, ACCEPTED, DUPLICATE]), [9, 1, COPIES - 10]);
    assert_eq!((calls.load(SeqCst), pipeline.health().events), (10, 1));
}

/// Polls all pending copies once. Returns their answers.
fn poll_all(copies: &mut Answers) -> Vec<Outcome> {
    let mut answers = Vec::new();
    copies.retain_mut(|copy| copy.now_or_never().map(|answer| answers.push(answer)).is_none());
    answers
}

/// Returns 64 copies in progress: the first is being delivered, all others wait for it.
fn sixty_four() -> (Pipeline<Asking>, Asked, Answers, Verdict) {
    let (pipeline, mut asked) = asking(webhook());
    let mut copies: Answers = (0..COPIES).map(|_| deliver(&pipeline, &deleted(&["1"])).boxed()).collect();
    assert!(poll_all(&mut copies).is_empty());
    let (_, verdict) = asked.now().unwrap();
    assert!(asked.now().is_none(), "the others wait");
    (pipeline, asked, copies, verdict)
}

#[tokio::test(start_paused = true)]
async fn exactly_one_waiting_request_takes_over_from_one_that_fails() {
    let (pipeline, mut asked, mut copies, mut holder) = sixty_four();
    for left in (1..COPIES).rev() {
        holder.say(Err(SinkError::failed("no")));
        // The first poll of the holder frees the claim; the second round gives it to a waiter.
        let mut answers = poll_all(&mut copies);
        answers.extend(poll_all(&mut copies));
        assert_eq!(answers, [Outcome::SinkFailed]);
        assert_eq!(copies.len(), left, "the others go on waiting");
        holder = asked.now().unwrap().1;
        assert!(asked.now().is_none(), "exactly one takes over");
        if left == 40 {
            break;
        }
    }
    holder.say(Ok(()));
    let answers = join_all(copies).await;
    assert_eq!(count(&answers, [ACCEPTED, DUPLICATE]), [1, 39]);
    assert!(asked.now().is_none());
    assert_eq!((pipeline.health().events, pipeline.health().duplicates), (1, 39));
}

#[tokio::test(start_paused = true)]
async fn exactly_one_waiting_request_takes_over_from_one_that_is_dropped() {
    let (pipeline, mut asked, mut copies, verdict) = sixty_four();
    drop(copies.remove(0));
    assert!(verdict.is_moot());
    assert!(poll_all(&mut copies).is_empty());
    let (_, verdict) = asked.now().unwrap();
    assert!(asked.now().is_none(), "exactly one takes over");
    verdict.say(Ok(()));
    let answers = join_all(copies).await;
    assert_eq!(count(&answers, [ACCEPTED, DUPLICATE]), [1, 62]);
    assert_eq!((pipeline.health().events, pipeline.health().unanswered), (1, 1));
}

/// A waiter that is dropped after it was woken does not keep another one from its claim.
#[tokio::test(start_paused = true)]
async fn a_waiting_request_that_is_woken_and_dropped_does_not_block_the_others() {
    let ((pipeline, mut asked), body) = (asking(webhook()), deleted(&["1"]));
    let holder = pending(deliver(&pipeline, &body));
    let (alarm, waker) = Alarm::new();
    let mut waiters: Answers = (0..3).map(|_| deliver(&pipeline, &body).boxed()).collect();
    let mut cx = Context::from_waker(&waker);
    assert!(waiters.iter_mut().all(|waiter| waiter.as_mut().poll(&mut cx).is_pending()));
    drop(holder);
    assert_eq!(alarm.rung(), 3, "all waiting requests are woken");
    waiters.truncate(1);
    assert!(poll_all(&mut waiters).is_empty());
    let _first = asked.now().unwrap();
    asked.now().unwrap().1.say(Ok(()));
    assert_eq!(waiters.remove(0).await, ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_request_takes_over_at_the_deadline_of_the_first() {
    let ((pipeline, mut asked), body) = (asking(webhook()), deleted(&["1"]));
    let started = Instant::now();
    let holder = pending(deliver(&pipeline, &body));
    tokio::time::advance(Duration::from_millis(1000)).await;
    let (_, late) = asked.now().unwrap();
    let mut waiter = pending(deliver(&pipeline, &body));
    assert_eq!(holder.await, Outcome::SinkTooSlow);
    assert_took(started, Duration::from_millis(2500));
    assert!(late.is_moot());
    // The waiter has one second left.
    assert!((&mut waiter).now_or_never().is_none());
    asked.now().unwrap().1.say(Ok(()));
    assert_eq!(waiter.await, ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_still_being_read_claims_nothing() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let body = deleted(&["1"]);
    let reading = pending(pipeline.receive(incoming(&pipeline, &body), halting(&body, 5)));
    assert_eq!(deliver(&pipeline, &body).await, ACCEPTED);
    assert_eq!(reading.await.outcome(), DUPLICATE);
}

/// The holder began later, so its deadline is after the waiter's.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_until_its_deadline_is_answered_503_in_flight() {
    let ((pipeline, mut asked), body) = (asking(webhook()), deleted(&["1"]));
    let early = incoming(&pipeline, &body);
    let started = Instant::now();
    tokio::time::advance(Duration::from_millis(1500)).await;
    let holder = pending(deliver(&pipeline, &body));
    let reply = pipeline.receive(early, whole(&body)).await;
    assert_took(started, Duration::from_millis(2500));
    assert_eq!((reply.outcome(), reply.status()), (Outcome::InFlight, 503));
    assert!(reply.headers().any(|(name, _)| name == "retry-after"));
    asked.now().unwrap().1.say(Ok(()));
    assert_eq!(holder.await, ACCEPTED, "the one who gave up took nothing away from the holder");
    assert_eq!(deliver(&pipeline, &body).await, DUPLICATE);
}

/// Each delivery claims all its events at once, or none.
#[tokio::test(start_paused = true)]
async fn overlapping_deliveries_never_deadlock() {
    let (pipeline, mut asked) = asking(webhook());
    let bodies = [deleted(&["a", "b"]), deleted(&["b", "a"]), deleted(&["b", "c"]), deleted(&["c", "a"])];
    let mut all: Answers = bodies.iter().map(|body| deliver(&pipeline, body).boxed()).collect();
    assert!(poll_all(&mut all).is_empty());
    let (mut handed, mut answers) = (Vec::new(), Vec::new());
    while let Some((delivery, verdict)) = asked.now() {
        assert!(asked.now().is_none(), "they overlap, so one at a time");
        handed.push(ids(&delivery));
        verdict.say(Ok(()));
        answers.extend(poll_all(&mut all));
        answers.extend(poll_all(&mut all));
    }
    assert!(all.is_empty(), "{} hang", all.len());
    assert_eq!(handed, [vec!["a", "b"], vec!["c"]]);
    assert_eq!(count(&answers, [ACCEPTED, DUPLICATE]), [2, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_overlapping_deliveries_deliver_each_event_once() {
    for _ in 0..30 {
        let (pipeline, mut deliveries) = webhook().deadline(Duration::from_secs(60)).channel(64);
        let bodies = [["a", "b"], ["b", "a"], ["b", "c"], ["c", "a"]].map(|ids| deleted(&ids));
        for answer in race(&pipeline, &vec![bodies; 8].concat()).await {
            assert_eq!(answer.status(), 200);
        }
        drop(pipeline);
        let mut seen = read_to_end(&mut deliveries).await;
        seen.sort();
        assert_eq!(seen, ["a", "b", "c"]);
    }
}

/// A delivery with one event in flight elsewhere claims its other events only together with it.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_one_event_claims_no_other() {
    let (pipeline, mut asked) = asking(webhook());
    let first = pending(deliver(&pipeline, &deleted(&["a"])));
    let (_, hold_a) = asked.now().unwrap();
    let both = pending(deliver(&pipeline, &deleted(&["a", "b"])));
    assert_eq!(asked.answer(Ok(()), deliver(&pipeline, &deleted(&["b"]))).await, ACCEPTED, "b was free");
    hold_a.say(Err(SinkError::failed("no")));
    assert_eq!(first.await, Outcome::SinkFailed);
    let (answer, ()) = tokio::join!(both, async {
        let (delivery, verdict) = asked.next().await;
        assert_eq!(ids(&delivery), ["a"]);
        verdict.say(Ok(()));
    });
    assert_eq!(answer, ACCEPTED);
}
