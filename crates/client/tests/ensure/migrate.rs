//! Migration from the Account Activity API to the X Activity API while events occur.

use std::time::Duration;

use birdhook_client::api::{Filter, NewSubscription};
use birdhook_client::{DesiredState, EQUIVALENT, EnsureError};
use birdhook_core::ApiSource;
use birdhook_testkit::MockEventKind;

use super::world::{USERS, World};

async fn subscribed() -> World {
    let world = World::new().await;
    let wanted =
        USERS.iter().fold(DesiredState::new(&*world.receiver.url), |wanted, user| wanted.account_activity(*user));
    world.client.ensure(&wanted).run().await.unwrap();
    world
}

/// Returns the kinds that both APIs report, except a revocation, which ends the subscriptions.
fn kinds() -> Vec<MockEventKind> {
    let told_by_both = MockEventKind::ALL.iter().copied().filter(|kind| kind.account_activity().is_some());
    told_by_both.filter(|kind| *kind != MockEventKind::Revoke).collect()
}

#[test]
fn the_types_are_those_of_every_kind_that_both_apis_tell() {
    let mut names: Vec<&str> = kinds().iter().map(|kind| kind.as_str()).collect();
    let mut equivalent = EQUIVALENT.to_vec();
    names.sort_unstable();
    equivalent.sort_unstable();
    assert_eq!(names, equivalent);
}

#[tokio::test]
async fn no_event_is_lost_or_doubled_while_users_are_moved() {
    let world = subscribed().await;
    let (x, url) = (&world.x, &world.receiver.url);
    let plan = world.client.migrate(&**url).plan().await.unwrap();
    assert_eq!(plan.subscribe.steps().len(), EQUIVALENT.len() * USERS.len());
    assert_eq!((plan.unsubscribe.steps().len(), plan.stuck.len()), (USERS.len(), 0));
    assert_eq!((plan.users, plan.existing), (USERS.len(), 0));
    assert_eq!(x.activity_subscriptions().len(), 0, "a dry run does nothing");

    let mut happened = Vec::new();
    let mut kinds = kinds().into_iter().cycle();
    let mut happen = || {
        for user in USERS {
            happened.push(x.emit(kinds.next().unwrap(), user));
        }
    };
    happen();
    let migration = world.client.migrate(&**url);
    let begun = migration.side_by_side(|_| happen()).await.unwrap();
    // Delivers the events that only the old subscriptions report, as happens during the overlap.
    x.settle().await;
    let ended = migration.finish(|_| happen()).await.unwrap();
    happen();
    assert_eq!((begun.done.len(), ended.done.len()), (EQUIVALENT.len() * USERS.len(), USERS.len()));
    assert!(x.subscriptions().is_empty());
    assert_eq!(x.activity_subscriptions().len(), EQUIVALENT.len() * USERS.len());

    x.settle().await;
    let ledger = x.ledger().dual_mode();
    ledger.every_200_was_consumed().await.unwrap();
    ledger.none_consumed_twice().unwrap();
    assert!(happened.len() > 150, "{}", happened.len());
    for happening in &happened {
        let told =
            birdhook_testkit::read("default", happening.reported_by(ApiSource::AccountActivity).unwrap()).unwrap();
        let key = told.events()[0].content_key().to_string();
        assert!(world.receiver.has_seen(&key), "{} of {} is lost", happening.kind(), happening.subscriber());
    }
    assert!(world.client.migrate(&**url).run(|_| ()).await.unwrap().done.is_empty(), "a second run changes nothing");
}

#[tokio::test]
async fn a_plan_counts_the_users_and_the_subscriptions_of_the_whole_app() {
    let world = subscribed().await;
    let elsewhere = NewSubscription::new("news.new", Filter::keyword("ferry"));
    world.client.activity().create(&elsewhere).await.unwrap();
    let plan = world.client.migrate(&*world.receiver.url).plan().await.unwrap();
    assert_eq!((plan.users, plan.existing), (USERS.len(), 1));
    assert_eq!(plan.subscribe.steps().len(), EQUIVALENT.len() * USERS.len(), "it is not one of the webhook");
}

#[tokio::test]
async fn a_user_without_a_token_for_private_types_stays_and_is_named() {
    let world = subscribed().await;
    let webhook = world.x.webhooks().remove(0);
    world.x.subscribe(&webhook, "9").unwrap();
    let migration = world.client.migrate(&*world.receiver.url).overlap(Duration::ZERO);
    let plan = migration.plan().await.unwrap();
    let stuck = plan.stuck.get("9").unwrap();
    assert!(stuck.contains(&"like.create".to_owned()) && !stuck.contains(&"post.create".to_owned()), "{stuck:?}");
    migration.run(|_| ()).await.unwrap();
    let left: Vec<_> = world.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(left, ["9"]);
    let public_only = world.client.migrate(&*world.receiver.url).types(["post.create", "follow.follow"]);
    public_only.overlap(Duration::ZERO).run(|_| ()).await.unwrap();
    assert!(world.x.subscriptions().is_empty(), "with public types alone nobody is stuck");
}

#[tokio::test]
async fn with_no_types_nobody_is_moved() {
    let world = subscribed().await;
    let migration = world.client.migrate(&*world.receiver.url).types([""; 0]).overlap(Duration::ZERO);
    assert!(migration.plan().await.unwrap().unsubscribe.is_empty());
    migration.run(|_| ()).await.unwrap();
    assert_eq!(world.x.subscriptions().len(), USERS.len());
}

#[tokio::test]
async fn old_subscriptions_end_only_after_the_overlap_and_never_before_all_new_ones_are_there() {
    let world = subscribed().await;
    let migration = world.client.migrate(&*world.receiver.url);
    migration.side_by_side(|_| ()).await.unwrap();
    assert_eq!(world.x.subscriptions().len(), USERS.len());
    let lost = world.x.activity_subscriptions().remove(0);
    world.client.activity().delete(&lost.id).await.unwrap();
    migration.finish(|_| ()).await.unwrap();
    let left: Vec<_> = world.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(left, [lost.filter.user_id.unwrap()]);
}

/// An earlier run may have stopped during its overlap.
#[tokio::test]
async fn the_overlap_counts_from_the_youngest_new_subscription_whoever_made_it() {
    let world = subscribed().await;
    let overlap = Duration::from_secs(1);
    let migration = world.client.migrate(&*world.receiver.url).overlap(overlap);
    migration.side_by_side(|_| ()).await.unwrap();
    let youngest = world.x.activity_subscriptions().into_iter().map(|one| one.created_at).max().unwrap();
    let mut ended = Vec::new();
    migration.run(|_| ended.push(birdhook_testkit::now())).await.unwrap();
    assert_eq!(ended.len(), USERS.len());
    let after = ended[0].as_millis() - youngest.as_millis();
    assert!(after >= 1000, "ended {after} ms after the youngest was made");
}

#[tokio::test]
async fn a_url_without_a_webhook_is_said_to_have_none() {
    let world = World::new().await;
    let error = world.client.migrate("https://nowhere.example/").plan().await.unwrap_err();
    assert!(matches!(&error, EnsureError::Gone(url) if url == "https://nowhere.example/"), "{error}");
}
