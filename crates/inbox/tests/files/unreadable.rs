//! Records with a correct checksum whose bodies are not deliveries: they are listed but never
//! leased.

use birdhook_inbox::{EventQuery, EventStatus, InboxSettings, ListedEvent, Order, UnreadableEvent};

use super::records::{self, DELIVERIES};
use crate::support::{Receiver, deletions, inbox_settings, post, posts};

/// Sends a delivery, closes the inbox, and replaces `text` by `with` in the store under a correct
/// checksum.
async fn overwritten(inbox_settings: impl Fn() -> InboxSettings, body: &str, text: &str, with: &[u8]) -> Receiver {
    assert_eq!(text.len(), with.len());
    let receiver = Receiver::new(inbox_settings()).await;
    assert_eq!(receiver.send(body).await, 200);
    let place = receiver.close().await;
    let mut record = records::get(place.path(), DELIVERIES, 0);
    record.truncate(record.len() - 4);
    let at = record.windows(text.len()).position(|part| part == text.as_bytes()).unwrap();
    record[at..at + with.len()].copy_from_slice(with);
    records::set(place.path(), DELIVERIES, 0, Some(&records::with_checksum(record)));
    Receiver::open(&place, inbox_settings()).await
}

fn unreadable(listed: &ListedEvent) -> &UnreadableEvent {
    listed.event.as_ref().unwrap_err()
}

#[tokio::test]
async fn an_unreadable_event_is_listed_with_its_bytes_and_the_reason() {
    let body = deletions("7", [1, 2]);
    let length = body.len();
    for (text, with, why) in [
        (
            r#"{"for_user_id""#,
            &br#"["for_user_id""#[..],
            format!("its delivery's body of {length} bytes is not a JSON object"),
        ),
        ("user", b"us\xffr", format!("its delivery's body of {length} bytes is not UTF-8 at byte 8")),
    ] {
        let receiver = overwritten(inbox_settings, &body, text, with).await;
        let mut expected = body.clone().into_bytes();
        let at = body.find(text).unwrap();
        expected[at..at + with.len()].copy_from_slice(with);
        let all = receiver.list(EventQuery::all()).await;
        let found: Vec<_> = all.iter().map(|one| (one.status, unreadable(one).position())).collect();
        assert_eq!(found, [(EventStatus::Ready, 0), (EventStatus::Ready, 1)]);
        for one in &all {
            assert_eq!((unreadable(one).app(), &unreadable(one).body()[..]), ("default", &expected[..]));
            assert_eq!(unreadable(one).to_string(), why);
            assert!(!format!("{one:?}").contains("tweet_delete"), "debug output does not contain the body");
        }
    }
}

#[tokio::test]
async fn an_unreadable_event_is_never_leased_and_becomes_a_dead_letter_at_once() {
    let receiver = overwritten(|| inbox_settings().order(Order::BySubscriber), &deletions("7", [1]), "{", b"[").await;
    assert_eq!(receiver.send(&deletions("7", [2])).await, 200);
    assert_eq!(post(&*receiver.next().await), 2, "it does not delay later events");
    receiver.inbox.flush().await.unwrap();
    assert_eq!(receiver.inbox.stats().dead, 1);
    let dead = receiver.list(EventQuery::all().status(EventStatus::Dead)).await;
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].attempts, unreadable(&dead[0]).body()[0]), (1, b'['));
    let receiver = receiver.reopen(inbox_settings()).await;
    assert_eq!(receiver.inbox.stats().dead, 1);
    assert_eq!(receiver.inbox.requeue([dead[0].id]).await.unwrap(), 1, "for a version that can read it");
    assert_eq!(receiver.inbox.discard([dead[0].id]).await.unwrap(), 1);
    assert!(receiver.list(EventQuery::all()).await.iter().all(|one| one.event.is_ok()));
}

#[tokio::test]
async fn a_purge_deletes_unreadable_events_of_the_subscriber() {
    let receiver = overwritten(inbox_settings, &deletions("7", [1, 2]), "{", b"[").await;
    assert_eq!(receiver.send(&deletions("8", [3])).await, 200);
    assert_eq!(receiver.inbox.purge("9").await.unwrap(), 0);
    assert_eq!(receiver.list(EventQuery::all()).await.len(), 3);
    assert_eq!(receiver.inbox.purge("7").await.unwrap(), 2);
    assert_eq!(receiver.inbox.purge("7").await.unwrap(), 0);
    let left = receiver.list(EventQuery::all()).await;
    assert_eq!(posts(&left), [3]);
}
