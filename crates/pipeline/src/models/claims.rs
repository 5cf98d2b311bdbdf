//! Model tests of claims: absent, in flight, done. Small enough to run under every schedule.

use std::sync::Arc;
use std::time::Duration;

use birdhook_core::Delivery;
use shuttle::future::{block_on, spawn, yield_now};
use tokio::time::Instant;

use super::posts::delivery;
use super::run;
use super::thinking::Book;
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
async fn hand_over(dedupe: &Arc<Dedupe>, mut delivery: Delivery, end: End, book: &Book) -> bool {
    loop {
        match dedupe.claim(&mut delivery, Instant::now(), |_| false) {
            Claimed::InFlight(landed) => landed.await,
            Claimed::AllDone => return false,
            Claimed::Ours(claim) => {
                yield_now().await;
                if end == End::Commits {
                    book.enter(&delivery);
                    claim.commit(Instant::now());
                }
                return true;
            }
        }
    }
}

fn two(first: &'static [&str], its_end: End, second: &'static [&str]) -> (Book, [bool; 2], Arc<Dedupe>) {
    block_on(async {
        let (dedupe, book) = (dedupe(), Book::default());
        let other = {
            let (dedupe, book) = (Arc::clone(&dedupe), book.clone());
            spawn(async move { hand_over(&dedupe, delivery(first), its_end, &book).await })
        };
        let ours = hand_over(&dedupe, delivery(second), End::Commits, &book).await;
        let theirs = other.await.unwrap();
        (book, [theirs, ours], dedupe)
    })
}

/// Of two copies, one is delivered; the other waits for it and ends as a duplicate.
#[test]
fn copies_are_handed_over_once() {
    run::under_all(|| {
        let (book, handed_over, dedupe) = two(&["1"], End::Commits, &["1"]);
        book.holds_once(&["1"]);
        assert!(handed_over[0] != handed_over[1]);
        assert_eq!(dedupe.remembered(), 1);
    });
}

/// A waiting request is woken when the claim is dropped, and delivers.
#[test]
fn a_dropped_claim_wakes_who_waits() {
    run::under_all(|| {
        let (book, handed_over, dedupe) = two(&["1"], End::Drops, &["1"]);
        book.holds_once(&["1"]);
        assert!(handed_over[1]);
        assert_eq!(dedupe.remembered(), 1);
    });
}

/// Deliveries that overlap in opposite orders never deadlock, and no event is delivered twice.
#[test]
fn all_of_a_delivery_is_claimed_or_nothing() {
    run::under_all(|| {
        let (book, _, dedupe) = two(&["1", "2"], End::Commits, &["2", "1", "3"]);
        book.holds_once(&["1", "2", "3"]);
        assert_eq!(dedupe.remembered(), 3);
    });
}

/// Events that one delivery gives up are delivered by the other one.
#[test]
fn a_dropped_claim_takes_no_event_with_it() {
    run::under_all(|| {
        let (book, ..) = two(&["1", "2"], End::Drops, &["3", "2"]);
        book.holds_once(&["2", "3"]);
    });
}

/// Four copies, one of which is given up: all waiting requests are woken, not only one.
#[test]
fn everybody_who_waits_is_woken() {
    run::at_random(|| {
        block_on(async {
            let (dedupe, book) = (dedupe(), Book::default());
            let tasks: Vec<_> = [End::Drops, End::Commits, End::Commits, End::Commits]
                .into_iter()
                .map(|end| {
                    let (dedupe, book) = (Arc::clone(&dedupe), book.clone());
                    spawn(async move { hand_over(&dedupe, delivery(&["1"]), end, &book).await })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            book.holds_once(&["1"]);
        });
    });
}
