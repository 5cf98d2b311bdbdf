//! Secrets appear in no output.

use birdhook_client::login::{OAuth1, OAuth2};
use birdhook_client::{AccessToken, Client, ConsumerKeys, Credentials, RetryPolicy, TransportError, UserToken};
use birdhook_core::Timestamp;

use crate::calls::retries::call;
use crate::calls::transport::{Book, answer};
use crate::calls::world::{USER, builder, made_up};

const SECRETS: [&str; 9] = [
    "consumer-secret",
    "bearer-token",
    "42-owner",
    "owner-secret",
    "2001-user",
    "user-secret",
    "oauth2-token",
    "refresh-token",
    "client-secret",
];

fn shows_none(what: &str) {
    for secret in SECRETS {
        assert!(!what.contains(secret), "{secret} is in {what}");
    }
}

#[test]
fn credentials_and_clients_show_none() {
    let token = UserToken::new("oauth2-token").refresh("refresh-token").expires_at(Timestamp::from_millis(0));
    let credentials =
        made_up().user2(USER, token.clone()).oauth2_client("client-id", Some("client-secret".to_owned().into()));
    shows_none(&format!("{credentials:?} {credentials:#?} {token:?}"));
    shows_none(&format!("{:?}", AccessToken::new("42-owner", "owner-secret")));
    shows_none(&format!("{:?}", ConsumerKeys::new("key", "consumer-secret")));
    let builder = Client::builder(credentials.clone());
    shows_none(&format!("{builder:?} {builder:#?}"));
    let client = Client::new(credentials).unwrap();
    shows_none(&format!("{client:?} {client:#?}"));
    let shown = format!("{:?} {:?} {:?}", client.enterprise(), client.premium("dev"), client.webhooks());
    shows_none(&format!("{shown} {:?} {:?}", client.account_activity(), client.activity()));
    shows_none(&format!("{:?}", client.stream_links()));
    let base = "https://me:client-secret@mock.example/x?key=bearer-token";
    let builder = Client::builder(made_up()).base_url(base);
    let oauth1 = OAuth1::new(ConsumerKeys::new("key", "consumer-secret")).unwrap().base_url(base);
    let oauth2 = OAuth2::new("client-id", None).unwrap().base_url(base);
    let shown = format!("{builder:?} {oauth1:?} {oauth2:?} {:?}", builder.clone().build().unwrap());
    shows_none(&shown);
    assert_eq!(shown.matches("https://***@mock.example/x?***").count(), 4, "{shown}");
}

#[tokio::test]
async fn requests_and_errors_show_none() {
    let names = ["enterprise.register", "webhooks.list", "aaa.subscribe", "activity.create", "enterprise.subscribe"];
    for name in names {
        for end in [answer(401, "{}"), answer(200, "bearer?"), Err(TransportError::Timeout), answer(503, "")] {
            let (book, sent) = Book::new([end]);
            let client = builder(made_up(), book).retries(RetryPolicy::never()).build().unwrap();
            if let Err(error) = call(&client, name).await {
                shows_none(&format!("{error} {error:?} {error:#?} {}", error.fix()));
            }
            // A transport that logs requests must not log secrets.
            for request in sent.all() {
                shows_none(&format!("{request:?}"));
                assert!(request.headers()["authorization"].is_sensitive(), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn the_token_that_is_fetched_is_shown_by_nothing() {
    let credentials = || Credentials::new(ConsumerKeys::new("key", "consumer-secret"));
    for body in [r#"{"access_token":"bearer-token"}"#, r#""bearer-token""#, r#"{"access_token":["bearer-token"]}"#] {
        let (book, sent) = Book::new([answer(200, body), answer(401, "{}")]);
        let client = builder(credentials(), book).retries(RetryPolicy::never()).build().unwrap();
        // There are no owner credentials, so nothing is sent.
        let error = client.only(birdhook_client::CredentialKind::Owner).webhooks().list().await.unwrap_err();
        shows_none(&format!("{error:?}"));
        assert_eq!(sent.count(), 0);
        let (book, sent) = Book::new([answer(200, body), answer(418, "")]);
        let client = builder(credentials(), book).retries(RetryPolicy::never()).build().unwrap();
        let error = client.webhooks().list().await.unwrap_err();
        shows_none(&format!("{error} {error:?} {client:?}"));
        for request in sent.all() {
            shows_none(&format!("{request:?}"));
        }
    }
}
