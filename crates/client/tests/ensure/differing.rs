//! Subscriptions that differ from the desired ones, refusals, and expiries.

use std::time::Duration;

use birdhook_client::api::{NewSubscription, SubscriptionFault};
use birdhook_client::{
    DesiredState, DesiredStateFault, DesiredSubscription, EnsureError, Ensured, Filter, FilterDirection, PlanStep,
    UserToken,
};
use birdhook_core::Timestamp;
use birdhook_testkit::mock::{ActivityAnswer, SameActivity};
use birdhook_testkit::{MockEventKind, now};

use super::fixture::{Fixture, USERS};
use crate::calls::fixture::scripted;
use crate::support::USER;
use crate::support::transport::answer;

/// Makes the mock X treat any two subscriptions of the same type and user as duplicates.
async fn by_subject() -> Fixture {
    Fixture::with(|settings| settings.contradictions.same_activity = SameActivity::Subject).await
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
async fn a_narrower_subscription_does_not_count_as_the_desired_one() {
    let fixture = by_subject().await;
    let webhook = fixture.x.register(&fixture.receiver.url).await.unwrap();
    let narrow = Filter::user("2001").qualifier("direction", "inbound");
    let narrow = NewSubscription::new("follow.follow", narrow).webhook(&webhook.id);
    let narrow = fixture.client.activity().create(&narrow).await.unwrap();
    let desired = fixture.wishing([("follow.follow", "2001"), ("post.create", "2001"), ("like.create", "2002")]);
    let plan = fixture.client.ensure(&desired).plan().await.unwrap();
    let [differing] = plan.differing() else { panic!("{plan:?}") };
    let id = &narrow.id;
    let held = format!("{id} is for follow.follow of 2001, direction=\"inbound\"");
    assert_eq!(differing.existing, [held.as_str()], "a dry run names it");
    let warning = format!("X may refuse follow.follow of 2001 as a duplicate: subscription {held}");
    assert!(plan.to_string().ends_with(&warning), "{plan}");
    let report = incomplete(fixture.client.ensure(&desired).run().await);
    assert_eq!(report.done.len(), 2, "the others are not stopped: {report:?}");
    let [refused] = report.refused.as_slice() else { panic!("{report:?}") };
    assert_eq!(refused.in_the_way, std::slice::from_ref(&narrow));
    assert!(refused.reason.contains(&narrow.id) && refused.reason.contains("direction=\"inbound\""), "{refused:?}");
    let command = format!("birdhook activity remove {} --yes && birdhook activity add follow.follow", narrow.id);
    assert!(refused.replace[0].starts_with(&command), "{refused:?}");
    fixture.client.activity().delete(&narrow.id).await.unwrap();
    assert_eq!(fixture.client.ensure(&desired).run().await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn a_subscription_on_another_webhook_is_named_with_the_command_that_moves_it() {
    let fixture = by_subject().await;
    let old = fixture.x.register(&format!("{}?old", fixture.receiver.url)).await.unwrap();
    let one = fixture.x.subscribe_to(&old, "2001", MockEventKind::Follow).unwrap();
    let desired = fixture.webhook_only().activity("follow.follow", Filter::user("2001"));
    let report = incomplete(fixture.client.ensure(&desired).run().await);
    let plan = fixture.client.ensure(&desired).plan().await.unwrap();
    assert!(plan.to_string().ends_with(&format!("on the webhook {}", old.id)), "{plan}");
    let command = format!("birdhook activity update {} --webhook {}", one.id, report.webhook.id);
    assert_eq!(report.refused[0].replace, [command]);
    assert!(report.refused[0].reason.contains(&format!("on the webhook {}", old.id)), "{report:?}");
}

#[tokio::test]
async fn a_user_keeps_the_old_subscription_while_a_new_one_is_narrower() {
    let fixture = by_subject().await;
    let webhook = fixture.x.register(&fixture.receiver.url).await.unwrap();
    for user in &USERS[..2] {
        fixture.x.subscribe(&webhook, user).unwrap();
    }
    let narrow = Filter::user("2001").direction(FilterDirection::Inbound);
    let narrow = NewSubscription::new("follow.follow", narrow).webhook(&webhook.id);
    fixture.client.activity().create(&narrow).await.unwrap();
    let migration = fixture.client.migrate(&*fixture.receiver.url).types(["follow.follow", "like.create"]);
    let report = incomplete(migration.overlap(Duration::ZERO).run(|_| ()).await);
    assert_eq!(report.refused.len(), 1);
    let left: Vec<String> = fixture.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(left, ["2001"], "the other user is moved");
}

#[tokio::test]
async fn responses_without_a_body_are_confirmed() {
    let fixture = Fixture::with(|settings| settings.contradictions.activity_answer = ActivityAnswer::Empty).await;
    let desired = fixture.webhook_only().tagged_activity("like.create", Filter::user("2001"), "bell");
    assert_eq!(fixture.client.ensure(&desired).run().await.unwrap().done.len(), 2);
    let desired = fixture.webhook_only().tagged_activity("like.create", Filter::user("2001"), "other");
    assert_eq!(fixture.client.ensure(&desired).run().await.unwrap().done.len(), 1);
    assert!(fixture.client.ensure(&desired).plan().await.unwrap().is_empty());
}

#[tokio::test]
async fn everything_is_checked_before_anything_is_changed() {
    let fixture = Fixture::new().await;
    let desired = DesiredState::new("https://app.example:8443/hook")
        .activity("like.created", Filter::user("2001"))
        .activity("like.created", Filter::user("2002"))
        .activity("post.create", Filter::user("ada"));
    for error in [
        fixture.client.ensure(&desired).plan().await.unwrap_err(),
        fixture.client.ensure(&desired).run().await.unwrap_err(),
    ] {
        let EnsureError::DesiredState(faults) = &error else { panic!("{error}") };
        assert_eq!(faults.0.len(), 3, "{error}");
        let text = error.to_string();
        for says in [":8443/hook\": it has a port", "did you mean \"like.create\"?", "invalid user id \"ada\""] {
            assert!(text.contains(says), "{says}: {text}");
        }
    }
    // Credentials are checked for the steps of the plan.
    let desired = fixture.wishing([("post.create", "2001"), ("like.create", "9")]).account_activity("9");
    let error = fixture.client.ensure(&desired).run().await.unwrap_err();
    let EnsureError::DesiredState(faults) = &error else { panic!("{error}") };
    assert!(faults.0.iter().all(|fault| matches!(fault, DesiredStateFault::Credentials { .. })), "{error}");
    assert_eq!(faults.0.len(), 2);
    assert!(error.to_string().contains("run `birdhook auth user2`"), "{error}");
    assert_eq!((fixture.network.sent.changes().as_slice(), fixture.receiver.challenges()), (&[][..], 0));
    let error = fixture.client.migrate(&*fixture.receiver.url).types(["dm.recieved"]).plan().await.unwrap_err();
    assert!(error.to_string().contains("did you mean \"dm.received\"?"), "{error}");
}

#[tokio::test]
async fn a_missing_scope_is_named_before_anything_is_changed() {
    let fixture = Fixture::new().await;
    let webhook = fixture.x.register(&fixture.receiver.url).await.unwrap();
    fixture.x.subscribe(&webhook, "2001").unwrap();
    let user = fixture.x.user("2001");
    let token = |scope: &str| UserToken::new(user.oauth2_token.as_str()).scope(scope);
    let client = |scope: &str| fixture.client_with(|keys| keys.user2("2001", token(scope)));
    let desired = fixture.wishing([("post.create", "2001"), ("broadcast.chat", "2001"), ("like.create", "2001")]);
    let poor = client("tweet.read users.read offline.access");
    for error in [poor.ensure(&desired).plan().await.unwrap_err(), poor.ensure(&desired).run().await.unwrap_err()] {
        let EnsureError::DesiredState(faults) = &error else { panic!("{error}") };
        let [DesiredStateFault::Scope { reason, .. }] = faults.0.as_slice() else { panic!("{error}") };
        assert!(reason.contains("it needs the scopes like.read") && reason.contains("birdhook auth user2"), "{reason}");
    }
    let fault = poor.activity().check(&NewSubscription::new("like.create", Filter::user("2001"))).await.unwrap_err();
    assert!(matches!(fault, SubscriptionFault::Scope(_)), "{fault}");
    let plan = poor.migrate(&*fixture.receiver.url).types(["like.create", "post.create"]).plan().await.unwrap();
    assert_eq!(plan.stuck["2001"], ["like.create"]);
    assert!(fixture.x.activity_subscriptions().is_empty(), "nothing was changed");
    assert_eq!(client("like.read tweet.read").ensure(&desired).run().await.unwrap().done.len(), 3);
}

#[tokio::test]
async fn already_subscribed_is_checked_on_this_webhook() {
    let webhook = r#"{"data":[{"id":"7","url":"https://app.example/hook","valid":true}]}"#;
    let users = |ids: &str| format!(r#"{{"data":{{"webhook_id":"7","subscriptions":[{ids}]}}}}"#);
    let refusal = r#"{"errors":[{"message":"DuplicateSubscriptionFailed: Subscription already exists"}]}"#;
    let first = [answer(200, webhook), answer(200, &users("")), answer(200, webhook), answer(400, refusal)];
    let desired = DesiredState::new("https://app.example/hook").account_activity(USER);
    for (list, refused, unconfirmed) in [
        (answer(200, &users(&format!(r#"{{"user_id":"{USER}"}}"#))), 0, 0),
        (answer(200, &users("")), 1, 0),
        (answer(403, "{}"), 0, 1),
    ] {
        let outcomes = first.iter().cloned().chain([list, answer(200, webhook)]);
        let (client, _) = scripted(outcomes);
        let report = match client.ensure(&desired).without_probe().run().await {
            Err(EnsureError::Incomplete(report)) => *report,
            other => other.unwrap(),
        };
        assert_eq!((report.refused.len(), report.unconfirmed.len()), (refused, unconfirmed), "{report:?}");
    }
}

#[tokio::test]
async fn an_expiry_is_changed_only_if_desired() {
    let fixture = Fixture::new().await;
    let webhook = fixture.x.register(&fixture.receiver.url).await.unwrap();
    let filter = || Filter::user("2001").qualifier("post_id", "20");
    let (soon, later) = (in_days(2), in_days(60));
    let new = NewSubscription::new("like.create", filter()).webhook(&webhook.id).tag("old").expires_at(soon);
    let one = fixture.client.activity().create(&new).await.unwrap();
    let end = || fixture.x.activity_subscriptions()[0].expires_at;

    let desired = |subscription: DesiredSubscription| fixture.webhook_only().subscription(subscription);
    let plain = desired(DesiredSubscription::new("like.create", filter()));
    assert!(fixture.client.ensure(&plain).run().await.unwrap().done.is_empty());
    let tagged = desired(DesiredSubscription::new("like.create", filter()).tag("bell"));
    let report = fixture.client.ensure(&tagged).run().await.unwrap();
    assert!(matches!(report.done.as_slice(), [PlanStep::Tag { .. }]), "{report:?}");
    assert_eq!(end(), Some(soon));

    let ending = desired(DesiredSubscription::new("like.create", filter()).expires_at(later));
    let report = fixture.client.ensure(&ending).run().await.unwrap();
    assert!(matches!(report.done.as_slice(), [PlanStep::Recreate { .. }]), "{report:?}");
    assert_eq!(end(), Some(later));
    let left = fixture.x.activity_subscriptions();
    assert_eq!((left.len(), &left[0].id, left[0].tag.as_deref()), (1, &one.id, Some("bell")));
    assert!(fixture.client.ensure(&ending).run().await.unwrap().done.is_empty(), "a second run changes nothing");
    assert!(fixture.client.ensure(&plain).run().await.unwrap().done.is_empty());
    assert_eq!(end(), Some(later));
}

#[tokio::test]
async fn a_migration_names_the_subscriptions_that_expire() {
    let fixture = Fixture::new().await;
    let webhook = fixture.x.register(&fixture.receiver.url).await.unwrap();
    fixture.x.subscribe(&webhook, "2001").unwrap();
    let new = |name: &str| NewSubscription::new(name, Filter::user("2001")).webhook(&webhook.id);
    let one = fixture.client.activity().create(&new("follow.follow").expires_at(in_days(1))).await.unwrap();
    fixture.client.activity().create(&new("like.create")).await.unwrap();
    let types = ["follow.follow", "like.create"];
    let plan = fixture.client.migrate(&*fixture.receiver.url).types(types).plan().await.unwrap();
    assert_eq!(plan.expiring, [one]);
}
