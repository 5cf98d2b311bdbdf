//! A disk that fails, briefly or for longer.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use birdhook_inbox::{EventQuery, EventStatus};
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{sleep, timeout};

use crate::support::backend::{Backend, Fate, Switch};
use crate::support::{PATIENCE, Receiver, consumers, deletions, inbox_settings, post, send, wait_until};

const HOUR: Duration = Duration::from_secs(3600);

async fn recovers_after(fate: Fate) {
    let switch = Arc::<Switch>::default();
    let receiver = Receiver::failing(&switch, inbox_settings()).await;
    assert_eq!(receiver.send(&deletions("7", [1, 2, 3])).await, 200);
    let (first, second, third) = (receiver.next().await, receiver.next().await, receiver.next().await);
    let taker = receiver.inbox.clone();
    let taker = tokio::spawn(async move { taker.recv().await });
    receiver.read_the_clock().await;

    switch.set(fate);
    switch.cannot_open.store(true, SeqCst);
    assert_eq!(receiver.send(&deletions("7", [4])).await, 503);
    wait_until(|| !receiver.inbox.stats().is_sound).await;
    assert!(!receiver.pipeline.health().ready);
    assert_eq!(receiver.inbox.stats().failures, 1);
    let failure = receiver.inbox.failure().unwrap();
    assert!(["the disk failed", "the disk is away"].contains(&failure.as_str()), "{failure}");
    let settling = tokio::spawn(async move { (first.ack_durable().await, second.nack(HOUR).await) });
    assert_eq!(receiver.send(&deletions("7", [5])).await, 503);
    let opened = switch.opened.load(SeqCst);
    wait_until(|| switch.opened.load(SeqCst) >= opened + 2).await;
    assert!(!settling.is_finished() && !taker.is_finished());
    assert!(!receiver.pipeline.health().ready, "while it cannot be opened");

    switch.set(Fate::Done);
    switch.cannot_open.store(false, SeqCst);
    wait_until(|| receiver.pipeline.health().ready).await;
    assert_eq!(receiver.inbox.failure(), None);
    assert_eq!(timeout(PATIENCE, settling).await.unwrap().unwrap(), (Ok(()), Ok(())));
    assert_eq!(receiver.send(&deletions("7", [4])).await, 200);
    let lease = timeout(PATIENCE, taker).await.unwrap().unwrap().unwrap();
    assert_eq!(post(&lease), 4, "the consumer still waits");
    // The failed commit also held the lease, unless the machine was slow. If that commit was
    // written, the attempt counts.
    let most = if fate == Fate::Lost { 1 } else { 2 };
    assert!((1..=most).contains(&lease.attempts()), "{} attempts", lease.attempts());
    assert!(receiver.is_quiet().await, "the third is still leased");
    third.ack().await.unwrap();
    lease.ack().await.unwrap();
    assert!(!switch.used_after_failure.load(SeqCst), "a failed store is not used again");
    assert_eq!((switch.failed.load(SeqCst), receiver.inbox.stats().failures), (1, 1));
    let receiver = receiver.reopen(inbox_settings()).await;
    let left = receiver.list(EventQuery::all()).await;
    let left = left.iter().filter(|left| left.status != EventStatus::Acknowledged);
    let left: Vec<_> = left.map(|left| (post(left.event.as_ref().unwrap()), left.status, left.attempts)).collect();
    assert_eq!(left, [(2, EventStatus::Waiting, 1)]);
}

#[tokio::test]
async fn answers_503_while_the_store_is_closed_and_continues_with_the_same_leases() {
    recovers_after(Fate::Lost).await;
}

#[tokio::test]
async fn continues_with_the_same_leases_if_the_failed_commit_was_written() {
    recovers_after(Fate::Unheard).await;
}

#[tokio::test]
async fn an_event_settled_in_a_failed_commit_is_settled() {
    for fate in [Fate::Lost, Fate::Unheard] {
        let switch = Arc::<Switch>::default();
        let receiver = Receiver::failing(&switch, inbox_settings().max_attempts(2)).await;
        receiver.send(&deletions("7", [1, 2])).await;
        let (first, second) = (receiver.next().await, receiver.next().await);
        for (lease, is_acknowledged) in [(first, true), (second, false)] {
            switch.set(fate);
            let healed = async {
                let failed = switch.failed.load(SeqCst);
                wait_until(|| switch.failed.load(SeqCst) > failed).await;
                switch.set(Fate::Done);
            };
            let settle = async { if is_acknowledged { lease.ack().await } else { lease.nack(HOUR).await } };
            let (settled, ()) = timeout(PATIENCE, async { tokio::join!(settle, healed) }).await.unwrap();
            settled.unwrap();
        }
        assert!(receiver.is_quiet().await, "{fate:?}");
        let listed = receiver.list(EventQuery::all()).await;
        let listed: Vec<_> = listed.iter().map(|left| (post(left.event.as_ref().unwrap()), left.status)).collect();
        assert_eq!(listed, [(1, EventStatus::Acknowledged), (2, EventStatus::Waiting)], "{fate:?}");
        assert!(!switch.used_after_failure.load(SeqCst));
    }
}

