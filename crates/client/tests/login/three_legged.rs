use birdhook_client::login::{LoginError, OAuth1};
use birdhook_client::{AccessToken, Client, ConsumerKeys, CredentialKind, Credentials, ErrorCause, TransportError};
use birdhook_testkit::mock::Permission;

use crate::login::fixture::{Fixture, agree, deny, open, text};
use crate::support::USER;

const CALLBACK: &str = "https://app.example/callback?tenant=7";

fn client(fixture: &Fixture, token: AccessToken) -> Client {
    fixture.client(Credentials::new(fixture.keys()).user(USER, token)).build().unwrap()
}

/// Returns whether X accepts the token: X then reports that the webhook does not exist.
async fn is_known(fixture: &Fixture, token: AccessToken) -> bool {
    let client = client(fixture, token).only(CredentialKind::User);
    let error = client.account_activity().is_subscribed("1", USER).await.unwrap_err();
    assert!(matches!(error.cause(), ErrorCause::NoSuchWebhook | ErrorCause::Unauthenticated), "{error}");
    *error.cause() == ErrorCause::NoSuchWebhook
}

#[tokio::test]
async fn a_redirect_yields_a_token() {
    let fixture = Fixture::new().await;
    let login = fixture.oauth1();
    let pending = login.begin(CALLBACK).await.unwrap();
    assert!(pending.authorize_url.starts_with(&format!("{}/oauth/authorize?oauth_token=", fixture.x.url())));
    let redirect = agree(&pending.authorize_url).await;
    assert!(redirect.starts_with("https://app.example/callback?tenant=7&oauth_token="), "{redirect}");
    let kept = AccessToken::new(pending.request_token.token(), pending.request_token.secret());
    let authorised = login.finish(&kept, redirect.as_str()).await.unwrap();
    assert_eq!((authorised.user_id.as_str(), authorised.screen_name.as_str()), (USER, "user_2001"));
    assert_eq!(authorised.token.user_id(), Some(USER));
    assert!(is_known(&fixture, authorised.token.clone()).await);
    assert!(!is_known(&fixture, AccessToken::new(authorised.token.token(), "another-secret")).await);

    let again = login.finish(&kept, redirect).await.unwrap_err();
    assert!(matches!(again, LoginError::Refused { status: Some(401), .. }), "a request token works once: {again}");
}

#[tokio::test]
async fn a_pin_yields_a_token() {
    let fixture = Fixture::new().await;
    let login = fixture.oauth1();
    let pending = login.begin(OAuth1::PIN).await.unwrap();
    let early = login.finish(&pending.request_token, "1234567").await.unwrap_err();
    assert!(matches!(early, LoginError::Refused { status: Some(401), .. }), "before the user has agreed: {early}");
    let pin = text(&open(&format!("{}&user_id={USER}", pending.authorize_url)).await);
    assert!(pin.len() == 7 && pin.bytes().all(|digit| digit.is_ascii_digit()), "{pin}");
    let wrong = if pin == "1234567" { "1234568" } else { "1234567" };
    let error = login.finish(&pending.request_token, wrong).await.unwrap_err();
    let expected = "X refused the request (401): Error processing your OAuth request: Invalid oauth_verifier parameter";
    assert_eq!(error.to_string(), expected);
    // With whitespace, as a person may type it.
    let authorised = login.finish(&pending.request_token, format!(" {pin}\n")).await.unwrap();
    assert!(is_known(&fixture, authorised.token).await);
    assert!(login.finish(&pending.request_token, pin).await.is_err(), "a PIN works once");
}

#[tokio::test]
async fn a_user_who_refuses_is_an_error_and_nothing_is_sent() {
    let fixture = Fixture::new().await;
    let login = fixture.oauth1();
    let (pending, other) = (login.begin(CALLBACK).await.unwrap(), login.begin(CALLBACK).await.unwrap());
    let redirect = deny(&pending.authorize_url).await;
    assert!(redirect.contains("&denied="), "{redirect}");
    let sent = fixture.network.sent().len();
    assert_eq!(login.finish(&pending.request_token, redirect.as_str()).await.unwrap_err(), LoginError::Denied);
    let error = login.finish(&other.request_token, redirect).await.unwrap_err();
    assert_eq!(error, LoginError::AnotherLogin, "a refusal ends no other login");
    assert_eq!(fixture.network.sent().len(), sent);
}

#[tokio::test]
async fn the_redirect_of_another_login_is_rejected() {
    let fixture = Fixture::new().await;
    let login = fixture.oauth1();
    let (first, second) = (login.begin(CALLBACK).await.unwrap(), login.begin(CALLBACK).await.unwrap());
    let redirect = agree(&first.authorize_url).await;
    let (sent, token) = (fixture.network.sent().len(), first.request_token.token());
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
    assert_eq!(fixture.network.sent().len(), sent, "nothing is sent");
    let wrong = format!("oauth_token={token}&oauth_verifier=wrong");
    assert!(login.finish(&first.request_token, wrong).await.is_err(), "a wrong verifier");
    assert!(login.finish(&first.request_token, redirect).await.is_ok(), "and after all that the right one");
}

