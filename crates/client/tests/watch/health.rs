use birdhook_client::{ManagementApi, WatchEvent, WatchSettings};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::Occasion;

use crate::support::receiver::Crc;
use crate::watch::fixture::{Fixture, m};

#[tokio::test]
async fn an_invalid_webhook_is_revalidated_and_its_gap_replayed() {
    for api in [ManagementApi::V2, ManagementApi::Enterprise] {
        let fixture = Fixture::new(api).await;
        assert!(fixture.step().await.is_empty(), "a valid one is nothing to speak of");
        fixture.advance(m(5)).await;
        assert!(fixture.step().await.is_empty());
        // The receiver fails, and X detects it a little later.
        fixture.advance(m(1)).await;
        fixture.status(503);
        fixture.emit(MockEventKind::Like).await;
        fixture.advance(m(1)).await;
        fixture.invalidate().await;

        fixture.advance(m(3)).await;
        assert_eq!(fixture.step().await, ["invalid 5", "still_invalid"], "{api:?}");
        fixture.advance(m(5)).await;
        assert_eq!(fixture.step().await, ["still_invalid"]);
        assert!(!fixture.is_valid());

        fixture.crc(Crc::Right);
        fixture.status(200);
        fixture.advance(m(5)).await;
        assert_eq!(fixture.step().await, ["revalidated", "gap 5 20 invalid", "later 5 20 36"]);
        assert!(fixture.is_valid());
        assert_eq!(fixture.x.ledger().challenges().last().unwrap().occasion, Occasion::Revalidation);

        fixture.advance(m(15)).await;
        assert!(fixture.step().await.is_empty());
        assert!(fixture.replays().is_empty() && fixture.accepted().is_empty());
        fixture.advance(m(1)).await;
        assert_eq!(fixture.step().await, ["replaying 5 20", "replayed 5 20 true"]);
        assert_eq!(fixture.replays(), ["202611230935-202611230950"]);
        assert_eq!(fixture.accepted(), ["liked"]);
        assert!(fixture.watch.pending().is_empty());
    }
}

#[tokio::test]
async fn an_event_after_the_last_poll_shows_that_the_webhook_was_valid() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    fixture.step().await;
    fixture.advance(m(3)).await;
    fixture.emit(MockEventKind::Follow).await;
    fixture.invalidate().await;
    fixture.advance(m(2)).await;
    assert_eq!(fixture.step().await, ["invalid 3", "still_invalid"]);
}

#[tokio::test]
async fn a_revalidation_by_others_is_a_gap() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    fixture.invalidate().await;
    assert_eq!(fixture.step().await, ["invalid 0", "still_invalid"]);
    fixture.crc(Crc::Right);
    fixture.advance(m(2)).await;
    fixture.x.revalidate(&fixture.webhook).await.unwrap();
    let challenges = fixture.x.ledger().challenges().len();
    assert_eq!(fixture.step().await, ["revalidated", "gap 0 2 invalid", "later 0 2 31"]);
    assert_eq!(fixture.x.ledger().challenges().len(), challenges, "nothing was left to do");
}

#[tokio::test]
async fn a_deleted_webhook_is_reported() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    fixture.step().await;
    fixture.x.delete(&fixture.webhook);
    fixture.advance(m(5)).await;
    let events = fixture.watch.step().await;
    assert!(matches!(&events[..], [WatchEvent::Missing { url }] if *url == fixture.webhook.url), "{events:?}");
    fixture.x.register(&fixture.webhook.url).await.unwrap();
    fixture.advance(m(5)).await;
    assert_eq!(fixture.step().await, ["revalidated", "gap 0 10 invalid", "later 0 10 31"]);
}

#[tokio::test]
async fn the_case_of_the_scheme_and_host_is_ignored() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    let url = fixture.webhook.url.replacen("http://", "HTTP://", 1);
    let events = fixture.client.watch(&*url, WatchSettings::default()).step().await;
    assert!(!events.iter().any(|event| matches!(event, WatchEvent::Missing { .. })), "{events:?}");
}
