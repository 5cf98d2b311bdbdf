use std::time::Duration;

use birdhook_client::ManagementApi;
use birdhook_client::api::{Filter, NewSubscription};
use birdhook_core::Timestamp;

use crate::support::USER;
use crate::watch::fixture::{Fixture, at, m};

const DAY: i64 = 24 * 60;

async fn subscribe(fixture: &Fixture, event_type: &str, filter: Filter, end: Option<Timestamp>) -> String {
    let mut new = NewSubscription::new(event_type, filter).webhook(&fixture.webhook.id).tag("bell");
    new.expires_at = end;
    fixture.client.activity().create(&new).await.unwrap().id
}

#[tokio::test]
async fn an_expiry_is_reported_once_in_advance() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    let id = subscribe(&fixture, "follow.follow", Filter::user(USER), Some(at(4 * DAY))).await;
    subscribe(&fixture, "follow.unfollow", Filter::user(USER), None).await;
    assert!(fixture.step().await.is_empty(), "it is four days away");
    fixture.advance(Duration::from_secs(86_400)).await;
    let events = fixture.watch.step().await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let expected = format!("the subscription {id} to follow.follow of {USER} expires at {}", at(4 * DAY));
    assert!(event.to_string().starts_with(&expected), "{event}");
    fixture.advance(m(61)).await;
    assert!(fixture.step().await.is_empty(), "it was reported");
}

#[tokio::test]
async fn the_end_of_an_expiry_is_reported_once() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    let renewed = subscribe(&fixture, "follow.follow", Filter::user(USER), Some(at(DAY))).await;
    let expired = subscribe(&fixture, "like.create", Filter::user(USER), Some(at(DAY))).await;
    assert_eq!(fixture.watch.step().await.len(), 2);
    let new = NewSubscription::new("follow.follow", Filter::user(USER)).webhook(&fixture.webhook.id).tag("bell");
    fixture.client.activity().renew(&new).await.unwrap();
    fixture.advance(m(61)).await;
    let step = async || fixture.watch.step().await.iter().map(ToString::to_string).collect::<Vec<_>>();
    let end = "no longer expires soon: it was renewed or deleted";
    assert_eq!(step().await, [format!("the subscription {renewed} to follow.follow of {USER} {end}")]);
    fixture.advance(Duration::from_secs(86_400)).await;
    assert_eq!(step().await, [format!("the subscription {expired} to like.create of {USER} has expired")]);
    fixture.advance(m(61)).await;
    assert!(step().await.is_empty());
}

#[tokio::test]
async fn a_subscription_is_renewed_with_its_own_filter_and_tag() {
    let renews = |settings: &mut birdhook_client::WatchSettings| settings.renew_for = Some(m(30 * 24 * 60));
    let fixture = Fixture::with(ManagementApi::V2, |_| (), renews).await;
    let filter = Filter::user(USER).qualifier("post_id", "20");
    let id = subscribe(&fixture, "like.create", filter.clone(), Some(at(DAY))).await;
    assert_eq!(fixture.step().await, [format!("renewed {}", 30 * DAY)]);
    let listed = fixture.client.activity().list().await.unwrap();
    let [one] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((&one.id, &one.filter, one.tag.as_deref()), (&id, &filter, Some("bell")));
    assert_eq!(one.expires_at, Some(at(30 * DAY)));
}
