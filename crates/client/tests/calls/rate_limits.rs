use std::ops::Range;
use std::time::Duration;

use birdhook_client::{Client, CredentialKind, ErrorCause, RetryPolicy};
use tokio::time::Instant;

use crate::calls::expected::{Expected, check};
use crate::calls::fixture::{Fixture, builder, made_up, scripted, scripted_with_retries};
use crate::support::transport::{Script, answer, answer_with};
use crate::support::{START, at};

const LIST: &str = r#"{"data":[]}"#;

#[tokio::test]
async fn the_limit_of_1_1_is_reported_with_its_reset() {
    let fixture = Fixture::new().await;
    let until = Some(at("2026-11-23T09:45:00Z"));
    for _ in 0..15 {
        fixture.client.enterprise().list().await.unwrap();
    }
    let error = fixture.client.enterprise().list().await.unwrap_err();
    let (credential, cause) = (CredentialKind::Bearer, ErrorCause::RateLimited { until });
    let message = Some("Rate limit exceeded");
    check(&error, &Expected { cause, credential, status: 429, code: Some(88), reason: None, message });
    let limit = error.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining, limit.reset), (Some(15), Some(0), until));
    assert!(error.to_string().contains("wait until 2026-11-23T09:45:00Z"), "{error}");
    // Other calls have their own limit, and this one a new limit in the next window.
    fixture.client.enterprise().count().await.unwrap();
    fixture.x.clock().advance(Duration::from_secs(900)).await;
    fixture.client.enterprise().list().await.unwrap();
}

#[tokio::test]
async fn the_limit_of_v2_is_reported() {
    let fixture = Fixture::new().await;
    for _ in 0..15 {
        fixture.client.account_activity().count().await.unwrap();
    }
    let error = fixture.client.account_activity().count().await.unwrap_err();
    let cause = ErrorCause::RateLimited { until: Some(at("2026-11-23T09:45:00Z")) };
    let (credential, message) = (CredentialKind::Bearer, Some("Too Many Requests"));
    check(&error, &Expected { cause, credential, status: 429, code: None, reason: None, message });
}

/// Lists the webhooks, and checks the time that it takes, in milliseconds.
async fn lists_within(client: &Client, expected: Range<u128>) {
    let begun = Instant::now();
    assert_eq!(client.webhooks().list().await.unwrap(), []);
    let waited = begun.elapsed().as_millis();
    assert!(expected.contains(&waited), "{waited} ms");
}

/// Returns the `x-rate-limit-reset` for this number of seconds after the start.
fn reset(after: i64) -> String {
    (START / 1000 + after).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_until_the_reset_in_the_headers() {
    let reset = reset(40);
    let limited = || answer_with(429, &[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", &reset)], "");
    let (client, sent) = scripted_with_retries([limited(), answer(200, LIST)]);
    // The client waits 1 s longer than the header says, because X counts whole seconds.
    lists_within(&client, 41_000..42_000).await;
    assert_eq!(sent.count(), 2);

    // A POST is retried too, because X did not carry out the limited call.
    let made = answer(200, r#"{"data":{"id":"7","url":"https://app.example","valid":true}}"#);
    let (client, sent) = scripted_with_retries([limited(), made]);
    let webhook = client.webhooks().register("https://app.example").await.unwrap();
    assert_eq!((webhook.id.as_str(), sent.count()), ("7", 2));
}

#[tokio::test(start_paused = true)]
async fn a_limit_beyond_the_longest_delay_is_an_immediate_error() {
    for (headers, until) in [
        (vec![("x-rate-limit-reset", reset(900))], "2026-11-23T09:45:00Z"),
        (vec![("retry-after", "900".to_owned())], "2026-11-23T09:45:00Z"),
        (vec![("retry-after", "10".to_owned()), ("x-rate-limit-reset", reset(900))], "2026-11-23T09:45:00Z"),
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (client, sent) = scripted_with_retries([answer_with(429, &headers, "")]);
        let begun = Instant::now();
        let error = client.webhooks().list().await.unwrap_err();
        assert_eq!(*error.cause(), ErrorCause::RateLimited { until: Some(at(until)) }, "{headers:?}");
        assert_eq!((begun.elapsed(), sent.count()), (Duration::ZERO, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn the_longest_delay_can_be_set() {
    let (script, sent) = Script::new([answer_with(429, &[("x-rate-limit-reset", &reset(900))], ""), answer(200, LIST)]);
    let mut retries = RetryPolicy::default();
    retries.longest = Duration::from_secs(1000);
    let client = builder(made_up(), script).retries(retries).build().unwrap();
    lists_within(&client, 900_000..902_000).await;
    assert_eq!(sent.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_used_without_a_reset() {
    let (client, _) = scripted_with_retries([answer_with(429, &[("retry-after", " 20 ")], ""), answer(200, LIST)]);
    lists_within(&client, 20_000..22_000).await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_a_future_reset_uses_the_first_delay() {
    let past = reset(-100);
    for headers in [vec![], vec![("x-rate-limit-reset", past.as_str())], vec![("x-rate-limit-reset", "soon")]] {
        let (client, sent) = scripted_with_retries([answer_with(429, &headers, "nonsense"), answer(200, LIST)]);
        lists_within(&client, 500..3000).await;
        assert_eq!(sent.count(), 2, "{headers:?}");
    }
}

#[tokio::test]
async fn invalid_headers_are_ignored() {
    for value in ["", "-1", "99999999999999999999", "NaN"] {
        let headers = [("x-rate-limit-reset", value), ("x-rate-limit-limit", value), ("retry-after", value)];
        let (client, _) = scripted([answer_with(429, &headers, "")]);
        let error = client.webhooks().list().await.unwrap_err();
        assert_eq!(*error.cause(), ErrorCause::RateLimited { until: None }, "{value}");
        assert!(error.rate_limit().is_none(), "{value}");
    }
}
