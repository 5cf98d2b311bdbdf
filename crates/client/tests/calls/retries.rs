//! Retries of calls and their delays, on tokio's clock.

use std::time::Duration;

use birdhook_client::api::{Filter, NewSubscription, ReplaySpan, SubscriptionChange};
use birdhook_client::{
    AccessToken, Client, ConsumerKeys, CredentialKind, Credentials, Error, ErrorCause, RetryPolicy, TransportError,
};
use http::Method;
use tokio::time::Instant;

use crate::calls::stated::sound;
use crate::calls::transport::{Book, End, answer, answer_with};
use crate::calls::world::{USER, again_by_the_book, at, builder, made_up};

/// All calls, each with a successful response.
const CALLS: &[(&str, Method, bool, &str)] = &[
    ("enterprise.register", Method::POST, false, WEBHOOK),
    ("enterprise.list", Method::GET, true, "[]"),
    ("enterprise.challenge", Method::PUT, true, ""),
    ("enterprise.delete", Method::DELETE, true, ""),
    ("enterprise.subscribe", Method::POST, true, ""),
    ("enterprise.is_subscribed", Method::GET, true, ""),
    ("enterprise.subscribers", Method::GET, true, r#"{"subscriptions":[]}"#),
    ("enterprise.count", Method::GET, true, "{}"),
    ("enterprise.unsubscribe", Method::DELETE, true, ""),
    ("enterprise.replay", Method::POST, false, r#"{"job_id":"5"}"#),
    ("premium.register", Method::POST, false, WEBHOOK),
    ("premium.list", Method::GET, true, "[]"),
    ("premium.environments", Method::GET, true, r#"{"environments":[]}"#),
    ("premium.challenge", Method::PUT, true, ""),
    ("premium.delete", Method::DELETE, true, ""),
    ("premium.subscribe", Method::POST, true, ""),
    ("premium.is_subscribed", Method::GET, true, ""),
    ("premium.subscribers", Method::GET, true, r#"{"subscriptions":[]}"#),
    ("premium.count", Method::GET, true, "{}"),
    ("premium.unsubscribe", Method::DELETE, true, ""),
    ("webhooks.register", Method::POST, false, WEBHOOK),
    ("webhooks.list", Method::GET, true, r#"{"data":[]}"#),
    ("webhooks.delete", Method::DELETE, true, r#"{"data":{"deleted":true}}"#),
    ("webhooks.replay", Method::POST, false, r#"{"data":{"job_id":"5"}}"#),
    ("aaa.subscribe", Method::POST, true, r#"{"data":{"subscribed":true}}"#),
    ("aaa.is_subscribed", Method::GET, true, r#"{"data":{"subscribed":true}}"#),
    ("aaa.subscribers", Method::GET, true, r#"{"data":{"subscriptions":[]}}"#),
    ("aaa.count", Method::GET, true, r#"{"data":{}}"#),
    ("aaa.unsubscribe", Method::DELETE, true, r#"{"data":{"subscribed":false}}"#),
    ("activity.create", Method::POST, false, SUBSCRIPTION),
    ("activity.list", Method::GET, true, r#"{"data":[]}"#),
    ("activity.update", Method::PUT, true, SUBSCRIPTION),
    ("activity.delete", Method::DELETE, true, r#"{"data":{"deleted":true}}"#),
    ("activity.delete_many", Method::DELETE, true, r#"{"data":[{"subscription_id":"1","deleted":true}]}"#),
    ("links.create", Method::POST, true, r#"{"data":{"provisioned":true}}"#),
    ("links.list", Method::GET, true, r#"{"data":[]}"#),
    ("links.delete", Method::DELETE, true, r#"{"data":{"deleted":true}}"#),
];

const WEBHOOK: &str = r#"{"id":"7","url":"https://app.example","valid":true}"#;
const SUBSCRIPTION: &str = r#"{"data":{"subscription_id":"7","event_type":"news.new"}}"#;

pub(crate) async fn call(client: &Client, name: &str) -> Result<(), Error> {
    let span = ReplaySpan::around(at("2026-11-23T08:00:00Z"), at("2026-11-23T08:10:00Z")).unwrap();
    let (old, dev, hooks) = (client.enterprise(), client.premium("dev"), client.webhooks());
    let (aaa, activity, links) = (client.account_activity(), client.activity(), client.stream_links());
    match name {
        "enterprise.register" => old.register("https://app.example").await.map(drop),
        "enterprise.list" => old.list().await.map(drop),
        "enterprise.challenge" => old.challenge("1").await,
        "enterprise.delete" => old.delete("1").await,
        "enterprise.subscribe" => old.subscribe("1", USER).await,
        "enterprise.is_subscribed" => old.is_subscribed("1", USER).await.map(drop),
        "enterprise.subscribers" => old.subscribers("1").await.map(drop),
        "enterprise.count" => old.count().await.map(drop),
        "enterprise.unsubscribe" => old.unsubscribe("1", USER).await,
        "enterprise.replay" => old.replay("1", span).await.map(drop),
        "premium.register" => dev.register("https://app.example").await.map(drop),
        "premium.list" => dev.list().await.map(drop),
        "premium.environments" => dev.environments().await.map(drop),
        "premium.challenge" => dev.challenge("1").await,
        "premium.delete" => dev.delete("1").await,
        "premium.subscribe" => dev.subscribe(USER).await,
        "premium.is_subscribed" => dev.is_subscribed(USER).await.map(drop),
        "premium.subscribers" => dev.subscribers().await.map(drop),
        "premium.count" => dev.count().await.map(drop),
        "premium.unsubscribe" => dev.unsubscribe(USER).await,
        "webhooks.register" => hooks.register("https://app.example").await.map(drop),
        "webhooks.list" => hooks.list().await.map(drop),
        "webhooks.delete" => hooks.delete("1").await,
        "webhooks.replay" => hooks.replay("1", span).await.map(drop),
        "aaa.subscribe" => aaa.subscribe("1", USER).await,
        "aaa.is_subscribed" => aaa.is_subscribed("1", USER).await.map(drop),
        "aaa.subscribers" => aaa.subscribers("1").await.map(drop),
        "aaa.count" => aaa.count().await.map(drop),
        "aaa.unsubscribe" => aaa.unsubscribe("1", USER).await,
        "activity.create" => activity.create(&NewSubscription::new("news.new", Filter::keyword("tea"))).await.map(drop),
        "activity.list" => activity.list().await.map(drop),
        "activity.update" => activity.update("1", &SubscriptionChange::tag("t")).await.map(drop),
        "activity.delete" => activity.delete("1").await,
        "activity.delete_many" => activity.delete_many(&["1".to_owned()]).await.map(drop),
        "links.create" => links.create("1", &[]).await,
        "links.list" => links.list().await.map(drop),
        "links.delete" => links.delete("1").await,
        other => panic!("{other}"),
    }
}

/// Returns failures, each with whether X cannot have carried out the call.
fn ends() -> Vec<(End, bool)> {
    vec![
        (Err(TransportError::Timeout), false),
        (Err(TransportError::Broken("reset".to_owned())), false),
        (answer(500, ""), false),
        (answer(502, "<html>"), false),
        (answer(503, "{}"), false),
        (Err(TransportError::Connect("refused".to_owned())), true),
        (answer(429, ""), true),
    ]
}

#[tokio::test(start_paused = true)]
async fn only_what_does_no_harm_twice_is_made_again() {
    for (name, method, is_idempotent, success) in CALLS {
        for (end, was_not_carried_out) in ends() {
            let ok = answer(if success.is_empty() { 204 } else { 200 }, success);
            let (client, sent) = again_by_the_book([end.clone(), ok]);
            let made = call(&client, name).await;
            let (again, what) = (*is_idempotent || was_not_carried_out, format!("{name} after {end:?}"));
            assert_eq!(sent.count(), if again { 2 } else { 1 }, "{what}");
            assert_eq!(made.is_ok(), again, "{what}: {made:?}");
            assert!(sent.all().iter().all(|request| request.method() == method), "{what}");
            if let Err(error) = made {
                assert!(error.is_retryable(), "{what}: somebody else may try again");
                sound(&error);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_not_tried_again() {
    for (status, body) in [
        (400, "{}"),
        (401, r#"{"errors":[{"code":32,"message":"Could not authenticate you."}]}"#),
        (403, "{}"),
        (404, "{}"),
        (409, r#"{"errors":[{"title":"ReplayConflictError"}]}"#),
        (418, "{}"),
    ] {
        for name in ["enterprise.count", "webhooks.replay", "webhooks.delete"] {
            let (client, sent) = again_by_the_book([answer(status, body)]);
            call(&client, name).await.unwrap_err();
            assert_eq!(sent.count(), 1, "{name}: {status}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_that_came_too_late_is_made_again_where_it_is_asked_for() {
    let late = r#"{"errors":[{"code":214,"message":"High latency on CRC GET request. Your webhook should respond in less than 3 seconds."}]}"#;
    let (client, sent) = again_by_the_book([answer(403, late), answer(204, "")]);
    client.enterprise().challenge("1").await.unwrap();
    assert_eq!(sent.count(), 2);
    let (client, sent) = again_by_the_book([answer(403, late)]);
    client.enterprise().register("https://app.example").await.unwrap_err();
    assert_eq!(sent.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn waits_double_and_end() {
    let (client, sent) = again_by_the_book((0..5).map(|_| answer(503, "")));
    let begun = Instant::now();
    let error = client.webhooks().list().await.unwrap_err();
    assert_eq!((error.cause(), sent.count()), (&ErrorCause::Down, 5));
    // 0.5, 1, 2 and 4 s, each extended by jitter up to twice as long.
    let waited = begun.elapsed();
    assert!((Duration::from_millis(7500)..Duration::from_secs(15)).contains(&waited), "{waited:?}");

    let (book, sent) = Book::new((0..3).map(|_| answer(503, "")));
    let mut retries = RetryPolicy::default();
    (retries.times, retries.first, retries.longest) = (2, Duration::from_secs(9), Duration::from_secs(9));
    let client = builder(made_up(), book).retries(retries).build().unwrap();
    let begun = Instant::now();
    client.webhooks().list().await.unwrap_err();
    assert_eq!((sent.count(), begun.elapsed().as_secs()), (3, 18), "no wait is longer than the longest");

    let (book, sent) = Book::new([answer(503, "")]);
    let client = builder(made_up(), book).retries(RetryPolicy::never()).build().unwrap();
    client.webhooks().list().await.unwrap_err();
    assert_eq!(sent.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_before_has_done_is_done() {
    let gone = r#"{"errors":[{"code":34,"message":"Sorry, that page does not exist."}]}"#;
    let none = r#"{"errors":[{"title":"WebhookIdInvalid","message":"WebhookIdInvalid: none"}]}"#;
    let there = r#"{"errors":[{"title":"DuplicateSubscriptionFailed"}]}"#;
    let old = r#"{"errors":[{"code":355,"message":"Subscription already exists."}]}"#;
    for (name, status, body) in [
        ("enterprise.unsubscribe", 404, gone),
        ("enterprise.subscribe", 409, old),
        ("premium.unsubscribe", 404, gone),
        ("premium.subscribe", 409, old),
        ("webhooks.delete", 400, none),
        ("aaa.subscribe", 400, there),
        ("activity.delete", 404, "{}"),
    ] {
        for (end, was_not_carried_out) in ends() {
            let (client, sent) = again_by_the_book([end.clone(), answer(status, body)]);
            let made = call(&client, name).await;
            assert_eq!((made.is_err(), sent.count()), (was_not_carried_out, 2), "{name} after {end:?}: {made:?}");
        }
        let (client, _) = again_by_the_book([answer(status, body)]);
        call(&client, name).await.unwrap_err();
    }
    // `activity.create` does not treat "already exists" as its own success.
    let (client, _) = again_by_the_book([answer(429, ""), answer(400, there)]);
    assert_eq!(*call(&client, "activity.create").await.unwrap_err().cause(), ErrorCause::AlreadySubscribed);
}

fn without_bearer() -> Credentials {
    Credentials::new(ConsumerKeys::new("key", "consumer-secret")).owner(AccessToken::new("42-owner", "owner-secret"))
}

const TOKEN: &str = r#"{"token_type":"bearer","access_token":"fetched"}"#;

#[tokio::test(start_paused = true)]
async fn the_bearer_token_is_fetched_again_whatever_it_is_for() {
    for (end, _) in ends() {
        let (book, sent) = Book::new([end.clone(), answer(200, TOKEN), answer(200, WEBHOOK)]);
        let client = builder(without_bearer(), book).build().unwrap();
        client.webhooks().register("https://app.example").await.unwrap_or_else(|error| panic!("{end:?}: {error}"));
        assert_eq!(sent.take(), ["POST /oauth2/token", "POST /oauth2/token", "POST /2/webhooks"], "{end:?}");
    }
    let (book, _) = Book::new([answer_with(429, &[("x-rate-limit-reset", "1795427100")], "")]);
    let client = builder(without_bearer(), book).build().unwrap();
    let error = client.webhooks().list().await.unwrap_err();
    assert_eq!(*error.cause(), ErrorCause::RateLimited { until: Some(at("2026-11-23T09:45:00Z")) });
    assert_eq!((error.call(), error.credential()), ("POST /oauth2/token", Some(CredentialKind::Consumer)));
    sound(&error);
}

#[tokio::test(start_paused = true)]
async fn a_bearer_token_that_x_no_longer_knows_is_fetched_anew_once() {
    let unknown = || answer(401, r#"{"errors":[{"code":89,"message":"Invalid or expired token."}]}"#);
    let other = r#"{"access_token":"other"}"#;
    let book = [answer(200, TOKEN), answer(200, WEBHOOK), unknown(), answer(200, other), answer(200, WEBHOOK)];
    let (book, sent) = Book::new(book);
    let client = builder(without_bearer(), book).build().unwrap();
    client.webhooks().register("https://app.example").await.unwrap();
    client.webhooks().register("https://app.example").await.unwrap();
    let used: Vec<String> =
        sent.all().iter().map(|request| crate::calls::transport::authorization(request).to_owned()).collect();
    assert_eq!([&used[1], &used[2], &used[4]], ["Bearer fetched", "Bearer fetched", "Bearer other"]);

    let (book, sent) = Book::new([answer(200, TOKEN), unknown(), answer(200, other), unknown()]);
    let client = builder(without_bearer(), book).build().unwrap();
    let error = client.webhooks().list().await.unwrap_err();
    assert_eq!((error.cause(), sent.count()), (&ErrorCause::Unauthenticated, 4), "and not again and again");
    // The client cannot fetch a replacement for a configured token.
    let (client, sent) = again_by_the_book([unknown()]);
    client.webhooks().list().await.unwrap_err();
    assert_eq!(sent.count(), 1);
}
