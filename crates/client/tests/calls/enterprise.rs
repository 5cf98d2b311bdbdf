use std::slice;
use std::time::Duration;

use birdhook_client::api::ReplaySpan;
use birdhook_testkit::mock::{MockApi, Occasion};

use crate::calls::fixture::{Fixture, OTHER};
use crate::support::receiver::Crc;
use crate::support::{USER, at};

#[tokio::test]
async fn a_webhook_is_registered_listed_challenged_and_deleted() {
    let fixture = Fixture::new().await;
    let hooks = fixture.client.enterprise();
    assert_eq!(hooks.list().await.unwrap(), []);
    let url = format!("{}?tenant=7&name=a%20b+c~*", fixture.receiver.url);
    let made = hooks.register(&url).await.unwrap();
    assert_eq!((made.url.as_str(), made.valid), (url.as_str(), true));
    assert_eq!(made.created_at, Some(at("2026-11-23T09:30:00Z")));
    let known = fixture.x.webhooks();
    assert_eq!((known[0].id.as_str(), known[0].url.as_str()), (made.id.as_str(), url.as_str()));
    assert_eq!(known[0].generation, MockApi::Enterprise);
    assert_eq!(hooks.list().await.unwrap(), slice::from_ref(&made));

    fixture.receiver.crc(Crc::OtherSecret);
    hooks.challenge(&made.id).await.unwrap_err();
    assert!(!hooks.list().await.unwrap()[0].valid);
    fixture.receiver.crc(Crc::Right);
    hooks.challenge(&made.id).await.unwrap();
    assert!(hooks.list().await.unwrap()[0].valid);
    let occasions: Vec<_> = fixture.x.ledger().challenges().iter().map(|one| one.occasion).collect();
    assert_eq!(occasions, [Occasion::Registration, Occasion::Revalidation, Occasion::Revalidation]);

    hooks.delete(&made.id).await.unwrap();
    assert_eq!(fixture.x.webhooks(), []);
    assert_eq!(hooks.list().await.unwrap(), []);
    assert_eq!(fixture.sent.schemes().join(" "), "Bearer OAuth Bearer OAuth Bearer OAuth Bearer OAuth Bearer");
}

#[tokio::test]
async fn users_are_subscribed_counted_listed_and_unsubscribed() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::Enterprise).await;
    let (hooks, id) = (fixture.client.enterprise(), webhook.id.as_str());
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
    let of = |call: &str, rest: &str| format!("{call} /1.1/account_activity/webhooks/{id}/subscriptions/{rest}");
    let (is_subscribed, subscribe) = (of("GET", "all.json"), of("POST", "all.json"));
    let (list, delete) = (of("GET", "all/list.json"), of("DELETE", "2001/all.json"));
    let (is_subscribed, subscribe, list) = (&*is_subscribed, &*subscribe, &*list);
    let count = "GET /1.1/account_activity/subscriptions/count.json";
    let first = [is_subscribed, subscribe, subscribe, is_subscribed, list, count];
    assert_eq!(fixture.sent.take(), [&first[..], &[&*delete, is_subscribed, is_subscribed, list]].concat());
}

#[tokio::test]
async fn a_replay_delivers_the_span_again() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::Enterprise).await;
    fixture.client.enterprise().subscribe(&webhook.id, USER).await.unwrap();
    fixture.three_likes().await;
    fixture.x.clock().advance(Duration::from_secs(3 * 24 * 3600)).await;
    fixture.sent.take();
    let span = ReplaySpan::around(at("2026-11-23T09:30:59Z"), at("2026-11-23T09:31:01Z")).unwrap();
    let before = fixture.x.ledger().sent().len();
    let job = fixture.client.enterprise().replay(&webhook.id, span).await.unwrap();
    assert!(job.id.as_deref().is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())));
    assert_eq!(job.created_at, Some(at("2026-11-26T09:33:00Z")));
    let path = format!("/1.1/account_activity/replay/webhooks/{}/subscriptions/all.json", webhook.id);
    assert_eq!(fixture.sent.take(), [format!("POST {path}?from_date=202611230930&to_date=202611230932")]);
    assert_eq!(fixture.delivered_after(before).await, ["like.create", "like.create", "replay_job_status"]);
}
