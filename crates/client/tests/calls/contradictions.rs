//! The client accepts both readings where X's documents disagree.

use birdhook_client::api::{Filter, NewSubscription, SubscriptionChange};
use birdhook_client::{CredentialKind, ErrorCause};
use birdhook_testkit::mock::{
    ActivityAnswer, MockApi, RepeatedSubscription, ReplayAnswer, ReplayEnd, StreamLinksList, StreamLinksPath,
    WebhookAuth, WebhookCheck,
};

use crate::calls::fixture::Fixture;
use crate::support::receiver::Crc;
use crate::support::{USER, consumer, span, token};

#[tokio::test]
async fn either_kind_of_webhook_credentials_works() {
    for (auth, owner_may) in [(WebhookAuth::Bearer, false), (WebhookAuth::BearerOrOwner, true)] {
        let fixture = Fixture::of(|all| all.webhook_auth = auth).await;
        // Both readings accept the bearer token.
        let made = fixture.client.webhooks().register(&fixture.receiver.url).await.unwrap();
        fixture.client.webhooks().delete(&made.id).await.unwrap();
        assert_eq!(fixture.sent.schemes(), ["Bearer", "Bearer"]);
        let owner = fixture.client.only(CredentialKind::Owner);
        match owner.webhooks().register(&fixture.receiver.url).await {
            Ok(made) => {
                assert!(owner_may, "{auth:?}");
                // GET still uses the bearer token.
                assert!(owner.webhooks().validate(&made.id).await.unwrap());
                assert_eq!(fixture.sent.schemes()[3..], ["OAuth", "Bearer"]);
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
async fn validation_works_with_each_form_of_response() {
    for check in [WebhookCheck::Valid, WebhookCheck::Triggered, WebhookCheck::Attempted] {
        let fixture = Fixture::of(|all| all.webhook_check = check).await;
        let webhook = fixture.webhook(MockApi::V2).await;
        for (crc, valid) in [(Crc::Right, true), (Crc::OtherSecret, false), (Crc::Right, true)] {
            fixture.receiver.crc(crc);
            assert_eq!(fixture.client.webhooks().validate(&webhook.id).await.unwrap(), valid, "{check:?} {crc:?}");
        }
    }
}

#[tokio::test]
async fn subscriptions_are_read_in_each_form() {
    for shape in [ActivityAnswer::Object, ActivityAnswer::Array, ActivityAnswer::Nested] {
        let fixture = Fixture::of(|all| all.activity_answer = shape).await;
        let new = NewSubscription::new("news.new", Filter::keyword("tea")).tag("one");
        let made = fixture.client.activity().create(&new).await.unwrap();
        assert_eq!(made.id, fixture.x.activity_subscriptions()[0].id, "{shape:?}");
        assert_eq!((made.event_type.as_str(), made.tag.as_deref()), ("news.new", Some("one")));
        let changed = fixture.client.activity().update(&made.id, &SubscriptionChange::tag("two")).await.unwrap();
        assert_eq!((changed.id, changed.tag.as_deref()), (made.id, Some("two")), "{shape:?}");
    }
}

#[tokio::test]
async fn a_subscription_to_revocations_may_be_accepted_or_refused() {
    for can_be in [false, true] {
        let fixture = Fixture::of(|all| all.revoke_can_be_subscribed = can_be).await;
        let made = fixture.client.activity().create(&NewSubscription::new("oauth.revoke", Filter::default())).await;
        match made {
            Ok(made) => assert_eq!((made.event_type.as_str(), can_be), ("oauth.revoke", true)),
            Err(error) => assert_eq!((error.cause(), can_be), (&ErrorCause::Invalid, false), "{error}"),
        }
    }
}

#[tokio::test]
async fn stream_links_are_read_from_each_path_and_form() {
    for path in [StreamLinksPath::Guide, StreamLinksPath::OpenApi] {
        for list in [StreamLinksList::Links, StreamLinksList::Array] {
            for parted in [false, true] {
                let fixture = Fixture::of(|all| {
                    (all.stream_links_path, all.stream_links_list, all.stream_fields_parted) = (path, list, parted);
                })
                .await;
                let webhook = fixture.webhook(MockApi::V2).await;
                assert_eq!(fixture.client.stream_links().list().await.unwrap(), [], "{path:?} {list:?}");
                fixture.client.stream_links().create(&webhook.id, &[("tweet.fields", "id,text")]).await.unwrap();
                let links = fixture.client.stream_links().list().await.unwrap();
                assert_eq!((links.len(), &links[0].webhook_id), (1, &webhook.id), "{path:?} {list:?}");
                assert_eq!(links[0].fields.join(","), "tweet.fields=id,text", "{path:?} {list:?}");
            }
        }
    }
}

#[tokio::test]
async fn replay_jobs_are_read_in_each_form() {
    for end in [ReplayEnd::Exclusive, ReplayEnd::Inclusive] {
        for answer in [ReplayAnswer::Job, ReplayAnswer::Sample] {
            let fixture = Fixture::of(|all| (all.replay_end, all.replay_answer) = (end, answer)).await;
            let webhook = fixture.webhook(MockApi::V2).await;
            let span = span("23T08:00", "23T08:10");
            let job = fixture.client.webhooks().replay(&webhook.id, span).await.unwrap();
            let is_job = answer == ReplayAnswer::Job;
            assert_eq!((job.id.is_some(), job.created_at.is_some()), (is_job, is_job), "{end:?} {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_repeated_subscription_may_be_accepted_or_refused() {
    for (repeated, accepted) in [(RepeatedSubscription::Conflict, false), (RepeatedSubscription::Accepted, true)] {
        let fixture = Fixture::of(|all| all.repeated_subscription = repeated).await;
        let webhook = fixture.webhook(MockApi::Enterprise).await;
        fixture.client.enterprise().subscribe(&webhook.id, USER).await.unwrap();
        match fixture.client.enterprise().subscribe(&webhook.id, USER).await {
            Ok(()) => assert!(accepted),
            Err(error) => assert_eq!((error.cause(), accepted), (&ErrorCause::AlreadySubscribed, false)),
        }
        assert_eq!(fixture.x.subscriptions().len(), 1);
    }
}

#[tokio::test]
async fn either_kind_of_user_token_subscribes() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let user = fixture.x.user(USER);
    let both = birdhook_client::Credentials::new(consumer(fixture.x.app()));
    let one = both.clone().user(USER, token(&user));
    let two = both.user2(USER, birdhook_client::UserToken::new(user.oauth2_token.as_str()));
    for (credentials, scheme) in [(one, "OAuth"), (two, "Bearer")] {
        let (client, sent) = fixture.client_with(credentials);
        client.account_activity().subscribe(&webhook.id, USER).await.unwrap();
        assert!(client.account_activity().is_subscribed(&webhook.id, USER).await.unwrap());
        assert_eq!(sent.schemes(), [scheme, scheme]);
        client.account_activity().unsubscribe(&webhook.id, USER).await.unwrap();
    }
}
