//! X's contradictory documents: every setting has its documented effect.

use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{
    ActivityAnswer, Contradictions, ErrorForm, MockApi, Permission, RepeatedSubscription, ReplayAnswer, ReplayEnd,
    StreamLinksList, StreamLinksPath, WebhookAuth, WebhookCheck,
};
use serde_json::{Value, json};

use crate::mock::receiver::Crc;
use crate::mock::world::{As, USER, World, h, s};

async fn world(change: impl FnOnce(&mut Contradictions)) -> World {
    World::with(|settings| change(&mut settings.contradictions)).await
}

#[tokio::test]
async fn webhook_auth_decides_whether_the_owner_may_call() {
    for (auth, owner_may) in [(WebhookAuth::Bearer, false), (WebhookAuth::BearerOrOwner, true)] {
        let world = world(|all| all.webhook_auth = auth).await;
        let body = json!({"url": world.receiver.url}).to_string();
        let user = world.x.user(USER);
        let as_user = As::User(world.app(), &user);
        assert_eq!(world.call("POST", "/2/webhooks", as_user, &body).await.status, 403, "{auth:?}: not the owner");
        world.x.set_permission(Permission::Read);
        let reader = world.x.add_app("reader").unwrap();
        let reply = world.call("POST", "/2/webhooks", As::User(&reader, &reader.owner), &body).await;
        assert_eq!(reply.status, 403, "{auth:?}: read-only");
        let reply = world.call("POST", "/2/webhooks", world.owner(), &body).await;
        assert_eq!(reply.status == 200, owner_may, "{auth:?}: {reply:?}");
        if !owner_may {
            let detail = "Authenticating with OAuth 1.0a User Context is forbidden for this endpoint.  \
                          Supported authentication types are [OAuth 2.0 Application-Only].";
            assert_eq!(reply.body["detail"], detail);
            continue;
        }
        let one = format!("/2/webhooks/{}", world.x.webhooks()[0].id);
        assert_eq!(world.call("PUT", &one, world.owner(), "").await.status, 200);
        assert_eq!(world.call("GET", "/2/webhooks", world.owner(), "").await.status, 403, "bearer for GET");
        assert_eq!(world.call("POST", "/2/webhooks/replay", world.owner(), "{}").await.status, 403, "and replay");
        assert_eq!(world.call("PUT", &one, world.bearer(), "").await.status, 200, "bearer all the same");
        assert_eq!(world.call("DELETE", &one, world.owner(), "").await.status, 200);
    }
}

#[tokio::test]
async fn webhook_check_decides_the_result_of_a_failed_put() {
    for (check, right, wrong) in [
        (WebhookCheck::Valid, json!({"valid": true}), json!({"valid": false})),
        (WebhookCheck::Triggered, json!({"valid": true}), json!({"valid": true})),
        (WebhookCheck::Attempted, json!({"attempted": true}), json!({"attempted": true})),
    ] {
        let world = world(|all| all.webhook_check = check).await;
        let webhook = world.webhook(MockApi::V2).await;
        for (crc, expected, valid) in [(Crc::Right, right, true), (Crc::OtherSecret, wrong, false)] {
            world.receiver.set().crc = crc;
            let reply = world.call("PUT", &format!("/2/webhooks/{}", webhook.id), world.bearer(), "").await;
            assert_eq!(reply.both(), (200, json!({"data": expected})), "{check:?}");
            let list = world.call("GET", "/2/webhooks", world.bearer(), "").await;
            assert_eq!(list.body["data"][0]["valid"], valid, "{check:?}: GET tells");
        }
    }
}

#[tokio::test]
async fn activity_answer_decides_the_shape_of_the_response() {
    for answer in [ActivityAnswer::Object, ActivityAnswer::Array, ActivityAnswer::Nested] {
        let world = world(|all| all.activity_answer = answer).await;
        let asked = json!({"event_type": "news.new", "filter": {"keyword": "tea"}}).to_string();
        let reply = world.call("POST", "/2/activity/subscriptions", world.bearer(), &asked).await;
        let id = world.x.activity_subscriptions()[0].id.clone();
        let changed = world.call("PUT", &format!("/2/activity/subscriptions/{id}"), world.bearer(), "{}").await;
        for reply in [reply.body, changed.body] {
            let entry = match answer {
                ActivityAnswer::Array => &reply["data"][0],
                ActivityAnswer::Nested => &reply["data"]["subscription"],
                _ => &reply["data"],
            };
            assert_eq!(entry["subscription_id"], id, "{answer:?}: {reply}");
            assert_eq!(reply["data"].is_array(), answer == ActivityAnswer::Array);
        }
    }
}