#[tokio::test]
async fn closing_does_not_wait_for_a_store_that_cannot_be_opened() {
    let switch = Arc::<Switch>::default();
    let receiver = Receiver::failing(&switch, inbox_settings()).await;
    receiver.send(&deletions("7", [1])).await;
    let lease = receiver.next().await;
    switch.set(Fate::Lost);
    switch.cannot_open.store(true, SeqCst);
    assert_eq!(receiver.send(&deletions("7", [2])).await, 503);
    let mut acknowledging = lease.ack_durable().boxed();
    assert!((&mut acknowledging).now_or_never().is_none());
    timeout(PATIENCE, receiver.inbox.close(HOUR)).await.unwrap();
    assert!(acknowledging.await.is_err(), "the event is leased again");
    let receiver = Receiver::open(&receiver.place, inbox_settings()).await;
    assert_eq!(post(&*receiver.next().await), 1);
}

#[tokio::test]
async fn a_consumer_that_gives_up_before_the_grant_arrives_costs_no_attempt() {
    let switch = Arc::<Switch>::default();
    let receiver = Receiver::failing(&switch, inbox_settings()).await;
    let mut leases = receiver.inbox.leases();
    assert!(leases.next().now_or_never().is_none());
    receiver.read_the_clock().await;
    switch.set(Fate::Stuck);
    let pipeline = receiver.pipeline.clone();
    let sending = tokio::spawn(async move { send(&pipeline, &deletions("7", [1])).await });
    wait_until(|| switch.is_stuck.load(SeqCst)).await;
    drop(leases);
    switch.set(Fate::Done);
    assert_eq!(sending.await.unwrap(), 200);
    let lease = receiver.next().await;
    assert_eq!((post(&lease), lease.attempts()), (1, 1));
}

/// Despite random failures, each event is stored once. Because every consumer acknowledges its
/// events, each is also leased once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_fail_at_random_lose_and_repeat_nothing() {
    const SENDERS: u64 = 8;
    const EACH: u64 = 40;
    let seed = birdhook_test_harness::seed::seed();
    let switch = Arc::<Switch>::default();
    let receiver = Receiver::failing(&switch, inbox_settings()).await;
    *switch.random.lock().unwrap() = Some((fastrand::Rng::with_seed(seed), 12));
    let (seen, _consumers) = consumers(&receiver.inbox, 6);
    let senders = (0..SENDERS).map(|sender| {
        let pipeline = receiver.pipeline.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                while send(&pipeline, &deletions("7", [sender * EACH + number])).await != 200 {
                    sleep(Duration::from_millis(20)).await;
                }
            }
        })
    });
    timeout(3 * PATIENCE, join_all(senders)).await.unwrap().into_iter().for_each(|sent| sent.unwrap());
    wait_until(|| receiver.inbox.stats().is_sound && receiver.inbox.stats().depth == 0).await;
    assert!(switch.failed.load(SeqCst) > 0 && !switch.used_after_failure.load(SeqCst), "seed {seed}");
    {
        let seen = seen.lock().unwrap();
        let again: Vec<_> = seen.iter().filter(|(_, times)| **times != 1).collect();
        assert_eq!(
            (seen.len() as u64, again),
            (SENDERS * EACH, vec![]),
            "seed {seed}, {} failures",
            switch.failed.load(SeqCst)
        );
    }
    receiver.inbox.close(PATIENCE).await;
}

#[test]
fn a_runtime_that_shuts_down_during_a_delivery_loses_nothing() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let switch = Arc::<Switch>::default();
    let receiver = first.block_on(Receiver::failing(&switch, inbox_settings()));
    let place = receiver.place.clone();
    assert_eq!(first.block_on(receiver.send(&deletions("7", [1]))), 200);

    // When the runtime ends, one event is being handled and another is being stored.
    let (handled, handling) = std::sync::mpsc::channel();
    let handle = move |event: birdhook_inbox::Event| {
        handled.send(post(&event)).unwrap();
        std::future::pending::<Result<(), std::io::Error>>()
    };
    let consumer = receiver.inbox.clone();
    first.spawn(async move { consumer.run(handle, 1).await });
    assert_eq!(handling.recv_timeout(PATIENCE).unwrap(), 1);
    switch.set(Fate::Stuck);
    let pipeline = receiver.pipeline.clone();
    first.spawn(async move { send(&pipeline, &deletions("7", [2])).await });
    second.block_on(wait_until(|| switch.is_stuck.load(SeqCst)));
    first.shutdown_timeout(PATIENCE);
    switch.set(Fate::Done);

    second.block_on(async {
        assert_eq!(receiver.send(&deletions("7", [1, 2])).await, 200, "X repeats what was not answered");
        let (one, other) = (receiver.next().await, receiver.next().await);
        let mut posts = [post(&one), post(&other)];
        posts.sort_unstable();
        assert_eq!((posts, receiver.inbox.stats().depth), ([1, 2], 2));
        one.ack().await.unwrap();
    });
    second.shutdown_timeout(PATIENCE);
    drop(receiver);
    let inbox = runtime().block_on(place.open(inbox_settings())).unwrap();
    assert_eq!(inbox.stats().depth, 1, "the place is free and the unacknowledged event is there");
}
