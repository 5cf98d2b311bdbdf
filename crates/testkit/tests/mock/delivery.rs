//! Deliveries: recipients, timing, signatures, and retries.

use std::time::Duration;

use birdhook_core::{SecretKind, signature};
use birdhook_testkit::mock::{DeliveryCause, DeliveryResult, EarlyEvents, MockApi, MockToken, RetrySchedule, Signs};
use birdhook_testkit::{Clock, MockEventKind};
use http::header;
use serde_json::Value;

use crate::mock::receiver::{Seen, Take};
use crate::mock::world::{As, USER, World, h, s};

#[tokio::test]
async fn delivers_signed_events_to_the_webhooks_of_the_user() {
    let world = World::with(|settings| {
        (settings.client_secret, settings.signs) = (Some(MockToken::new("client-secret")), Signs::Both);
    })
    .await;
    world.subscribe(MockApi::V2).await;
    world.x.emit(MockEventKind::Post, USER);
    world.x.emit(MockEventKind::Post, "somebody else");
    world.emit(MockEventKind::Bio).await;
    let [seen] = world.receiver.deliveries().try_into().unwrap();
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["for_user_id"], USER);
    assert!(body["tweet_create_events"].is_array(), "{body}");
    // Escaped as X does, so that re-serializing would break the signature.
    assert_ne!(body.to_string().as_bytes(), &seen.body[..]);
    let signed = seen.header(signature::HEADER).unwrap();
    signature::verify(world.app().secret(), &seen.body, signed.as_bytes()).unwrap();
    let signed = seen.header(signature::HEADER_OAUTH2).unwrap();
    signature::verify(world.app().client_key().unwrap(), &seen.body, signed.as_bytes()).unwrap();
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("content-length"), Some(seen.body.len().to_string().as_str()));
    for absent in [header::CONTENT_ENCODING, header::TRANSFER_ENCODING, header::USER_AGENT] {
        assert!(!seen.headers.contains_key(&absent), "{absent}");
    }
    let [sent] = world.x.ledger().sent().try_into().unwrap();
    assert_eq!((sent.body.clone(), sent.outcome), (seen.body, DeliveryResult::Status(200)));
    assert_eq!((sent.subscriber.as_deref(), sent.cause, sent.attempt), (Some(USER), DeliveryCause::MockEvent, 1));
}

/// Every source API of a kind delivers it, and the receiver reads the right kind.
#[tokio::test]
async fn every_kind_is_delivered_by_every_api() {
    let world = World::with(|settings| settings.contradictions.revoke_can_be_subscribed = true).await;
    let webhook = world.subscribe(MockApi::V2).await;
    world.x.link(&webhook).unwrap();
    let kinds: Vec<MockEventKind> =
        MockEventKind::ALL.iter().copied().filter(|kind| *kind != MockEventKind::Replay).collect();
    for kind in &kinds {
        if *kind != MockEventKind::StreamPost && *kind != MockEventKind::Revoke {
            world.x.subscribe_to(&webhook, USER, *kind).unwrap();
        }
    }
    let revoke = r#"{"event_type":"oauth.revoke","filter":{},"webhook_id":"ID"}"#.replace("ID", &webhook.id);
    assert_eq!(world.call("POST", "/2/activity/subscriptions", world.bearer(), &revoke).await.status, 200);
    let last = MockEventKind::Revoke;
    for kind in kinds.iter().filter(|kind| **kind != last).chain([&last]) {
        let before = world.x.ledger().sent().len();
        world.emit(*kind).await;
        let sent = world.x.ledger().sent().split_off(before);
        let reported_by: Vec<_> = sent.iter().map(|sent| sent.reported_by).collect();
        assert_eq!(reported_by, kind.api_sources(), "{kind}");
        for sent in &sent {
            assert_eq!((sent.kind, &sent.outcome), (*kind, &DeliveryResult::Status(200)), "{kind}");
        }
        for _ in &sent {
            world.x.ledger().expect(kind.event_kind()).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
        }
    }
    world.x.ledger().every_200_was_consumed().await.unwrap();
    world.x.ledger().none_consumed_twice().unwrap();
}

