use std::slice;

use birdhook_client::api::{Filter, FilterDirection, NewSubscription, SubscriptionChange};
use birdhook_client::{CredentialKind, ErrorCause};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::MockApi;

use crate::calls::fixture::Fixture;
use crate::support::transport::authorization;
use crate::support::{USER, at};

#[tokio::test]
async fn a_subscription_is_created_listed_changed_and_deleted() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let activity = fixture.client.activity();
    let filter = Filter::user(USER).direction(FilterDirection::Inbound);
    let new = NewSubscription::new("like.create", filter.clone()).webhook(&webhook.id).tag("täg ✓");
    let made = activity.create(&new).await.unwrap();
    assert_eq!((made.event_type.as_str(), &made.filter), ("like.create", &filter));
    assert_eq!((made.tag.as_deref(), made.webhook_id.as_deref()), (Some("täg ✓"), Some(webhook.id.as_str())));
    assert_eq!(made.created_at, Some(at("2026-11-23T09:30:00Z")));
    assert_eq!(made.updated_at, made.created_at);
    let known = fixture.x.activity_subscriptions();
    assert_eq!(known.len(), 1);
    assert_eq!((&known[0].id, known[0].filter.direction.as_deref()), (&made.id, Some("inbound")));
    assert_eq!(activity.list().await.unwrap(), slice::from_ref(&made));

    let changed = activity.update(&made.id, &SubscriptionChange::tag("other")).await.unwrap();
    assert_eq!((&changed.id, changed.tag.as_deref()), (&made.id, Some("other")));
    assert_eq!(changed.webhook_id.as_deref(), Some(webhook.id.as_str()), "other members do not change");
    assert_eq!(activity.list().await.unwrap(), [changed]);
    activity.delete(&made.id).await.unwrap();
    assert_eq!(activity.list().await.unwrap(), []);
    assert_eq!(*activity.delete(&made.id).await.unwrap_err().cause(), ErrorCause::NotSubscribed);
}

