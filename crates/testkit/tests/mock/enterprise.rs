//! Enterprise and premium 1.1: the responses to successful calls.

use birdhook_testkit::mock::{MockApi, Occasion};
use serde_json::json;

use crate::mock::world::{World, with_url};

const HOOKS: &str = "/1.1/account_activity/webhooks";

#[tokio::test]
async fn a_webhook_is_registered_listed_checked_and_deleted() {
    let world = World::new().await;
    world.play("1.1: a webhook is registered, listed and checked").await;
    let webhook = &world.x.webhooks()[0];
    assert!(webhook.id.len() <= 19 && webhook.id.bytes().all(|byte| byte.is_ascii_digit()), "{webhook:?}");
    assert_eq!(webhook.generation, MockApi::Enterprise);
    assert_eq!(world.receiver.challenges().len(), 2);
    assert_eq!(world.x.ledger().challenges().last().unwrap().occasion, Occasion::Revalidation);
    world.play("1.1: a webhook is deleted").await;
    assert_eq!(world.x.webhooks(), []);
}

#[tokio::test]
async fn accepts_the_url_in_a_signed_form() {
    let world = World::new().await;
    let form = with_url("", &world.receiver.url).trim_start_matches('?').to_owned();
    let reply = world.call_with("POST", HOOKS, world.owner(), "application/x-www-form-urlencoded", &form).await;
    assert_eq!((reply.status, reply.body["url"].as_str()), (200, Some(world.receiver.url.as_str())));
}

#[tokio::test]
async fn lists_a_webhook_as_invalid_until_a_put() {
    let (world, _) = World::subscribed_v1().await;
    world.play("1.1: a webhook is listed as invalid until a PUT").await;
}

#[tokio::test]
async fn users_are_subscribed_counted_listed_and_unsubscribed() {
    let (world, _) = World::registered(MockApi::Enterprise).await;
    world.play("1.1: users are subscribed, counted, listed and unsubscribed").await;
    assert_eq!(world.x.subscriptions(), []);
}

#[tokio::test]
async fn accepts_a_replay() {
    let (world, webhook) = World::registered(MockApi::Enterprise).await;
    let path = format!(
        "/1.1/account_activity/replay/webhooks/{}/subscriptions/all.json?from_date=202611230800&to_date=202611230900",
        webhook.id
    );
    let reply = world.call("POST", &path, world.bearer(), "").await;
    assert_eq!(reply.status, 202);
    let job = reply.body["job_id"].as_str().unwrap();
    assert_eq!(reply.body, json!({"job_id": job, "created_at": "2026-11-23T09:30:00Z"}));
}

#[tokio::test]
async fn an_environment_has_a_webhook_and_subscriptions() {
    World::new().await.play("premium: a webhook is registered in an environment").await;
}
