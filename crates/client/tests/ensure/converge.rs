//! Convergence from the current to the desired state.

use std::collections::BTreeSet;

use birdhook_client::{
    Client, Credentials, DesiredState, EnsureError, ErrorCause, Filter, ManagementApi, PlanStep, ProbeFault,
};
use birdhook_core::{EventKind, SecretError, SecretKind};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{MockApi, MockSettings, MockToken};

use super::receiver::{Answers, CLIENT_SECRET};
use super::world::{USERS, World};

const TYPES: [&str; 4] = ["like.create", "post.create", "follow.follow", "dm.received"];

fn wanted(url: &str) -> DesiredState {
    DesiredState::new(url)
        .account_activity("2001")
        .account_activity("2002")
        .activity("like.create", Filter::user("2001"))
        .tagged_activity("post.create", Filter::user("2003"), "posts")
}

#[tokio::test]
async fn an_empty_account_comes_to_delivered_events_and_a_second_run_changes_nothing() {
    let world = World::new().await;
    let wanted = wanted(&world.receiver.url);
    let plan = world.client.ensure(&wanted).plan().await.unwrap();
    let lines: Vec<String> = plan.to_string().lines().map(str::to_owned).collect();
    let expected = [
        format!("register {}", world.receiver.url),
        "subscribe 2001 to the Account Activity API".to_owned(),
        "subscribe 2002 to the Account Activity API".to_owned(),
        "subscribe to like.create of 2001".to_owned(),
        "subscribe to post.create of 2003, tagged \"posts\"".to_owned(),
    ];
    assert_eq!(lines, expected);
    assert!(world.x.webhooks().is_empty() && world.receiver.challenges() == 0, "a dry run does nothing");

    let mut told = Vec::new();
    let ensured = world.client.ensure(&wanted).run_with(|step| told.push(step.to_string())).await.unwrap();
    assert_eq!(told, expected);
    assert_eq!(ensured.done, plan.steps());
    assert!(ensured.webhook.valid && ensured.webhook.url == world.receiver.url);
    world.x.emit(MockEventKind::Like, "2001");
    world.x.emit(MockEventKind::Post, "2003");
    world.x.ledger().expect(EventKind::Liked).await.unwrap();
    let post = world.x.ledger().expect(EventKind::PostCreated).await.unwrap();
    assert_eq!(post.tag(), Some("posts"));

    let changes = world.line.changes().len();
    let challenges = world.receiver.challenges();
    let again = world.client.ensure(&wanted).run().await.unwrap();
    assert!(again.done.is_empty());
    assert_eq!((again.kept, again.webhook.id), (5, ensured.webhook.id));
    assert_eq!(world.line.changes().len(), changes);
    assert_eq!(world.receiver.challenges(), challenges, "nor is the receiver asked");
    assert!(world.client.ensure(&wanted).plan().await.unwrap().is_empty());
}

#[tokio::test]
async fn enterprise_is_managed_by_its_own_calls() {
    let world = World::new().await;
    let wanted = DesiredState::new(&*world.receiver.url).api(ManagementApi::Enterprise).account_activity("2001");
    world.client.ensure(&wanted).run().await.unwrap();
    assert_eq!(world.x.webhooks()[0].generation, MockApi::Enterprise);
    assert!(world.line.changes().iter().all(|call| call.contains(" /1.1/")), "{:?}", world.line.changes());
    assert!(world.client.ensure(&wanted).run().await.unwrap().done.is_empty());
}

#[tokio::test]
async fn a_receiver_that_x_would_refuse_is_explained_before_x_is_asked() {
    let world = World::new().await;
    let wanted = wanted(&world.receiver.url);
    for (answers, expected) in [
        (Answers::WithAnotherSecret, ProbeFault::WrongToken),
        (Answers::WithAPage, ProbeFault::NoToken),
        (Answers::NotAtAll, ProbeFault::Status(404)),
        (Answers::WithARedirect, ProbeFault::Redirect(302)),
    ] {
        world.receiver.answers(answers);
        let error = world.client.ensure(&wanted).run().await.unwrap_err();
        assert!(matches!(&error, EnsureError::Receiver(fault) if *fault == expected), "{answers:?}: {error}");
    }
    assert!(world.line.changes().is_empty(), "{:?}", world.line.changes());
    let error = world.client.ensure(&wanted).without_probe().run().await.unwrap_err();
    let EnsureError::Step { step, error, .. } = error else { panic!("{error}") };
    assert!(matches!(*step, PlanStep::Register { .. }));
    assert!(matches!(error.cause(), ErrorCause::ChallengeFailed(_)), "{error}");
}

