//! The requests of the dashboard that change something.

use birdhook_core::{Secret, signature};
use birdhook_testkit::MockEventKind;
use serde_json::{Value, json};

use crate::mock::world::{As, Reply, USER, World};

async fn post(world: &World, action: &str, body: Value) -> Reply {
    world.call("POST", &format!("/_mock/{action}"), As::Nobody, &body.to_string()).await
}

#[tokio::test]
async fn deliveries_are_held_and_released_in_another_order() {
    let (world, _) = World::subscribed().await;
    let held = post(&world, "hold", json!({"held": true})).await;
    let expected = json!({"held": true, "order": "as_happened", "at_once": 1, "duplicates": 0, "waiting": 0});
    assert_eq!(held.both(), (200, expected));
    for _ in 0..3 {
        world.emit(MockEventKind::Like).await;
    }
    assert!(world.x.ledger().sent().is_empty());
    let state = world.call("GET", "/_mock/state", As::Nobody, "").await.body;
    assert_eq!((&state["controls"]["held"], &state["controls"]["waiting"]), (&json!(true), &json!(3)));
    let released = post(&world, "hold", json!({"held": false, "order": "reversed", "at_once": 2})).await;
    assert_eq!(released.status, 200);
    world.x.settle().await;
    let mut order: Vec<u64> = world.x.ledger().sent().iter().map(|sent| sent.delivery).collect();
    assert_eq!(order.pop(), Some(1), "two were sent at once, the first event last");
}

#[tokio::test]
async fn copies_of_later_deliveries_are_sent() {
    let (world, _) = World::subscribed().await;
    assert_eq!(post(&world, "duplicates", json!({"copies": 2})).await.body["duplicates"], 2);
    world.emit(MockEventKind::Like).await;
    assert_eq!(world.receiver.deliveries().len(), 3);
}

#[tokio::test]
async fn an_invalidated_webhook_gets_no_deliveries_until_it_is_validated() {
    let (world, webhook) = World::subscribed().await;
    let of_webhook = json!({"webhook_id": webhook.id});
    assert_eq!(post(&world, "invalidate", of_webhook.clone()).await.body["valid"], false);
    world.emit(MockEventKind::Like).await;
    assert!(world.receiver.deliveries().is_empty());
    assert_eq!(post(&world, "validate", of_webhook).await.body["valid"], true);
    world.emit(MockEventKind::Like).await;
    assert_eq!(world.receiver.deliveries().len(), 1);
    world.x.invalidate(&webhook).unwrap();
    assert!(!world.x.webhooks()[0].valid);
    world.x.delete(&webhook);
    assert!(world.x.invalidate(&webhook).is_err());
}

#[tokio::test]
async fn users_are_subscribed_to_everything_or_to_an_event_type() {
    let (world, webhook) = World::subscribed().await;
    let to =
        |user: &str, event_type: &str| json!({"webhook_id": webhook.id, "user_id": user, "event_type": event_type});
    assert_eq!(post(&world, "subscribe", json!({"webhook_id": webhook.id, "user_id": "77"})).await.status, 200);
    assert_eq!(world.x.subscriptions()[1].user_id, "77");
    let created = post(&world, "subscribe", to("77", "like.create")).await;
    assert_eq!((created.status, &created.body["event_type"]), (200, &json!("like.create")));
    assert_eq!(world.x.activity_subscriptions()[0].filter.user_id.as_deref(), Some("77"));
    let state = world.call("GET", "/_mock/state", As::Nobody, "").await.body;
    let types = state["event_types"].as_array().unwrap();
    assert!(types.contains(&json!("like.create")) && !types.contains(&json!("oauth.revoke")), "{types:?}");
    assert_eq!(post(&world, "subscribe", to("77", "like.create")).await.status, 409);
}

#[tokio::test]
async fn a_replaced_secret_signs_from_the_next_request_on() {
    let (world, webhook) = World::subscribed().await;
    world.emit(MockEventKind::Like).await;
    let reply = post(&world, "secret", json!({"kind": "consumer", "secret": "another-secret"})).await;
    assert_eq!(reply.both(), (200, json!({"app": "default", "kind": "consumer"})));
    world.emit(MockEventKind::Like).await;
    let another = Secret::new("another-secret").unwrap();
    let deliveries = world.receiver.deliveries();
    for (delivery, secret) in deliveries.iter().zip([world.app().secret(), &another]) {
        let signed = delivery.header(signature::HEADER).unwrap();
        signature::verify(secret, &delivery.body, signed.as_bytes()).unwrap();
    }
    assert_eq!(deliveries.len(), 2);
    assert!(world.x.revalidate(&webhook).await.is_err(), "the receiver answers with the old secret");
}

#[tokio::test]
async fn a_control_that_is_refused_changes_nothing() {
    let (world, webhook) = World::subscribed().await;
    let before = world.call("GET", "/_mock/state", As::Nobody, "").await.body;
    let id = &webhook.id;
    for (action, body, status) in [
        ("hold", json!({}), 400),
        ("hold", json!({"held": true, "order": "sideways"}), 400),
        ("hold", json!({"held": true, "at_once": 0}), 400),
        ("hold", json!({"held": true, "at_once": 101}), 400),
        ("duplicates", json!({"copies": 101}), 400),
        ("duplicates", json!({"copies": -1}), 400),
        ("invalidate", json!({"webhook_id": "1"}), 404),
        ("validate", json!({"webhook_id": "1"}), 404),
        ("subscribe", json!({"webhook_id": "1", "user_id": "77"}), 404),
        ("subscribe", json!({"webhook_id": id, "user_id": "nobody"}), 400),
        ("subscribe", json!({"webhook_id": id, "user_id": "77", "event_type": "nothing"}), 400),
        ("subscribe", json!({"webhook_id": id, "user_id": USER}), 409),
        ("secret", json!({"kind": "access", "secret": "another-secret"}), 400),
        ("secret", json!({"kind": "consumer", "secret": "another secret"}), 400),
    ] {
        let reply = post(&world, action, body.clone()).await;
        assert_eq!(reply.status, status, "{action} {body}");
        assert!(reply.body["error"].is_string(), "{action} {body}: {:?}", reply.body);
    }
    // A form of another site cannot send JSON.
    for action in ["fire", "hold", "duplicates", "invalidate", "validate", "subscribe", "secret"] {
        let reply =
            world.call_with("POST", &format!("/_mock/{action}"), As::Nobody, "text/plain", r#"{"held":true}"#).await;
        assert_eq!(reply.status, 415, "{action}");
    }
    assert_eq!(world.call("GET", "/_mock/state", As::Nobody, "").await.body, before);
}
