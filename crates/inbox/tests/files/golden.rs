//! Every later version must open the folder that version 0.1 wrote, and read and consume its
//! events.

use std::fs;
use std::path::Path;
use std::time::Duration;

use birdhook_core::Delivery;
use birdhook_inbox::{Event, EventQuery, Inbox, InboxSettings, ListedEvent, Order};
use birdhook_pipeline::EventSink;

use crate::Tested;
use crate::support::backend::Backend;
use crate::support::clock::SetClock;
use crate::support::{Receiver, deletions, inbox_settings, post, webhook};

/// The bodies that were stored, with the app of each.
fn bodies() -> impl Iterator<Item = (&'static str, &'static str)> {
    ["shop", "shop", "shop", "bees", "bees", "shop"].into_iter().zip(include_str!("../golden/bodies.jsonl").lines())
}

/// A copy of the folder, and the time at which its inbox was closed.
struct Golden {
    folder: Tested,
    clock: SetClock,
}

impl Golden {
    fn new() -> Self {
        let folder = Tested::create();
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/inbox-0.1")).unwrap() {
            let entry = entry.unwrap();
            fs::write(folder.path().join(entry.file_name()), fs::read(entry.path()).unwrap()).unwrap();
        }
        Self { folder, clock: SetClock::at(Duration::from_millis(1_795_426_206_000)) }
    }

    async fn open(&self, options: InboxSettings) -> Receiver {
        let inbox = options.clock(self.clock.clone()).open(self.folder.path()).await.unwrap();
        Receiver::behind(&self.folder, inbox, webhook())
    }
}

/// Returns each event as one line of text.
async fn lines(inbox: &Inbox) -> Vec<String> {
    let line = |listed: ListedEvent| {
        let (event, status) = (listed.event.unwrap(), listed.status.as_str());
        let (subscriber, name) = (event.subscriber().unwrap(), event.name());
        format!("{} {status} {} {} {} {subscriber} {name}", listed.id, listed.attempts, listed.stored_at, event.app())
    };
    inbox.list(EventQuery::all()).await.unwrap().into_iter().map(line).collect()
}

/// Acknowledges the next event, which must have this id and number of attempts. Returns it.
async fn assert_next(receiver: &Receiver, id: &str, attempts: u32) -> Event {
    let lease = receiver.next().await;
    assert_eq!((&*lease.id().to_string(), lease.attempts()), (id, attempts));
    let event = lease.event().clone();
    lease.ack().await.unwrap();
    event
}

