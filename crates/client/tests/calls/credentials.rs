//! Selection of the credentials that sign a call.

use birdhook_client::{AccessToken, Client, ConsumerKeys, CredentialKind, Credentials, ErrorCause, RetryPolicy};
use birdhook_testkit::mock::MockApi;

use crate::calls::retries::call;
use crate::calls::stated::{Stated, check, sound};
use crate::calls::transport::{Book, answer, authorization};
use crate::calls::world::{OTHER, USER, World, builder, by_the_book, consumer, made_up, token};

use CredentialKind::{Bearer, Consumer, Owner, User, User2};

#[tokio::test]
async fn the_bearer_token_is_fetched_once_and_used_again() {
    let world = World::new().await;
    let (client, sent) = world.client_with(Credentials::new(consumer(world.x.app())));
    for _ in 0..3 {
        client.webhooks().list().await.unwrap();
    }
    client.clone().only(Bearer).enterprise().list().await.unwrap();
    let list = "GET /2/webhooks?webhook_config.fields=created_at%2Cid%2Curl%2Cvalid";
    let all = sent.all();
    let bearer = format!("Bearer {}", world.x.app().bearer.as_str());
    assert!(all[1..].iter().all(|request| authorization(request) == bearer));
    assert_eq!(all[0].body(), "grant_type=client_credentials");
    assert_eq!(all[0].headers()["content-type"], "application/x-www-form-urlencoded;charset=UTF-8");
    assert_eq!(sent.take(), ["POST /oauth2/token", list, list, list, "GET /1.1/account_activity/webhooks.json"]);
}

#[tokio::test]
async fn calls_at_the_same_time_fetch_it_once() {
    let world = World::new().await;
    let (client, sent) = world.client_with(Credentials::new(consumer(world.x.app())));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.webhooks().list().await.map(drop) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let fetched = sent.take().iter().filter(|call| *call == "POST /oauth2/token").count();
    assert_eq!(fetched, 1);
}

#[tokio::test]
async fn a_bearer_token_that_cannot_be_fetched_says_so_and_is_tried_by_the_next_call() {
    let world = World::new().await;
    let wrong = ConsumerKeys::new(&world.x.app().consumer_key, "wrong");
    let (client, sent) = world.client_with(Credentials::new(wrong));
    for _ in 0..2 {
        let error = client.webhooks().list().await.unwrap_err();
        assert_eq!(error.call(), "POST /oauth2/token");
        let message = Some("Unable to verify your credentials");
        let (cause, credential) = (ErrorCause::Unauthenticated, Consumer);
        check(&error, &Stated { cause, credential, status: 403, code: Some(99), reason: None, message });
    }
    assert_eq!(sent.count(), 2);
    for body in ["", "<html>", "{}", r#""a-token""#, r#"{"access_token":7}"#] {
        let (book, _) = Book::new([answer(200, body)]);
        let credentials = Credentials::new(ConsumerKeys::new("key", "secret"));
        let client = builder(credentials, book).retries(RetryPolicy::never()).build().unwrap();
        let error = client.webhooks().list().await.unwrap_err();
        assert_eq!(
            (error.cause(), error.message()),
            (&ErrorCause::Unreadable, Some("it holds no access_token")),
            "{body}"
        );
        assert_eq!(error.credential(), Some(Consumer));
    }
}

