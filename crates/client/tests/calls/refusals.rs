//! Refusals whose code, problem or message says more than their status.

use birdhook_client::api::{EVENT_TYPES, Filter, NewSubscription};
use birdhook_client::{CredentialKind, DesiredState, EnsureError, ErrorCause};

use crate::calls::every_call::call;
use crate::calls::expected::check_general;
use crate::calls::fixture::{scripted, scripted_with_retries};
use crate::support::USER;
use crate::support::transport::{answer, answer_with, authorization};

#[tokio::test(start_paused = true)]
async fn a_cap_is_not_retried() {
    let capped = r#"{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Daily","type":"https://api.x.com/2/problems/usage-capped"}"#;
    let headers = [("x-rate-limit-remaining", "39999"), ("x-rate-limit-reset", "1795426230")];
    let (client, sent) = scripted_with_retries([answer_with(429, &headers, capped)]);
    let error = call(&client, "webhooks.list").await.unwrap_err();
    assert_eq!((error.cause(), error.is_retryable(), sent.count()), (&ErrorCause::UsageCap, false, 1));
    let (client, sent) = scripted_with_retries([answer_with(429, &headers, "{}"), answer(200, r#"{"data":[]}"#)]);
    call(&client, "webhooks.list").await.unwrap();
    assert_eq!(sent.count(), 2);
}

#[tokio::test]
async fn a_refused_subscription_names_the_scopes_and_the_command_that_obtains_them() {
    let forbidden = r#"{"title":"Forbidden","type":"about:blank","status":403,"detail":"Forbidden"}"#;
    for known in EVENT_TYPES {
        let (client, _) = scripted([answer(403, forbidden)]);
        let new = NewSubscription::new(known.name, Filter::user(USER));
        let error = client.only(CredentialKind::User2).activity().create(&new).await.unwrap_err();
        assert_eq!((error.cause(), error.scopes(), error.user()), (&ErrorCause::Permission, known.scopes, Some(USER)));
        let scopes = known.scopes.join(", ");
        assert!(error.to_string().contains(&format!(": it needs the scopes {scopes} (403)")), "{error}");
        let fix = error.fix();
        let says = format!("run `birdhook auth user2`, which requests {scopes}, and have user 2001 authorise");
        assert!(fix.starts_with(&says), "{fix}");
        check_general(&error);
    }
    let (client, _) = scripted([answer(403, forbidden)]);
    let error = client.only(CredentialKind::User2).account_activity().subscribe("1", USER).await.unwrap_err();
    assert!(error.to_string().contains("it needs the scopes dm.read, dm.write, tweet.read, users.read"), "{error}");
    // OAuth 1.0a for a private type. X may follow its introduction and refuse it.
    let (client, _) = scripted([answer(403, forbidden)]);
    let new = NewSubscription::new("dm.received", Filter::user(USER));
    let error = client.only(CredentialKind::User).activity().create(&new).await.unwrap_err();
    assert!(error.fix().starts_with("run `birdhook auth user2`, which requests dm.read"), "{}", error.fix());
}

#[tokio::test]
async fn follows_are_signed_with_the_user_s_token_if_there_is_one() {
    let made = r#"{"data":{"subscription":{"subscription_id":"7","event_type":"follow.follow","filter":{}}}}"#;
    for (user, expected) in [(USER, "Bearer oauth2-token"), ("4004", "Bearer bearer-token")] {
        for name in ["follow.follow", "follow.unfollow"] {
            let (client, sent) = scripted([answer(200, made)]);
            client.activity().create(&NewSubscription::new(name, Filter::user(user))).await.unwrap();
            assert_eq!(authorization(&sent.all()[0]), expected, "{name}");
        }
    }
}

#[tokio::test]
async fn missing_credentials_name_the_commands_that_obtain_them() {
    let (client, sent) = scripted([]);
    let new = NewSubscription::new("like.create", Filter::user("4004"));
    let error = client.activity().create(&new).await.unwrap_err();
    assert_eq!(*error.cause(), ErrorCause::NoCredential(&[CredentialKind::User2, CredentialKind::User]));
    assert!(error.fix().contains("`birdhook auth user2`") && error.fix().contains("`birdhook auth user`"));
    check_general(&error);
    let error = client.only(CredentialKind::User).webhooks().list().await.unwrap_err();
    assert!(error.fix().contains("`birdhook auth user`"), "{}", error.fix());
    assert_eq!(sent.count(), 0);
}

#[tokio::test]
async fn ensure_finds_a_webhook_whatever_the_case_of_its_host() {
    let listed = r#"{"data":[{"id":"27","url":"https://Hooks.Example/x","valid":true}]}"#;
    for (url, is_there) in [("https://hooks.example/x", true), ("https://hooks.example/X", false)] {
        let (client, _) = scripted([answer(200, listed)]);
        let desired = DesiredState::new(url);
        assert_eq!(client.ensure(&desired).plan().await.unwrap().is_empty(), is_there, "{url}");
    }
}

#[tokio::test]
async fn ensure_fails_if_x_registers_the_webhook_as_invalid() {
    let none = || answer(200, r#"{"data":[],"meta":{"result_count":0}}"#);
    let made = answer(200, r#"{"data":{"id":"27","url":"https://hooks.example/x","valid":false}}"#);
    let (client, sent) = scripted([none(), none(), made]);
    let desired = DesiredState::new("https://hooks.example/x").account_activity(USER);
    let error = client.ensure(&desired).without_probe().run().await.unwrap_err();
    assert!(matches!(&error, EnsureError::Invalid(id) if id == "27"), "{error}");
    assert_eq!(sent.count(), 3, "no user is subscribed");
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");

/// Compares the table in `docs/protocol.md` with the one in the code.
#[test]
fn the_documented_scopes_match_the_code() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (_, section) = page.split_once("### What a subscription to each type takes").unwrap();
    let rows = section.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    let mut documented = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let list = |cell: &str| cell.split(", ").map(|one| one.trim_matches('`').to_owned()).collect::<Vec<_>>();
        for name in list(cells[0]) {
            documented.push((name, list(cells[1]), list(cells[2])));
        }
    }
    let short = |kind: &CredentialKind| match kind {
        CredentialKind::Bearer => "B",
        CredentialKind::User2 => "user2",
        _ => "user",
    };
    let owned = |text: &&str| (*text).to_owned();
    let mut known: Vec<_> = EVENT_TYPES
        .iter()
        .map(|known| {
            let takes = known.takes.iter().map(|kind| short(kind).to_owned()).collect();
            (known.name.to_owned(), known.scopes.iter().map(owned).collect(), takes)
        })
        .collect();
    documented.sort();
    known.sort();
    assert_eq!(documented, known);
}
