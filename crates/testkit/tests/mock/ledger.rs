//! Assertions that a test makes about the ledger.

use std::time::Duration;

use birdhook_core::{ApiSource, DedupeScope, EventKind};
use birdhook_testkit::mock::{Entry, LedgerError, MockApi, MockSettings};
use birdhook_testkit::{MockEventKind, read};
use serde_json::Value;

use crate::mock::receiver::Take;
use crate::mock::world::{USER, World};

/// Sets a short timeout for assertions.
fn impatient(settings: &mut MockSettings) {
    settings.expect_timeout = Duration::from_millis(30);
}

/// Returns the message without the lines about one delivery.
fn summary(message: &str) -> &str {
    message.split("\n  URL: ").next().unwrap()
}

/// Rows: what the app does, and the hint.
#[tokio::test]
async fn a_failure_names_the_url_and_the_body_and_gives_a_hint() {
    for (take, hint) in [
        (Take::Status(200), "is the task that consumes events running?"),
        (Take::Status(401), "See MockApp::to_app"),
        (Take::Status(404), "no receiver is mounted for POST at this path"),
        (Take::Status(503), "the channel is full or closed, or the handler failed"),
        (Take::Status(400), "see Pipeline::health"),
    ] {
        let world = World::with(impatient).await;
        world.subscribe(MockApi::V2).await;
        world.receiver.set().take = take;
        world.receiver.set().consumes = false;
        let like = world.emit(MockEventKind::Like).await;
        let message = world.x.ledger().expect(EventKind::Liked).await.unwrap_err().to_string();
        let lines: Vec<_> = message.lines().collect();
        let [_, url, body, end] = lines.as_slice() else { panic!("{message}") };
        assert_eq!(*url, format!("  URL: {}", world.receiver.url));
        let sent = like.reported_by(ApiSource::AccountActivity).unwrap();
        assert!(sent.starts_with(body.strip_prefix("  body: ").unwrap().as_bytes()), "{message}");
        assert!(end.starts_with("  hint: ") && end.contains(hint), "{message}");
    }
}

#[tokio::test]
async fn expect_finds_each_event_once() {
    let world = World::with(impatient).await;
    world.subscribe(MockApi::V2).await;
    let ledger = world.x.ledger();
    let first = world.x.emit(MockEventKind::Like, USER);
    let second = world.emit(MockEventKind::Like).await;
    for mock_event in [first, second] {
        let event = ledger.expect(EventKind::Liked).await.unwrap();
        assert_eq!(event.subscriber(), Some(USER));
        assert_eq!(event.occurred_at(), Some(mock_event.at()));
    }
    let error = ledger.expect(EventKind::Liked).await.unwrap_err();
    let text = "no further liked was consumed: 2 were sent (delivery 1 of 2001: 200; delivery 2 of 2001: 200); \
                consumed were 2 liked";
    let LedgerError::NotConsumed(message) = error else { panic!("{error:?}") };
    assert_eq!(summary(&message), text);
}

#[tokio::test]
async fn expect_waits_for_a_later_event() {
    let (world, _) = World::subscribed().await;
    let ledger = world.x.ledger();
    let (event, ()) = tokio::join!(ledger.expect(EventKind::Followed), async {
        tokio::task::yield_now().await;
        world.x.emit(MockEventKind::Follow, USER);
    });
    assert_eq!(event.unwrap().kind(), EventKind::Followed);
}

/// Rows: what happened, and the message of `expect`.
#[tokio::test]
async fn expect_reports_the_other_events_if_none_matches() {
    let world = World::with(impatient).await;
    let webhook = world.subscribe(MockApi::V2).await;
    let ledger = world.x.ledger();
    let nothing = "; nothing at all was consumed";
    let say = async |kind| summary(&ledger.expect(kind).await.unwrap_err().to_string()).to_owned();
    assert_eq!(
        say(EventKind::Liked).await,
        format!("no liked was consumed: none was sent, since none happened{nothing}")
    );

    world.x.emit(MockEventKind::Like, "3003");
    assert_eq!(
        say(EventKind::Liked).await,
        format!("no liked was consumed: it happened to 3003, but no webhook is subscribed to it{nothing}")
    );

    world.receiver.set().take = Take::Status(500);
    world.emit(MockEventKind::Like).await;
    assert_eq!(
        say(EventKind::Liked).await,
        format!("no liked was consumed: it was sent (delivery 1 of 2001: 500){nothing}")
    );

    world.receiver.set().take = Take::Status(200);
    world.receiver.set().consumes = false;
    world.emit(MockEventKind::Mute).await;
    assert_eq!(
        say(EventKind::Muted).await,
        format!("no muted was consumed: it was sent (delivery 2 of 2001: 200){nothing}")
    );

    world.receiver.set().consumes = true;
    world.emit(MockEventKind::Block).await;
    let text = say(EventKind::Muted).await;
    assert!(text.ends_with("; consumed were 1 blocked"), "{text}");

    world.x.delete(&webhook);
    world.x.emit(MockEventKind::Unmute, USER);
    let text = say(EventKind::Unmuted).await;
    assert!(text.contains("no webhook is subscribed to it"), "{text}");
}

