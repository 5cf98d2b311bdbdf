//! Model tests of the whole pipeline: deliveries answered 200 reached the sink, and no event did
//! twice.

use shuttle::future::{block_on, spawn};

use super::deliveries::{SignedPost, webhook};
use super::run;
use super::sink::{Journal, PausingSink};
use super::sync::may_fire;

fn overlapping_deliveries(failures: usize) {
    const POSTS: [&[&str]; 3] = [&["1", "2"], &["2", "3"], &["3", "1"]];
    block_on(async {
        let journal = Journal::default();
        let pipeline = webhook().sink(PausingSink::new(&journal, failures));
        let senders: Vec<_> = POSTS
            .into_iter()
            .map(|ids| {
                let (pipeline, journal, post) = (pipeline.clone(), journal.clone(), SignedPost::of(ids));
                spawn(async move {
                    post.send_until_accepted(&pipeline).await;
                    journal.holds(ids);
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        journal.holds_once(&["1", "2", "3"]);
        let health = pipeline.health();
        assert_eq!((health.in_flight, health.body_bytes, health.remembered, health.events), (0, 0, 3, 3));
    });
}

#[test]
fn overlapping_deliveries_deliver_each_event_once() {
    run::at_random(|| overlapping_deliveries(0));
}

#[test]
fn waiting_requests_deliver_the_events_of_failed_ones() {
    run::at_random(|| overlapping_deliveries(2));
}

/// Also with deadlines that expire at any moment.
#[test]
fn waiting_requests_deliver_the_events_of_late_ones() {
    run::at_random(|| {
        may_fire(3);
        overlapping_deliveries(0);
    });
}

/// X hangs up at any moment, and sends the delivery again.
#[test]
fn a_request_dropped_at_any_moment_loses_and_repeats_no_event() {
    run::at_random(|| {
        block_on(async {
            let journal = Journal::default();
            let pipeline = webhook().sink(PausingSink::new(&journal, 0));
            let post = SignedPost::of(&["1", "2"]);
            let dropped = {
                let (pipeline, post) = (pipeline.clone(), post.clone());
                spawn(async move { post.send(&pipeline).await })
            };
            let other = {
                let (pipeline, journal, post) = (pipeline.clone(), journal.clone(), SignedPost::of(&["2", "3"]));
                spawn(async move {
                    post.send_until_accepted(&pipeline).await;
                    journal.holds(&["2", "3"]);
                })
            };
            dropped.abort();
            if let Ok(outcome) = dropped.await {
                assert_eq!(outcome.status(), 200);
                journal.holds(&["1", "2"]);
            }
            post.send_until_accepted(&pipeline).await;
            other.await.unwrap();
            journal.holds_once(&["1", "2", "3"]);
            let health = pipeline.health();
            assert_eq!((health.in_flight, health.body_bytes), (0, 0));
        });
    });
}
