//! The deletion of events and bodies, checked in the store itself.

use std::path::Path;
use std::time::Duration;

use birdhook_inbox::{EventId, EventQuery, EventStatus, InboxSettings};
use futures_util::future::join_all;

use super::records::{self, DELIVERIES, KEYS, PROGRESS};
use crate::support::clock::SetClock;
use crate::support::{Receiver, deletions, inbox_settings, posts};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Returns whether the store holds a body about this post.
fn has_body_of(folder: &Path, post: u64) -> bool {
    let id = format!("\"{post}\"");
    records::all(folder, DELIVERIES).iter().any(|(_, body)| body.windows(id.len()).any(|part| part == id.as_bytes()))
}

/// Lets the writer clean up in several steps.
async fn clean_up(receiver: &Receiver) {
    for _ in 0..10 {
        receiver.read_the_clock().await;
    }
}

/// Sends all bodies at the same time, so that they are stored in few commits.
async fn send_together(receiver: &Receiver, bodies: Vec<String>) {
    let answers = join_all(bodies.iter().map(|body| receiver.send(body))).await;
    assert!(answers.iter().all(|status| *status == 200));
}

#[tokio::test]
async fn an_acknowledged_event_is_deleted_and_its_key_kept() {
    let receiver = Receiver::new(inbox_settings()).await;
    for post in 1..=3 {
        receiver.send(&deletions("7", [post])).await;
    }
    for _ in 0..2 {
        receiver.next().await.ack().await.unwrap();
    }
    let folder = receiver.close().await;
    assert_eq!([1, 2, 3].map(|post| has_body_of(folder.path(), post)), [false, false, true]);
    assert_eq!(records::all(folder.path(), DELIVERIES).len(), 1);
    assert_eq!(records::all(folder.path(), PROGRESS).len(), 1);
    assert_eq!(records::all(folder.path(), KEYS).len(), 3);
}

#[tokio::test]
async fn an_unneeded_body_is_deleted_within_a_minute_while_others_of_its_commit_are_kept() {
    let clock = SetClock::at(1000 * HOUR);
    let receiver = Receiver::new(inbox_settings().clock(clock.clone())).await;
    send_together(&receiver, (1001..=1020).map(|post| deletions("7", [post])).collect()).await;
    // Keeps the last event of every commit.
    let listed = receiver.list(EventQuery::all()).await;
    let is_last = |id: EventId| !listed.iter().any(|other| other.id > id && same_commit(other.id, id));
    let (last, others): (Vec<_>, Vec<_>) = listed.iter().partition(|listed| is_last(listed.id));
    assert!(others.len() >= 10, "deliveries that come together are stored together: {}", others.len());
    receiver.inbox.discard(others.iter().map(|listed| listed.id)).await.unwrap();
    clock.advance(60 * SECOND);
    clean_up(&receiver).await;
    let bytes = receiver.inbox.stats().bytes;
    let folder = receiver.close().await;
    assert!(posts(others).into_iter().all(|gone| !has_body_of(folder.path(), gone)));
    let last = posts(last);
    assert!(last.iter().all(|kept| has_body_of(folder.path(), *kept)));
    let receiver = Receiver::open(&folder, inbox_settings()).await;
    assert_eq!(receiver.inbox.stats().bytes, bytes, "what it takes is known after a restart");
    assert_eq!(bytes, last.len() as u64 * deletions("7", [1001]).len() as u64 + 20 * 16);
    for kept in last {
        assert_eq!(receiver.ack_next().await, (kept, 1));
    }
}

fn same_commit(one: EventId, other: EventId) -> bool {
    let commit = |id: EventId| id.to_string().split_once('.').map(|(commit, _)| commit.to_owned());
    commit(one) == commit(other)
}

#[tokio::test]
async fn acknowledged_events_are_kept_for_the_set_time() {
    let clock = SetClock::at(1000 * HOUR);
    let settings = || inbox_settings().clock(clock.clone()).keep_acknowledged(HOUR);
    let receiver = Receiver::new(settings()).await;
    for post in 1..=6 {
        receiver.send(&deletions("7", [post])).await;
        receiver.next().await.ack_durable().await.unwrap();
        clock.advance(60 * SECOND);
    }
    let kept = receiver.list(EventQuery::all().status(EventStatus::Acknowledged)).await;
    assert_eq!(posts(&kept), [1, 2, 3, 4, 5, 6]);
    assert!(receiver.is_quiet().await);
    assert_eq!(receiver.inbox.stats().depth, 0);
    let receiver = receiver.reopen(settings()).await;
    assert!(receiver.is_quiet().await, "nor after a restart");
    // The retention of the first three has expired by then.
    clock.advance(HOUR - 4 * 60 * SECOND);
    clean_up(&receiver).await;
    let folder = receiver.close().await;
    let left = [1, 2, 3, 4, 5, 6].map(|post| has_body_of(folder.path(), post));
    assert_eq!(left, [false, false, false, true, true, true]);
    let receiver = Receiver::open(&folder, settings()).await;
    clock.advance(HOUR);
    clean_up(&receiver).await;
    let folder = receiver.close().await;
    assert_eq!(records::all(folder.path(), PROGRESS).len(), 0);
    assert_eq!(records::all(folder.path(), DELIVERIES).len(), 0);
}

