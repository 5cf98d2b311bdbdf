//! OAuth 1.0a.

use birdhook_client::login::{LoginError, OAuth1};
use birdhook_client::{
    AccessToken, Client, ConsumerKeys, CredentialKind, Credentials, ErrorCause, RetryPolicy, TransportError,
};
use birdhook_testkit::mock::Permission;

use crate::login::world::{USER, World, agree, deny, open, text};

const CALLBACK: &str = "https://app.example/callback?tenant=7";

fn client(world: &World, token: AccessToken) -> Client {
    let clock = world.x.clock();
    let builder = Client::builder(Credentials::new(world.keys()).user(USER, token)).base_url(world.x.url());
    builder.clock(move || clock.now()).retries(RetryPolicy::never()).build().unwrap()
}

/// Returns whether X accepts the token: X then reports that the webhook does not exist.
async fn is_known(world: &World, token: AccessToken) -> bool {
    let client = client(world, token).only(CredentialKind::User);
    let error = client.account_activity().is_subscribed("1", USER).await.unwrap_err();
    assert!(matches!(error.cause(), ErrorCause::NoSuchWebhook | ErrorCause::Unauthenticated), "{error}");
    *error.cause() == ErrorCause::NoSuchWebhook
}

#[tokio::test]
async fn a_redirect_gets_a_token() {
    let world = World::new().await;
    let login = world.oauth1();
    let pending = login.begin(CALLBACK).await.unwrap();
    assert!(pending.authorize_url.starts_with(&format!("{}/oauth/authorize?oauth_token=", world.x.url())));
    let redirect = agree(&pending.authorize_url).await;
    assert!(redirect.starts_with("https://app.example/callback?tenant=7&oauth_token="), "{redirect}");
    let kept = AccessToken::new(pending.request_token.token(), pending.request_token.secret());
    let authorised = login.finish(&kept, redirect.as_str()).await.unwrap();
    assert_eq!((authorised.user_id.as_str(), authorised.screen_name.as_str()), (USER, "user_2001"));
    assert_eq!(authorised.token.user_id(), Some(USER));
    assert!(is_known(&world, authorised.token.clone()).await);
    assert!(!is_known(&world, AccessToken::new(authorised.token.token(), "another-secret")).await);

    let again = login.finish(&kept, redirect).await.unwrap_err();
    assert!(matches!(again, LoginError::Refused { status: Some(401), .. }), "a request token works once: {again}");
}

#[tokio::test]
async fn a_pin_gets_a_token() {
    let world = World::new().await;
    let login = world.oauth1();
    let pending = login.begin(OAuth1::PIN).await.unwrap();
    let early = login.finish(&pending.request_token, "1234567").await.unwrap_err();
    assert!(matches!(early, LoginError::Refused { status: Some(401), .. }), "before the user has agreed: {early}");
    let pin = text(&open(&format!("{}&user_id={USER}", pending.authorize_url)).await);
    assert!(pin.len() == 7 && pin.bytes().all(|digit| digit.is_ascii_digit()), "{pin}");
    let wrong = if pin == "1234567" { "1234568" } else { "1234567" };
    let error = login.finish(&pending.request_token, wrong).await.unwrap_err();
    let expected = "X refuses (401): Error processing your OAuth request: Invalid oauth_verifier parameter";
    assert_eq!(error.to_string(), expected);
    // With whitespace, as a person may type it.
    let authorised = login.finish(&pending.request_token, format!(" {pin}\n")).await.unwrap();
    assert!(is_known(&world, authorised.token).await);
    assert!(login.finish(&pending.request_token, pin).await.is_err(), "a PIN works once");
}

#[tokio::test]
async fn a_user_who_refuses_is_an_error_and_nothing_is_sent() {
    let world = World::new().await;
    let login = world.oauth1();
    let (pending, other) = (login.begin(CALLBACK).await.unwrap(), login.begin(CALLBACK).await.unwrap());
    let redirect = deny(&pending.authorize_url).await;
    assert!(redirect.contains("&denied="), "{redirect}");
    let sent = world.line.sent().len();
    assert_eq!(login.finish(&pending.request_token, redirect.as_str()).await.unwrap_err(), LoginError::Denied);
    let error = login.finish(&other.request_token, redirect).await.unwrap_err();
    assert_eq!(error, LoginError::AnotherLogin, "a refusal ends no other login");
    assert_eq!(world.line.sent().len(), sent);
}

#[tokio::test]
async fn the_redirect_of_another_login_is_not_taken() {
    let world = World::new().await;
    let login = world.oauth1();
    let (first, second) = (login.begin(CALLBACK).await.unwrap(), login.begin(CALLBACK).await.unwrap());
    let redirect = agree(&first.authorize_url).await;
    let (sent, token) = (world.line.sent().len(), first.request_token.token());
    let cases = [
        (&second, redirect.clone(), LoginError::AnotherLogin),
        (&first, "https://app.example/callback?oauth_verifier=abc".to_owned(), LoginError::AnotherLogin),
        (&first, format!("{redirect}&oauth_token=x"), LoginError::AnotherLogin),
        (&first, format!("https://app.example/callback?oauth_token={token}"), LoginError::NoCode),
        (&first, format!("{redirect}&oauth_verifier=x"), LoginError::NoCode),
        (&first, "https://app.example/callback".to_owned() + "?", LoginError::AnotherLogin),
        (&first, "  ".to_owned(), LoginError::NoCode),
    ];
    for (pending, redirect, expected) in cases {
        let error = login.finish(&pending.request_token, redirect.as_str()).await.unwrap_err();
        assert_eq!(error, expected, "{redirect}");
    }
    assert_eq!(world.line.sent().len(), sent, "nothing is sent");
    let wrong = format!("oauth_token={token}&oauth_verifier=wrong");
    assert!(login.finish(&first.request_token, wrong).await.is_err(), "a wrong verifier");
    assert!(login.finish(&first.request_token, redirect).await.is_ok(), "and after all that the right one");
}