#[tokio::test]
async fn a_refusal_is_an_error_with_x_s_message() {
    let fixture = Fixture::with(|settings| settings.callbacks = vec![CALLBACK.to_owned()]).await;
    let error = fixture.oauth1().begin("https://app.example/other").await.unwrap_err();
    let shown =
        "X does not accept the callback URL https://app.example/other (403, code 415): Callback URL not approved";
    assert!(error.to_string().starts_with(shown), "{error}");
    assert!(fixture.oauth1().begin(CALLBACK).await.is_ok());

    let clock = fixture.x.clock();
    let stranger = OAuth1::new(ConsumerKeys::new("key", "secret")).unwrap().base_url(fixture.x.url());
    let error = stranger.clock(move || clock.now()).begin(CALLBACK).await.unwrap_err();
    assert_eq!(error.to_string(), "X refused the request (401, 32): Could not authenticate you.");
}

#[tokio::test]
async fn a_refused_callback_is_recognised_in_every_form() {
    let fixture = Fixture::new().await;
    let callback = "https://app.example/callback";
    let add = "add exactly https://app.example/callback to the callback URLs";
    let pin = "log in with a PIN (`birdhook auth user --pin`)";
    let not_accepted = |text: &str| format!("X does not accept the callback URL {callback} (403, code 415): {text}");
    let refused = |rest: &str| format!("X refused the request (403{rest}");
    let no_callback = "X accepts only a PIN from this app (403, code 417): Only 'oob' works".to_owned();
    let json = r#"{"errors":[{"code":415,"message":"Not an approved URL"}]}"#;
    let page = "<html><body><h1>Callback URL not approved for this app</h1></body></html>";
    let xml = "<?xml version=\"1.0\"?><errors><error code=\"415\">Not an approved URL</error></errors>";
    let login = "run `birdhook auth app`";
    let low = "<errors><error code=\"453\">Too low</error></errors>";
    for (body, shown, fix) in [
        (xml, not_accepted("Not an approved URL"), add),
        (json, not_accepted("Not an approved URL"), add),
        (page, not_accepted("Callback URL not approved for this app"), add),
        ("<errors><error code=\"417\">Only &#39;oob&#39; works</error></errors>", no_callback, pin),
        ("<errors><error code=\"32\">No</error></errors>", refused(", 32): No"), login),
        (low, refused(", 453): Too low"), "raise the app's access level"),
        ("<errors><error code=\"9001\">Odd</error></errors>", refused(", 9001): Odd"), "see X's message"),
        ("<html><title>No entry</title></html>", refused("): No entry"), "check the app's keys"),
    ] {
        fixture.network.fake(Some(("/oauth/request_token", Ok((403, body)))));
        let error = fixture.oauth1().begin(callback).await.unwrap_err();
        assert_eq!(error.to_string(), shown, "{body}");
        assert!(error.fix().starts_with(fix) && !error.fix().ends_with('.'), "{}", error.fix());
        assert!(!error.is_retryable());
    }
    let capped = r#"{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Monthly"}"#;
    for (body, is_retryable) in [(capped, false), ("{}", true)] {
        fixture.network.fake(Some(("/oauth/request_token", Ok((429, body)))));
        let error = fixture.oauth1().begin(callback).await.unwrap_err();
        assert_eq!(error.is_retryable(), is_retryable, "{error}");
    }
}

#[tokio::test]
async fn an_undocumented_response_is_an_error() {
    let fixture = Fixture::new().await;
    let good = "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true";
    let cases: [(&'static str, Option<LoginError>); 5] = [
        (good, None),
        ("oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=false", Some(LoginError::CallbackNotConfirmed)),
        ("oauth_token=t&oauth_token_secret=s", Some(LoginError::CallbackNotConfirmed)),
        ("oauth_token=t&oauth_callback_confirmed=true", Some(LoginError::Unreadable("it contains no token"))),
        ("<html>", Some(LoginError::CallbackNotConfirmed)),
    ];
    for (body, expected) in cases {
        fixture.network.fake(Some(("/oauth/request_token", Ok((200, body)))));
        assert_eq!(fixture.oauth1().begin(CALLBACK).await.err(), expected, "{body}");
    }
    fixture.network.fake(Some(("/oauth/request_token", Err(TransportError::Timeout))));
    let error = fixture.oauth1().begin(CALLBACK).await.unwrap_err();
    assert!(error.is_retryable() && error == LoginError::NoResponse(TransportError::Timeout), "{error:?}");
}

#[tokio::test]
async fn a_new_login_has_the_current_permissions() {
    let fixture = Fixture::new().await;
    fixture.x.set_permission(Permission::Read);
    fixture.x.user(USER);
    fixture.x.set_permission(Permission::ReadWriteMessages);
    let login = fixture.oauth1();
    let pending = login.begin(CALLBACK).await.unwrap();
    let redirect = agree(&pending.authorize_url).await;
    let token = login.finish(&pending.request_token, redirect).await.unwrap().token;
    assert!(is_known(&fixture, token).await);
}
