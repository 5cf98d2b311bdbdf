use birdhook_client::login::{OAuth1, OAuth2};
use birdhook_client::{AccessToken, Client, ConsumerKeys, Credentials, RetryPolicy, TransportError, UserToken};
use birdhook_core::Timestamp;

use crate::calls::every_call::call;
use crate::calls::fixture::{builder, made_up};
use crate::support::USER;
use crate::support::transport::{Script, answer};

const SECRETS: &str = "consumer-secret bearer-token 42-owner owner-secret 2001-user user-secret oauth2-token \
                       refresh-token client-secret";

fn contains_no_secret(what: &str) {
    for secret in SECRETS.split(' ') {
        assert!(!what.contains(secret), "{secret} is in {what}");
    }
}

#[test]
fn debug_output_contains_no_secrets() {
    let token = UserToken::new("oauth2-token").refresh("refresh-token").expires_at(Timestamp::from_millis(0));
    let credentials =
        made_up().user2(USER, token.clone()).oauth2_client("client-id", Some("client-secret".to_owned().into()));
    contains_no_secret(&format!("{credentials:?} {credentials:#?} {token:?}"));
    contains_no_secret(&format!("{:?}", AccessToken::new("42-owner", "owner-secret")));
    contains_no_secret(&format!("{:?}", ConsumerKeys::new("key", "consumer-secret")));
    let builder = Client::builder(credentials.clone());
    contains_no_secret(&format!("{builder:?} {builder:#?}"));
    let client = Client::new(credentials).unwrap();
    contains_no_secret(&format!("{client:?} {client:#?}"));
    let shown = format!("{:?} {:?} {:?}", client.enterprise(), client.premium("dev"), client.webhooks());
    contains_no_secret(&format!("{shown} {:?} {:?}", client.account_activity(), client.activity()));
    contains_no_secret(&format!("{:?}", client.stream_links()));
    let base = "https://me:client-secret@mock.example/x?key=bearer-token";
    let builder = Client::builder(made_up()).base_url(base);
    let oauth1 = OAuth1::new(ConsumerKeys::new("key", "consumer-secret")).unwrap().base_url(base);
    let oauth2 = OAuth2::new("client-id", None).unwrap().base_url(base);
    let shown = format!("{builder:?} {oauth1:?} {oauth2:?} {:?}", builder.clone().build().unwrap());
    contains_no_secret(&shown);
    assert_eq!(shown.matches("https://***@mock.example/x?***").count(), 4, "{shown}");
}

#[tokio::test]
async fn requests_and_errors_contain_no_secrets() {
    let names = ["enterprise.register", "webhooks.list", "aaa.subscribe", "activity.create", "enterprise.subscribe"];
    for name in names {
        for end in [answer(401, "{}"), answer(200, "bearer?"), Err(TransportError::Timeout), answer(503, "")] {
            let (script, sent) = Script::new([end]);
            let client = builder(made_up(), script).retries(RetryPolicy::never()).build().unwrap();
            if let Err(error) = call(&client, name).await {
                contains_no_secret(&format!("{error} {error:?} {error:#?} {}", error.fix()));
            }
            // A transport that logs requests must not log secrets.
            for request in sent.all() {
                contains_no_secret(&format!("{request:?}"));
                assert!(request.headers()["authorization"].is_sensitive(), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_fetched_token_is_in_no_output() {
    let credentials = || Credentials::new(ConsumerKeys::new("key", "consumer-secret"));
    for body in [r#"{"access_token":"bearer-token"}"#, r#""bearer-token""#, r#"{"access_token":["bearer-token"]}"#] {
        let (script, sent) = Script::new([answer(200, body), answer(401, "{}")]);
        let client = builder(credentials(), script).retries(RetryPolicy::never()).build().unwrap();
        // There are no owner credentials, so nothing is sent.
        let error = client.only(birdhook_client::CredentialKind::Owner).webhooks().list().await.unwrap_err();
        contains_no_secret(&format!("{error:?}"));
        assert_eq!(sent.count(), 0);
        let (script, sent) = Script::new([answer(200, body), answer(418, "")]);
        let client = builder(credentials(), script).retries(RetryPolicy::never()).build().unwrap();
        let error = client.webhooks().list().await.unwrap_err();
        contains_no_secret(&format!("{error} {error:?} {client:?}"));
        for request in sent.all() {
            contains_no_secret(&format!("{request:?}"));
        }
    }
}
