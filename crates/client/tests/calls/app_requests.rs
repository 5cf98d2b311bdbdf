//! Requests that an app sends itself, signed by the client.

use birdhook_client::CredentialKind::{Owner, User, User2};
use birdhook_client::{Client, CredentialKind, Credentials, ErrorCause, HttpsTransport, Transport, UserToken};
use birdhook_testkit::mock::Permission;
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::calls::fixture::{Fixture, builder, made_up};
use crate::calls::signatures::{oracle, parameters};
use crate::support::transport::{Script, authorization};
use crate::support::{USER, consumer, token};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn post(url: &str, content_type: &str, body: &str) -> Request<Bytes> {
    let body = Bytes::from(body.to_owned());
    Request::post(url).header(CONTENT_TYPE, content_type).body(body).unwrap()
}

fn offline(credentials: Credentials) -> Client {
    builder(credentials, Script::new([]).0).build().unwrap()
}

#[tokio::test]
async fn x_accepts_requests_signed_with_either_kind() {
    let fixture = Fixture::new().await;
    let message = format!("{}/2/dm_conversations/with/3003/messages?note=a+b%20%C3%BC&note=~*", fixture.x.url());
    let tweet = format!("{}/2/tweets", fixture.x.url());
    let https = HttpsTransport::new(std::time::Duration::from_secs(20)).unwrap();
    for kind in [User, User2] {
        for (url, text) in [(&message, "Good morning"), (&tweet, "1 + 1 = 2 & so on")] {
            let body = serde_json::json!({ "text": text }).to_string();
            let signed = fixture.client.only(kind).sign(USER, post(url, JSON, &body)).await.unwrap();
            assert!(signed.headers()[AUTHORIZATION].is_sensitive());
            assert_eq!(signed.body(), &body);
            let answer = https.send(signed).await.unwrap();
            assert_eq!(answer.status(), 201, "{kind}: {answer:?}");
        }
    }
    let written = fixture.x.written();
    let texts: Vec<_> =
        written.iter().map(|one| (one.user_id.as_str(), one.to.as_deref(), one.text.as_deref().unwrap())).collect();
    let (first, second) = ((USER, Some("3003"), "Good morning"), (USER, None, "1 + 1 = 2 & so on"));
    assert_eq!(texts, [first, second, first, second]);
}

#[tokio::test]
async fn form_parameters_are_signed_and_json_is_not() {
    let fixture = Fixture::new().await;
    let https = HttpsTransport::new(std::time::Duration::from_secs(20)).unwrap();
    let url: String = form_urlencoded::byte_serialize(fixture.receiver.url.as_bytes()).collect();
    let form = format!("url={url}");
    let owner = fixture.x.app().owner.id.clone();
    let credentials = Credentials::new(consumer(fixture.x.app())).user(&owner, token(&fixture.x.app().owner));
    let (client, _) = fixture.client_with(credentials);
    let url = format!("{}/1.1/account_activity/webhooks.json", fixture.x.url());
    // The mock checks that the signature covers the form.
    let request = post(&url, "Application/X-WWW-Form-URLencoded; charset=UTF-8", &form);
    let signed = client.sign(&owner, request).await.unwrap();
    assert_eq!(https.send(signed).await.unwrap().status(), 200);
    let mut signed = client.sign(&owner, post(&url, FORM, "url=other")).await.unwrap();
    *signed.body_mut() = Bytes::from(form);
    assert_eq!(https.send(signed).await.unwrap().status(), 401, "the body differs from the signed one");
}