/// Sends 300 deliveries, alternating between users 7 and 8. Some are acknowledged, some are dead
/// letters, some leased.
async fn mixed(settings: impl Fn() -> InboxSettings) -> (Receiver, Vec<birdhook_inbox::Lease>) {
    let receiver = Receiver::new(settings().max_attempts(1)).await;
    // One after the other, for many commits. The rest are sent together.
    for number in 0..200 {
        assert_eq!(receiver.send(&deletions(if number % 2 == 0 { "7" } else { "8" }, [1000 + number])).await, 200);
    }
    let together = (200..300).map(|number| deletions(if number % 2 == 0 { "7" } else { "8" }, [1000 + number]));
    send_together(&receiver, together.collect()).await;
    let mut leased = Vec::new();
    for number in 0..120 {
        let lease = receiver.next().await;
        match number % 6 {
            0 | 1 => lease.ack().await.unwrap(),
            2 | 3 => lease.nack(None).await.unwrap(),
            _ => leased.push(lease),
        }
    }
    (receiver, leased)
}

#[tokio::test]
async fn a_purge_deletes_all_events_of_one_user_and_none_of_others() {
    let (receiver, leased) = mixed(inbox_settings).await;
    assert_eq!(receiver.inbox.stats().dead, 40);
    assert_eq!(receiver.inbox.purge("7").await.unwrap(), 130, "20 of 150 were acknowledged");
    assert_eq!(receiver.inbox.purge("7").await.unwrap(), 0);
    assert_eq!(receiver.inbox.stats().dead, 20);
    // Consumers may settle the leases that they hold.
    for (index, lease) in leased.into_iter().enumerate() {
        if index % 4 < 2 { lease.ack().await.unwrap() } else { lease.nack(None).await.unwrap() }
    }
    let listed = receiver.list(EventQuery::all().limit(1000)).await;
    assert!(listed.iter().all(|listed| listed.event.as_ref().unwrap().subscriber() == Some("8")));
    let folder = receiver.close().await;
    for number in (0..300).step_by(2) {
        assert!(!has_body_of(folder.path(), 1000 + number), "{number}");
    }
    for number in (121..300).step_by(2) {
        assert!(has_body_of(folder.path(), 1000 + number), "{number}");
    }
    let receiver = Receiver::open(&folder, inbox_settings()).await;
    assert_eq!(receiver.send(&deletions("7", [1000])).await, 200);
    assert_eq!(receiver.inbox.stats().stored, 0, "a redelivery is recognised");
    assert!(receiver.inbox.verify().await.is_ok());
}

#[tokio::test]
async fn a_purge_leaves_the_kept_events_of_others() {
    let clock = SetClock::at(1000 * HOUR);
    let settings = || inbox_settings().clock(clock.clone()).keep_acknowledged(HOUR);
    let receiver = Receiver::new(settings()).await;
    let bodies = (0..20).map(|number| deletions(if number % 2 == 0 { "7" } else { "8" }, [1000 + number]));
    send_together(&receiver, bodies.collect()).await;
    for _ in 0..20 {
        receiver.next().await.ack().await.unwrap();
    }
    assert_eq!(receiver.inbox.purge("7").await.unwrap(), 10);
    let kept = receiver.list(EventQuery::all()).await;
    let kept: Vec<_> = kept.iter().map(|kept| kept.event.as_ref().unwrap().subscriber().unwrap().to_owned()).collect();
    assert_eq!(kept, ["8"; 10]);
    clock.advance(HOUR);
    clean_up(&receiver).await;
    let folder = receiver.close().await;
    assert_eq!(records::all(folder.path(), PROGRESS).len(), 0, "no record is left");
    assert_eq!(records::all(folder.path(), DELIVERIES).len(), 0);
}

#[tokio::test]
async fn no_record_of_purged_events_is_left_after_the_retention() {
    let clock = SetClock::at(1000 * HOUR);
    let receiver = Receiver::holding(inbox_settings().clock(clock.clone()).keep_acknowledged(HOUR), [1, 2]).await;
    assert_eq!(receiver.inbox.purge("7").await.unwrap(), 2);
    clock.advance(HOUR);
    clean_up(&receiver).await;
    let folder = receiver.close().await;
    assert_eq!(records::all(folder.path(), PROGRESS).len(), 0);
}