#[tokio::test]
async fn an_event_that_was_answered_200_and_not_consumed_is_lost() {
    let world = World::with(impatient).await;
    let webhook = world.subscribe(MockApi::V2).await;
    world.x.subscribe_to(&webhook, USER, MockEventKind::Bio).unwrap();
    let ledger = world.x.ledger();
    world.emit(MockEventKind::Like).await;
    ledger.every_200_was_consumed().await.unwrap();

    world.receiver.set().consumes = false;
    world.receiver.set().take = Take::Status(500);
    world.emit(MockEventKind::Like).await;
    ledger.every_200_was_consumed().await.expect("what was not answered 200 may be lost");

    world.receiver.set().take = Take::Status(200);
    world.emit(MockEventKind::Follow).await;
    let error = ledger.every_200_was_consumed().await.unwrap_err();
    let text = "answered 200 and not consumed was delivery 3 (followed of 2001)";
    let LedgerError::Lost(message) = error else { panic!("{error:?}") };
    assert_eq!(summary(&message), text);
    world.emit(MockEventKind::Bio).await;
    let error = ledger.every_200_was_consumed().await.unwrap_err().to_string();
    assert_eq!(
        summary(&error),
        "answered 200 and not consumed were delivery 3 (followed of 2001), delivery 4 (profile_updated of 2001)"
    );

    // Events may be consumed later.
    let late: Vec<_> = ledger.sent()[2..].iter().map(|sent| read(&sent.app, sent.body.clone()).unwrap()).collect();
    let (result, ()) = tokio::join!(ledger.every_200_was_consumed(), async {
        for delivery in &late {
            tokio::task::yield_now().await;
            delivery.events().iter().for_each(|event| ledger.consumed(event));
        }
    });
    result.unwrap();
}

#[tokio::test]
async fn the_copies_of_two_subscribers_are_one_event_only_in_a_wider_scope() {
    let world = World::with(impatient).await;
    let webhook = world.subscribe(MockApi::V2).await;
    world.x.subscribe(&webhook, "3003").unwrap();
    let received = world.emit(MockEventKind::MessageReceived).await;
    world.receiver.set().consumes = false;
    world.x.deliver(&received.subscribers("3003"));
    world.x.settle().await;
    let ledger = world.x.ledger();
    assert!(matches!(ledger.every_200_was_consumed().await, Err(LedgerError::Lost(_))));
    ledger.clone().scope(DedupeScope::Everywhere).every_200_was_consumed().await.unwrap();
}

#[tokio::test]
async fn reports_of_both_apis_are_one_event_in_dual_mode() {
    let world = World::with(impatient).await;
    let webhook = world.subscribe(MockApi::V2).await;
    world.x.subscribe_to(&webhook, USER, MockEventKind::Like).unwrap();
    world.emit(MockEventKind::Like).await;
    let ledger = world.x.ledger();
    assert_eq!(ledger.count_consumed(), 2);
    ledger.none_consumed_twice().unwrap();
    let error = ledger.clone().dual_mode().none_consumed_twice().unwrap_err().to_string();
    assert_eq!(summary(&error), "liked of 2001 was consumed 2 times");
}

#[tokio::test]
async fn entries_are_numbered_and_serialize() {
    let (world, _) = World::subscribed().await;
    world.emit(MockEventKind::Like).await;
    let ledger = world.x.ledger();
    let numbers: Vec<u64> = ledger.entries().iter().map(Entry::number).collect();
    assert_eq!(numbers, [1, 2]);
    let json = serde_json::to_value(&ledger).unwrap();
    assert_eq!((&json[0]["entry"], &json[0]["occasion"]), (&Value::from("challenged"), &Value::from("registration")));
    assert_eq!((&json[1]["entry"], &json[1]["kind"]), (&Value::from("sent"), &Value::from("like.create")));
    assert_eq!(json[1]["outcome"]["status"], 200);
    assert!(json[1]["body"].as_str().unwrap().contains("favorite_events"));
    assert!(!format!("{ledger:?}").contains("favorite_events"));
}
