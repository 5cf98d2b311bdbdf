//! Model tests of `ApiMode::Dual` with events without an id, reported by both APIs.

use shuttle::future::{block_on, spawn};

use super::deliveries::{SignedPost, webhook};
use super::run;
use super::sink::{Journal, PausingSink};
use crate::ApiMode;

/// User 8 follows user 7, as reported by the Account Activity API.
fn old(at: u64) -> SignedPost {
    let event =
        format!(r#"{{"type":"follow","created_timestamp":"{at}","source":{{"id":"8"}},"target":{{"id":"7"}}}}"#);
    SignedPost::new(format!(r#"{{"for_user_id":"7","follow_events":[{event}]}}"#))
}

/// The same event as reported by the X Activity API.
fn new(uuid: u64) -> SignedPost {
    let payload = r#"{"source":{"data":{"id":"8"}},"target":{"data":{"id":"7"}}}"#;
    SignedPost::new(format!(
        r#"{{"data":{{"event_uuid":"{uuid}","event_type":"follow.follow","filter":{{"user_id":"7"}},"payload":{payload}}}}}"#
    ))
}

/// Delivers as many events as happened, because each report is matched by one of the other API.
///
/// This holds in either order, for any number of reports, and if the first deliveries fail.
fn both_report(by_old: u64, by_new: u64, failures: usize) {
    let posts = (1..=by_old).map(old).chain((1..=by_new).map(new));
    block_on(async {
        let journal = Journal::default();
        let pipeline = webhook().api_mode(ApiMode::Dual).sink(PausingSink::new(&journal, failures));
        let senders: Vec<_> = posts
            .map(|post| {
                let pipeline = pipeline.clone();
                spawn(async move { post.send_until_accepted(&pipeline).await })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        assert_eq!(journal.total() as u64, by_old.max(by_new));
    });
}

#[test]
fn an_event_that_both_apis_report_is_delivered_once() {
    run::at_random(|| both_report(1, 1, 0));
}

#[test]
fn two_events_that_both_apis_report_are_delivered_twice() {
    run::at_random(|| both_report(2, 2, 0));
}

#[test]
fn an_unmatched_second_report_is_delivered() {
    run::at_random(|| both_report(1, 2, 0));
}

#[test]
fn a_report_that_failed_is_delivered_again() {
    run::at_random(|| both_report(2, 2, 2));
}
