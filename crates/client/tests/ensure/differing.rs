//! Subscriptions that differ from the desired ones, refusals, and expiries.

use std::time::Duration;

use birdhook_client::api::{NewSubscription, SubscriptionFault};
use birdhook_client::{
    DesiredState, DesiredStateFault, DesiredSubscription, EnsureError, Ensured, Filter, FilterDirection, PlanStep,
    UserToken,
};
use birdhook_core::Timestamp;
use birdhook_testkit::mock::{ActivityAnswer, MockSettings, SameActivity};
use birdhook_testkit::{MockEventKind, now};

use super::world::{USERS, World};
use crate::calls::transport::answer;
use crate::calls::world::{USER, by_the_book};

/// Makes the mock X treat any two subscriptions of the same type and user as duplicates.
async fn by_subject() -> World {
    let mut settings = MockSettings::local();
    settings.contradictions.same_activity = SameActivity::Subject;
    World::with(settings).await
}

fn incomplete(result: Result<Ensured, EnsureError>) -> Ensured {
    match result {
        Err(EnsureError::Incomplete(report)) => *report,
        other => panic!("{other:?}"),
    }
}

fn in_days(days: i64) -> Timestamp {
    Timestamp::from_millis((now().as_millis() / 1000 + days * 86_400) * 1000)
}

