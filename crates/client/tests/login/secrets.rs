use birdhook_client::UserToken;
use birdhook_client::login::{LoginError, Loopback, Redirect};
use secrecy::ExposeSecret;

use crate::login::fixture::{Fixture, SECRET, agree};
use crate::login::pkce::CALLBACK;

#[tokio::test]
async fn debug_output_of_logins_contains_no_secrets() {
    let fixture = Fixture::confidential().await;
    let (login1, login2) = (fixture.oauth1(), fixture.oauth2());
    let pending1 = login1.begin(CALLBACK).await.unwrap();
    let redirect1 = agree(&pending1.authorize_url).await;
    let authorised = login1.finish(&pending1.request_token, redirect1.as_str()).await.unwrap();
    let pending2 = login2.begin(CALLBACK).unwrap();
    let redirect2 = agree(&pending2.authorize_url).await;
    let token = login2.finish(&pending2.proof, redirect2.as_str()).await.unwrap();
    let loopback = Loopback::bind(0).await.unwrap();
    let redirects = [redirect1.as_str(), &redirect2, "7654321"].map(Redirect::from);
    let shown = format!("{login1:?} {login2:?} {authorised:?} {token:?} {loopback:?} {redirects:?}");
    let (_, code) = redirect2.split_once("code=").unwrap();
    let (_, verifier) = redirect1.split_once("oauth_verifier=").unwrap();
    let proof = format!("{:?} {:?}", pending1.request_token, pending2.proof);
    for secret in [
        SECRET,
        fixture.x.app().consumer_secret.as_str(),
        pending1.request_token.token(),
        pending1.request_token.secret(),
        authorised.token.token(),
        authorised.token.secret(),
        pending2.proof.verifier.expose_secret(),
        pending2.proof.state.expose_secret(),
        token.access.expose_secret(),
        token.refresh.as_ref().unwrap().expose_secret(),
        code,
        verifier,
        "7654321",
    ] {
        assert!(!shown.contains(secret) && !proof.contains(secret), "{secret} in {shown} {proof}");
    }
    // The URL contains only what the browser sees anyway, and not the verifier.
    let shown = format!("{pending1:?} {pending2:?}");
    for secret in [pending1.request_token.secret(), pending2.proof.verifier.expose_secret()] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn errors_contain_nothing_of_the_response_but_x_s_message() {
    let fixture = Fixture::new().await;
    let answers = [
        (200, r#"{"access_token":"hush","token_type":7}"#),
        (200, r#"{"access_token":"hush""#),
        (200, "oauth_token=hush"),
        (400, "oauth_token=hush&oauth_token_secret=hush"),
        (400, r#"{"access_token":"hush"}"#),
        (500, "<html>oauth_token=hush&amp;oauth_token_secret=hush</html>"),
        (302, r#"{"refresh_token":"hush"}"#),
    ];
    for (status, body) in answers {
        fixture.network.fake(Some(("oken", Ok((status, body)))));
        let error1 = fixture.oauth1().begin(CALLBACK).await.unwrap_err();
        let error2 = fixture.oauth2().refresh(&UserToken::new("hush").refresh("hush")).await.unwrap_err();
        for error in [error1, error2] {
            let shown = format!("{error} {error:?} {}", error.fix());
            assert!(!shown.contains("hush"), "{status} {body}: {shown}");
        }
    }
    fixture.network.fake(Some(("oken", Ok((400, r#"{"error":"invalid_request","error_description":"a\nb"}"#)))));
    let error = fixture.oauth2().refresh(&UserToken::new("a").refresh("b")).await.unwrap_err();
    assert_eq!(error.to_string(), "X refused the request (400, invalid_request): ab");
}

#[test]
fn every_error_has_a_fix() {
    let refused = |status| LoginError::Refused { status, reason: None, message: None };
    let all = [LoginError::Denied, LoginError::AnotherLogin, LoginError::NoCode, LoginError::TimedOut, refused(None)];
    for error in all {
        assert!(!error.fix().ends_with('.') && !error.is_retryable(), "{error:?}");
    }
    for (status, expected) in [(400, false), (401, false), (429, true), (500, true), (503, true)] {
        assert_eq!(refused(Some(status)).is_retryable(), expected, "{status}");
    }
    assert_eq!(refused(None).to_string(), "X refused the request");
}
