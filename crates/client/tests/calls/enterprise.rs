//! All calls of enterprise 1.1.

use std::slice;
use std::time::Duration;

use birdhook_client::api::ReplaySpan;
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{MockApi, Occasion};

use crate::calls::receiver::Crc;
use crate::calls::world::{OTHER, USER, World, at};

#[tokio::test]
async fn a_webhook_is_registered_listed_challenged_and_deleted() {
    let world = World::new().await;
    let hooks = world.client.enterprise();
    assert_eq!(hooks.list().await.unwrap(), []);
    let url = format!("{}?tenant=7&name=a%20b+c~*", world.receiver.url);
    let made = hooks.register(&url).await.unwrap();
    assert_eq!((made.url.as_str(), made.valid), (url.as_str(), true));
    assert_eq!(made.created_at, Some(at("2026-11-23T09:30:00Z")));
    let known = world.x.webhooks();
    assert_eq!((known[0].id.as_str(), known[0].url.as_str()), (made.id.as_str(), url.as_str()));
    assert_eq!(known[0].generation, MockApi::Enterprise);
    assert_eq!(hooks.list().await.unwrap(), slice::from_ref(&made));

    world.receiver.crc(Crc::OtherSecret);
    hooks.challenge(&made.id).await.unwrap_err();
    assert!(!hooks.list().await.unwrap()[0].valid);
    world.receiver.crc(Crc::Right);
    hooks.challenge(&made.id).await.unwrap();
    assert!(hooks.list().await.unwrap()[0].valid);
    let occasions: Vec<_> = world.x.ledger().challenges().iter().map(|one| one.occasion).collect();
    assert_eq!(occasions, [Occasion::Registration, Occasion::Revalidation, Occasion::Revalidation]);

    hooks.delete(&made.id).await.unwrap();
    assert_eq!(world.x.webhooks(), []);
    assert_eq!(hooks.list().await.unwrap(), []);
    assert_eq!(
        world.sent.schemes(),
        ["Bearer", "OAuth", "Bearer", "OAuth", "Bearer", "OAuth", "Bearer", "OAuth", "Bearer"]
    );
}

#[tokio::test]
async fn users_are_subscribed_counted_listed_and_unsubscribed() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::Enterprise).await;
    let (hooks, id) = (world.client.enterprise(), webhook.id.as_str());
    assert!(!hooks.is_subscribed(id, USER).await.unwrap());
    hooks.subscribe(id, USER).await.unwrap();
    hooks.subscribe(id, OTHER).await.unwrap();
    assert!(hooks.is_subscribed(id, USER).await.unwrap());
    assert_eq!(hooks.subscribers(id).await.unwrap(), [USER, OTHER]);
    let counts = hooks.count().await.unwrap();
    assert_eq!(counts.account_name.as_deref(), Some("mock-x"));
    assert_eq!((counts.subscriptions_count, counts.provisioned_count), (Some(2), Some(5000)));
    assert_eq!(counts.subscriptions_count_direct_messages, Some(0));

    hooks.unsubscribe(id, USER).await.unwrap();
    assert!(!hooks.is_subscribed(id, USER).await.unwrap());
    assert!(hooks.is_subscribed(id, OTHER).await.unwrap());
    assert_eq!(hooks.subscribers(id).await.unwrap(), [OTHER]);
    let of = |rest: &str| format!("/1.1/account_activity/webhooks/{id}/subscriptions/{rest}");
    assert_eq!(
        world.sent.take(),
        [
            format!("GET {}", of("all.json")),
            format!("POST {}", of("all.json")),
            format!("POST {}", of("all.json")),
            format!("GET {}", of("all.json")),
            format!("GET {}", of("all/list.json")),
            "GET /1.1/account_activity/subscriptions/count.json".to_owned(),
            format!("DELETE {}", of("2001/all.json")),
            format!("GET {}", of("all.json")),
            format!("GET {}", of("all.json")),
            format!("GET {}", of("all/list.json")),
        ]
    );
}

#[tokio::test]
async fn a_replay_sends_the_span_again() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::Enterprise).await;
    world.client.enterprise().subscribe(&webhook.id, USER).await.unwrap();
    for _ in 0..3 {
        world.x.emit(MockEventKind::Like, USER);
        world.x.settle().await;
        world.x.clock().advance(Duration::from_secs(60)).await;
    }
    world.x.clock().advance(Duration::from_secs(3 * 24 * 3600)).await;
    world.sent.take();
    let span = ReplaySpan::around(at("2026-11-23T09:30:59Z"), at("2026-11-23T09:31:01Z")).unwrap();
    let before = world.x.ledger().sent().len();
    let job = world.client.enterprise().replay(&webhook.id, span).await.unwrap();
    assert!(job.id.as_deref().is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())));
    assert_eq!(job.created_at, Some(at("2026-11-26T09:33:00Z")));
    assert_eq!(
        world.sent.take(),
        [format!(
            "POST /1.1/account_activity/replay/webhooks/{}/subscriptions/all.json?from_date=202611230930&to_date=202611230932",
            webhook.id
        )]
    );
    world.x.settle().await;
    let again: Vec<_> = world.x.ledger().sent().into_iter().skip(before).map(|sent| sent.kind).collect();
    assert_eq!(again, [MockEventKind::Like, MockEventKind::Like, MockEventKind::Replay]);
}