#[tokio::test]
async fn delivers_the_first_events_ten_seconds_after_subscribing() {
    assert_eq!(birdhook_testkit::mock::MockSettings::default().subscription_delay, s(10), "as X says");
    for early in [EarlyEvents::Late, EarlyEvents::Lost] {
        let world = World::with(|settings| {
            settings.subscription_delay = s(10);
            settings.early_events = early;
        })
        .await;
        world.subscribe(MockApi::V2).await;
        world.x.emit(MockEventKind::Like, USER);
        world.advance(Duration::from_millis(9_999)).await;
        world.emit(MockEventKind::Follow).await;
        assert_eq!(world.delivered(), [], "{early:?}");
        world.advance(Duration::from_millis(1)).await;
        let late = if early == EarlyEvents::Late { vec![MockEventKind::Like, MockEventKind::Follow] } else { vec![] };
        assert_eq!(world.delivered(), late, "{early:?}");
        world.emit(MockEventKind::Mute).await;
        assert_eq!(world.delivered().last(), Some(&MockEventKind::Mute), "{early:?}: from then on at once");
        assert!(world.sent_at().iter().all(|at| *at == 10_000), "{early:?}");
    }
}

#[tokio::test]
async fn explains_the_loss_of_early_events() {
    let world = World::with(|settings| {
        settings.subscription_delay = s(10);
        settings.early_events = EarlyEvents::Lost;
        settings.expect_timeout = Duration::from_millis(20);
    })
    .await;
    world.subscribe(MockApi::V2).await;
    world.x.emit(MockEventKind::Like, USER);
    let error = world.x.ledger().expect(MockEventKind::Like.event_kind()).await.unwrap_err().to_string();
    assert!(error.contains("it happened to 2001, but it was too soon after subscribing"), "{error}");
}

