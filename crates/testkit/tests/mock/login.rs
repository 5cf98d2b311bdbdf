//! User login over real HTTP: OAuth 1.0a with three legs and with a PIN, OAuth 2.0 with PKCE.

mod pkce;

use std::sync::atomic::{AtomicU64, Ordering};

use birdhook_testkit::Sender;
use birdhook_testkit::mock::{MockApi, MockApp, Permission};
use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;

use crate::mock::signer::{self, Keys, encode};
use crate::mock::world::{As, START, USER, World, s};

const CALLBACK: &str = "https://app.example/callback?tenant=7";
/// From RFC 7636, appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

static NEXT: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Reply {
    status: u16,
    location: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn field(&self, wanted: &str) -> String {
        field(&self.body, wanted)
    }

    /// Returns a query parameter of the redirect location.
    fn sent(&self, wanted: &str) -> String {
        assert_eq!(self.status, 302, "{self:?}");
        field(self.location.split_once('?').unwrap().1, wanted)
    }
}

fn field(form: &str, wanted: &str) -> String {
    let found: Vec<_> = form_urlencoded::parse(form.as_bytes()).filter(|(name, _)| name == wanted).collect();
    assert_eq!(found.len(), 1, "{wanted} in {form}");
    found[0].1.to_string()
}

async fn send(world: &World, method: &str, path: &str, authorization: &str, form: &str) -> Reply {
    let mut request = Request::builder().method(method).uri(format!("{}{path}", world.x.url()));
    if !authorization.is_empty() {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    if !form.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let request = request.body(Bytes::from(form.to_owned())).unwrap();
    let answer = Sender::new(s(10)).unwrap().send(request).await.unwrap();
    let location = answer.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap()).to_owned();
    Reply { status: answer.status.as_u16(), location, body: String::from_utf8(answer.body.to_vec()).unwrap() }
}

async fn get(world: &World, path: &str) -> Reply {
    send(world, "GET", path, "", "").await
}

/// Returns the header of a signed POST with these parameters and, if given, this token and its
/// secret.
fn signed(world: &World, app: &MockApp, path: &str, further: &[(&str, &str)], token: Option<(&str, &str)>) -> String {
    let nonce = format!("login{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (token, token_secret) = token.unwrap_or_default();
    let (consumer_key, consumer_secret) = (app.consumer_key.as_str(), app.consumer_secret.as_str());
    let keys = Keys { consumer_key, consumer_secret, token, token_secret };
    signer::header("POST", &format!("{}{path}", world.x.url()), (further, &[]), keys, (&nonce, START / 1000))
}

/// Returns a request token and its secret.
async fn begun(world: &World, app: &MockApp, callback: &str) -> (String, String) {
    let path = "/oauth/request_token";
    let reply = send(world, "POST", path, &signed(world, app, path, &[("oauth_callback", callback)], None), "").await;
    assert_eq!((reply.status, reply.field("oauth_callback_confirmed").as_str()), (200, "true"), "{reply:?}");
    (reply.field("oauth_token"), reply.field("oauth_token_secret"))
}

async fn finished(world: &World, app: &MockApp, (token, secret): (&str, &str), verifier: &str) -> Reply {
    let path = "/oauth/access_token";
    let header = signed(world, app, path, &[("oauth_verifier", verifier)], Some((token, secret)));
    send(world, "POST", path, &header, "").await
}

#[tokio::test]
async fn the_three_legged_login_returns_a_token_for_all_apis() {
    let (world, webhook) = World::registered(MockApi::Enterprise).await;
    let (token, secret) = begun(&world, world.app(), CALLBACK).await;
    let reply = finished(&world, world.app(), (&token, &secret), "").await;
    assert_eq!(reply.status, 401, "before the user has agreed");
    let back = get(&world, &format!("/oauth/authorize?oauth_token={token}&user_id={USER}")).await;
    assert!(back.location.starts_with("https://app.example/callback?tenant=7&oauth_token="), "{back:?}");
    assert_eq!(back.sent("oauth_token"), token);
    let again = get(&world, &format!("/oauth/authorize?oauth_token={token}&user_id=2002")).await;
    assert_eq!(again.status, 403, "a user agrees once");

    let verifier = back.sent("oauth_verifier");
    for (what, secret, verifier) in [
        ("a wrong verifier", secret.as_str(), "wrong"),
        ("no verifier", &secret, ""),
        ("a wrong secret", "wrong", &verifier),
        ("no secret", "", &verifier),
    ] {
        let reply = finished(&world, world.app(), (&token, secret), verifier).await;
        assert_eq!(reply.status, 401, "{what}: {reply:?}");
    }
    let second = world.x.add_app("second").unwrap();
    assert_eq!(finished(&world, &second, (&token, &secret), &verifier).await.status, 401, "another app's");

    let reply = finished(&world, world.app(), (&token, &secret), &verifier).await;
    assert_eq!((reply.status, reply.field("user_id").as_str()), (200, USER), "{reply:?}");
    assert_eq!(reply.field("screen_name"), "user_2001");
    let user = world.x.user(USER);
    assert_eq!(reply.field("oauth_token"), user.token.as_str());
    assert_eq!(reply.field("oauth_token_secret"), user.token_secret.as_str());
    let subscribe = format!("/1.1/account_activity/webhooks/{}/subscriptions/all.json", webhook.id);
    assert_eq!(world.call("POST", &subscribe, As::User(world.app(), &user), "").await.status, 204);
    let reply = finished(&world, world.app(), (&token, &secret), &verifier).await;
    assert_eq!(reply.status, 401, "a request token works once");
}

#[tokio::test]
async fn accepts_a_verifier_in_the_query_or_the_form() {
    let world = World::new().await;
    for place in ["query", "form"] {
        let (token, secret) = begun(&world, world.app(), "oob").await;
        let pin = get(&world, &format!("/oauth/authorize?oauth_token={token}&user_id={USER}")).await.body;
        assert!(pin.len() == 7 && pin.parse::<u32>().is_ok(), "{pin}");
        let path = "/oauth/access_token";
        // The parameter may also be in the query or the body, and is signed there too.
        let header = signed(&world, world.app(), path, &[("oauth_verifier", &pin)], Some((&token, &secret)));
        let header = header.replace(&format!(", oauth_verifier=\"{pin}\""), "");
        let parameter = format!("oauth_verifier={pin}");
        let reply = match place {
            "query" => send(&world, "POST", &format!("{path}?{parameter}"), &header, "").await,
            _ => send(&world, "POST", path, &header, &parameter).await,
        };
        assert_eq!(reply.status, 200, "{place}: {reply:?}");
    }
}

#[tokio::test]
async fn a_wrong_pin_can_be_corrected() {
    let world = World::new().await;
    let (token, secret) = begun(&world, world.app(), "oob").await;
    let pin = get(&world, &format!("/oauth/authorize?oauth_token={token}&user_id={USER}")).await.body;
    assert_eq!(finished(&world, world.app(), (&token, &secret), "0").await.status, 401);
    assert_eq!(finished(&world, world.app(), (&token, &secret), &pin).await.status, 200);
    assert_eq!(finished(&world, world.app(), (&token, &secret), &pin).await.status, 401);
}

#[tokio::test]
async fn reports_a_refusal_by_the_user() {
    let world = World::new().await;
    let (token, secret) = begun(&world, world.app(), CALLBACK).await;
    let reply = get(&world, &format!("/oauth/authorize?oauth_token={token}&denied=1")).await;
    assert_eq!(reply.location, format!("{CALLBACK}&denied={token}"));
    assert_eq!(get(&world, &format!("/oauth/authorize?oauth_token={token}&user_id=1")).await.status, 403);
    assert_eq!(finished(&world, world.app(), (&token, &secret), "").await.status, 401);
    let (token, _) = begun(&world, world.app(), "oob").await;
    let reply = get(&world, &format!("/oauth/authorize?oauth_token={token}&denied=1")).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "You have not let the app in."));
}

