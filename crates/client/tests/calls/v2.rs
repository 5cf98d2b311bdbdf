use std::slice;
use std::time::Duration;

use birdhook_client::CredentialKind;
use birdhook_client::api::ReplaySpan;
use birdhook_testkit::mock::MockApi;
use serde_json::{Value, json};

use crate::calls::fixture::{Fixture, OTHER};
use crate::support::receiver::Crc;
use crate::support::{USER, at};

#[tokio::test]
async fn a_webhook_is_registered_listed_validated_and_deleted() {
    let fixture = Fixture::new().await;
    let hooks = fixture.client.webhooks();
    assert_eq!(hooks.list().await.unwrap(), []);
    let made = hooks.register(&fixture.receiver.url).await.unwrap();
    assert_eq!((made.url.as_str(), made.valid), (fixture.receiver.url.as_str(), true));
    assert_eq!(made.created_at, Some(at("2026-11-23T09:30:00Z")));
    assert_eq!(fixture.x.webhooks()[0].id, made.id);
    assert_eq!(hooks.list().await.unwrap(), slice::from_ref(&made));
    assert!(hooks.validate(&made.id).await.unwrap());
    fixture.receiver.crc(Crc::OtherSecret);
    assert!(!hooks.validate(&made.id).await.unwrap());
    hooks.delete(&made.id).await.unwrap();
    assert_eq!(fixture.x.webhooks(), []);
    let list = "GET /2/webhooks?webhook_config.fields=created_at%2Cid%2Curl%2Cvalid".to_owned();
    let one = format!("/2/webhooks/{}", made.id);
    let put = format!("PUT {one}");
    let (list, post, put, delete) = (list.as_str(), "POST /2/webhooks", put.as_str(), &*format!("DELETE {one}"));
    assert_eq!(fixture.sent.take(), [list, post, list, put, list, put, list, delete]);
}

#[tokio::test]
async fn a_replay_requests_whole_minutes() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    fixture.client.account_activity().subscribe(&webhook.id, USER).await.unwrap();
    fixture.three_likes().await;
    fixture.x.clock().advance(Duration::from_secs(3600)).await;
    let before = fixture.x.ledger().sent().len();
    let span = ReplaySpan::around(at("2026-11-23T09:30:30Z"), at("2026-11-23T09:32:00Z")).unwrap();
    let job = fixture.client.webhooks().replay(&webhook.id, span).await.unwrap();
    assert_eq!(job.created_at, Some(at("2026-11-23T10:33:00Z")));
    assert_eq!(fixture.delivered_after(before).await, ["like.create", "like.create", "replay_job_status"]);
    let body = fixture.sent.all().last().unwrap().body().clone();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, json!({"webhook_id": webhook.id, "from_date": "202611230930", "to_date": "202611230932"}));
    // The job status that the webhook receives contains the job's id.
    let status = fixture.x.ledger().sent().pop().unwrap();
    assert!(String::from_utf8_lossy(&status.body).contains(&job.id.unwrap()));
}

#[tokio::test]
async fn users_are_subscribed_counted_listed_and_unsubscribed() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let (aaa, id) = (fixture.client.account_activity(), webhook.id.as_str());
    let by_oauth2 = fixture.client.only(CredentialKind::User2);
    assert!(!aaa.is_subscribed(id, USER).await.unwrap());
    aaa.subscribe(id, USER).await.unwrap();
    by_oauth2.account_activity().subscribe(id, OTHER).await.unwrap();
    assert!(aaa.is_subscribed(id, USER).await.unwrap());
    assert!(by_oauth2.account_activity().is_subscribed(id, OTHER).await.unwrap());
    assert_eq!(fixture.sent.schemes(), ["OAuth", "OAuth", "Bearer", "OAuth", "Bearer"]);
    assert_eq!(fixture.sent.all()[1].body(), "{}", "OpenAPI wants a body");
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
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let links = fixture.client.stream_links();
    assert_eq!(links.list().await.unwrap(), []);
    let fields = [("tweet.fields", "created_at,lang"), ("expansions", "author_id")];
    links.create(&webhook.id, &fields).await.unwrap();
    let all = links.list().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((&all[0].webhook_id, all[0].application_id.as_deref()), (&webhook.id, Some(&*fixture.x.app().id)));
    assert_eq!(all[0].fields, ["tweet.fields=created_at,lang", "expansions=author_id"]);
    assert_eq!(all[0].created_at, Some(at("2026-11-23T09:30:00Z")));
    // Creates the link again with other fields.
    links.create(&webhook.id, &[]).await.unwrap();
    assert_eq!(links.list().await.unwrap()[0].fields, Vec::<String>::new());
    links.delete(&webhook.id).await.unwrap();
    assert_eq!(links.list().await.unwrap(), []);
}