/// Any response but 200 is a failure and is retried after 3, 27 and 242 s, then no more.
#[tokio::test]
async fn retries_deliveries_of_1_1_three_times() {
    for status in [201, 204, 302, 400, 401, 403, 404, 410, 429, 500, 503] {
        let world = World::new().await;
        world.receiver.set().take = Take::Status(status);
        world.subscribe(MockApi::Enterprise).await;
        world.x.emit(MockEventKind::Like, USER);
        let mut attempts = vec![0];
        for wait in [3_000, 27_000, 242_000] {
            world.x.settle().await;
            world.advance(Duration::from_millis(wait - 1)).await;
            assert_eq!(world.sent_at(), attempts, "{status}: 1 ms before its time");
            world.advance(Duration::from_millis(1)).await;
            let last = attempts[attempts.len() - 1];
            attempts.push(last + i64::try_from(wait).unwrap());
            assert_eq!(world.sent_at(), attempts, "{status}");
        }
        assert_eq!(attempts, [0, 3_000, 30_000, 272_000]);
        world.advance(h(20)).await;
        assert_eq!(world.sent_at(), attempts, "{status}: dropped");
        let sent = world.x.ledger().sent();
        assert!(sent.iter().all(|one| one.delivery == sent[0].delivery && one.body == sent[0].body));
        assert!(sent.iter().all(|one| one.outcome == DeliveryResult::Status(status)));
        assert_eq!(sent.iter().map(|one| one.attempt).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }
}

/// An attempt without a response fails only after its timeout of 3 s.
#[tokio::test]
async fn an_attempt_without_a_response_fails_at_its_timeout() {
    let world = World::that_waits(true).await;
    world.receiver.set().take = Take::Hang;
    world.subscribe(MockApi::Enterprise).await;
    world.x.emit(MockEventKind::Like, USER);
    world.advance(h(1)).await;
    assert_eq!(world.sent_at(), [0, 6_000, 36_000, 281_000]);
    assert!(world.x.ledger().sent().iter().all(|one| one.outcome == DeliveryResult::Timeout));
}

#[tokio::test]
async fn a_200_ends_retries() {
    let world = World::new().await;
    world.receiver.set().take = Take::Statuses(vec![500, 503, 200]);
    world.subscribe(MockApi::Enterprise).await;
    world.x.emit(MockEventKind::Like, USER);
    world.advance(h(1)).await;
    let outcomes: Vec<_> = world.x.ledger().sent().into_iter().map(|one| one.outcome.to_string()).collect();
    assert_eq!(outcomes, ["500", "503", "200"]);
    world.x.ledger().expect(MockEventKind::Like.event_kind()).await.unwrap();
}

/// Rows: the setting, the API, and the number of attempts.
#[tokio::test]
async fn v2_retries_only_if_set() {
    let table = [
        (RetrySchedule::AsDocumented, MockApi::Enterprise, 4),
        (RetrySchedule::AsDocumented, MockApi::Premium, 4),
        (RetrySchedule::AsDocumented, MockApi::V2, 1),
        (RetrySchedule::Always, MockApi::V2, 4),
        (RetrySchedule::Never, MockApi::Enterprise, 1),
    ];
    for (retries, generation, attempts) in table {
        let world = World::with(|settings| settings.retries = retries).await;
        world.receiver.set().take = Take::Status(500);
        let webhook = world.webhook(generation).await;
        world.x.subscribe(&webhook, USER).unwrap();
        world.x.emit(MockEventKind::Like, USER);
        world.advance(h(1)).await;
        assert_eq!(world.delivered().len(), attempts, "{retries:?}, {generation:?}");
    }
    let world = World::with(|settings| settings.retry_waits = [5, 30, 300].map(s).to_vec()).await;
    world.receiver.set().take = Take::Status(500);
    world.subscribe(MockApi::Enterprise).await;
    world.x.emit(MockEventKind::Like, USER);
    world.advance(h(1)).await;
    assert_eq!(world.sent_at(), [0, 5_000, 35_000, 335_000], "the older table");
}

#[tokio::test]
async fn retries_on_the_system_clock() {
    let world = World::with(|settings| {
        settings.clock = Clock::real();
        settings.retry_waits = [20, 40].map(Duration::from_millis).to_vec();
        settings.delivery_timeout = Duration::from_millis(500);
    })
    .await;
    world.receiver.set().take = Take::Statuses(vec![500, 500, 200]);
    world.subscribe(MockApi::Enterprise).await;
    world.x.emit(MockEventKind::Like, USER);
    world.x.ledger().expect(MockEventKind::Like.event_kind()).await.unwrap();
    world.x.settle().await;
    let sent = world.x.ledger().sent();
    let waits: Vec<i64> = sent.windows(2).map(|two| two[1].at.as_millis() - two[0].at.as_millis()).collect();
    assert!(waits.len() == 2 && waits[0] >= 20 && waits[1] >= 40, "{waits:?}");
}

#[tokio::test]
async fn unsubscribing_stops_events() {
    let (world, webhook) = World::subscribed().await;
    let like = world.x.subscribe_to(&webhook, USER, MockEventKind::Like).unwrap();
    world.x.link(&webhook).unwrap();
    let happen = async || {
        let before = world.receiver.deliveries().len();
        world.x.emit(MockEventKind::Like, USER);
        world.emit(MockEventKind::StreamPost).await;
        world.receiver.deliveries().len() - before
    };
    assert_eq!(happen().await, 3);
    let of_user = format!("/2/account_activity/webhooks/{}/subscriptions/{USER}/all", webhook.id);
    let (one, link) =
        (format!("/2/activity/subscriptions/{}", like.id), format!("/2/tweets/search/webhooks/{}", webhook.id));
    for (path, left) in [(&of_user, 2), (&one, 1), (&link, 0)] {
        assert_eq!(world.call("DELETE", path, world.bearer(), "").await.status, 200, "{path}");
        assert_eq!(happen().await, left, "{path}");
    }
    // Events that were not sent before the subscription ended are not sent at all.
    world.x.subscribe(&webhook, USER).unwrap();
    world.x.hold();
    world.x.emit(MockEventKind::Like, USER);
    assert_eq!(world.call("DELETE", &of_user, world.bearer(), "").await.status, 200);
    world.x.release(birdhook_testkit::mock::DeliveryOrder::AsHappened, 1);
    assert_eq!(happen().await, 0);
}

#[tokio::test]
async fn a_deleted_webhook_gets_no_more_deliveries() {
    let (world, webhook) = World::subscribed_v1().await;
    world.receiver.set().take = Take::Status(500);
    world.emit(MockEventKind::Like).await;
    world.x.delete(&webhook);
    world.x.emit(MockEventKind::Like, USER);
    world.advance(h(30)).await;
    assert_eq!(world.receiver.deliveries().len(), 1, "no retry, no event");
    assert_eq!(world.receiver.challenges().len(), 1, "no challenge");
    assert_eq!((world.x.webhooks(), world.x.subscriptions()), (vec![], vec![]));
}

#[tokio::test]
async fn a_revocation_is_delivered_and_ends_subscriptions_and_tokens() {
    let (world, webhook) = World::subscribed().await;
    world.x.subscribe(&webhook, "3003").unwrap();
    world.x.subscribe_to(&webhook, USER, MockEventKind::MessageReceived).unwrap();
    let user = world.x.user(USER);
    world.emit(MockEventKind::Revoke).await;
    let [seen] = world.receiver.deliveries().try_into().unwrap();
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["user_event"]["revoke"]["source"]["user_id"], USER);
    assert!(body.get("for_user_id").is_none());
    let left: Vec<_> = world.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(left, ["3003"]);
    assert_eq!(world.x.activity_subscriptions(), []);
    world.emit(MockEventKind::Like).await;
    assert_eq!(world.receiver.deliveries().len(), 1);
    let all = format!("/2/account_activity/webhooks/{}/subscriptions/all", webhook.id);
    for who in [As::User(world.app(), &user), As::Bearer(&user.oauth2_token)] {
        assert_eq!(world.call("POST", &all, who, "{}").await.status, 401, "{who:?}");
    }
    let again = world.x.user(USER);
    assert_ne!(again.token, user.token);
    assert_eq!(world.call("POST", &all, As::User(world.app(), &again), "{}").await.status, 200);
}

