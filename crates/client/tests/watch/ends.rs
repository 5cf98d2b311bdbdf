//! X Activity API subscriptions that are about to expire.

use std::time::Duration;

use birdhook_client::ManagementApi;
use birdhook_client::api::{Filter, NewSubscription};
use birdhook_core::Timestamp;

use crate::watch::world::{USER, World, at, m};

const DAY: i64 = 24 * 60;

async fn subscribe(world: &World, event_type: &str, filter: Filter, end: Option<Timestamp>) -> String {
    let mut new = NewSubscription::new(event_type, filter).webhook(&world.webhook.id).tag("bell");
    new.expires_at = end;
    world.client.activity().create(&new).await.unwrap().id
}

#[tokio::test]
async fn an_end_is_reported_once_before_it_comes() {
    let world = World::new(ManagementApi::V2).await;
    let id = subscribe(&world, "follow.follow", Filter::user(USER), Some(at(4 * DAY))).await;
    subscribe(&world, "follow.unfollow", Filter::user(USER), None).await;
    assert!(world.step().await.is_empty(), "it is four days away");
    world.advance(Duration::from_secs(86_400)).await;
    let notices = world.watch.step().await;
    let [notice] = notices.as_slice() else { panic!("{notices:?}") };
    let expected = format!("the subscription {id} to follow.follow of {USER} ends at {}", at(4 * DAY));
    assert!(notice.to_string().starts_with(&expected), "{notice}");
    world.advance(m(61)).await;
    assert!(world.step().await.is_empty(), "it was reported");
}

#[tokio::test]
async fn a_subscription_is_renewed_with_its_own_filter_and_tag() {
    let renews = |settings: &mut birdhook_client::WatchSettings| settings.renew_for = Some(m(30 * 24 * 60));
    let world = World::with(ManagementApi::V2, |_| (), renews).await;
    let filter = Filter::user(USER).qualifier("post_id", "20");
    let id = subscribe(&world, "like.create", filter.clone(), Some(at(DAY))).await;
    assert_eq!(world.step().await, [format!("renewed {}", 30 * DAY)]);
    let listed = world.client.activity().list().await.unwrap();
    let [one] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((&one.id, &one.filter, one.tag.as_deref()), (&id, &filter, Some("bell")));
    assert_eq!(one.expires_at, Some(at(30 * DAY)));
}