#[tokio::test]
async fn what_x_refuses_is_an_error_with_its_words() {
    let world = World::with(|settings| settings.callbacks = vec![CALLBACK.to_owned()]).await;
    let error = world.oauth1().begin("https://app.example/other").await.unwrap_err();
    let expected =
        "X does not allow the callback URL https://app.example/other (403, code 415): Callback URL not approved";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert!(world.oauth1().begin(CALLBACK).await.is_ok());

    let clock = world.x.clock();
    let stranger = OAuth1::new(ConsumerKeys::new("key", "secret")).unwrap().base_url(world.x.url());
    let error = stranger.clock(move || clock.now()).begin(CALLBACK).await.unwrap_err();
    assert_eq!(error.to_string(), "X refuses (401, 32): Could not authenticate you.");
}

#[tokio::test]
async fn a_refused_callback_is_named_in_whatever_form_x_refuses_it() {
    let world = World::new().await;
    let callback = "https://app.example/callback";
    let add = "Add https://app.example/callback to the callback URLs";
    let pin = "Log in with a PIN (`birdhook auth user --pin`)";
    for (body, shown, fix) in [
        (
            "<?xml version=\"1.0\"?><errors><error code=\"415\">Not an approved URL</error></errors>",
            "X does not allow the callback URL https://app.example/callback (403, code 415): Not an approved URL",
            add,
        ),
        (
            r#"{"errors":[{"code":415,"message":"Not an approved URL"}]}"#,
            "X does not allow the callback URL https://app.example/callback (403, code 415): Not an approved URL",
            add,
        ),
        (
            "<html><body><h1>Callback URL not approved for this app</h1></body></html>",
            "X does not allow the callback URL https://app.example/callback (403, code 415): Callback URL not approved for this app",
            add,
        ),
        (
            "<errors><error code=\"417\">Only &#39;oob&#39; works</error></errors>",
            "X takes a PIN alone from this app (403, code 417): Only 'oob' works",
            pin,
        ),
        (
            "<errors><error code=\"32\">Could not authenticate</error></errors>",
            "X refuses (403, 32): Could not authenticate",
            "Run `birdhook auth app`",
        ),
        (
            "<errors><error code=\"453\">Too low</error></errors>",
            "X refuses (403, 453): Too low",
            "Raise the app's access level",
        ),
        ("<errors><error code=\"9001\">Odd</error></errors>", "X refuses (403, 9001): Odd", "See X's words."),
        ("<html><title>No entry</title></html>", "X refuses (403): No entry", "Check the app's keys"),
    ] {
        world.line.fake(Some(("/oauth/request_token", Ok((403, body)))));
        let error = world.oauth1().begin(callback).await.unwrap_err();
        assert_eq!(error.to_string(), shown, "{body}");
        assert!(error.fix().starts_with(fix) && error.fix().ends_with('.'), "{}", error.fix());
        assert!(!error.is_retryable());
    }
    let capped = r#"{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Monthly"}"#;
    for (body, is_retryable) in [(capped, false), ("{}", true)] {
        world.line.fake(Some(("/oauth/request_token", Ok((429, body)))));
        let error = world.oauth1().begin(callback).await.unwrap_err();
        assert_eq!(error.is_retryable(), is_retryable, "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_as_documented_is_an_error() {
    let world = World::new().await;
    let good = "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true";
    let cases: [(&'static str, Option<LoginError>); 5] = [
        (good, None),
        ("oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=false", Some(LoginError::CallbackNotConfirmed)),
        ("oauth_token=t&oauth_token_secret=s", Some(LoginError::CallbackNotConfirmed)),
        ("oauth_token=t&oauth_callback_confirmed=true", Some(LoginError::Unreadable("it holds no token"))),
        ("<html>", Some(LoginError::CallbackNotConfirmed)),
    ];
    for (body, expected) in cases {
        world.line.fake(Some(("/oauth/request_token", Ok((200, body)))));
        assert_eq!(world.oauth1().begin(CALLBACK).await.err(), expected, "{body}");
    }
    world.line.fake(Some(("/oauth/request_token", Err(TransportError::Timeout))));
    let error = world.oauth1().begin(CALLBACK).await.unwrap_err();
    assert!(error.is_retryable() && error == LoginError::NoAnswer(TransportError::Timeout), "{error:?}");
}

#[tokio::test]
async fn a_new_login_has_the_permissions_of_now() {
    let world = World::new().await;
    world.x.set_permission(Permission::Read);
    world.x.user(USER);
    world.x.set_permission(Permission::ReadWriteMessages);
    let login = world.oauth1();
    let pending = login.begin(CALLBACK).await.unwrap();
    let redirect = agree(&pending.authorize_url).await;
    let token = login.finish(&pending.request_token, redirect).await.unwrap().token;
    assert!(is_known(&world, token).await);
}