#[tokio::test]
async fn a_subscription_without_a_webhook_can_get_one() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let activity = fixture.client.activity();
    let made = activity.create(&NewSubscription::new("news.new", Filter::keyword("tea"))).await.unwrap();
    assert_eq!((made.webhook_id.as_deref(), made.tag.as_deref()), (None, None));
    assert_eq!(made.filter, Filter::keyword("tea"));
    let body = String::from_utf8(fixture.sent.all()[0].body().to_vec()).unwrap();
    assert_eq!(body, r#"{"event_type":"news.new","filter":{"keyword":"tea"}}"#);
    let changed = activity.update(&made.id, &SubscriptionChange::webhook(&webhook.id)).await.unwrap();
    assert_eq!(changed.webhook_id.as_deref(), Some(webhook.id.as_str()));
    let body = String::from_utf8(fixture.sent.all()[1].body().to_vec()).unwrap();
    assert_eq!(body, format!(r#"{{"webhook_id":"{}"}}"#, webhook.id));
}

#[tokio::test]
async fn private_types_use_the_user_s_token_and_public_types_the_bearer_token() {
    let fixture = Fixture::new().await;
    let private = "like.create dm.received chat.received mute.mute block.block post.mention.create post.reply.create \
                   post.quote.create post.repost.create broadcast.chat";
    let public = "profile.update.bio post.create spaces.start broadcast.start news.new";
    for (types, is_private) in [(private, true), (public, false)] {
        for event_type in types.split(' ') {
            let new = NewSubscription::new(event_type, Filter::user(USER));
            let made = fixture.client.activity().create(&new).await;
            made.unwrap_or_else(|error| panic!("{event_type}: {error}"));
            let sent = fixture.sent.all().pop().unwrap();
            let user = fixture.x.user(USER);
            let token = if is_private { &user.oauth2_token } else { &fixture.x.app().bearer };
            assert_eq!(authorization(&sent), format!("Bearer {}", token.as_str()), "{event_type}");
            // A user without a token.
            let other = NewSubscription::new(event_type, Filter::user("4004"));
            let made = fixture.client.activity().create(&other).await;
            assert_eq!(made.is_err(), is_private, "{event_type}");
            if let Err(error) = made {
                let kinds = &[CredentialKind::User2, CredentialKind::User];
                assert_eq!(*error.cause(), ErrorCause::NoCredential(kinds), "{event_type}");
            }
        }
    }
}

/// The specification accepts OAuth 1.0a; X's introduction names only OAuth 2.0.
#[tokio::test]
async fn private_types_accept_the_user_s_oauth1_token() {
    let fixture = Fixture::new().await;
    for event_type in ["like.create", "dm.received", "mute.mute", "block.block", "broadcast.chat"] {
        let new = NewSubscription::new(event_type, Filter::user(USER));
        let by_oauth1 = fixture.client.only(CredentialKind::User);
        by_oauth1.activity().create(&new).await.unwrap_or_else(|error| panic!("{event_type}: {error}"));
    }
    assert!(fixture.sent.schemes().iter().all(|scheme| scheme == "OAuth"));
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let fixture = Fixture::new().await;
    let user = fixture.x.user(USER);
    for (event_type, granted, missing) in [
        ("broadcast.start", "tweet.read", "broadcast.read"),
        ("broadcast.start", "broadcast.read", "tweet.read"),
        ("like.create", "tweet.read", "like.read"),
        ("mute.mute", "block.read", "mute.read"),
        ("follow.follow", "like.read", "tweet.read"),
    ] {
        fixture.x.restrict(&user, &[granted, "users.read"]);
        let new = NewSubscription::new(event_type, Filter::user(USER));
        let error = fixture.client.only(CredentialKind::User2).activity().create(&new).await.unwrap_err();
        assert_eq!(*error.cause(), ErrorCause::Permission, "{event_type}: {error}");
        assert!(error.to_string().contains(missing), "{event_type}: {error}");
        assert!(error.fix().contains(missing) && error.fix().contains("birdhook auth user2"), "{}", error.fix());
    }
}

#[tokio::test]
async fn all_pages_are_read_and_pages_can_be_small() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let mut ids = Vec::new();
    for user in 0..1003 {
        ids.push(fixture.x.subscribe_to(&webhook, &(10_000 + user).to_string(), MockEventKind::Follow).unwrap().id);
    }
    let all = fixture.client.activity().list().await.unwrap();
    assert_eq!(all.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), ids);
    let pages = fixture.sent.take();
    assert_eq!(pages.len(), 2, "{pages:?}");
    assert_eq!(pages[0], "GET /2/activity/subscriptions?max_results=1000");
    assert!(pages[1].starts_with("GET /2/activity/subscriptions?max_results=1000&pagination_token="), "{pages:?}");

    let (mut read, mut next, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let page = fixture.client.activity().page(300, next.as_deref()).await.unwrap();
        sizes.push(page.subscriptions.len());
        read.extend(page.subscriptions.into_iter().map(|one| one.id));
        match page.next {
            Some(token) => next = Some(token),
            None => break,
        }
    }
    assert_eq!((sizes, read), (vec![300, 300, 300, 103], ids));
    for (at_most, page) in [(0, None), (1001, None), (10, Some("none"))] {
        let error = fixture.client.activity().page(at_most, page).await.unwrap_err();
        assert_eq!(*error.cause(), ErrorCause::Invalid, "{at_most} {page:?}: {error}");
    }
}

#[tokio::test]
async fn more_than_a_hundred_subscriptions_are_deleted_with_several_calls() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let subscribe = |user: u32| fixture.x.subscribe_to(&webhook, &user.to_string(), MockEventKind::Follow).unwrap().id;
    let ids: Vec<String> = (10_000..10_250).map(subscribe).collect();
    let mut asked = ids.clone();
    asked.insert(120, "77".to_owned());
    asked.push("78".to_owned());
    let kept = asked.remove(0);
    let outcome = fixture.client.activity().delete_many(&asked).await.unwrap();
    assert_eq!(outcome.missing, ["77", "78"]);
    assert_eq!(outcome.deleted, ids[1..]);
    let left: Vec<String> = fixture.x.activity_subscriptions().into_iter().map(|one| one.id).collect();
    assert_eq!(left, [kept]);
    let sizes: Vec<usize> = fixture.sent.take().iter().map(|call| call.matches("%2C").count() + 1).collect();
    assert_eq!(sizes, [100, 100, 51]);
    // Without ids, no call is made.
    assert_eq!(fixture.client.activity().delete_many(&[]).await.unwrap(), Default::default());
    assert_eq!(fixture.sent.count(), 0);
}