#[tokio::test]
async fn apps_with_the_same_url_each_sign_with_their_own_secret() {
    let world = World::new().await;
    let second = world.x.add_app("second").unwrap();
    world.receiver.set().secrets.push(("second".to_owned(), second.secret().clone()));
    world.subscribe(MockApi::V2).await;
    // The receiver answers challenges only with the first app's secret.
    let refused = world.x.register_for(&second, &world.receiver.url, MockApi::V2).await;
    assert!(refused.is_err());
    world.receiver.set().crc = crate::mock::receiver::Crc::RightOf(second.secret().clone());
    let webhook = world.x.register_for(&second, &world.receiver.url, MockApi::V2).await.unwrap();
    world.x.subscribe(&webhook, USER).unwrap();
    world.emit(MockEventKind::Like).await;
    let mut seen = world.receiver.deliveries();
    seen.sort_by_key(|seen| seen.app.clone());
    let apps: Vec<_> = seen.iter().map(|seen| seen.app.as_deref().unwrap()).collect();
    assert_eq!(apps, ["default", "second"]);
    assert_eq!(seen[0].body, seen[1].body, "only the key tells them apart");
    let apps: std::collections::BTreeSet<_> = world.x.ledger().sent().into_iter().map(|sent| sent.app).collect();
    assert_eq!(apps.into_iter().collect::<Vec<_>>(), ["default", "second"]);
    world.x.ledger().every_200_was_consumed().await.unwrap();
    world.x.ledger().none_consumed_twice().unwrap();
}

#[tokio::test]
async fn each_subscriber_of_a_conversation_gets_a_delivery() {
    let (world, webhook) = World::subscribed().await;
    world.x.subscribe(&webhook, "3003").unwrap();
    world.x.hold();
    let received = world.x.emit(MockEventKind::MessageReceived, USER).with_other("3003");
    assert_eq!(world.x.deliver(&received.subscribers("3003")), 1);
    world.x.release(birdhook_testkit::mock::DeliveryOrder::AsHappened, 1);
    world.x.settle().await;
    let user = |seen: &Seen| serde_json::from_slice::<Value>(&seen.body).unwrap()["for_user_id"].clone();
    assert_eq!(world.receiver.deliveries().iter().map(user).collect::<Vec<_>>(), [USER, "3003"]);
}

#[tokio::test]
async fn signs_requests_in_either_header_or_both() {
    let (old, new) = (signature::HEADER, signature::HEADER_OAUTH2);
    let client_secret = || Some(MockToken::new("client-secret"));
    for (client, signs, headers) in [
        (None, Signs::default(), [old].as_slice()),
        (None, Signs::Both, &[old]),
        (client_secret(), Signs::default(), &[new]),
        (client_secret(), Signs::Consumer, &[old]),
        (client_secret(), Signs::Client, &[new]),
        (client_secret(), Signs::Both, &[old, new]),
    ] {
        let world = World::with(|settings| (settings.client_secret, settings.signs) = (client.clone(), signs)).await;
        let webhook = world.subscribe(MockApi::V2).await;
        world.emit(MockEventKind::Post).await;
        let [seen] = world.receiver.deliveries().try_into().unwrap();
        let carried: Vec<_> = [old, new].into_iter().filter(|name| seen.header(name).is_some()).collect();
        assert_eq!(carried, headers, "{client:?} {signs:?}");
        for name in carried {
            let secret = if name == old { world.app().secret() } else { world.app().client_key().unwrap() };
            signature::verify(secret, &seen.body, seen.header(name).unwrap().as_bytes()).unwrap();
        }
        world.x.revalidate(&webhook).await.unwrap();
        assert_eq!(world.x.ledger().challenges().last().unwrap().challenge_secret, Some("consumer"), "{signs:?}");
    }
}

#[tokio::test]
async fn accepts_a_response_with_either_secret_unless_one_is_set() {
    for (answers, is_right) in [(None, true), (Some(SecretKind::Consumer), true), (Some(SecretKind::Client), false)] {
        let world = World::with(|settings| {
            (settings.client_secret, settings.answers) = (Some(MockToken::new("client-secret")), answers);
        })
        .await;
        // The receiver answers with the consumer secret.
        assert_eq!(world.x.register(&world.receiver.url).await.is_ok(), is_right, "{answers:?}");
    }
}