#[tokio::test]
async fn a_setting_allows_subscriptions_to_revocations() {
    for can_be in [false, true] {
        let world = world(|all| all.revoke_can_be_subscribed = can_be).await;
        let webhook = world.webhook(MockApi::V2).await;
        let asked = json!({"event_type": "oauth.revoke", "filter": {}, "webhook_id": webhook.id}).to_string();
        let reply = world.call("POST", "/2/activity/subscriptions", world.bearer(), &asked).await;
        assert_eq!(reply.status, if can_be { 200 } else { 400 });
        world.emit(MockEventKind::Revoke).await;
        assert_eq!(world.receiver.deliveries().len(), usize::from(can_be));
        for seen in world.receiver.deliveries() {
            let body: Value = serde_json::from_slice(&seen.body).unwrap();
            assert_eq!((&body["data"]["event_type"], &body["data"]["filter"]), (&json!("oauth.revoke"), &json!({})));
        }
    }
}

#[tokio::test]
async fn stream_links_decide_the_path_and_the_list() {
    let paths = ["/2/tweets/search/stream/webhooks", "/2/tweets/search/webhooks"];
    for (path, there) in [(StreamLinksPath::Guide, 0), (StreamLinksPath::OpenApi, 1)] {
        for (list, parted) in [(StreamLinksList::Links, false), (StreamLinksList::Array, true)] {
            let world = world(|all| {
                all.stream_links_path = path;
                all.stream_links_list = list;
                all.stream_fields_parted = parted;
            })
            .await;
            let webhook = world.webhook(MockApi::V2).await;
            let one = format!("/2/tweets/search/webhooks/{}?tweet.fields=id,text", webhook.id);
            assert_eq!(world.call("POST", &one, world.bearer(), "").await.status, 200);
            let reply = world.call("GET", paths[there], world.bearer(), "").await;
            assert_eq!(reply.status, 200, "{path:?}");
            assert_ne!(world.call("GET", paths[1 - there], world.bearer(), "").await.status, 200, "{path:?}");
            let links = if list == StreamLinksList::Links { &reply.body["data"]["links"] } else { &reply.body["data"] };
            assert_eq!(links[0]["webhook_id"], webhook.id, "{list:?}");
            let fields = if parted { json!(["tweet.fields=id", "text"]) } else { json!(["tweet.fields=id,text"]) };
            assert_eq!(links[0]["fields"], fields);
        }
    }
}

#[tokio::test]
async fn replay_settings_decide_its_end_and_response() {
    let sample = json!({"for_user_id": "0", "replay_event": {}});
    for (end, kinds) in [(ReplayEnd::Exclusive, 1), (ReplayEnd::Inclusive, 2)] {
        for answer in [ReplayAnswer::Job, ReplayAnswer::Sample] {
            let world = world(|all| (all.replay_end, all.replay_answer) = (end, answer)).await;
            let webhook = world.subscribe(MockApi::V2).await;
            for _ in 0..3 {
                world.emit(MockEventKind::Like).await;
                world.advance(s(60)).await;
            }
            world.advance(h(1)).await;
            let body = json!({"webhook_id": webhook.id, "from_date": "202611230930", "to_date": "202611230931"});
            let reply = world.call("POST", "/2/webhooks/replay", world.bearer(), &body.to_string()).await;
            assert_eq!(reply.status, 200);
            assert_eq!(reply.body == sample, answer == ReplayAnswer::Sample, "{reply:?}");
            assert_eq!(reply.body["data"]["job_id"].is_string(), answer == ReplayAnswer::Job);
            world.x.settle().await;
            let again = world.delivered().len() - 3 - 1;
            assert_eq!(again, kinds, "{end:?}");
            // In 1.1, `to_date` is never included.
            let path = format!(
                "/1.1/account_activity/replay/webhooks/{}/subscriptions/all.json?from_date=202611230930&to_date=202611230931",
                webhook.id
            );
            let before = world.delivered().len();
            assert_eq!(world.call("POST", &path, world.bearer(), "").await.status, 202);
            world.x.settle().await;
            assert_eq!(world.delivered().len() - before, 1 + 1, "{end:?}");
        }
    }
}

#[tokio::test]
async fn the_error_form_decides_the_body_of_errors() {
    let world = world(|all| all.errors = ErrorForm::Code).await;
    let reply = world.call("PUT", "/2/webhooks/1", world.bearer(), "").await;
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    let message = "One or more parameters to your request was invalid. WebhookIdInvalid: Webhook does not exist or is \
                   associated with a different application";
    assert_eq!(reply.both(), (400, json!({"code": 400, "message": message})));
    let reply = world.call("GET", "/2/webhooks", As::Nobody, "").await;
    assert_eq!(reply.both(), (401, json!({"code": 401, "message": "Unauthorized"})));
}

#[tokio::test]
async fn a_setting_decides_whether_a_repeated_subscription_fails() {
    for (repeated, status) in [(RepeatedSubscription::Conflict, 409), (RepeatedSubscription::Accepted, 204)] {
        let world = world(|all| all.repeated_subscription = repeated).await;
        let webhook = world.subscribe(MockApi::Enterprise).await;
        let user = world.x.user(USER);
        let path = format!("/1.1/account_activity/webhooks/{}/subscriptions/all.json", webhook.id);
        assert_eq!(world.call("POST", &path, As::User(world.app(), &user), "").await.status, status, "{repeated:?}");
        assert_eq!(world.x.subscriptions().len(), 1);
    }
}
