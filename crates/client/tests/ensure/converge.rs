use std::collections::BTreeSet;

use birdhook_client::{
    Client, Credentials, DesiredState, EnsureError, ErrorCause, Filter, ManagementApi, PlanStep, ProbeFault,
};
use birdhook_core::{EventKind, SecretError, SecretKind};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{MockApi, MockSettings, MockToken};

use super::fixture::{Fixture, USERS};
use crate::support::receiver::{CLIENT_SECRET, Crc};

const TYPES: [&str; 4] = ["like.create", "post.create", "follow.follow", "dm.received"];

#[tokio::test]
async fn an_empty_account_is_set_up_and_a_second_run_changes_nothing() {
    let fixture = Fixture::new().await;
    let desired = fixture.desired();
    let plan = fixture.client.ensure(&desired).plan().await.unwrap();
    let lines: Vec<String> = plan.to_string().lines().map(str::to_owned).collect();
    let expected = [
        format!("register {}", fixture.receiver.url),
        "subscribe 2001 to the Account Activity API".to_owned(),
        "subscribe 2002 to the Account Activity API".to_owned(),
        "subscribe to like.create of 2001".to_owned(),
        "subscribe to post.create of 2003, tagged \"posts\"".to_owned(),
    ];
    assert_eq!(lines, expected);
    assert!(fixture.x.webhooks().is_empty() && fixture.receiver.challenges() == 0, "a dry run does nothing");

    let mut steps = Vec::new();
    let ensured = fixture.client.ensure(&desired).run_with(|step| steps.push(step.to_string())).await.unwrap();
    assert_eq!(steps, expected);
    assert_eq!(ensured.done, plan.steps());
    assert!(ensured.webhook.valid && ensured.webhook.url == fixture.receiver.url);
    fixture.x.emit(MockEventKind::Like, "2001");
    fixture.x.emit(MockEventKind::Post, "2003");
    fixture.x.ledger().expect(EventKind::Liked).await.unwrap();
    let post = fixture.x.ledger().expect(EventKind::PostCreated).await.unwrap();
    assert_eq!(post.tag(), Some("posts"));

    let changes = fixture.network.sent.changes().len();
    let challenges = fixture.receiver.challenges();
    let again = fixture.client.ensure(&desired).run().await.unwrap();
    assert!(again.done.is_empty());
    assert_eq!((again.kept, again.webhook.id), (5, ensured.webhook.id));
    assert_eq!(fixture.network.sent.changes().len(), changes);
    assert_eq!(fixture.receiver.challenges(), challenges, "nor is the receiver asked");
    assert!(fixture.client.ensure(&desired).plan().await.unwrap().is_empty());
}

#[tokio::test]
async fn enterprise_is_managed_through_1_1() {
    let fixture = Fixture::new().await;
    let desired = fixture.webhook_only().api(ManagementApi::Enterprise).account_activity("2001");
    fixture.client.ensure(&desired).run().await.unwrap();
    assert_eq!(fixture.x.webhooks()[0].generation, MockApi::Enterprise);
    let changes = fixture.network.sent.changes();
    assert!(changes.iter().all(|call| call.contains(" /1.1/")), "{changes:?}");
    assert!(fixture.client.ensure(&desired).run().await.unwrap().done.is_empty());
}

#[tokio::test]
async fn a_wrong_receiver_is_reported_before_x_is_called() {
    let fixture = Fixture::new().await;
    let desired = fixture.desired();
    for (crc, expected) in [
        (Crc::OtherSecret, ProbeFault::WrongToken),
        (Crc::Page, ProbeFault::NoToken),
        (Crc::Status(404), ProbeFault::Status(404)),
        (Crc::Redirect, ProbeFault::Redirect(302)),
    ] {
        fixture.receiver.crc(crc);
        let error = fixture.client.ensure(&desired).run().await.unwrap_err();
        assert!(matches!(&error, EnsureError::Receiver(fault) if *fault == expected), "{crc:?}: {error}");
    }
    assert!(fixture.network.sent.changes().is_empty(), "{:?}", fixture.network.sent.changes());
    let error = fixture.client.ensure(&desired).without_probe().run().await.unwrap_err();
    let EnsureError::Step { step, error, .. } = error else { panic!("{error}") };
    assert!(matches!(*step, PlanStep::Register { .. }));
    assert!(matches!(error.cause(), ErrorCause::ChallengeFailed(_)), "{error}");
}