async fn send_all(inbox: &Inbox) {
    for (app, body) in bodies() {
        inbox.deliver(Delivery::restore(app, body, 10).unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn every_event_of_a_folder_of_version_0_1_is_listed_with_its_state() {
    let receiver = Golden::new().open(inbox_settings()).await;
    let expected = [
        "1.0 acknowledged 1 2026-11-23T09:30:01Z shop 2001 tweet_delete_events",
        "1.1 dead 1 2026-11-23T09:30:01Z shop 2001 tweet_delete_events",
        "1.2 ready 1 2026-11-23T09:30:01Z shop 2001 tweet_delete_events",
        "2.0 waiting 1 2026-11-23T09:30:02Z shop 2001 follow.follow",
        "3.0 ready 0 2026-11-23T09:30:03Z bees 4040 direct_message_events",
        "4.0 ready 0 2026-11-23T09:30:04Z bees 4040 like.create",
        "5.0 ready 0 2026-11-23T09:30:05Z shop 2001 tweet_delete_events",
    ];
    assert_eq!(lines(&receiver.inbox).await, expected);
    let stats = receiver.inbox.stats();
    assert_eq!((stats.depth, stats.waiting, stats.dead, stats.remembered), (5, 1, 1, 8));
    assert_eq!(receiver.inbox.verify().await.unwrap(), 7);
}

#[tokio::test]
async fn every_event_of_a_folder_of_version_0_1_has_the_json_that_was_stored() {
    let receiver = Golden::new().open(inbox_settings()).await;
    let listed = receiver.list(EventQuery::all()).await;
    let sent: Vec<_> = bodies().map(|(app, body)| Delivery::restore(app, body, 10).unwrap()).collect();
    let places = [(1, 0), (1, 1), (1, 2), (2, 0), (3, 0), (4, 0), (5, 1)];
    assert_eq!(listed.len(), places.len());
    for (listed, (batch, position)) in listed.iter().zip(places) {
        let (read, sent) = (listed.event.as_ref().unwrap(), &sent[batch].events()[position]);
        assert_eq!((read.raw(), read.body()), (sent.raw(), sent.body()), "{}", listed.id);
        assert_eq!((read.kind(), read.index()), (sent.kind(), position), "{}", listed.id);
    }
}

#[tokio::test]
async fn the_events_of_a_folder_of_version_0_1_are_consumed_and_not_stored_again() {
    let golden = Golden::new();
    let receiver = golden.open(inbox_settings()).await;
    send_all(&receiver.inbox).await;
    assert_eq!((receiver.inbox.stats().stored, receiver.inbox.stats().depth), (0, 5));
    for (id, attempt) in [("1.2", 2), ("3.0", 1), ("4.0", 1), ("5.0", 1)] {
        assert_next(&receiver, id, attempt).await;
    }
    assert!(receiver.is_quiet().await);
    // The retry is due at 10:30:03.
    golden.clock.advance(Duration::from_secs(3596));
    assert!(receiver.is_quiet().await);
    golden.clock.advance(Duration::from_secs(1));
    assert_next(&receiver, "2.0", 2).await;
    assert_eq!(receiver.inbox.requeue(["1.1".parse().unwrap()]).await.unwrap(), 1);
    assert_next(&receiver, "1.1", 1).await;

    assert_eq!(receiver.send(&deletions("2001", [9])).await, 200);
    receiver.close().await;
    let receiver = golden.open(inbox_settings()).await;
    send_all(&receiver.inbox).await;
    assert_eq!(post(&assert_next(&receiver, "6.0", 1).await), 9);
    receiver.inbox.flush().await.unwrap();
    let stats = receiver.inbox.stats();
    assert_eq!((stats.depth, stats.dead, stats.remembered), (0, 0, 9));
}

#[tokio::test]
async fn keys_of_a_folder_of_version_0_1_are_kept_to_the_end_of_the_horizon() {
    let golden = Golden::new();
    let receiver = golden.open(inbox_settings()).await;
    golden.clock.advance(Duration::from_secs(121 * 3600 - 7));
    receiver.read_the_clock().await;
    assert_eq!(receiver.inbox.stats().remembered, 8);
    golden.clock.advance(Duration::from_secs(1));
    receiver.read_the_clock().await;
    assert_eq!(receiver.inbox.stats().remembered, 7);
}

#[tokio::test]
async fn new_events_of_a_subscriber_follow_those_of_version_0_1() {
    let golden = Golden::new();
    let receiver = golden.open(inbox_settings().order(Order::BySubscriber)).await;
    let new = |id: u64| Delivery::restore("shop", deletions("2001", [id]), 10).unwrap();
    receiver.inbox.deliver(new(9)).await.unwrap();
    let take = async |count: usize| {
        let mut ids = Vec::new();
        for _ in 0..count {
            let lease = receiver.next().await;
            ids.push(lease.id().to_string());
            lease.ack().await.unwrap();
        }
        ids.sort();
        ids
    };
    // The event after 1.2 waits for its retry, and those after it wait for this one.
    assert_eq!(take(3).await, ["1.2", "3.0", "4.0"]);
    assert!(receiver.is_quiet().await);
    golden.clock.advance(Duration::from_secs(3600));
    assert_eq!(take(3).await, ["2.0", "5.0", "6.0"]);
}
