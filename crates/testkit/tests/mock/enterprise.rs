//! Enterprise 1.1: the responses to successful calls.

use birdhook_testkit::mock::{MockApi, Occasion};
use serde_json::{Value, json};

use crate::mock::receiver::Crc;
use crate::mock::world::{As, USER, World, with_url};

const HOOKS: &str = "/1.1/account_activity/webhooks";

#[tokio::test]
async fn a_webhook_is_registered_listed_checked_and_deleted() {
    let world = World::new().await;
    let reply = world.call("POST", &with_url(&format!("{HOOKS}.json"), &world.receiver.url), world.owner(), "").await;
    let webhook = &world.x.webhooks()[0];
    let entry =
        json!({"id": webhook.id, "url": world.receiver.url, "valid": true, "created_at": "2026-11-23T09:30:00Z"});
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(reply.both(), (200, entry.clone()));
    assert!(webhook.id.len() <= 19 && webhook.id.bytes().all(|byte| byte.is_ascii_digit()), "{webhook:?}");
    assert_eq!(webhook.generation, MockApi::Enterprise);

    let list = world.call("GET", &format!("{HOOKS}.json"), world.bearer(), "").await;
    assert_eq!(list.both(), (200, json!([entry])));

    let one = format!("{HOOKS}/{}.json", webhook.id);
    let challenges = world.receiver.challenges().len();
    assert_eq!(world.call("PUT", &one, world.owner(), "").await.both(), (204, Value::Null));
    assert_eq!(world.receiver.challenges().len(), challenges + 1);
    assert_eq!(world.x.ledger().challenges().last().unwrap().occasion, Occasion::Revalidation);

    assert_eq!(world.call("DELETE", &one, world.owner(), "").await.both(), (204, Value::Null));
    assert_eq!(world.x.webhooks(), []);
    assert_eq!(world.call("GET", HOOKS, world.bearer(), "").await.both(), (200, json!([])));
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
    let (world, webhook) = World::subscribed_v1().await;
    let one = format!("{HOOKS}/{}.json", webhook.id);
    world.receiver.crc(Crc::Answer(500, ""));
    assert_eq!(world.call("PUT", &one, world.owner(), "").await.status, 403);
    assert_eq!(world.call("GET", HOOKS, world.bearer(), "").await.body[0]["valid"], false);
    world.receiver.crc(Crc::Right);
    assert_eq!(world.call("PUT", &one, world.owner(), "").await.status, 204);
    assert_eq!(world.call("GET", HOOKS, world.bearer(), "").await.body[0]["valid"], true);
}

#[tokio::test]
async fn users_are_subscribed_counted_listed_and_unsubscribed() {
    let (world, webhook) = World::registered(MockApi::Enterprise).await;
    let all = format!("{HOOKS}/{}/subscriptions/all.json", webhook.id);
    let (ada, bob) = (world.x.user(USER), world.x.user("3003"));
    let (as_ada, as_bob) = (As::User(world.app(), &ada), As::User(world.app(), &bob));

    assert_eq!(world.call("GET", &all, as_ada, "").await.error().0, 404, "not yet");
    assert_eq!(world.call("POST", &all, as_ada, "").await.both(), (204, Value::Null));
    assert_eq!(world.call("POST", &all, as_bob, "").await.both(), (204, Value::Null));
    assert_eq!(world.call("GET", &all, as_ada, "").await.both(), (204, Value::Null));

    let list = format!("{HOOKS}/{}/subscriptions/all/list.json", webhook.id);
    let expected = json!({
        "webhook_id": webhook.id,
        "webhook_url": world.receiver.url,
        "application_id": world.app().id,
        "subscriptions": [{"user_id": USER}, {"user_id": "3003"}],
    });
    assert_eq!(world.call("GET", &list, world.bearer(), "").await.both(), (200, expected));

    let count = json!({
        "account_name": "mock-x",
        "subscriptions_count_all": "2",
        "subscriptions_count_direct_messages": "0",
        "provisioned_count": "5000",
    });
    let counted = world.call("GET", "/1.1/account_activity/subscriptions/count.json", world.bearer(), "").await;
    assert_eq!(counted.both(), (200, count));

    let of_ada = format!("{HOOKS}/{}/subscriptions/{USER}/all.json", webhook.id);
    assert_eq!(world.call("DELETE", &of_ada, world.bearer(), "").await.both(), (204, Value::Null));
    assert_eq!(world.call("DELETE", &of_ada, world.bearer(), "").await.error().0, 404, "once is enough");
    assert_eq!(world.call("DELETE", &all, as_bob, "").await.both(), (204, Value::Null), "deprecated, and it works");
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
