use birdhook_client::CredentialKind::{Bearer, Consumer, Owner, User, User2};
use birdhook_client::{AccessToken, Client, ConsumerKeys, Credentials, ErrorCause, RetryPolicy};
use birdhook_testkit::mock::MockApi;

use crate::calls::every_call::{CALLS, call};
use crate::calls::expected::{Expected, check, check_general};
use crate::calls::fixture::{Fixture, OTHER, builder, made_up, scripted};
use crate::support::transport::{Script, answer, authorization};
use crate::support::{USER, consumer, token};

#[tokio::test]
async fn the_bearer_token_is_fetched_once_and_reused() {
    let fixture = Fixture::new().await;
    let (client, sent) = fixture.client_with(Credentials::new(consumer(fixture.x.app())));
    for _ in 0..3 {
        client.webhooks().list().await.unwrap();
    }
    client.clone().only(Bearer).enterprise().list().await.unwrap();
    let list = "GET /2/webhooks?webhook_config.fields=created_at%2Cid%2Curl%2Cvalid";
    let all = sent.all();
    let bearer = format!("Bearer {}", fixture.x.app().bearer.as_str());
    assert!(all[1..].iter().all(|request| authorization(request) == bearer));
    assert_eq!(all[0].body(), "grant_type=client_credentials");
    assert_eq!(all[0].headers()["content-type"], "application/x-www-form-urlencoded;charset=UTF-8");
    assert_eq!(sent.take(), ["POST /oauth2/token", list, list, list, "GET /1.1/account_activity/webhooks.json"]);
}

#[tokio::test]
async fn concurrent_calls_fetch_the_bearer_token_once() {
    let fixture = Fixture::new().await;
    let (client, sent) = fixture.client_with(Credentials::new(consumer(fixture.x.app())));
    let list = |client: Client| tokio::spawn(async move { client.webhooks().list().await.map(drop) });
    let tasks: Vec<_> = (0..20).map(|_| list(client.clone())).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let fetched = sent.take().iter().filter(|call| *call == "POST /oauth2/token").count();
    assert_eq!(fetched, 1);
}

#[tokio::test]
async fn the_next_call_retries_to_fetch_the_bearer_token() {
    let fixture = Fixture::new().await;
    let wrong = ConsumerKeys::new(&fixture.x.app().consumer_key, "wrong");
    let (client, sent) = fixture.client_with(Credentials::new(wrong));
    for _ in 0..2 {
        let error = client.webhooks().list().await.unwrap_err();
        assert_eq!(error.call(), "POST /oauth2/token");
        let message = Some("Unable to verify your credentials");
        let (cause, credential) = (ErrorCause::Unauthenticated, Consumer);
        check(&error, &Expected { cause, credential, status: 403, code: Some(99), reason: None, message });
    }
    assert_eq!(sent.count(), 2);
    for body in ["", "<html>", "{}", r#""a-token""#, r#"{"access_token":7}"#] {
        let (script, _) = Script::new([answer(200, body)]);
        let credentials = Credentials::new(ConsumerKeys::new("key", "secret"));
        let client = builder(credentials, script).retries(RetryPolicy::never()).build().unwrap();
        let error = client.webhooks().list().await.unwrap_err();
        assert_eq!((error.cause(), error.credential()), (&ErrorCause::Unreadable, Some(Consumer)), "{body}");
        assert_eq!(error.message(), Some("it contains no access_token"), "{body}");
    }
}

