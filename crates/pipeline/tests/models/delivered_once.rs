//! Model tests of the whole pipeline: deliveries answered 200 reached the sink, and no event did
//! twice.

use shuttle::future::{JoinHandle, spawn};

use super::deliveries::{SignedPost, webhook};
use super::run;
use super::sink::{Journal, PausingSink};
use super::sync::may_fire;
use crate::Pipeline;

/// Sends these events until they are accepted, and checks that they were delivered.
fn sender(pipeline: &Pipeline<PausingSink>, journal: &Journal, ids: &'static [&'static str]) -> JoinHandle<()> {
    let (pipeline, journal, post) = (pipeline.clone(), journal.clone(), SignedPost::of(ids));
    spawn(async move {
        post.send_until_accepted(&pipeline).await;
        journal.holds(ids);
    })
}

async fn overlapping_deliveries(failures: usize) {
    const POSTS: [&[&str]; 3] = [&["1", "2"], &["2", "3"], &["3", "1"]];
    let journal = Journal::default();
    let pipeline = webhook().sink(PausingSink::new(&journal, failures));
    run::join(POSTS.map(|ids| sender(&pipeline, &journal, ids))).await;
    journal.holds_once(&["1", "2", "3"]);
    let health = pipeline.health();
    assert_eq!((health.in_flight, health.body_bytes, health.remembered, health.events), (0, 0, 3, 3));
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
    run::at_random(async || {
        may_fire(3);
        overlapping_deliveries(0).await;
    });
}

/// X hangs up at any moment, and sends the delivery again.
#[test]
fn a_request_dropped_at_any_moment_loses_and_repeats_no_event() {
    run::at_random(async || {
        let journal = Journal::default();
        let pipeline = webhook().sink(PausingSink::new(&journal, 0));
        let post = SignedPost::of(&["1", "2"]);
        let (of_dropped, dropped) = (pipeline.clone(), post.clone());
        let dropped = spawn(async move { dropped.send(&of_dropped).await });
        let other = sender(&pipeline, &journal, &["2", "3"]);
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
}