#[tokio::test]
async fn a_narrower_subscription_is_never_taken_for_the_wanted_one() {
    let world = by_subject().await;
    let webhook = world.x.register(&world.receiver.url).await.unwrap();
    let narrow = Filter::user("2001").qualifier("direction", "inbound");
    let narrow = NewSubscription::new("follow.follow", narrow).webhook(&webhook.id);
    let narrow = world.client.activity().create(&narrow).await.unwrap();
    let wanted = DesiredState::new(&*world.receiver.url)
        .activity("follow.follow", Filter::user("2001"))
        .activity("post.create", Filter::user("2001"))
        .activity("like.create", Filter::user("2002"));
    let plan = world.client.ensure(&wanted).plan().await.unwrap();
    let [differing] = plan.differing() else { panic!("{plan:?}") };
    let id = &narrow.id;
    let held = format!("{id} is for follow.follow of 2001, direction=\"inbound\"");
    assert_eq!(differing.held, [held.as_str()], "a dry run names it");
    assert!(
        plan.to_string().ends_with(&format!("X may refuse follow.follow of 2001 as a duplicate: subscription {held}"))
    );
    let report = incomplete(world.client.ensure(&wanted).run().await);
    assert_eq!(report.done.len(), 2, "the others are not stopped: {report:?}");
    let [refused] = report.refused.as_slice() else { panic!("{report:?}") };
    assert_eq!(refused.in_the_way, std::slice::from_ref(&narrow));
    assert!(refused.reason.contains(&narrow.id) && refused.reason.contains("direction=\"inbound\""), "{refused:?}");
    let command = format!("birdhook activity remove {} --yes && birdhook activity add follow.follow", narrow.id);
    assert!(refused.replace[0].starts_with(&command), "{refused:?}");
    world.client.activity().delete(&narrow.id).await.unwrap();
    assert_eq!(world.client.ensure(&wanted).run().await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn a_subscription_on_an_old_webhook_is_named_with_the_command_that_moves_it() {
    let world = by_subject().await;
    let old = world.x.register(&format!("{}?old", world.receiver.url)).await.unwrap();
    let one = world.x.subscribe_to(&old, "2001", MockEventKind::Follow).unwrap();
    let wanted = DesiredState::new(&*world.receiver.url).activity("follow.follow", Filter::user("2001"));
    let report = incomplete(world.client.ensure(&wanted).run().await);
    let plan = world.client.ensure(&wanted).plan().await.unwrap();
    assert!(plan.to_string().ends_with(&format!("on the webhook {}", old.id)), "{plan}");
    let command = format!("birdhook activity update {} --webhook {}", one.id, report.webhook.id);
    assert_eq!(report.refused[0].replace, [command]);
    assert!(report.refused[0].reason.contains(&format!("on the webhook {}", old.id)), "{report:?}");
}

#[tokio::test]
async fn a_user_keeps_the_old_subscription_while_a_new_one_is_narrower() {
    let world = by_subject().await;
    let webhook = world.x.register(&world.receiver.url).await.unwrap();
    for user in &USERS[..2] {
        world.x.subscribe(&webhook, user).unwrap();
    }
    let narrow = Filter::user("2001").direction(FilterDirection::Inbound);
    let narrow = NewSubscription::new("follow.follow", narrow).webhook(&webhook.id);
    world.client.activity().create(&narrow).await.unwrap();
    let migration = world.client.migrate(&*world.receiver.url).types(["follow.follow", "like.create"]);
    let report = incomplete(migration.overlap(Duration::ZERO).run(|_| ()).await);
    assert_eq!(report.refused.len(), 1);
    let left: Vec<String> = world.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(left, ["2001"], "the other user is moved");
}

#[tokio::test]
async fn answers_without_a_body_are_confirmed() {
    let mut settings = MockSettings::local();
    settings.contradictions.activity_answer = ActivityAnswer::Empty;
    let world = World::with(settings).await;
    let wanted = DesiredState::new(&*world.receiver.url).tagged_activity("like.create", Filter::user("2001"), "bell");
    assert_eq!(world.client.ensure(&wanted).run().await.unwrap().done.len(), 2);
    let wanted = DesiredState::new(&*world.receiver.url).tagged_activity("like.create", Filter::user("2001"), "other");
    assert_eq!(world.client.ensure(&wanted).run().await.unwrap().done.len(), 1);
    assert!(world.client.ensure(&wanted).plan().await.unwrap().is_empty());
}

#[tokio::test]
async fn everything_is_checked_before_anything_is_changed() {
    let world = World::new().await;
    let wanted = DesiredState::new("https://app.example:8443/hook")
        .activity("like.created", Filter::user("2001"))
        .activity("like.created", Filter::user("2002"))
        .activity("post.create", Filter::user("ada"));
    for error in
        [world.client.ensure(&wanted).plan().await.unwrap_err(), world.client.ensure(&wanted).run().await.unwrap_err()]
    {
        let EnsureError::Wanted(faults) = &error else { panic!("{error}") };
        assert_eq!(faults.0.len(), 3, "{error}");
        let text = error.to_string();
        for says in [":8443/hook\": it has a port", "did you mean \"like.create\"?", "invalid user id \"ada\""] {
            assert!(text.contains(says), "{says}: {text}");
        }
    }
    // Credentials are checked for the steps of the plan.
    let wanted = DesiredState::new(&*world.receiver.url)
        .account_activity("9")
        .activity("post.create", Filter::user("2001"))
        .activity("like.create", Filter::user("9"));
    let error = world.client.ensure(&wanted).run().await.unwrap_err();
    let EnsureError::Wanted(faults) = &error else { panic!("{error}") };
    assert!(faults.0.iter().all(|fault| matches!(fault, DesiredStateFault::Credentials { .. })), "{error}");
    assert_eq!(faults.0.len(), 2);
    assert!(error.to_string().contains("run `birdhook auth user2`"), "{error}");
    assert!(world.line.changes().is_empty() && world.receiver.challenges() == 0, "{:?}", world.line.changes());
    let error = world.client.migrate(&*world.receiver.url).types(["dm.recieved"]).plan().await.unwrap_err();
    assert!(error.to_string().contains("did you mean \"dm.received\"?"), "{error}");
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_named_before_anything_is_changed() {
    let world = World::new().await;
    let webhook = world.x.register(&world.receiver.url).await.unwrap();
    world.x.subscribe(&webhook, "2001").unwrap();
    let user = world.x.user("2001");
    let token = |scope: &str| UserToken::new(user.oauth2_token.as_str()).scope(scope);
    let client = |scope: &str| world.client_with(|keys| keys.user2("2001", token(scope)));
    let wanted = DesiredState::new(&*world.receiver.url)
        .activity("post.create", Filter::user("2001"))
        .activity("broadcast.chat", Filter::user("2001"))
        .activity("like.create", Filter::user("2001"));
    let poor = client("tweet.read users.read offline.access");
    for error in [poor.ensure(&wanted).plan().await.unwrap_err(), poor.ensure(&wanted).run().await.unwrap_err()] {
        let EnsureError::Wanted(faults) = &error else { panic!("{error}") };
        let [DesiredStateFault::Scope { reason, .. }] = faults.0.as_slice() else { panic!("{error}") };
        assert!(reason.contains("it takes the scopes like.read") && reason.contains("birdhook auth user2"), "{reason}");
    }
    let fault = poor.activity().check(&NewSubscription::new("like.create", Filter::user("2001"))).await.unwrap_err();
    assert!(matches!(fault, SubscriptionFault::Scope(_)), "{fault}");
    let plan = poor.migrate(&*world.receiver.url).types(["like.create", "post.create"]).plan().await.unwrap();
    assert_eq!(plan.stuck["2001"], ["like.create"]);
    assert!(world.x.activity_subscriptions().is_empty(), "nothing was changed");
    assert_eq!(client("like.read tweet.read").ensure(&wanted).run().await.unwrap().done.len(), 3);
}

#[tokio::test]
async fn a_user_whom_x_calls_subscribed_already_is_looked_for_on_this_webhook() {
    let webhook = r#"{"data":[{"id":"7","url":"https://app.example/hook","valid":true}]}"#;
    let users = |ids: &str| format!(r#"{{"data":{{"webhook_id":"7","subscriptions":[{ids}]}}}}"#);
    let refusal = r#"{"errors":[{"message":"DuplicateSubscriptionFailed: Subscription already exists"}]}"#;
    let begins = [answer(200, webhook), answer(200, &users("")), answer(200, webhook), answer(400, refusal)];
    let wanted = DesiredState::new("https://app.example/hook").account_activity(USER);
    for (list, refused, unconfirmed) in [
        (answer(200, &users(&format!(r#"{{"user_id":"{USER}"}}"#))), 0, 0),
        (answer(200, &users("")), 1, 0),
        (answer(403, "{}"), 0, 1),
    ] {
        let ends = begins.iter().cloned().chain([list, answer(200, webhook)]);
        let (client, _) = by_the_book(ends);
        let report = match client.ensure(&wanted).without_probe().run().await {
            Err(EnsureError::Incomplete(report)) => *report,
            other => other.unwrap(),
        };
        assert_eq!((report.refused.len(), report.unconfirmed.len()), (refused, unconfirmed), "{report:?}");
    }
}

#[tokio::test]
async fn an_end_is_changed_only_where_one_is_wanted() {
    let world = World::new().await;
    let webhook = world.x.register(&world.receiver.url).await.unwrap();
    let filter = || Filter::user("2001").qualifier("post_id", "20");
    let (soon, later) = (in_days(2), in_days(60));
    let new = NewSubscription::new("like.create", filter()).webhook(&webhook.id).tag("old").expires_at(soon);
    let one = world.client.activity().create(&new).await.unwrap();
    let end = || world.x.activity_subscriptions()[0].expires_at;

    let wanted = |wish: DesiredSubscription| DesiredState::new(&*world.receiver.url).wish(wish);
    let plain = wanted(DesiredSubscription::new("like.create", filter()));
    assert!(world.client.ensure(&plain).run().await.unwrap().done.is_empty());
    let tagged = wanted(DesiredSubscription::new("like.create", filter()).tag("bell"));
    let report = world.client.ensure(&tagged).run().await.unwrap();
    assert!(matches!(report.done.as_slice(), [PlanStep::Tag { .. }]), "{report:?}");
    assert_eq!(end(), Some(soon));

    let ending = wanted(DesiredSubscription::new("like.create", filter()).expires_at(later));
    let report = world.client.ensure(&ending).run().await.unwrap();
    assert!(matches!(report.done.as_slice(), [PlanStep::Expire { .. }]), "{report:?}");
    assert_eq!(end(), Some(later));
    let left = world.x.activity_subscriptions();
    assert_eq!((left.len(), &left[0].id, left[0].tag.as_deref()), (1, &one.id, Some("bell")));
    assert!(world.client.ensure(&ending).run().await.unwrap().done.is_empty(), "a second run changes nothing");
    assert!(world.client.ensure(&plain).run().await.unwrap().done.is_empty());
    assert_eq!(end(), Some(later));
}

#[tokio::test]
async fn a_migration_names_the_subscriptions_that_end() {
    let world = World::new().await;
    let webhook = world.x.register(&world.receiver.url).await.unwrap();
    world.x.subscribe(&webhook, "2001").unwrap();
    let new = |name: &str| NewSubscription::new(name, Filter::user("2001")).webhook(&webhook.id);
    let one = world.client.activity().create(&new("follow.follow").expires_at(in_days(1))).await.unwrap();
    world.client.activity().create(&new("like.create")).await.unwrap();
    let types = ["follow.follow", "like.create"];
    let plan = world.client.migrate(&*world.receiver.url).types(types).plan().await.unwrap();
    assert_eq!(plan.expiring, [one]);
}
