//! Assertions that a test makes about the ledger.

use std::time::Duration;

use birdhook_core::{DedupeScope, EventKind};
use birdhook_testkit::mock::{Entry, LedgerError, MockApi, MockSettings};
use birdhook_testkit::{MockEventKind, read};
use serde_json::Value;

use crate::mock::receiver::Take;
use crate::mock::world::{USER, World};

/// Sets a short timeout for assertions.
fn impatient(settings: &mut MockSettings) {
    settings.expect_timeout = Duration::from_millis(30);
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
    assert_eq!(error, LedgerError::NotConsumed(text.to_owned()));
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
    let nothing = "; nothing at all was consumed: does the app call Ledger::consumed for every event?";
    let say = async |kind| ledger.expect(kind).await.unwrap_err().to_string();
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
    assert_eq!(error, LedgerError::Lost(text.to_owned()));
    world.emit(MockEventKind::Bio).await;
    let error = ledger.every_200_was_consumed().await.unwrap_err().to_string();
    assert_eq!(
        error,
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
    assert_eq!(error, "liked of 2001 was consumed 2 times");
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
