//! v2: webhooks, Account Activity subscriptions, filtered stream links, app-only tokens.

use birdhook_testkit::mock::MockApi;
use serde_json::json;

use crate::mock::world::{As, World};

#[tokio::test]
async fn a_webhook_is_registered_listed_checked_and_deleted() {
    let world = World::new().await;
    world.play("v2: a webhook is registered, listed, checked and deleted").await;
    let id = world.x.ledger().challenges()[1].webhook.clone().unwrap();
    assert!((1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
}

#[tokio::test]
async fn users_are_subscribed_counted_listed_and_unsubscribed() {
    let (world, _) = World::registered(MockApi::V2).await;
    world.play("v2: users are subscribed, counted, listed and unsubscribed").await;
}

#[tokio::test]
async fn a_webhook_is_linked_to_the_filtered_stream() {
    let (world, _) = World::registered(MockApi::V2).await;
    world.play("v2: a webhook is linked to the filtered stream").await;
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
