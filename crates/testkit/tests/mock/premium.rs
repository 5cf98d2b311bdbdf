//! Premium 1.1, for existing code that still uses it.

use serde_json::{Value, json};

use crate::mock::world::{As, USER, World, with_url};

const ALL: &str = "/1.1/account_activity/all";

#[tokio::test]
async fn an_environment_has_a_webhook_and_subscriptions() {
    let world = World::new().await;
    let register = with_url(&format!("{ALL}/Dev/webhooks.json"), &world.receiver.url);
    let reply = world.call("POST", &register, world.owner(), "").await;
    let id = world.x.webhooks()[0].id.clone();
    let entry = json!({"id": id, "url": world.receiver.url, "valid": true, "created_at": "2026-11-23T09:30:00Z"});
    assert_eq!(reply.both(), (200, entry.clone()));

    let get = async |path: &str| world.call("GET", &format!("{ALL}/{path}"), world.bearer(), "").await.both();
    assert_eq!(
        get("webhooks.json").await,
        (200, json!({"environments": [{"environment_name": "Dev", "webhooks": [entry]}]}))
    );
    assert_eq!(get("Dev/webhooks.json").await, (200, json!([entry])));
    assert_eq!(get("dev/webhooks.json").await, (200, json!([])), "the name is case-sensitive");
    let one = format!("{ALL}/Dev/webhooks/{id}.json");
    assert_eq!(world.call("PUT", &one, world.owner(), "").await.both(), (204, Value::Null));

    let user = world.x.user(USER);
    let (as_user, subscriptions) = (As::User(world.app(), &user), format!("{ALL}/Dev/subscriptions.json"));
    assert_eq!(world.call("GET", &subscriptions, as_user, "").await.error().0, 404);
    assert_eq!(world.call("POST", &subscriptions, as_user, "").await.both(), (204, Value::Null));
    assert_eq!(world.call("GET", &subscriptions, as_user, "").await.both(), (204, Value::Null));
    let again = world.call("POST", &subscriptions, as_user, "").await;
    assert_eq!(again.error(), (409, 355, "Subscription already exists."));
    let list = json!({"environment": "Dev", "application_id": world.app().id, "subscriptions": [{"user_id": USER}]});
    assert_eq!(get("Dev/subscriptions/list.json").await, (200, list));
    let count = json!({"account_name": "mock-x", "subscriptions_count": "1", "provisioned_count": "5000"});
    assert_eq!(get("subscriptions/count.json").await, (200, count));
    let of_user = format!("{ALL}/Dev/subscriptions/{USER}.json");
    assert_eq!(world.call("DELETE", &of_user, world.bearer(), "").await.both(), (204, Value::Null));
    assert_eq!(world.call("DELETE", &of_user, world.bearer(), "").await.error().0, 404);

    let second = with_url(&format!("{ALL}/Dev/webhooks.json"), &format!("{}/second", world.receiver.url));
    let reply = world.call("POST", &second, world.owner(), "").await;
    assert_eq!(reply.error(), (403, 214, "Too many resources already created."), "one webhook in an environment");
    assert_eq!(world.call("DELETE", &one, world.owner(), "").await.both(), (204, Value::Null));
    assert_eq!(get("webhooks.json").await, (200, json!({"environments": []})));
}