#[tokio::test]
async fn consumer_keys_are_encoded_before_they_are_joined() {
    let (script, sent) = Script::new([answer(200, r#"{"access_token":"t"}"#), answer(200, "{\"data\":[]}")]);
    let credentials = Credentials::new(ConsumerKeys::new("k:e y", "s+~%"));
    builder(credentials, script).build().unwrap().webhooks().list().await.unwrap();
    // The encoded pair is `k%3Ae%20y:s%2B~%25`.
    assert_eq!(authorization(&sent.all()[0]), "Basic ayUzQWUlMjB5OnMlMkJ+JTI1");
}

#[tokio::test]
async fn every_call_uses_and_names_its_kinds_of_credentials() {
    for (name, _, _, kinds, _) in CALLS {
        // The error for a 418 names the kind that was used, and the call is not retried.
        let (client, _) = scripted([answer(418, "")]);
        let error = call(&client, name).await.unwrap_err();
        assert_eq!(error.credential(), Some(kinds[0]), "{name}");
        assert_eq!(error.takes(), *kinds, "{name}");
        // Credentials of a kind that the call does not accept.
        if !kinds.contains(&Bearer) {
            let (script, sent) = Script::new([]);
            let client = builder(Credentials::bearer_only("b"), script).build().unwrap();
            let error = call(&client, name).await.unwrap_err();
            assert_eq!((error.cause(), error.credential()), (&ErrorCause::NoCredential(kinds), None), "{name}");
            assert_eq!((error.status(), sent.count()), (None, 0), "{name}");
            check_general(&error);
        }
    }
}

#[tokio::test]
async fn only_overrides_the_kind_of_credentials() {
    let sends = |kind| match kind {
        Bearer => "Bearer bearer-token".to_owned(),
        User2 => "Bearer oauth2-token".to_owned(),
        Owner => "42-owner".to_owned(),
        _ => "2001-user".to_owned(),
    };
    for kind in [Bearer, Owner, User, User2] {
        let (client, sent) = scripted([answer(418, "")]);
        let error = client.only(kind).account_activity().subscribe("1", USER).await.unwrap_err();
        assert_eq!(error.credential(), Some(kind));
        assert!(authorization(&sent.all()[0]).contains(&sends(kind)), "{kind}");
        assert!(error.to_string().ends_with(&format!("[with {kind}]")), "{error}");
        // `only` does not change the original client.
        let (client, _) = scripted([answer(418, "")]);
        let _ = client.only(kind);
        assert_eq!(client.account_activity().subscribe("1", USER).await.unwrap_err().credential(), Some(User));
    }
}

#[tokio::test]
async fn an_override_without_credentials_names_the_missing_kind() {
    let client = |credentials| {
        let (script, sent) = Script::new([]);
        (builder(credentials, script).build().unwrap(), sent)
    };
    let bearer = || Credentials::bearer_only("bearer-token");
    let consumer = || Credentials::new(ConsumerKeys::new("key", "secret"));
    let list = async |client: Client| client.webhooks().list().await.unwrap_err();
    let subscribe = async |client: Client, user: &str| client.enterprise().subscribe("1", user).await.unwrap_err();
    let cases = [
        (list(client(bearer()).0.only(Owner)).await, Owner),
        (list(client(consumer()).0.only(Owner)).await, Owner),
        (list(client(made_up()).0.only(User)).await, User),
        (list(client(made_up()).0.only(User2)).await, User2),
        (list(client(made_up()).0.only(Consumer)).await, Consumer),
        (subscribe(client(made_up()).0.only(User), OTHER).await, User),
        (subscribe(client(made_up()).0.only(User2), OTHER).await, User2),
    ];
    for (error, kind) in cases {
        let ErrorCause::NoCredential(accepted) = error.cause() else { panic!("{error}") };
        assert_eq!((*accepted, error.credential()), ([kind].as_slice(), None));
        assert!(error.to_string().ends_with(&format!("no credentials for this call: it needs {kind}")), "{error}");
        check_general(&error);
    }
}

#[tokio::test]
async fn the_owner_subscribes_with_their_own_tokens() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::Enterprise).await;
    let owner = &fixture.x.app().owner;
    let (client, _) = fixture.client_with(Credentials::new(consumer(fixture.x.app())).owner(token(owner)));
    client.enterprise().subscribe(&webhook.id, &owner.id).await.unwrap();
    assert_eq!(fixture.x.subscriptions()[0].user_id, owner.id);
}

#[tokio::test]
async fn every_user_subscribes_with_their_own_tokens() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    for user in [OTHER, USER] {
        fixture.client.account_activity().subscribe(&webhook.id, user).await.unwrap();
    }
    let users: Vec<_> = fixture.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(users, [OTHER, USER]);
}

#[tokio::test]
async fn a_token_that_no_header_can_contain_is_not_sent() {
    let (script, sent) = Script::new([]);
    let client = builder(Credentials::bearer_only("line\nline"), script).build().unwrap();
    let error = client.webhooks().list().await.unwrap_err();
    assert_eq!(error.message(), Some("a key or token contains a character that no header can contain"));
    assert_eq!((error.cause(), sent.count()), (&ErrorCause::Invalid, 0));
    // OAuth 1.0a encodes such characters.
    let odd = Credentials::new(ConsumerKeys::new("k\n\"", "s")).owner(AccessToken::new("1-ü\n", "s"));
    let (script, sent) = Script::new([answer(204, "")]);
    builder(odd, script).build().unwrap().enterprise().delete("1").await.unwrap();
    assert!(authorization(&sent.all()[0]).contains("oauth_consumer_key=\"k%0A%22\""));
}