#[tokio::test]
async fn an_invalid_webhook_is_made_valid_again() {
    let world = World::with(MockSettings::manual()).await;
    let wanted = wanted(&world.receiver.url);
    let ensured = world.client.ensure(&wanted).run().await.unwrap();
    world.receiver.answers(Answers::WithAnotherSecret);
    world.x.revalidate(&world.x.webhooks()[0]).await.unwrap_err();
    assert!(!world.x.webhooks()[0].valid);
    let error = world.client.ensure(&wanted).run().await.unwrap_err();
    assert!(matches!(error, EnsureError::Receiver(ProbeFault::WrongToken)), "{error}");
    world.receiver.answers(Answers::Well);
    let healed = world.client.ensure(&wanted).run().await.unwrap();
    assert_eq!(healed.done, [PlanStep::Challenge { webhook: ensured.webhook.id.clone() }]);
    assert!(healed.webhook.valid);
}

#[tokio::test]
async fn a_webhook_that_stays_invalid_is_said_to() {
    let world = World::new().await;
    let wanted = DesiredState::new(&*world.receiver.url);
    world.client.ensure(&wanted).run().await.unwrap();
    world.receiver.answers(Answers::WithAnotherSecret);
    world.x.revalidate(&world.x.webhooks()[0]).await.unwrap_err();
    let error = world.client.ensure(&wanted).without_probe().run().await.unwrap_err();
    assert!(matches!(&error, EnsureError::Invalid(id) if *id == world.x.webhooks()[0].id), "{error}");
}

#[tokio::test]
async fn nothing_is_deleted_and_a_tag_is_changed_only_where_one_is_wanted() {
    let world = World::new().await;
    let webhook = world.x.register(&world.receiver.url).await.unwrap();
    world.x.subscribe(&webhook, "2003").unwrap();
    world.x.subscribe_tagged(&webhook, "2001", MockEventKind::Like, Some("mine")).unwrap();
    world.x.subscribe_tagged(&webhook, "2003", MockEventKind::Post, Some("old")).unwrap();
    world.x.subscribe_to(&webhook, "2002", MockEventKind::Bio).unwrap();
    world.client.ensure(&wanted(&world.receiver.url)).run().await.unwrap();
    let users: BTreeSet<_> = world.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(users, USERS.map(str::to_owned).into());
    let tags: Vec<_> = world.x.activity_subscriptions().into_iter().map(|one| (one.event_type, one.tag)).collect();
    let expected = [("like.create", Some("mine")), ("post.create", Some("posts")), ("profile.update.bio", None)];
    assert_eq!(tags, expected.map(|(name, tag)| (name.to_owned(), tag.map(str::to_owned))));
}