#[tokio::test]
async fn an_invalid_webhook_is_revalidated() {
    let fixture = Fixture::with(|settings| *settings = MockSettings::manual()).await;
    let desired = fixture.desired();
    let ensured = fixture.client.ensure(&desired).run().await.unwrap();
    fixture.receiver.crc(Crc::OtherSecret);
    fixture.x.revalidate(&fixture.x.webhooks()[0]).await.unwrap_err();
    assert!(!fixture.x.webhooks()[0].valid);
    let error = fixture.client.ensure(&desired).run().await.unwrap_err();
    assert!(matches!(error, EnsureError::Receiver(ProbeFault::WrongToken)), "{error}");
    fixture.receiver.crc(Crc::Right);
    let revalidated = fixture.client.ensure(&desired).run().await.unwrap();
    assert_eq!(revalidated.done, [PlanStep::Challenge { webhook: ensured.webhook.id.clone() }]);
    assert!(revalidated.webhook.valid);
}

#[tokio::test]
async fn a_webhook_that_stays_invalid_is_an_error() {
    let fixture = Fixture::new().await;
    let desired = fixture.webhook_only();
    fixture.client.ensure(&desired).run().await.unwrap();
    fixture.receiver.crc(Crc::OtherSecret);
    fixture.x.revalidate(&fixture.x.webhooks()[0]).await.unwrap_err();
    let error = fixture.client.ensure(&desired).without_probe().run().await.unwrap_err();
    assert!(matches!(&error, EnsureError::Invalid(id) if *id == fixture.x.webhooks()[0].id), "{error}");
}

#[tokio::test]
async fn nothing_is_deleted_and_only_desired_tags_are_set() {
    let fixture = Fixture::new().await;
    let webhook = fixture.x.register(&fixture.receiver.url).await.unwrap();
    fixture.x.subscribe(&webhook, "2003").unwrap();
    fixture.x.subscribe_tagged(&webhook, "2001", MockEventKind::Like, Some("mine")).unwrap();
    fixture.x.subscribe_tagged(&webhook, "2003", MockEventKind::Post, Some("old")).unwrap();
    fixture.x.subscribe_to(&webhook, "2002", MockEventKind::Bio).unwrap();
    fixture.client.ensure(&fixture.desired()).run().await.unwrap();
    let users: BTreeSet<_> = fixture.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(users, USERS.map(str::to_owned).into());
    let tags: Vec<_> = fixture.x.activity_subscriptions().into_iter().map(|one| (one.event_type, one.tag)).collect();
    let expected = [("like.create", Some("mine")), ("post.create", Some("posts")), ("profile.update.bio", None)];
    assert_eq!(tags, expected.map(|(name, tag)| (name.to_owned(), tag.map(str::to_owned))));
}

