//! Model tests of `ApiMode::Dual` with events without an id, reported by both APIs.

use shuttle::future::{block_on, spawn};

use super::posts::{Post, webhook};
use super::run;
use super::thinking::{Book, Thinking};
use crate::ApiMode;

/// User 8 follows user 7, as reported by the Account Activity API.
fn old(at: u64) -> Post {
    let told = format!(r#"{{"type":"follow","created_timestamp":"{at}","source":{{"id":"8"}},"target":{{"id":"7"}}}}"#);
    Post::new(format!(r#"{{"for_user_id":"7","follow_events":[{told}]}}"#))
}

/// The same event as reported by the X Activity API.
fn new(uuid: u64) -> Post {
    let payload = r#"{"source":{"data":{"id":"8"}},"target":{"data":{"id":"7"}}}"#;
    Post::new(format!(
        r#"{{"data":{{"event_uuid":"{uuid}","event_type":"follow.follow","filter":{{"user_id":"7"}},"payload":{payload}}}}}"#
    ))
}

/// Delivers as many events as happened, because each report is matched by one of the other API.
///
/// This holds in either order, for any number of reports, and if the first deliveries fail.
fn both_tell(by_old: u64, by_new: u64, failures: usize) {
    let posts = (1..=by_old).map(old).chain((1..=by_new).map(new));
    block_on(async {
        let book = Book::default();
        let pipeline = webhook().api_mode(ApiMode::Dual).sink(Thinking::new(&book, failures));
        let senders: Vec<_> = posts
            .map(|post| {
                let pipeline = pipeline.clone();
                spawn(async move { post.send_until_accepted(&pipeline).await })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        assert_eq!(book.total() as u64, by_old.max(by_new));
    });
}

#[test]
fn what_both_tell_is_handed_over_once() {
    run::at_random(|| both_tell(1, 1, 0));
}

#[test]
fn what_happens_twice_and_both_tell_is_handed_over_twice() {
    run::at_random(|| both_tell(2, 2, 0));
}

#[test]
fn what_one_tells_once_more_is_handed_over() {
    run::at_random(|| both_tell(1, 2, 0));
}

#[test]
fn a_telling_that_failed_is_told_again() {
    run::at_random(|| both_tell(2, 2, 2));
}
