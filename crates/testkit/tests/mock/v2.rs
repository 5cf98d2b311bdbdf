//! v2: webhooks, Account Activity subscriptions, filtered stream links, app-only tokens.

use birdhook_testkit::mock::MockApi;
use serde_json::json;

use crate::mock::receiver::Crc;
use crate::mock::world::{As, USER, World};

#[tokio::test]
async fn a_webhook_is_registered_listed_checked_and_deleted() {
    let world = World::new().await;
    let body = json!({"url": world.receiver.url}).to_string();
    let reply = world.call("POST", "/2/webhooks", world.bearer(), &body).await;
    let id = world.x.webhooks()[0].id.clone();
    let entry = json!({"id": id, "url": world.receiver.url, "valid": true, "created_at": "2026-11-23T09:30:00.000Z"});
    assert_eq!(reply.both(), (200, json!({"data": entry})));
    assert!((1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");

    let list = world.call("GET", "/2/webhooks", world.bearer(), "").await;
    assert_eq!(list.both(), (200, json!({"data": [entry], "meta": {"result_count": 1}})));
    let some = world.call("GET", "/2/webhooks?webhook_config.fields=valid", world.bearer(), "").await;
    assert_eq!(some.body["data"], json!([{"id": id, "valid": true}]));

    let one = format!("/2/webhooks/{id}");
    assert_eq!(world.call("PUT", &one, world.bearer(), "").await.both(), (200, json!({"data": {"valid": true}})));
    world.receiver.crc(Crc::OtherSecret);
    assert_eq!(world.call("PUT", &one, world.bearer(), "").await.both(), (200, json!({"data": {"valid": false}})));
    assert_eq!(world.call("GET", "/2/webhooks", world.bearer(), "").await.body["data"][0]["valid"], false);

    assert_eq!(world.call("DELETE", &one, world.bearer(), "").await.both(), (200, json!({"data": {"deleted": true}})));
    let list = world.call("GET", "/2/webhooks", world.bearer(), "").await;
    assert_eq!(list.both(), (200, json!({"data": [], "meta": {"result_count": 0}})));
}

#[tokio::test]
async fn users_are_subscribed_counted_listed_and_unsubscribed() {
    let (world, webhook) = World::registered(MockApi::V2).await;
    let all = format!("/2/account_activity/webhooks/{}/subscriptions/all", webhook.id);
    let (ada, bob) = (world.x.user(USER), world.x.user("3003"));
    let (by_oauth1, by_oauth2) = (As::User(world.app(), &ada), As::Bearer(&bob.oauth2_token));
    let is = |is: bool| (200, json!({"data": {"subscribed": is}}));

    assert_eq!(world.call("GET", &all, by_oauth1, "").await.both(), is(false));
    assert_eq!(world.call("POST", &all, by_oauth1, "{}").await.both(), is(true));
    assert_eq!(world.call("POST", &all, by_oauth2, "").await.both(), is(true));
    assert_eq!(world.call("GET", &all, by_oauth1, "").await.both(), is(true));
    assert_eq!(world.call("GET", &all, by_oauth2, "").await.both(), is(true));

    let expected = json!({"data": {
        "application_id": world.app().id,
        "webhook_id": webhook.id,
        "webhook_url": world.receiver.url,
        "subscriptions": [{"user_id": USER}, {"user_id": "3003"}],
    }});
    assert_eq!(world.call("GET", &format!("{all}/list"), world.bearer(), "").await.both(), (200, expected));
    let count = json!({"data": {
        "account_name": "mock-x",
        "subscriptions_count_all": "2",
        "subscriptions_count_direct_messages": "0",
        "provisioned_count": "5000",
    }});
    let counted = world.call("GET", "/2/account_activity/subscriptions/count", world.bearer(), "").await;
    assert_eq!(counted.both(), (200, count));

    let of_ada = format!("/2/account_activity/webhooks/{}/subscriptions/{USER}/all", webhook.id);
    assert_eq!(world.call("DELETE", &of_ada, world.bearer(), "").await.both(), is(false));
    assert_eq!(world.call("DELETE", &of_ada, world.bearer(), "").await.reason(), (400, "SubscriptionNotFound"));
    assert_eq!(world.call("GET", &all, by_oauth1, "").await.both(), is(false));
}

#[tokio::test]
async fn a_webhook_is_linked_to_the_filtered_stream() {
    let (world, webhook) = World::registered(MockApi::V2).await;
    let one = format!("/2/tweets/search/webhooks/{}", webhook.id);
    let list = "/2/tweets/search/stream/webhooks";
    let links = async || world.call("GET", list, world.bearer(), "").await.both();
    assert_eq!(links().await, (200, json!({"data": {"links": []}})));
    let reply =
        world.call("POST", &format!("{one}?tweet.fields=id,text&expansions=author_id"), world.bearer(), "").await;
    assert_eq!(reply.both(), (200, json!({"data": {"provisioned": true}})));
    let link = json!({
        "application_id": world.app().id,
        "business_user_id": world.app().owner.id,
        "created_at": "2026-11-23T09:30:00.000Z",
        "fields": ["tweet.fields=id,text", "expansions=author_id"],
        "instance_id": "1",
        "webhook_id": webhook.id,
    });
    assert_eq!(links().await, (200, json!({"data": {"links": [link]}})));
    assert_eq!(world.call("DELETE", &one, world.bearer(), "").await.both(), (200, json!({"data": {"deleted": true}})));
    assert_eq!(links().await, (200, json!({"data": {"links": []}})));
    assert_eq!(world.call("DELETE", &one, world.bearer(), "").await.reason(), (400, "SubscriptionNotFound"));
}

#[tokio::test]
async fn returns_the_bearer_token_for_the_key_and_secret() {
    use base64::Engine;
    let world = World::new().await;
    let ask = async |key: &str, secret: &str, form: &str| {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{key}:{secret}"));
        let header = format!("Basic {pair}");
        let form_type = "application/x-www-form-urlencoded";
        world.call_with("POST", "/oauth2/token", As::Header(&header), form_type, form).await
    };
    let (key, secret) = (&world.app().consumer_key, world.app().consumer_secret.as_str());
    let reply = ask(key, secret, "grant_type=client_credentials").await;
    let expected = json!({"token_type": "bearer", "access_token": world.app().bearer.as_str()});
    assert_eq!(reply.both(), (200, expected));
    for (key, secret, form) in [
        (key.as_str(), "wrong", "grant_type=client_credentials"),
        ("wrong", secret, "grant_type=client_credentials"),
        (key, secret, "grant_type=password"),
        (key, secret, ""),
    ] {
        let reply = ask(key, secret, form).await;
        assert_eq!(reply.error(), (403, 99, "Unable to verify your credentials"), "{form}");
    }
}
