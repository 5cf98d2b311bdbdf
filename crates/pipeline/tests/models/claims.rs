//! Model tests of claims: absent, in flight, done. Small enough to run under every schedule.

use std::sync::Arc;
use std::time::Duration;

use birdhook_core::Delivery;
use shuttle::future::{block_on, spawn, yield_now};
use tokio::time::Instant;

use super::deliveries::delivery;
use super::run;
use super::sink::Journal;
use crate::dedupe::{Claimed, Dedupe, DedupePolicy};

fn dedupe() -> Arc<Dedupe> {
    Arc::new(Dedupe::new(DedupePolicy::default(), Duration::from_secs(60), (8, Duration::from_secs(900))))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Commits,
    Drops,
}

/// Claims once none of the events is in flight. Returns `true` if it claimed any.
async fn deliver(dedupe: &Arc<Dedupe>, mut delivery: Delivery, end: End, journal: &Journal) -> bool {
    dedupe.set_keys(&mut delivery);
    loop {
        match dedupe.claim(&mut delivery, Instant::now(), |_| false) {
            Claimed::InFlight(ended) => ended.await,
            Claimed::AllDone => return false,
            Claimed::Ours(claim) => {
                yield_now().await;
                if end == End::Commits {
                    journal.enter(&delivery);
                    claim.commit(Instant::now());
                }
                return true;
            }
        }
    }
}

fn two(first: &'static [&str], its_end: End, second: &'static [&str]) -> (Journal, [bool; 2], Arc<Dedupe>) {
    block_on(async {
        let (dedupe, journal) = (dedupe(), Journal::default());
        let other = {
            let (dedupe, journal) = (Arc::clone(&dedupe), journal.clone());
            spawn(async move { deliver(&dedupe, delivery(first), its_end, &journal).await })
        };
        let ours = deliver(&dedupe, delivery(second), End::Commits, &journal).await;
        let theirs = other.await.unwrap();
        (journal, [theirs, ours], dedupe)
    })
}

/// Of two copies, one is delivered; the other waits for it and ends as a duplicate.
#[test]
fn copies_are_delivered_once() {
    run::under_all(|| {
        let (journal, delivered, dedupe) = two(&["1"], End::Commits, &["1"]);
        journal.holds_once(&["1"]);
        assert!(delivered[0] != delivered[1]);
        assert_eq!(dedupe.remembered(), 1);
    });
}

/// A waiting request is woken when the claim is dropped, and delivers.
#[test]
fn a_dropped_claim_wakes_the_waiting_request() {
    run::under_all(|| {
        let (journal, delivered, dedupe) = two(&["1"], End::Drops, &["1"]);
        journal.holds_once(&["1"]);
        assert!(delivered[1]);
        assert_eq!(dedupe.remembered(), 1);
    });
}

/// Deliveries that overlap in opposite orders never deadlock, and no event is delivered twice.
#[test]
fn all_events_of_a_delivery_are_claimed_or_none() {
    run::under_all(|| {
        let (journal, _, dedupe) = two(&["1", "2"], End::Commits, &["2", "1", "3"]);
        journal.holds_once(&["1", "2", "3"]);
        assert_eq!(dedupe.remembered(), 3);
    });
}

/// Events that one delivery gives up are delivered by the other one.
#[test]
fn events_of_a_dropped_claim_are_delivered_by_another_request() {
    run::under_all(|| {
        let (journal, ..) = two(&["1", "2"], End::Drops, &["3", "2"]);
        journal.holds_once(&["2", "3"]);
    });
}

/// Four copies, one of which is given up: all waiting requests are woken, not only one.
#[test]
fn every_waiting_request_is_woken() {
    run::at_random(|| {
        block_on(async {
            let (dedupe, journal) = (dedupe(), Journal::default());
            let tasks: Vec<_> = [End::Drops, End::Commits, End::Commits, End::Commits]
                .into_iter()
                .map(|end| {
                    let (dedupe, journal) = (Arc::clone(&dedupe), journal.clone());
                    spawn(async move { deliver(&dedupe, delivery(&["1"]), end, &journal).await })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            journal.holds_once(&["1"]);
        });
    });
}
