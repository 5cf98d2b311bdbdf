use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_client::api::{EVENT_TYPES, EventType, NewSubscription};
use birdhook_client::login::{LoginError, OAuth2, OAuth2Pending, Proof, SCOPES};
use birdhook_client::{Client, CredentialKind, Credentials, Error, ErrorCause, Filter, UserToken};
use http::header::AUTHORIZATION;
use secrecy::ExposeSecret;

use crate::login::fixture::{Fixture, SECRET, agree, deny};
use crate::support::USER;

pub(crate) const CALLBACK: &str = "https://app.example/callback";

pub(crate) async fn token(login: &OAuth2) -> UserToken {
    let (pending, redirect) = agreed(login).await;
    login.finish(&pending.proof, redirect).await.unwrap()
}

/// Returns a login to which the user has agreed, and the redirect's URL.
async fn agreed(login: &OAuth2) -> (OAuth2Pending, String) {
    let pending = login.begin(CALLBACK).unwrap();
    let redirect = agree(&pending.authorize_url).await;
    (pending, redirect)
}

async fn refused(login: &OAuth2, pending: &OAuth2Pending, redirect: &str) -> String {
    login.finish(&pending.proof, redirect).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_code_yields_a_renewable_token_for_two_hours() {
    for fixture in [Fixture::new().await, Fixture::confidential().await] {
        let login = fixture.oauth2();
        let first = token(&login).await;
        assert_eq!(first.expires_at.unwrap().as_millis(), fixture.x.clock().now().as_millis() + 7_200_000);
        assert_eq!(login.user_id(&first).await.unwrap(), USER);

        fixture.advance(7199).await;
        assert_eq!(login.user_id(&first).await.unwrap(), USER);
        fixture.advance(1).await;
        let error = login.user_id(&first).await.unwrap_err();
        assert!(matches!(error, LoginError::Refused { status: Some(401), .. }), "{error}");

        let granted: BTreeSet<&str> = first.scope.as_deref().unwrap().split(' ').collect();
        assert_eq!(granted, SCOPES.iter().copied().collect());

        let second = login.refresh(&first).await.unwrap();
        assert_eq!(second.scope, first.scope);
        assert_eq!(login.user_id(&second).await.unwrap(), USER);
        assert_eq!(second.expires_at.unwrap().as_millis(), fixture.x.clock().now().as_millis() + 7_200_000);
        let error = login.refresh(&first).await.unwrap_err();
        let expected = "X refused the request (400, invalid_request): Value passed for the token was invalid.";
        assert_eq!(error.to_string(), expected, "a refresh token works once");
        login.refresh(&second).await.unwrap();
    }
}

#[tokio::test]
async fn the_authorize_url_has_every_documented_parameter() {
    let login = OAuth2::new("client id", None).unwrap();
    let pending = login.begin("http://127.0.0.1:8723/callback").unwrap();
    let (page, query) = pending.authorize_url.split_once('?').unwrap();
    assert_eq!(page, "https://x.com/i/oauth2/authorize");
    let asked: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let get = |name: &str| {
        let mut found = asked.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next().unwrap_or_else(|| panic!("{name} in {query}"));
        assert!(found.next().is_none(), "{name} in {query}");
        value.as_str()
    };
    assert_eq!(get("response_type"), "code");
    assert_eq!(get("client_id"), "client id");
    assert_eq!(get("redirect_uri"), "http://127.0.0.1:8723/callback");
    assert_eq!(get("scope"), SCOPES.join(" "));
    assert_eq!(get("code_challenge_method"), "S256");
    assert_eq!(get("state"), pending.proof.state.expose_secret());
    assert!(!query.contains(pending.proof.verifier.expose_secret()));
    assert!(get("state").len() >= 22 && get("code_challenge").len() == 43);
    let again = login.begin("http://127.0.0.1:8723/callback").unwrap();
    assert_ne!(again.proof.state.expose_secret(), pending.proof.state.expose_secret());
    assert_ne!(again.proof.verifier.expose_secret(), pending.proof.verifier.expose_secret());
}

#[tokio::test]
async fn the_default_scopes_suffice_for_every_event_type() {
    let fixture = Fixture::new().await;
    let bearer = fixture.x.app().bearer.as_str();
    let credentials = Credentials::bearer_only(bearer).user2(USER, token(&fixture.oauth2()).await);
    let client = Client::builder(credentials).base_url(fixture.x.url()).build().unwrap();
    let mut refused = Vec::new();
    for EventType { name, scopes, .. } in EVENT_TYPES {
        assert!(scopes.iter().all(|scope| SCOPES.contains(scope)), "{name}");
        let new = NewSubscription::new(name, Filter::user(USER));
        let made = client.only(CredentialKind::User2).activity().create(&new).await;
        // The alias is the same subscription, and the mock need not know the newest types.
        let may = |error: &Error| matches!(error.cause(), ErrorCause::AlreadySubscribed | ErrorCause::Invalid);
        refused.extend(made.err().filter(|error| !may(error)).map(|error| format!("{name}: {error}")));
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(fixture.x.activity_subscriptions().len() > 35);
}

#[tokio::test]
async fn a_login_requests_the_scopes_of_the_selected_types() {
    for (types, expected) in [
        (vec!["like.create"], "like.read offline.access tweet.read users.read"),
        (vec!["broadcast.chat"], "broadcast.read offline.access tweet.read users.read"),
        (vec!["subscriptions.subscribe", "dm.read"], "dm.read follows.read offline.access tweet.read users.read"),
        (vec![], "offline.access tweet.read users.read"),
    ] {
        let login = OAuth2::new("client id", None).unwrap().event_types(&types);
        let pending = login.begin(CALLBACK).unwrap();
        let (_, query) = pending.authorize_url.split_once('?').unwrap();
        let scope = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "scope").unwrap();
        assert_eq!(scope.1, expected, "{types:?}");
    }
}

#[tokio::test]
async fn public_and_confidential_clients_authenticate_as_documented() {
    let (public, confidential) = (Fixture::new().await, Fixture::confidential().await);
    for (fixture, is_public) in [(&public, true), (&confidential, false)] {
        token(&fixture.oauth2()).await;
        let sent = fixture.network.sent();
        let request = sent.last().unwrap();
        let form: Vec<(String, String)> = form_urlencoded::parse(request.body()).into_owned().collect();
        let client_id = form.iter().find(|(name, _)| name == "client_id").map(|(_, id)| id.as_str());
        let header = request.headers().get(AUTHORIZATION);
        assert!(!form.iter().any(|(name, _)| name == "client_secret"));
        if is_public {
            assert_eq!((client_id, header), (Some(fixture.x.app().client_id.as_str()), None));
        } else {
            let pair = format!("{}:{}", fixture.x.app().client_id, SECRET.replace(' ', "+"));
            let header = header.unwrap();
            assert_eq!((client_id, header.to_str().unwrap()), (None, &*format!("Basic {}", STANDARD.encode(pair))));
            assert!(header.is_sensitive());
        }
    }
    let strangers = [
        OAuth2::new(&confidential.x.app().client_id, None).unwrap(),
        OAuth2::new(&confidential.x.app().client_id, Some("another".into())).unwrap(),
    ];
    for stranger in strangers {
        let (pending, redirect) = agreed(&confidential.oauth2()).await;
        let error = refused(&stranger.base_url(confidential.x.url()), &pending, &redirect).await;
        assert_eq!(error, "X refused the request (401, unauthorized_client): Missing valid authorization header");
    }
}

#[tokio::test]
async fn the_redirect_of_another_login_is_rejected() {
    let fixture = Fixture::new().await;
    let login = fixture.oauth2();
    let (first, second) = (login.begin(CALLBACK).unwrap(), login.begin(CALLBACK).unwrap());
    let redirect = agree(&first.authorize_url).await;
    let state = first.proof.state.expose_secret();
    let cases = [
        (&second, redirect.clone(), LoginError::AnotherLogin),
        (&first, redirect.replace("state=", "stat="), LoginError::AnotherLogin),
        (&first, format!("{redirect}&state={state}"), LoginError::AnotherLogin),
        (&first, "code=abc".to_owned(), LoginError::AnotherLogin),
        (&first, "?code=abc#state=x".to_owned(), LoginError::AnotherLogin),
        (&first, format!("state={state}"), LoginError::NoCode),
        (&first, format!("state={state}&code="), LoginError::NoCode),
        (&first, format!("{redirect}&code=abc"), LoginError::NoCode),
        (&first, String::new(), LoginError::NoCode),
    ];
    for (pending, redirect, expected) in cases {
        let error = login.finish(&pending.proof, redirect.as_str()).await.unwrap_err();
        assert_eq!(error, expected, "{redirect}");
    }
    assert_eq!(fixture.network.sent().len(), 0, "nothing is sent");
    login.finish(&first.proof, redirect).await.unwrap();
}

#[tokio::test]
async fn a_user_who_refuses_is_an_error() {
    let fixture = Fixture::new().await;
    let login = fixture.oauth2();
    let (first, second) = (login.begin(CALLBACK).unwrap(), login.begin(CALLBACK).unwrap());
    let redirect = deny(&first.authorize_url).await;
    assert_eq!(login.finish(&second.proof, redirect.as_str()).await.unwrap_err(), LoginError::AnotherLogin);
    assert_eq!(login.finish(&first.proof, redirect).await.unwrap_err(), LoginError::Denied);
    let other = format!("error=invalid_scope&error_description=No+such&state={}", first.proof.state.expose_secret());
    assert_eq!(refused(&login, &first, &other).await, "X refused the request (invalid_scope): No such");
    assert_eq!(fixture.network.sent().len(), 0);
}

#[tokio::test]
async fn a_code_works_once_within_thirty_seconds_for_its_login() {
    let fixture = Fixture::new().await;
    let login = fixture.oauth2();
    let invalid = "X refused the request (400, invalid_request): Value passed for the authorization code was invalid.";

    let (pending, redirect) = agreed(&login).await;
    login.finish(&pending.proof, redirect.as_str()).await.unwrap();
    assert_eq!(refused(&login, &pending, &redirect).await, invalid, "twice");

    let (pending, redirect) = agreed(&login).await;
    fixture.advance(31).await;
    assert_eq!(refused(&login, &pending, &redirect).await, invalid, "too late");

    let (pending, redirect) = agreed(&login).await;
    let state = pending.proof.state.expose_secret().to_owned();
    let thief = Proof::new(CALLBACK, state.clone(), "the wrong verifier, of at least forty-three letters");
    let error = login.finish(&thief, redirect).await.unwrap_err().to_string();
    assert!(error.ends_with("Value passed for the code verifier did not match the code challenge."), "{error}");

    let (pending, redirect) = agreed(&login).await;
    let verifier = pending.proof.verifier.expose_secret().to_owned();
    let elsewhere = Proof::new("https://app.example/other", pending.proof.state.expose_secret(), verifier);
    assert!(login.finish(&elsewhere, redirect).await.is_err(), "another redirect URL");

    // A bare code, as a person copies it from the address bar.
    let (pending, redirect) = agreed(&login).await;
    let (_, code) = redirect.split_once("code=").unwrap();
    login.finish(&pending.proof, format!("{code}\n")).await.unwrap();
}

#[tokio::test]
async fn without_the_offline_scope_there_is_no_refresh_token() {
    let fixture = Fixture::new().await;
    let login = fixture.oauth2().scopes(["tweet.read", "users.read"]);
    let token = token(&login).await;
    assert!(token.refresh.is_none());
    assert_eq!(login.refresh(&token).await.unwrap_err(), LoginError::NoRefreshToken);
    assert_eq!(login.user_id(&token).await.unwrap(), USER);
}

#[tokio::test]
async fn the_refresh_token_is_kept_if_x_sends_no_other() {
    let fixture = Fixture::new().await;
    let body = r#"{"token_type":"bearer","access_token":"new"}"#;
    fixture.network.fake(Some(("/2/oauth2/token", Ok((200, body)))));
    let next = fixture.oauth2().refresh(&UserToken::new("old").refresh("kept")).await.unwrap();
    assert_eq!((next.access.expose_secret(), next.refresh.unwrap().expose_secret()), ("new", "kept"));
    assert!(next.expires_at.is_none());
}

#[tokio::test]
async fn invalid_urls_are_errors() {
    let login = || OAuth2::new("id", None).unwrap();
    assert!(matches!(login().begin("callback"), Err(LoginError::Invalid("the redirect URL is invalid"))));
    assert!(matches!(login().authorize_url("x").begin(CALLBACK), Err(LoginError::Invalid(_))));
    assert!(matches!(login().base_url("x").begin(CALLBACK), Err(LoginError::Invalid("the base URL is invalid"))));
}
