//! Migration from the Account Activity API to the X Activity API while events occur.

use std::time::Duration;

use birdhook_client::api::{Filter, NewSubscription};
use birdhook_client::{EQUIVALENT, EnsureError};
use birdhook_core::{ApiSource, Event};
use birdhook_testkit::MockEventKind;

use super::fixture::{Fixture, USERS};

async fn subscribed() -> Fixture {
    let fixture = Fixture::new().await;
    let desired = USERS.iter().fold(fixture.webhook_only(), |desired, user| desired.account_activity(*user));
    fixture.client.ensure(&desired).run().await.unwrap();
    fixture
}

/// Returns the kinds that both APIs report, except a revocation, which ends the subscriptions.
fn kinds() -> Vec<MockEventKind> {
    let shared = MockEventKind::ALL.iter().copied().filter(|kind| kind.account_activity().is_some());
    shared.filter(|kind| *kind != MockEventKind::Revoke).collect()
}

#[test]
fn the_types_are_those_that_both_apis_report() {
    let mut names: Vec<&str> = kinds().iter().map(|kind| kind.as_str()).collect();
    let mut equivalent = EQUIVALENT.to_vec();
    names.sort_unstable();
    equivalent.sort_unstable();
    assert_eq!(names, equivalent);
}

#[tokio::test]
async fn no_event_is_lost_or_duplicated_during_a_migration() {
    let fixture = subscribed().await;
    let (x, url) = (&fixture.x, &fixture.receiver.url);
    let plan = fixture.client.migrate(&**url).plan().await.unwrap();
    assert_eq!(plan.subscribe.steps().len(), EQUIVALENT.len() * USERS.len());
    assert_eq!((plan.unsubscribe.steps().len(), plan.stuck.len()), (USERS.len(), 0));
    assert_eq!((plan.users, plan.existing), (USERS.len(), 0));
    assert_eq!(x.activity_subscriptions().len(), 0, "a dry run does nothing");

    let mut events = Vec::new();
    let mut kinds = kinds().into_iter().cycle();
    let mut happen = || {
        for user in USERS {
            events.push(x.emit(kinds.next().unwrap(), user));
        }
    };
    happen();
    let migration = fixture.client.migrate(&**url);
    let subscribed = migration.side_by_side(|_| happen()).await.unwrap();
    // Delivers the events that only the old subscriptions report, as happens during the overlap.
    x.settle().await;
    let finished = migration.finish(|_| happen()).await.unwrap();
    happen();
    assert_eq!((subscribed.done.len(), finished.done.len()), (EQUIVALENT.len() * USERS.len(), USERS.len()));
    assert!(x.subscriptions().is_empty());
    assert_eq!(x.activity_subscriptions().len(), EQUIVALENT.len() * USERS.len());

    x.settle().await;
    let ledger = x.ledger().dual_mode();
    ledger.every_200_was_consumed().await.unwrap();
    ledger.none_consumed_twice().unwrap();
    assert!(events.len() > 150, "{}", events.len());
    let consumed = fixture.receiver.consumed();
    for event in &events {
        let report = birdhook_testkit::read("default", event.reported_by(ApiSource::AccountActivity).unwrap()).unwrap();
        let is_it = |one: &Event| one.content_key() == report.events()[0].content_key();
        assert!(consumed.iter().any(is_it), "{} of {} is lost", event.kind(), event.subscriber());
    }
    assert!(fixture.client.migrate(&**url).run(|_| ()).await.unwrap().done.is_empty(), "a second run changes nothing");
}

#[tokio::test]
async fn a_plan_counts_the_users_and_the_subscriptions_of_the_whole_app() {
    let fixture = subscribed().await;
    let elsewhere = NewSubscription::new("news.new", Filter::keyword("ferry"));
    fixture.client.activity().create(&elsewhere).await.unwrap();
    let plan = fixture.client.migrate(&*fixture.receiver.url).plan().await.unwrap();
    assert_eq!((plan.users, plan.existing), (USERS.len(), 1));
    assert_eq!(plan.subscribe.steps().len(), EQUIVALENT.len() * USERS.len(), "it is not one of the webhook");
}

#[tokio::test]
async fn a_user_without_a_token_for_private_types_is_not_moved() {
    let fixture = subscribed().await;
    let webhook = fixture.x.webhooks().remove(0);
    fixture.x.subscribe(&webhook, "9").unwrap();
    let migration = fixture.client.migrate(&*fixture.receiver.url).overlap(Duration::ZERO);
    let plan = migration.plan().await.unwrap();
    let stuck = plan.stuck.get("9").unwrap();
    assert!(stuck.contains(&"like.create".to_owned()) && !stuck.contains(&"post.create".to_owned()), "{stuck:?}");
    migration.run(|_| ()).await.unwrap();
    let left: Vec<_> = fixture.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(left, ["9"]);
    let public_only = fixture.client.migrate(&*fixture.receiver.url).types(["post.create", "follow.follow"]);
    public_only.overlap(Duration::ZERO).run(|_| ()).await.unwrap();
    assert!(fixture.x.subscriptions().is_empty(), "with public types alone nobody is stuck");
}

#[tokio::test]
async fn without_types_no_user_is_moved() {
    let fixture = subscribed().await;
    let migration = fixture.client.migrate(&*fixture.receiver.url).types([""; 0]).overlap(Duration::ZERO);
    assert!(migration.plan().await.unwrap().unsubscribe.is_empty());
    migration.run(|_| ()).await.unwrap();
    assert_eq!(fixture.x.subscriptions().len(), USERS.len());
}

#[tokio::test]
async fn old_subscriptions_are_removed_only_if_all_new_ones_exist() {
    let fixture = subscribed().await;
    let migration = fixture.client.migrate(&*fixture.receiver.url);
    migration.side_by_side(|_| ()).await.unwrap();
    assert_eq!(fixture.x.subscriptions().len(), USERS.len());
    let lost = fixture.x.activity_subscriptions().remove(0);
    fixture.client.activity().delete(&lost.id).await.unwrap();
    migration.finish(|_| ()).await.unwrap();
    let left: Vec<_> = fixture.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(left, [lost.filter.user_id.unwrap()]);
}

/// An earlier run may have stopped during its overlap.
#[tokio::test]
async fn the_overlap_counts_from_the_newest_subscription() {
    let fixture = subscribed().await;
    let overlap = Duration::from_secs(1);
    let migration = fixture.client.migrate(&*fixture.receiver.url).overlap(overlap);
    migration.side_by_side(|_| ()).await.unwrap();
    let newest = fixture.x.activity_subscriptions().into_iter().map(|one| one.created_at).max().unwrap();
    let mut finished = Vec::new();
    migration.run(|_| finished.push(birdhook_testkit::now())).await.unwrap();
    assert_eq!(finished.len(), USERS.len());
    let after = finished[0].as_millis() - newest.as_millis();
    assert!(after >= 1000, "ended {after} ms after the newest was made");
}

#[tokio::test]
async fn a_url_without_a_webhook_is_an_error() {
    let fixture = Fixture::new().await;
    let error = fixture.client.migrate("https://nowhere.example/").plan().await.unwrap_err();
    assert!(matches!(&error, EnsureError::Gone(url) if url == "https://nowhere.example/"), "{error}");
}
