//! X's contradictory documents: every setting has its documented effect.

use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{
    ActivityAnswer, Contradictions, ErrorForm, MockApi, Permission, RepeatedSubscription, ReplayAnswer, ReplayEnd,
    StreamLinksList, StreamLinksPath, WebhookAuth, WebhookCheck,
};
use serde_json::{Value, json};

use crate::mock::world::{USER, World, h, s};

async fn world(change: impl FnOnce(&mut Contradictions)) -> World {
    World::with(|settings| change(&mut settings.contradictions)).await
}

#[tokio::test]
async fn webhook_auth_decides_whether_the_owner_may_call() {
    for auth in [WebhookAuth::Bearer, WebhookAuth::BearerOrOwner] {
        let world = world(|all| all.webhook_auth = auth).await;
        world.x.user(USER);
        world.x.set_permission(Permission::Read);
        world.play(&format!("webhook_auth: {auth:?}")).await;
    }
}

#[tokio::test]
async fn webhook_check_decides_the_result_of_a_failed_put() {
    for check in [WebhookCheck::Valid, WebhookCheck::Triggered, WebhookCheck::Attempted] {
        let world = world(|all| all.webhook_check = check).await;
        world.webhook(MockApi::V2).await;
        world.play(&format!("webhook_check: {check:?}")).await;
    }
}

#[tokio::test]
async fn activity_answer_decides_the_shape_of_the_response() {
    for answer in [ActivityAnswer::Object, ActivityAnswer::Array, ActivityAnswer::Nested] {
        let world = world(|all| all.activity_answer = answer).await;
        world.play(&format!("activity_answer: {answer:?}")).await;
    }
}

#[tokio::test]
async fn a_setting_allows_subscriptions_to_revocations() {
    for can_be in [false, true] {
        let world = world(|all| all.revoke_can_be_subscribed = can_be).await;
        world.webhook(MockApi::V2).await;
        world.play(&format!("revoke_can_be_subscribed: {can_be}")).await;
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
    for path in [StreamLinksPath::Guide, StreamLinksPath::OpenApi] {
        for (list, parted) in [(StreamLinksList::Links, false), (StreamLinksList::Array, true)] {
            let world = world(|all| {
                (all.stream_links_path, all.stream_links_list, all.stream_fields_parted) = (path, list, parted);
            })
            .await;
            world.webhook(MockApi::V2).await;
            world.play(&format!("stream links: {path:?}, {list:?}")).await;
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
            let before = world.delivered().len();
            world.play("1.1: a replay of a minute").await;
            world.x.settle().await;
            assert_eq!(world.delivered().len() - before, 1 + 1, "{end:?}");
        }
    }
}

#[tokio::test]
async fn the_error_form_decides_the_body_of_errors() {
    world(|all| all.errors = ErrorForm::Code).await.play("errors: Code").await;
}

#[tokio::test]
async fn a_setting_decides_whether_a_repeated_subscription_fails() {
    for repeated in [RepeatedSubscription::Conflict, RepeatedSubscription::Accepted] {
        let world = world(|all| all.repeated_subscription = repeated).await;
        world.subscribe(MockApi::Enterprise).await;
        world.play(&format!("repeated_subscription: {repeated:?}")).await;
        assert_eq!(world.x.subscriptions().len(), 1);
    }
}