#[tokio::test]
async fn signatures_of_forms_match_another_implementation() {
    let client = offline(made_up());
    let keys = ["key", "consumer-secret", "2001-user", "user-secret"].map(str::to_owned);
    let cases = [
        ("?include_entities=true", FORM, "status=Hello+Ladies+%2B+Gentlemen%2C+a+signed+OAuth+request%21"),
        ("?a=2&a=1&b5=%3D%253D", FORM, "c2=&a3=2+q&a=0"),
        ("", FORM, ""),
        ("", "multipart/form-data; boundary=x", "status=not+signed"),
        ("?q=%C3%BC+~*", JSON, r#"{"text":"a=b&c=d"}"#),
        ("", "text/x-application/x-www-form-urlencoded", "status=not+signed"),
    ];
    for (query, content_type, body) in cases {
        let url = format!("https://API.x.com:443/1.1/statuses/update.json{query}");
        let signed = client.sign(USER, post(&url, content_type, body)).await.unwrap();
        let sent = parameters(authorization(&signed));
        let form = if content_type == FORM { body } else { "" };
        let expected = oracle(&signed, "https://api.x.com", &keys, &sent, form);
        assert_eq!(sent["oauth_signature"], expected, "{query} {body}");
    }
}

#[tokio::test]
async fn the_api_version_selects_the_kind_unless_overridden() {
    let scheme = async |client: &Client, url: &str| {
        let signed = client.sign(USER, Request::get(url).body("").unwrap()).await.unwrap();
        signed.headers()[AUTHORIZATION].to_str().unwrap().split(' ').next().unwrap().to_owned()
    };
    let (v1, v2) = ("https://api.x.com/1.1/users/show.json", "https://api.x.com/2/users/me");
    let both = offline(made_up());
    assert_eq!((scheme(&both, v1).await.as_str(), scheme(&both, v2).await.as_str()), ("OAuth", "Bearer"));
    assert_eq!(scheme(&both.only(User), v2).await, "OAuth");
    assert_eq!(scheme(&both.only(User2), v1).await, "Bearer");
    assert_eq!(scheme(&both.only(Owner), v2).await, "OAuth");
    let only2 = offline(Credentials::bearer_only("b").user2(USER, UserToken::new("oauth2-token")));
    assert_eq!((scheme(&only2, v1).await.as_str(), scheme(&only2, v2).await.as_str()), ("Bearer", "Bearer"));
    let other = only2.sign("3003", Request::get(v2).body("").unwrap()).await.unwrap_err();
    let kinds: &'static [CredentialKind] = &[User2, User];
    assert_eq!((other.cause(), other.call()), (&ErrorCause::NoCredential(kinds), "GET /2/users/me"));
}

#[tokio::test]
async fn an_existing_header_is_replaced() {
    let client = offline(made_up());
    let request =
        Request::get("https://api.x.com/2/users/me").header(AUTHORIZATION, "Bearer old").header(AUTHORIZATION, "x");
    let signed = client.sign(USER, request.body(Vec::new()).unwrap()).await.unwrap();
    let all: Vec<_> = signed.headers().get_all(AUTHORIZATION).iter().collect();
    assert_eq!(all, ["Bearer oauth2-token"]);
}

#[tokio::test]
async fn only_x_receives_credentials() {
    let client = offline(made_up());
    let sign = async |client: &Client, url: &str| client.sign(USER, Request::get(url).body("").unwrap()).await;
    for url in ["//api.x.com/2/a", "//x.com/a", "//upload.twitter.com/1.1/a", "//API.X.COM:443/2/a"] {
        sign(&client, &format!("https:{url}")).await.unwrap();
        sign(&client, &format!("HTTPS:{url}")).await.unwrap();
    }
    for url in [
        "http://api.x.com/2/a",
        "https://api.x.com:8443/2/a",
        "https://notx.com/2/a",
        "https://api.x.com.example/2/a",
        "https://app.example/2/a?https://api.x.com/",
        "https://api.x.com@app.example/2/a",
        "/2/a",
    ] {
        let error = sign(&client, url).await.unwrap_err();
        assert_eq!(error.cause(), &ErrorCause::Invalid, "{url}");
        let why = "the URL is not one of X: sign an absolute URL of X, or set the base URL";
        assert!(error.to_string().ends_with(why), "{error}");
    }
    let mock = builder(made_up(), Script::new([]).0).base_url("http://127.0.0.1:8080/").build().unwrap();
    sign(&mock, "http://127.0.0.1:8080/2/a").await.unwrap();
    sign(&mock, "http://127.0.0.1:8081/2/a").await.unwrap_err();
}

#[tokio::test]
async fn x_refuses_a_read_only_token() {
    let fixture = Fixture::new().await;
    fixture.x.set_permission(Permission::Read);
    let reader = fixture.x.user("77");
    let (client, _) = fixture.client_with(Credentials::new(consumer(fixture.x.app())).user("77", token(&reader)));
    let url = format!("{}/2/tweets", fixture.x.url());
    let signed = client.sign("77", post(&url, JSON, r#"{"text":"a"}"#)).await.unwrap();
    let https = HttpsTransport::new(std::time::Duration::from_secs(20)).unwrap();
    assert_eq!(https.send(signed).await.unwrap().status(), 403);
    assert_eq!(fixture.x.written(), []);
}
