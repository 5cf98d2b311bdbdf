//! The client accepts both readings where X's documents disagree.

use birdhook_client::api::{Filter, NewSubscription, ReplaySpan, SubscriptionChange};
use birdhook_client::{CredentialKind, ErrorCause};
use birdhook_testkit::mock::{
    ActivityAnswer, MockApi, RepeatedSubscription, ReplayAnswer, ReplayEnd, StreamLinksList, StreamLinksPath,
    WebhookAuth, WebhookCheck,
};

use crate::calls::receiver::Crc;
use crate::calls::world::{USER, World, at, consumer, token};

#[tokio::test]
async fn webhook_auth() {
    for (auth, owner_may) in [(WebhookAuth::Bearer, false), (WebhookAuth::BearerOrOwner, true)] {
        let world = World::of(|all| all.webhook_auth = auth).await;
        // Both readings accept the bearer token.
        let made = world.client.webhooks().register(&world.receiver.url).await.unwrap();
        world.client.webhooks().delete(&made.id).await.unwrap();
        assert_eq!(world.sent.schemes(), ["Bearer", "Bearer"]);
        let owner = world.client.only(CredentialKind::Owner);
        match owner.webhooks().register(&world.receiver.url).await {
            Ok(made) => {
                assert!(owner_may, "{auth:?}");
                // GET still uses the bearer token.
                assert!(owner.webhooks().validate(&made.id).await.unwrap());
                assert_eq!(world.sent.schemes()[3..], ["OAuth", "Bearer"]);
                owner.webhooks().delete(&made.id).await.unwrap();
            }
            Err(error) => {
                assert!(!owner_may, "{auth:?}: {error}");
                assert_eq!(*error.cause(), ErrorCause::WrongCredential);
                assert_eq!(error.takes(), [CredentialKind::Bearer, CredentialKind::Owner]);
            }
        }
    }
}

#[tokio::test]
async fn webhook_check() {
    for check in [WebhookCheck::Valid, WebhookCheck::Triggered, WebhookCheck::Attempted] {
        let world = World::of(|all| all.webhook_check = check).await;
        let webhook = world.webhook(MockApi::V2).await;
        for (crc, valid) in [(Crc::Right, true), (Crc::OtherSecret, false), (Crc::Right, true)] {
            world.receiver.crc(crc);
            assert_eq!(world.client.webhooks().validate(&webhook.id).await.unwrap(), valid, "{check:?} {crc:?}");
        }
    }
}

#[tokio::test]
async fn activity_answer() {
    for shape in [ActivityAnswer::Object, ActivityAnswer::Array, ActivityAnswer::Nested] {
        let world = World::of(|all| all.activity_answer = shape).await;
        let new = NewSubscription::new("news.new", Filter::keyword("tea")).tag("one");
        let made = world.client.activity().create(&new).await.unwrap();
        assert_eq!(made.id, world.x.activity_subscriptions()[0].id, "{shape:?}");
        assert_eq!((made.event_type.as_str(), made.tag.as_deref()), ("news.new", Some("one")));
        let changed = world.client.activity().update(&made.id, &SubscriptionChange::tag("two")).await.unwrap();
        assert_eq!((changed.id, changed.tag.as_deref()), (made.id, Some("two")), "{shape:?}");
    }
}

#[tokio::test]
async fn revoke_can_be_subscribed() {
    for can_be in [false, true] {
        let world = World::of(|all| all.revoke_can_be_subscribed = can_be).await;
        let made = world.client.activity().create(&NewSubscription::new("oauth.revoke", Filter::default())).await;
        match made {
            Ok(made) => assert_eq!((made.event_type.as_str(), can_be), ("oauth.revoke", true)),
            Err(error) => assert_eq!((error.cause(), can_be), (&ErrorCause::Invalid, false), "{error}"),
        }
    }
}

#[tokio::test]
async fn stream_links() {
    for path in [StreamLinksPath::Guide, StreamLinksPath::OpenApi] {
        for list in [StreamLinksList::Links, StreamLinksList::Array] {
            for parted in [false, true] {
                let world = World::of(|all| {
                    (all.stream_links_path, all.stream_links_list, all.stream_fields_parted) = (path, list, parted);
                })
                .await;
                let webhook = world.webhook(MockApi::V2).await;
                assert_eq!(world.client.stream_links().list().await.unwrap(), [], "{path:?} {list:?}");
                world.client.stream_links().create(&webhook.id, &[("tweet.fields", "id,text")]).await.unwrap();
                let links = world.client.stream_links().list().await.unwrap();
                assert_eq!((links.len(), &links[0].webhook_id), (1, &webhook.id), "{path:?} {list:?}");
                assert_eq!(links[0].fields.join(","), "tweet.fields=id,text", "{path:?} {list:?}");
            }
        }
    }
}

#[tokio::test]
async fn replay_end_and_answer() {
    for end in [ReplayEnd::Exclusive, ReplayEnd::Inclusive] {
        for answer in [ReplayAnswer::Job, ReplayAnswer::Sample] {
            let world = World::of(|all| (all.replay_end, all.replay_answer) = (end, answer)).await;
            let webhook = world.webhook(MockApi::V2).await;
            let span = ReplaySpan::around(at("2026-11-23T08:00:00Z"), at("2026-11-23T08:10:00Z")).unwrap();
            let job = world.client.webhooks().replay(&webhook.id, span).await.unwrap();
            let is_job = answer == ReplayAnswer::Job;
            assert_eq!((job.id.is_some(), job.created_at.is_some()), (is_job, is_job), "{end:?} {answer:?}");
        }
    }
}

#[tokio::test]
async fn repeated_subscription() {
    for (repeated, accepted) in [(RepeatedSubscription::Conflict, false), (RepeatedSubscription::Accepted, true)] {
        let world = World::of(|all| all.repeated_subscription = repeated).await;
        let webhook = world.webhook(MockApi::Enterprise).await;
        world.client.enterprise().subscribe(&webhook.id, USER).await.unwrap();
        match world.client.enterprise().subscribe(&webhook.id, USER).await {
            Ok(()) => assert!(accepted),
            Err(error) => assert_eq!((error.cause(), accepted), (&ErrorCause::AlreadySubscribed, false)),
        }
        assert_eq!(world.x.subscriptions().len(), 1);
    }
}

#[tokio::test]
async fn either_user_token_subscribes() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::V2).await;
    let user = world.x.user(USER);
    let both = birdhook_client::Credentials::new(consumer(world.x.app()));
    let one = both.clone().user(USER, token(&user));
    let two = both.user2(USER, birdhook_client::UserToken::new(user.oauth2_token.as_str()));
    for (credentials, scheme) in [(one, "OAuth"), (two, "Bearer")] {
        let (client, sent) = world.client_with(credentials);
        client.account_activity().subscribe(&webhook.id, USER).await.unwrap();
        assert!(client.account_activity().is_subscribed(&webhook.id, USER).await.unwrap());
        assert_eq!(sent.schemes(), [scheme, scheme]);
        client.account_activity().unsubscribe(&webhook.id, USER).await.unwrap();
    }
}
