//! Webhooks that become invalid or disappear.

use birdhook_client::{ManagementApi, WatchEvent, WatchSettings};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::Occasion;

use crate::watch::world::{World, m};

#[tokio::test]
async fn an_invalid_webhook_is_healed_and_what_it_missed_is_replayed() {
    for api in [ManagementApi::V2, ManagementApi::Enterprise] {
        let world = World::new(api).await;
        assert!(world.step().await.is_empty(), "a valid one is nothing to speak of");
        world.advance(m(5)).await;
        assert!(world.step().await.is_empty());
        // The receiver fails, and X detects it a little later.
        world.advance(m(1)).await;
        world.mood(|mood| mood.status = 503);
        world.happen(MockEventKind::Like).await;
        world.advance(m(1)).await;
        world.invalidate().await;

        world.advance(m(3)).await;
        assert_eq!(world.step().await, ["invalid 5", "still_invalid"], "{api:?}");
        world.advance(m(5)).await;
        assert_eq!(world.step().await, ["still_invalid"]);
        assert!(!world.is_valid());

        world.mood(|mood| (mood.is_right, mood.status) = (true, 200));
        world.advance(m(5)).await;
        assert_eq!(world.step().await, ["revalidated", "gap 5 20 invalid", "later 5 20 36"]);
        assert!(world.is_valid());
        assert_eq!(world.x.ledger().challenges().last().unwrap().occasion, Occasion::Revalidation);

        world.advance(m(15)).await;
        assert!(world.step().await.is_empty());
        assert!(world.asked().is_empty() && world.taken().is_empty());
        world.advance(m(1)).await;
        assert_eq!(world.step().await, ["replaying 5 20", "replayed 5 20 true"]);
        assert_eq!(world.asked(), ["202611230935-202611230950"]);
        assert_eq!(world.taken(), ["liked"]);
        assert!(world.watch.pending().is_empty());
    }
}

#[tokio::test]
async fn an_event_after_the_last_poll_says_that_the_webhook_was_good_then() {
    let world = World::new(ManagementApi::V2).await;
    world.step().await;
    world.advance(m(3)).await;
    world.happen(MockEventKind::Follow).await;
    world.invalidate().await;
    world.advance(m(2)).await;
    assert_eq!(world.step().await, ["invalid 3", "still_invalid"]);
}

#[tokio::test]
async fn what_somebody_else_heals_is_a_gap_too() {
    let world = World::new(ManagementApi::V2).await;
    world.invalidate().await;
    assert_eq!(world.step().await, ["invalid 0", "still_invalid"]);
    world.mood(|mood| mood.is_right = true);
    world.advance(m(2)).await;
    world.x.revalidate(&world.webhook).await.unwrap();
    let challenges = world.x.ledger().challenges().len();
    assert_eq!(world.step().await, ["revalidated", "gap 0 2 invalid", "later 0 2 31"]);
    assert_eq!(world.x.ledger().challenges().len(), challenges, "nothing was left to do");
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_told() {
    let world = World::new(ManagementApi::V2).await;
    world.step().await;
    world.x.delete(&world.webhook);
    world.advance(m(5)).await;
    let notices = world.watch.step().await;
    assert!(matches!(&notices[..], [WatchEvent::Missing { url }] if *url == world.webhook.url), "{notices:?}");
    world.x.register(&world.webhook.url).await.unwrap();
    world.advance(m(5)).await;
    assert_eq!(world.step().await, ["revalidated", "gap 0 10 invalid", "later 0 10 31"]);
}

#[tokio::test]
async fn a_webhook_is_found_whatever_the_case_of_its_scheme_and_host() {
    let world = World::new(ManagementApi::V2).await;
    let url = world.webhook.url.replacen("http://", "HTTP://", 1);
    let notices = world.client.watch(&*url, WatchSettings::default()).step().await;
    assert!(!notices.iter().any(|notice| matches!(notice, WatchEvent::Missing { .. })), "{notices:?}");
}
