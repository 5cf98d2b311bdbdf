//! Start, stop, and the dashboard.

use std::time::Duration;

use birdhook_testkit::mock::{MockApi, MockSettings, MockToken, StartError};
use birdhook_testkit::{Clock, MockEventKind, MockX, SendError, Sender};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::mock::receiver::{Receiver, Take};
use crate::mock::world::{As, USER, World, h, s};

async fn is_there(url: &str) -> bool {
    let request = Request::get(format!("{url}/_mock/state")).body(Bytes::new()).unwrap();
    match Sender::new(s(2)).unwrap().send(request).await {
        Ok(answer) => answer.status == 200,
        Err(SendError::Connect(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn stopping_or_dropping_the_mock_ends_it() {
    for stop in [true, false] {
        let x = MockX::start(MockSettings::local()).await.unwrap();
        let url = x.url();
        assert!(is_there(&url).await);
        if stop {
            x.stop().await;
        } else {
            drop(x);
            tokio::task::yield_now().await;
        }
        assert!(!is_there(&url).await, "stop: {stop}");
    }
}

#[tokio::test]
async fn requests_in_progress_end_with_the_mock_and_do_not_block_the_clock() {
    let clock = Clock::manual(birdhook_core::Timestamp::from_millis(0));
    let start = async || {
        let mut settings = MockSettings::manual();
        settings.clock = clock.clone();
        MockX::start(settings).await.unwrap()
    };
    let (first, second) = (start().await, start().await);
    let receiver = Receiver::start(&first).await;
    receiver.set().take = Take::Hang;
    let webhook = first.register(&receiver.url).await.unwrap();
    first.subscribe(&webhook, USER).unwrap();
    first.emit(MockEventKind::Like, USER);
    first.emit(MockEventKind::Like, USER);
    while receiver.deliveries().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(first);
    let passed = tokio::time::timeout(s(2), clock.advance(h(30))).await;
    passed.expect("the clock waits for a mock that is gone");
    assert_eq!(receiver.deliveries().len(), 1);
    assert_eq!(second.clock().now().as_millis(), 30 * 3_600_000);
}

#[tokio::test]
async fn start_reports_invalid_settings() {
    let mut taken = MockSettings::local();
    let x = MockX::start(MockSettings::local()).await.unwrap();
    taken.listen = x.url().trim_start_matches("http://").to_owned();
    assert!(matches!(MockX::start(taken).await, Err(StartError::Listen(_))));
    let mut empty = MockSettings::local();
    empty.consumer_secret = Some(MockToken::new(""));
    assert!(matches!(MockX::start(empty).await, Err(StartError::Secret(_))));
    let mut untrusted = MockSettings::local();
    untrusted.trusted_certificates = vec![b"no certificate".to_vec()];
    assert!(matches!(MockX::start(untrusted).await, Err(StartError::Tls(_))));
}

#[tokio::test]
async fn a_seed_repeats_everything_except_secrets_and_tokens() {
    let run = async |seed: u64| {
        let world = World::with(|settings| settings.seed = seed).await;
        let webhook = world.subscribe(MockApi::V2).await;
        world.emit(MockEventKind::Like).await;
        let body = world.receiver.deliveries()[0].body.clone();
        let (app, user) = (world.app().clone(), world.x.user(USER));
        let secret = [
            app.consumer_key.as_str(),
            app.consumer_secret.as_str(),
            app.bearer.as_str(),
            app.client_id.as_str(),
            user.token.as_str(),
            user.token_secret.as_str(),
            user.oauth2_token.as_str(),
        ];
        ((webhook.id, body), secret.map(str::to_owned))
    };
    let ((seven, secrets), (again, others), (eight, _)) = (run(7).await, run(7).await, run(8).await);
    assert!(seven == again && seven != eight);
    for (one, other) in secrets.iter().zip(&others) {
        assert!(one.len() >= 25 && one != other, "{one}");
    }
}

#[tokio::test]
async fn add_app_returns_the_same_app_for_a_name() {
    let world = World::new().await;
    let second = world.x.add_app("second").unwrap();
    assert_eq!(world.x.add_app("second").unwrap().bearer, second.bearer);
    assert_ne!(second.consumer_secret, world.app().consumer_secret);
    assert_eq!(world.x.user_of(&second, USER).token, world.x.user_of(&second, USER).token);
    assert_ne!(world.x.user_of(&second, USER).token, world.x.user(USER).token);
}

#[tokio::test]
async fn concurrent_registrations_create_one_webhook() {
    let world = World::new().await;
    let (one, other) = tokio::join!(world.x.register(&world.receiver.url), world.x.register(&world.receiver.url));
    assert_ne!(one.is_ok(), other.is_ok(), "{one:?}, {other:?}");
    assert_eq!(world.x.webhooks().len(), 1);
}

#[tokio::test]
async fn settle_waits_for_requests_in_progress_and_not_for_later_ones() {
    let (world, _) = World::subscribed_v1().await;
    world.receiver.set().take = Take::Status(500);
    world.emit(MockEventKind::Like).await;
    assert_eq!(world.delivered().len(), 1, "the retry is later");
    let settled = tokio::time::timeout(Duration::from_secs(1), world.x.settle()).await;
    assert!(settled.is_ok());
}

#[tokio::test]
async fn the_dashboard_and_its_api_show_and_control_the_mock() {
    let (world, webhook) = World::subscribed().await;
    let fire = json!({"kind": "like.create", "user_id": USER}).to_string();
    let reply = world.call("POST", "/_mock/fire", As::Nobody, &fire).await;
    assert_eq!(reply.both(), (200, json!({"kind": "like.create", "user_id": USER, "deliveries": 1})));
    world.x.settle().await;
    let state = world.call("GET", "/_mock/state", As::Nobody, "").await.body;
    assert_eq!(state["webhooks"][0]["id"], webhook.id);
    assert_eq!(state["subscriptions"][0]["user_id"], USER);
    assert_eq!(state["ledger"], json!({"attempts": 1, "delivered": 1, "challenges": 1, "consumed": 1}));
    assert!(!state.to_string().contains(world.app().consumer_secret.as_str()));
    let ledger = world.call("GET", "/_mock/ledger?limit=1", As::Nobody, "").await.body;
    assert_eq!((&ledger["entries"][0]["entry"], &ledger["total"]), (&json!("sent"), &json!(2)));
    let none = world.call("GET", "/_mock/ledger?after=2", As::Nobody, "").await.body;
    assert_eq!(none["entries"], Value::Array(vec![]));
    // A form of another site cannot send JSON.
    let form = world.call_with("POST", "/_mock/fire", As::Nobody, "text/plain", &fire).await;
    assert_eq!(form.status, 415);
    let unknown = json!({"kind": "nothing", "user_id": USER}).to_string();
    assert_eq!(world.call("POST", "/_mock/fire", As::Nobody, &unknown).await.status, 400);
}
