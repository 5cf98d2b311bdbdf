//! v2 webhooks, subscriptions to the Account Activity API, and links to filtered streams.

use std::slice;
use std::time::Duration;

use birdhook_client::CredentialKind;
use birdhook_client::api::ReplaySpan;
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::MockApi;

use crate::calls::receiver::Crc;
use crate::calls::world::{OTHER, USER, World, at};

#[tokio::test]
async fn a_webhook_is_registered_listed_validated_and_deleted() {
    let world = World::new().await;
    let hooks = world.client.webhooks();
    assert_eq!(hooks.list().await.unwrap(), []);
    let made = hooks.register(&world.receiver.url).await.unwrap();
    assert_eq!((made.url.as_str(), made.valid), (world.receiver.url.as_str(), true));
    assert_eq!(made.created_at, Some(at("2026-11-23T09:30:00Z")));
    assert_eq!(world.x.webhooks()[0].id, made.id);
    assert_eq!(hooks.list().await.unwrap(), slice::from_ref(&made));
    assert!(hooks.validate(&made.id).await.unwrap());
    world.receiver.crc(Crc::OtherSecret);
    assert!(!hooks.validate(&made.id).await.unwrap());
    hooks.delete(&made.id).await.unwrap();
    assert_eq!(world.x.webhooks(), []);
    let list = "GET /2/webhooks?webhook_config.fields=created_at%2Cid%2Curl%2Cvalid".to_owned();
    let one = format!("/2/webhooks/{}", made.id);
    let put = format!("PUT {one}");
    assert_eq!(
        world.sent.take(),
        [
            list.clone(),
            "POST /2/webhooks".into(),
            list.clone(),
            put.clone(),
            list.clone(),
            put,
            list,
            format!("DELETE {one}")
        ]
    );
}

#[tokio::test]
async fn a_replay_asks_for_whole_minutes() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::V2).await;
    world.client.account_activity().subscribe(&webhook.id, USER).await.unwrap();
    for _ in 0..3 {
        world.x.emit(MockEventKind::Like, USER);
        world.x.settle().await;
        world.x.clock().advance(Duration::from_secs(60)).await;
    }
    world.x.clock().advance(Duration::from_secs(3600)).await;
    let before = world.x.ledger().sent().len();
    let span = ReplaySpan::around(at("2026-11-23T09:30:30Z"), at("2026-11-23T09:32:00Z")).unwrap();
    let job = world.client.webhooks().replay(&webhook.id, span).await.unwrap();
    assert_eq!(job.created_at, Some(at("2026-11-23T10:33:00Z")));
    world.x.settle().await;
    let again: Vec<_> = world.x.ledger().sent().into_iter().skip(before).map(|sent| sent.kind).collect();
    assert_eq!(again, [MockEventKind::Like, MockEventKind::Like, MockEventKind::Replay]);
    let body = world.sent.all().last().unwrap().body().clone();
    let expected =
        serde_json::json!({"webhook_id": webhook.id, "from_date": "202611230930", "to_date": "202611230932"});
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap(), expected);
    // The job status that the webhook receives contains the job's id.
    let status = world.x.ledger().sent().pop().unwrap();
    assert!(String::from_utf8_lossy(&status.body).contains(&job.id.unwrap()));
}

#[tokio::test]
async fn users_are_subscribed_counted_listed_and_unsubscribed() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::V2).await;
    let (aaa, id) = (world.client.account_activity(), webhook.id.as_str());
    let by_oauth2 = world.client.only(CredentialKind::User2);
    assert!(!aaa.is_subscribed(id, USER).await.unwrap());
    aaa.subscribe(id, USER).await.unwrap();
    by_oauth2.account_activity().subscribe(id, OTHER).await.unwrap();
    assert!(aaa.is_subscribed(id, USER).await.unwrap());
    assert!(by_oauth2.account_activity().is_subscribed(id, OTHER).await.unwrap());
    assert_eq!(world.sent.schemes(), ["OAuth", "OAuth", "Bearer", "OAuth", "Bearer"]);
    assert_eq!(world.sent.all()[1].body(), "{}", "OpenAPI wants a body");
    assert_eq!(aaa.subscribers(id).await.unwrap(), [USER, OTHER]);
    let counts = aaa.count().await.unwrap();
    assert_eq!(counts.account_name.as_deref(), Some("mock-x"));
    assert_eq!((counts.subscriptions_count, counts.provisioned_count), (Some(2), Some(5000)));
    assert_eq!(counts.subscriptions_count_direct_messages, Some(0));
    aaa.unsubscribe(id, USER).await.unwrap();
    assert!(!aaa.is_subscribed(id, USER).await.unwrap());
    assert_eq!(aaa.subscribers(id).await.unwrap(), [OTHER]);
}

#[tokio::test]
async fn a_webhook_is_linked_to_the_filtered_stream() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::V2).await;
    let links = world.client.stream_links();
    assert_eq!(links.list().await.unwrap(), []);
    let fields = [("tweet.fields", "created_at,lang"), ("expansions", "author_id")];
    links.create(&webhook.id, &fields).await.unwrap();
    let all = links.list().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((&all[0].webhook_id, all[0].application_id.as_deref()), (&webhook.id, Some(&*world.x.app().id)));
    assert_eq!(all[0].fields, ["tweet.fields=created_at,lang", "expansions=author_id"]);
    assert_eq!(all[0].created_at, Some(at("2026-11-23T09:30:00Z")));
    // Creates the link again with other fields.
    links.create(&webhook.id, &[]).await.unwrap();
    assert_eq!(links.list().await.unwrap()[0].fields, Vec::<String>::new());
    links.delete(&webhook.id).await.unwrap();
    assert_eq!(links.list().await.unwrap(), []);
}