#[tokio::test]
async fn consumer_keys_are_encoded_before_they_are_joined() {
    let (book, sent) = Book::new([answer(200, r#"{"access_token":"t"}"#), answer(200, "{\"data\":[]}")]);
    let credentials = Credentials::new(ConsumerKeys::new("k:e y", "s+~%"));
    builder(credentials, book).build().unwrap().webhooks().list().await.unwrap();
    // The encoded pair is `k%3Ae%20y:s%2B~%25`.
    assert_eq!(authorization(&sent.all()[0]), "Basic ayUzQWUlMjB5OnMlMkJ+JTI1");
}

#[tokio::test]
async fn every_call_takes_its_kind_and_says_which_it_would_take() {
    let (bearer, owner, user) = (&[Bearer], &[Owner], &[User]);
    let either: &[CredentialKind] = &[Bearer, Owner];
    let any: &[CredentialKind] = &[User, User2];
    let public: &[CredentialKind] = &[Bearer, User2, User];
    let table: &[(&str, &'static [CredentialKind])] = &[
        ("enterprise.register", owner),
        ("enterprise.list", bearer),
        ("enterprise.challenge", owner),
        ("enterprise.delete", owner),
        ("enterprise.subscribe", user),
        ("enterprise.is_subscribed", user),
        ("enterprise.subscribers", bearer),
        ("enterprise.count", bearer),
        ("enterprise.unsubscribe", bearer),
        ("enterprise.replay", bearer),
        ("premium.register", owner),
        ("premium.list", bearer),
        ("premium.environments", bearer),
        ("premium.challenge", owner),
        ("premium.delete", owner),
        ("premium.subscribe", user),
        ("premium.is_subscribed", user),
        ("premium.subscribers", bearer),
        ("premium.count", bearer),
        ("premium.unsubscribe", bearer),
        ("webhooks.register", either),
        ("webhooks.list", bearer),
        ("webhooks.delete", either),
        ("webhooks.replay", bearer),
        ("aaa.subscribe", any),
        ("aaa.is_subscribed", any),
        ("aaa.subscribers", bearer),
        ("aaa.count", bearer),
        ("aaa.unsubscribe", bearer),
        ("activity.create", public),
        ("activity.list", bearer),
        ("activity.update", bearer),
        ("activity.delete", bearer),
        ("activity.delete_many", bearer),
        ("links.create", bearer),
        ("links.list", bearer),
        ("links.delete", bearer),
    ];
    for (name, kinds) in table {
        // The error for a 418 names the kind that was used, and the call is not retried.
        let (client, _) = by_the_book([answer(418, "")]);
        let error = call(&client, name).await.unwrap_err();
        assert_eq!(error.credential(), Some(kinds[0]), "{name}");
        assert_eq!(error.takes(), *kinds, "{name}");
        // Credentials of a kind that the call does not accept.
        let nothing = match kinds.contains(&Bearer) {
            true => None,
            false => Some(Credentials::bearer_only("b")),
        };
        if let Some(nothing) = nothing {
            let (book, sent) = Book::new([]);
            let client = builder(nothing, book).build().unwrap();
            let error = call(&client, name).await.unwrap_err();
            assert_eq!((error.cause(), error.credential()), (&ErrorCause::NoCredential(kinds), None), "{name}");
            assert_eq!((error.status(), sent.count()), (None, 0), "{name}");
            sound(&error);
        }
    }
}

#[tokio::test]
async fn the_kind_can_be_overridden() {
    let sends = |kind| match kind {
        Bearer => "Bearer bearer-token".to_owned(),
        User2 => "Bearer oauth2-token".to_owned(),
        Owner => "42-owner".to_owned(),
        _ => "2001-user".to_owned(),
    };
    for kind in [Bearer, Owner, User, User2] {
        let (client, sent) = by_the_book([answer(418, "")]);
        let error = client.only(kind).account_activity().subscribe("1", USER).await.unwrap_err();
        assert_eq!(error.credential(), Some(kind));
        assert!(authorization(&sent.all()[0]).contains(&sends(kind)), "{kind}");
        assert!(error.to_string().ends_with(&format!("[with {kind}]")), "{error}");
        // `only` does not change the original client.
        let (client, _) = by_the_book([answer(418, "")]);
        let _ = client.only(kind);
        assert_eq!(client.account_activity().subscribe("1", USER).await.unwrap_err().credential(), Some(User));
    }
}

#[tokio::test]
async fn an_override_without_such_credentials_names_what_is_missing() {
    let client = |credentials| {
        let (book, sent) = Book::new([]);
        (builder(credentials, book).build().unwrap(), sent)
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
        let ErrorCause::NoCredential(wanted) = error.cause() else { panic!("{error}") };
        assert_eq!((*wanted, error.credential()), ([kind].as_slice(), None));
        assert!(error.to_string().ends_with(&format!("nothing to sign it with: wanted is {kind}")), "{error}");
        sound(&error);
    }
}

#[tokio::test]
async fn the_owner_subscribes_with_their_own_tokens() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::Enterprise).await;
    let owner = &world.x.app().owner;
    let (client, _) = world.client_with(Credentials::new(consumer(world.x.app())).owner(token(owner)));
    client.enterprise().subscribe(&webhook.id, &owner.id).await.unwrap();
    assert_eq!(world.x.subscriptions()[0].user_id, owner.id);
}

#[tokio::test]
async fn every_user_subscribes_with_their_own_tokens() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::V2).await;
    for user in [OTHER, USER] {
        world.client.account_activity().subscribe(&webhook.id, user).await.unwrap();
    }
    let users: Vec<_> = world.x.subscriptions().into_iter().map(|one| one.user_id).collect();
    assert_eq!(users, [OTHER, USER]);
}

#[tokio::test]
async fn what_no_header_can_hold_is_not_sent() {
    let (book, sent) = Book::new([]);
    let client = builder(Credentials::bearer_only("line\nline"), book).build().unwrap();
    let error = client.webhooks().list().await.unwrap_err();
    assert_eq!(
        (error.cause(), error.message()),
        (&ErrorCause::Invalid, Some("a key or token holds what no header can"))
    );
    assert_eq!(sent.count(), 0);
    // OAuth 1.0a encodes such characters.
    let odd = Credentials::new(ConsumerKeys::new("k\n\"", "s")).owner(AccessToken::new("1-ü\n", "s"));
    let (book, sent) = Book::new([answer(204, "")]);
    builder(odd, book).build().unwrap().enterprise().delete("1").await.unwrap();
    assert!(authorization(&sent.all()[0]).contains("oauth_consumer_key=\"k%0A%22\""));
}
