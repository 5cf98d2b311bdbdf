use std::time::Duration;

use birdhook_client::{
    AccessToken, ConsumerKeys, CredentialKind, Credentials, ErrorCause, RetryPolicy, TransportError,
};
use tokio::time::Instant;

use crate::calls::every_call::{CALLS, WEBHOOK, call};
use crate::calls::expected::check_general;
use crate::calls::fixture::{builder, made_up, scripted_with_retries};
use crate::support::at;
use crate::support::transport::{Outcome, Script, answer, answer_with};

/// Returns failures, each with whether X cannot have carried out the call.
fn outcomes() -> Vec<(Outcome, bool)> {
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
async fn only_calls_that_are_safe_to_repeat_are_retried() {
    for (name, method, is_idempotent, _, success) in CALLS {
        for (outcome, was_not_carried_out) in outcomes() {
            let ok = answer(if success.is_empty() { 204 } else { 200 }, success);
            let (client, sent) = scripted_with_retries([outcome.clone(), ok]);
            let made = call(&client, name).await;
            let (again, what) = (*is_idempotent || was_not_carried_out, format!("{name} after {outcome:?}"));
            assert_eq!(sent.count(), if again { 2 } else { 1 }, "{what}");
            assert_eq!(made.is_ok(), again, "{what}: {made:?}");
            assert!(sent.all().iter().all(|request| request.method() == method), "{what}");
            if let Err(error) = made {
                assert!(error.is_retryable(), "{what}: the caller may retry");
                check_general(&error);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn permanent_errors_are_not_retried() {
    for (status, body) in [
        (400, "{}"),
        (401, r#"{"errors":[{"code":32,"message":"Could not authenticate you."}]}"#),
        (403, "{}"),
        (404, "{}"),
        (409, r#"{"errors":[{"title":"ReplayConflictError"}]}"#),
        (418, "{}"),
    ] {
        for name in ["enterprise.count", "webhooks.replay", "webhooks.delete"] {
            let (client, sent) = scripted_with_retries([answer(status, body)]);
            call(&client, name).await.unwrap_err();
            assert_eq!(sent.count(), 1, "{name}: {status}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_challenge_is_retried_only_by_the_challenge_call() {
    let late = r#"{"errors":[{"code":214,"message":"High latency on CRC GET request. Your webhook should respond in less than 3 seconds."}]}"#;
    let (client, sent) = scripted_with_retries([answer(403, late), answer(204, "")]);
    client.enterprise().challenge("1").await.unwrap();
    assert_eq!(sent.count(), 2);
    let (client, sent) = scripted_with_retries([answer(403, late)]);
    client.enterprise().register("https://app.example").await.unwrap_err();
    assert_eq!(sent.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn delays_double_and_are_limited() {
    let (client, sent) = scripted_with_retries((0..5).map(|_| answer(503, "")));
    let begun = Instant::now();
    let error = client.webhooks().list().await.unwrap_err();
    assert_eq!((error.cause(), sent.count()), (&ErrorCause::Down, 5));
    // 0.5, 1, 2 and 4 s, each extended by jitter up to twice as long.
    let waited = begun.elapsed();
    assert!((Duration::from_millis(7500)..Duration::from_secs(15)).contains(&waited), "{waited:?}");

    let (script, sent) = Script::new((0..3).map(|_| answer(503, "")));
    let mut retries = RetryPolicy::default();
    (retries.times, retries.first, retries.longest) = (2, Duration::from_secs(9), Duration::from_secs(9));
    let client = builder(made_up(), script).retries(retries).build().unwrap();
    let begun = Instant::now();
    client.webhooks().list().await.unwrap_err();
    assert_eq!((sent.count(), begun.elapsed().as_secs()), (3, 18), "no delay exceeds the limit");

    let (script, sent) = Script::new([answer(503, "")]);
    let client = builder(made_up(), script).retries(RetryPolicy::never()).build().unwrap();
    client.webhooks().list().await.unwrap_err();
    assert_eq!(sent.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn work_done_by_an_earlier_attempt_is_a_success() {
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
        for (outcome, was_not_carried_out) in outcomes() {
            let (client, sent) = scripted_with_retries([outcome.clone(), answer(status, body)]);
            let made = call(&client, name).await;
            assert_eq!((made.is_err(), sent.count()), (was_not_carried_out, 2), "{name} after {outcome:?}: {made:?}");
        }
        let (client, _) = scripted_with_retries([answer(status, body)]);
        call(&client, name).await.unwrap_err();
    }
    // `activity.create` does not treat "already exists" as its own success.
    let (client, _) = scripted_with_retries([answer(429, ""), answer(400, there)]);
    assert_eq!(*call(&client, "activity.create").await.unwrap_err().cause(), ErrorCause::AlreadySubscribed);
}

fn without_bearer() -> Credentials {
    Credentials::new(ConsumerKeys::new("key", "consumer-secret")).owner(AccessToken::new("42-owner", "owner-secret"))
}

const TOKEN: &str = r#"{"token_type":"bearer","access_token":"fetched"}"#;

#[tokio::test(start_paused = true)]
async fn fetching_the_bearer_token_is_retried_for_every_call() {
    for (outcome, _) in outcomes() {
        let (script, sent) = Script::new([outcome.clone(), answer(200, TOKEN), answer(200, WEBHOOK)]);
        let client = builder(without_bearer(), script).build().unwrap();
        client.webhooks().register("https://app.example").await.unwrap_or_else(|error| panic!("{outcome:?}: {error}"));
        assert_eq!(sent.take(), ["POST /oauth2/token", "POST /oauth2/token", "POST /2/webhooks"], "{outcome:?}");
    }
    let (script, _) = Script::new([answer_with(429, &[("x-rate-limit-reset", "1795427100")], "")]);
    let client = builder(without_bearer(), script).build().unwrap();
    let error = client.webhooks().list().await.unwrap_err();
    assert_eq!(*error.cause(), ErrorCause::RateLimited { until: Some(at("2026-11-23T09:45:00Z")) });
    assert_eq!((error.call(), error.credential()), ("POST /oauth2/token", Some(CredentialKind::Consumer)));
    check_general(&error);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_bearer_token_is_fetched_again_once() {
    let unknown = || answer(401, r#"{"errors":[{"code":89,"message":"Invalid or expired token."}]}"#);
    let other = r#"{"access_token":"other"}"#;
    let script = [answer(200, TOKEN), answer(200, WEBHOOK), unknown(), answer(200, other), answer(200, WEBHOOK)];
    let (script, sent) = Script::new(script);
    let client = builder(without_bearer(), script).build().unwrap();
    client.webhooks().register("https://app.example").await.unwrap();
    client.webhooks().register("https://app.example").await.unwrap();
    let used: Vec<String> =
        sent.all().iter().map(|request| crate::support::transport::authorization(request).to_owned()).collect();
    assert_eq!([&used[1], &used[2], &used[4]], ["Bearer fetched", "Bearer fetched", "Bearer other"]);

    let (script, sent) = Script::new([answer(200, TOKEN), unknown(), answer(200, other), unknown()]);
    let client = builder(without_bearer(), script).build().unwrap();
    let error = client.webhooks().list().await.unwrap_err();
    assert_eq!((error.cause(), sent.count()), (&ErrorCause::Unauthenticated, 4), "the token is fetched again once");
    // The client cannot fetch a replacement for a configured token.
    let (client, sent) = scripted_with_retries([unknown()]);
    client.webhooks().list().await.unwrap_err();
    assert_eq!(sent.count(), 1);
}