/// From random current to random desired states: everything desired exists, everything that existed
/// still does, and a second run changes nothing.
#[tokio::test]
async fn every_state_is_led_to_every_other() {
    let seed = birdhook_seed::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let kinds = [MockEventKind::Like, MockEventKind::Post, MockEventKind::Follow, MockEventKind::MessageReceived];
    for round in 0..25 {
        let world = World::new().await;
        if random.bool() {
            let webhook = world.x.register(&world.receiver.url).await.unwrap();
            for user in USERS {
                if random.bool() {
                    world.x.subscribe(&webhook, user).unwrap();
                }
                for kind in kinds {
                    let tag = [None, Some(None), Some(Some("before"))][random.usize(..3)];
                    if let Some(tag) = tag {
                        world.x.subscribe_tagged(&webhook, user, kind, tag).unwrap();
                    }
                }
            }
            if random.u8(..4) == 0 {
                world.receiver.answers(Answers::NotAtAll);
                let _ = world.x.revalidate(&webhook).await;
                world.receiver.answers(Answers::Well);
            }
        }
        let mut wanted = DesiredState::new(&*world.receiver.url);
        for user in USERS {
            if random.bool() {
                wanted = wanted.account_activity(user);
            }
            for name in TYPES {
                wanted = match random.u8(..4) {
                    0 => wanted.activity(name, Filter::user(user)),
                    1 => wanted.tagged_activity(name, Filter::user(user), "after"),
                    _ => wanted,
                };
            }
        }
        let before = (world.x.subscriptions(), world.x.activity_subscriptions());
        let plan = world.client.ensure(&wanted).plan().await.unwrap();
        let ensured = world.client.ensure(&wanted).run().await.unwrap();
        assert_eq!(ensured.done, plan.steps(), "round {round}");
        assert!(ensured.webhook.valid, "round {round}");
        let after = (world.x.subscriptions(), world.x.activity_subscriptions());
        assert!(before.0.iter().all(|one| after.0.contains(one)), "round {round}");
        let is_kept =
            |one: &birdhook_testkit::mock::MockActivitySubscription| after.1.iter().any(|kept| kept.id == one.id);
        assert!(before.1.iter().all(is_kept), "round {round}");
        let users: BTreeSet<_> = after.0.iter().map(|one| one.user_id.clone()).collect();
        assert!(wanted.account_activity.is_subset(&users), "round {round}");
        for wish in &wanted.activity {
            let mut found = after
                .1
                .iter()
                .filter(|one| one.event_type == wish.event_type && one.filter.user_id == wish.filter.user_id);
            let one = found.next().unwrap_or_else(|| panic!("round {round}: {wish}"));
            assert!(found.next().is_none(), "round {round}: {wish} twice");
            assert!(wish.tag.is_none() || one.tag == wish.tag, "round {round}: {wish}");
        }
        assert!(world.client.ensure(&wanted).run().await.unwrap().done.is_empty(), "round {round}");
    }
}

#[tokio::test]
async fn a_receiver_may_answer_with_either_secret_and_it_is_told_which() {
    for (answers, answered_with) in [(Answers::Well, "consumer"), (Answers::WithTheClientSecret, "client")] {
        let mut settings = MockSettings::local();
        settings.client_secret = Some(MockToken::new(CLIENT_SECRET));
        let world = World::with(settings).await;
        world.receiver.answers(answers);
        let wanted = DesiredState::new(&*world.receiver.url);
        let ensured = world.client.ensure(&wanted).run().await.unwrap();
        assert_eq!(ensured.answered_with, Some(answered_with));
        let again = world.client.ensure(&wanted).run().await.unwrap();
        assert_eq!((again.answered_with, again.done.len()), (None, 0), "it was not challenged");
    }
}

#[tokio::test]
async fn a_refused_answer_names_the_secret_that_made_it_and_the_other_one() {
    for (answers, takes, made, other) in [
        (Answers::Well, SecretKind::Client, "the consumer secret", "--answer-with client"),
        (Answers::WithTheClientSecret, SecretKind::Consumer, "the client secret", "--answer-with consumer"),
    ] {
        let mut settings = MockSettings::local();
        settings.client_secret = Some(MockToken::new(CLIENT_SECRET));
        settings.answers = Some(takes);
        let world = World::with(settings).await;
        world.receiver.answers(answers);
        let url = &*world.receiver.url;
        let error = world.client.ensure(&DesiredState::new(url)).run().await.unwrap_err();
        let EnsureError::Step { error, hint: Some(hint), .. } = error else { panic!("{error}") };
        assert!(hint.contains(made) && hint.contains(other), "{hint}");
        assert_eq!(world.client.refused_answer(url, &error).await, Some(hint));
        world.receiver.answers(Answers::WithAnotherSecret);
        assert_eq!(world.client.refused_answer(url, &error).await, None, "neither secret made it");
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_x_s_is_named_before_the_receiver_is_asked() {
    let client = Client::new(Credentials::bearer_only("b").client_secret("\u{feff}abc")).unwrap();
    let fault = birdhook_client::probe(&client, "http://127.0.0.1:1/").await.unwrap_err();
    let expected = SecretError::Character { character: '\u{feff}', position: 1 };
    assert_eq!(fault, ProbeFault::BadSecret(SecretKind::Client, expected));
    let says = "the client secret cannot be X's: the secret holds U+FEFF at position 1: expected printable ASCII without spaces";
    assert_eq!(fault.to_string(), says);
}
