//! Model tests of the whole pipeline: deliveries answered 200 reached the sink, and no event did
//! twice.

use shuttle::future::{block_on, spawn};

use super::posts::{Post, webhook};
use super::run;
use super::sync::may_fire;
use super::thinking::{Book, Thinking};

fn copies_and_parts_of_each_other(failures: usize) {
    const POSTS: [&[&str]; 3] = [&["1", "2"], &["2", "3"], &["3", "1"]];
    block_on(async {
        let book = Book::default();
        let pipeline = webhook().sink(Thinking::new(&book, failures));
        let senders: Vec<_> = POSTS
            .into_iter()
            .map(|ids| {
                let (pipeline, book, post) = (pipeline.clone(), book.clone(), Post::of(ids));
                spawn(async move {
                    post.send_until_accepted(&pipeline).await;
                    book.holds(ids);
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        book.holds_once(&["1", "2", "3"]);
        let health = pipeline.health();
        assert_eq!((health.in_flight, health.body_bytes, health.remembered, health.events), (0, 0, 3, 3));
    });
}

#[test]
fn overlapping_deliveries_hand_over_each_event_once() {
    run::at_random(|| copies_and_parts_of_each_other(0));
}

#[test]
fn failed_hand_overs_leave_their_events_to_who_waits() {
    run::at_random(|| copies_and_parts_of_each_other(2));
}

/// Also with deadlines that expire at any moment.
#[test]
fn late_hand_overs_leave_their_events_to_who_waits() {
    run::at_random(|| {
        may_fire(3);
        copies_and_parts_of_each_other(0);
    });
}

/// X hangs up at any moment, and sends the delivery again.
#[test]
fn a_request_dropped_at_any_moment_was_handed_over_or_was_not() {
    run::at_random(|| {
        block_on(async {
            let book = Book::default();
            let pipeline = webhook().sink(Thinking::new(&book, 0));
            let post = Post::of(&["1", "2"]);
            let dropped = {
                let (pipeline, post) = (pipeline.clone(), post.clone());
                spawn(async move { post.send(&pipeline).await })
            };
            let other = {
                let (pipeline, book, post) = (pipeline.clone(), book.clone(), Post::of(&["2", "3"]));
                spawn(async move {
                    post.send_until_accepted(&pipeline).await;
                    book.holds(&["2", "3"]);
                })
            };
            dropped.abort();
            if let Ok(reason) = dropped.await {
                assert_eq!(reason.status(), 200);
                book.holds(&["1", "2"]);
            }
            post.send_until_accepted(&pipeline).await;
            other.await.unwrap();
            book.holds_once(&["1", "2", "3"]);
            let health = pipeline.health();
            assert_eq!((health.in_flight, health.body_bytes), (0, 0));
        });
    });
}