#[tokio::test]
async fn redirects_only_to_registered_callbacks() {
    let world = World::with(|settings| settings.callbacks = vec![CALLBACK.to_owned()]).await;
    let path = "/oauth/request_token";
    let with = async |further: &[(&str, &str)]| {
        let reply = send(&world, "POST", path, &signed(&world, world.app(), path, further, None), "").await;
        (reply.status, reply.json()["errors"][0]["code"].as_u64())
    };
    assert_eq!(with(&[("oauth_callback", "https://app.example/callback")]).await, (403, Some(415)));
    assert_eq!(with(&[("oauth_callback", "callback")]).await, (403, Some(415)));
    assert_eq!(with(&[]).await, (400, Some(38)));
    assert_eq!(with(&[("oauth_callback", CALLBACK), ("oauth_token", "x")]).await, (401, Some(32)));
    begun(&world, world.app(), CALLBACK).await;
    begun(&world, world.app(), "oob").await;

    let elsewhere = asking(&world, "https://app.example/callback", "", "&user_id=1");
    let reply = get(&world, &elsewhere).await;
    assert_eq!((reply.status, reply.location.as_str()), (400, ""));
    assert_eq!(get(&world, &asking(&world, CALLBACK, "", "&user_id=1")).await.status, 302);
}

#[tokio::test]
async fn a_new_login_gets_the_current_permissions() {
    let (world, webhook) = World::registered(MockApi::Enterprise).await;
    let subscribe = format!("/1.1/account_activity/webhooks/{}/subscriptions/all.json", webhook.id);
    world.x.set_permission(Permission::Read);
    let user = world.x.user(USER);
    world.x.set_permission(Permission::ReadWriteMessages);
    assert_eq!(world.call("POST", &subscribe, As::User(world.app(), &user), "").await.status, 403);
    let (token, secret) = begun(&world, world.app(), "oob").await;
    let pin = get(&world, &format!("/oauth/authorize?oauth_token={token}&user_id={USER}")).await.body;
    finished(&world, world.app(), (&token, &secret), &pin).await;
    assert_eq!(world.call("POST", &subscribe, As::User(world.app(), &user), "").await.status, 204);
}

/// Returns the path of the consent page for these scopes.
fn asking(world: &World, redirect_uri: &str, scopes: &str, further: &str) -> String {
    let scopes = if scopes.is_empty() { "tweet.read users.read dm.read dm.write offline.access" } else { scopes };
    let (id, redirect_uri, scopes) = (&world.app().client_id, encode(redirect_uri), encode(scopes));
    let asked = format!("response_type=code&client_id={id}&redirect_uri={redirect_uri}&scope={scopes}&state=st%26te");
    format!("/i/oauth2/authorize?{asked}&code_challenge={CHALLENGE}&code_challenge_method=S256{further}")
}