/// From random current to random desired states: everything desired exists, everything that existed
/// still does, and a second run changes nothing.
#[tokio::test]
async fn any_current_state_converges_to_any_desired_state() {
    let seed = birdhook_test_harness::seed::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let kinds = [MockEventKind::Like, MockEventKind::Post, MockEventKind::Follow, MockEventKind::MessageReceived];
    for round in 0..25 {
        let fixture = Fixture::new().await;
        if random.bool() {
            let webhook = fixture.x.register(&fixture.receiver.url).await.unwrap();
            for user in USERS {
                if random.bool() {
                    fixture.x.subscribe(&webhook, user).unwrap();
                }
                for kind in kinds {
                    let tag = [None, Some(None), Some(Some("before"))][random.usize(..3)];
                    if let Some(tag) = tag {
                        fixture.x.subscribe_tagged(&webhook, user, kind, tag).unwrap();
                    }
                }
            }
            if random.u8(..4) == 0 {
                fixture.receiver.crc(Crc::Status(404));
                let _ = fixture.x.revalidate(&webhook).await;
                fixture.receiver.crc(Crc::Right);
            }
        }
        let mut desired = fixture.webhook_only();
        for user in USERS {
            if random.bool() {
                desired = desired.account_activity(user);
            }
            for name in TYPES {
                desired = match random.u8(..4) {
                    0 => desired.activity(name, Filter::user(user)),
                    1 => desired.tagged_activity(name, Filter::user(user), "after"),
                    _ => desired,
                };
            }
        }
        let before = (fixture.x.subscriptions(), fixture.x.activity_subscriptions());
        let plan = fixture.client.ensure(&desired).plan().await.unwrap();
        let ensured = fixture.client.ensure(&desired).run().await.unwrap();
        assert_eq!(ensured.done, plan.steps(), "round {round}");
        assert!(ensured.webhook.valid, "round {round}");
        let after = (fixture.x.subscriptions(), fixture.x.activity_subscriptions());
        assert!(before.0.iter().all(|one| after.0.contains(one)), "round {round}");
        let is_kept = |id: &String| after.1.iter().any(|kept| kept.id == *id);
        assert!(before.1.iter().all(|one| is_kept(&one.id)), "round {round}");
        let users: BTreeSet<_> = after.0.iter().map(|one| one.user_id.clone()).collect();
        assert!(desired.account_activity.is_subset(&users), "round {round}");
        for subscription in &desired.activity {
            let mut found = after.1.iter().filter(|one| {
                one.event_type == subscription.event_type && one.filter.user_id == subscription.filter.user_id
            });
            let one = found.next().unwrap_or_else(|| panic!("round {round}: {subscription}"));
            assert!(found.next().is_none(), "round {round}: {subscription} twice");
            assert!(subscription.tag.is_none() || one.tag == subscription.tag, "round {round}: {subscription}");
        }
        assert!(fixture.client.ensure(&desired).run().await.unwrap().done.is_empty(), "round {round}");
    }
}

#[tokio::test]
async fn a_receiver_may_answer_with_either_secret_and_it_is_named() {
    for (crc, challenge_secret) in [(Crc::Right, "consumer"), (Crc::ClientSecret, "client")] {
        let fixture = Fixture::with(|settings| settings.client_secret = Some(MockToken::new(CLIENT_SECRET))).await;
        fixture.receiver.crc(crc);
        let desired = fixture.webhook_only();
        let ensured = fixture.client.ensure(&desired).run().await.unwrap();
        assert_eq!(ensured.challenge_secret, Some(challenge_secret));
        let again = fixture.client.ensure(&desired).run().await.unwrap();
        assert_eq!((again.challenge_secret, again.done.len()), (None, 0), "it was not challenged");
    }
}

#[tokio::test]
async fn a_refused_response_names_both_secrets() {
    for (crc, takes, made, other) in [
        (Crc::Right, SecretKind::Client, "the consumer secret", "--answer-with client"),
        (Crc::ClientSecret, SecretKind::Consumer, "the client secret", "--answer-with consumer"),
    ] {
        let secret = Some(MockToken::new(CLIENT_SECRET));
        let fixture = Fixture::with(|all| (all.client_secret, all.answers) = (secret, Some(takes))).await;
        fixture.receiver.crc(crc);
        let url = &*fixture.receiver.url;
        let error = fixture.client.ensure(&DesiredState::new(url)).run().await.unwrap_err();
        let EnsureError::Step { error, hint: Some(hint), .. } = error else { panic!("{error}") };
        assert!(hint.contains(made) && hint.contains(other), "{hint}");
        assert_eq!(fixture.client.refused_answer(url, &error).await, Some(hint));
        fixture.receiver.crc(Crc::OtherSecret);
        assert_eq!(fixture.client.refused_answer(url, &error).await, None, "neither secret made it");
    }
}

#[tokio::test]
async fn an_invalid_secret_is_reported_before_the_challenge() {
    let client = Client::new(Credentials::bearer_only("b").client_secret("\u{feff}abc")).unwrap();
    let fault = birdhook_client::probe(&client, "http://127.0.0.1:1/").await.unwrap_err();
    let expected = SecretError::Character { character: '\u{feff}', position: 1 };
    assert_eq!(fault, ProbeFault::BadSecret(SecretKind::Client, expected));
    let says = "invalid client secret: the secret holds U+FEFF at position 1: expected printable ASCII without spaces";
    assert_eq!(fault.to_string(), says);
}
