//! OAuth 2.0 login with PKCE.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{MockApi, MockToken};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{CALLBACK, CHALLENGE, Reply, asking, begun, get, send};
use crate::mock::world::{As, USER, World, s};

/// From RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Returns a code for a user with these scopes.
async fn code(world: &World, scopes: &str) -> String {
    let reply = get(world, &asking(world, CALLBACK, scopes, &format!("&user_id={USER}"))).await;
    assert_eq!(reply.sent("state"), "st&te");
    reply.sent("code")
}

async fn ask(world: &World, authorization: &str, parameters: &[(&str, &str)]) -> Reply {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    send(world, "POST", "/2/oauth2/token", authorization, &form).await
}

async fn spend(world: &World, code: &str) -> Reply {
    let id = world.app().client_id.as_str();
    ask(world, "", &of_code(code, id)).await
}

fn of_code<'a>(code: &'a str, id: &'a str) -> [(&'static str, &'a str); 5] {
    let grant = ("grant_type", "authorization_code");
    [grant, ("code", code), ("client_id", id), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]
}

async fn renew(world: &World, refresh: &str) -> Reply {
    let id = world.app().client_id.as_str();
    ask(world, "", &[("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", id)]).await
}

async fn me(world: &World, access: &str) -> u16 {
    let reply = world.call("GET", "/2/users/me", As::Bearer(&MockToken::new(access)), "").await;
    if reply.status == 200 {
        assert_eq!(reply.body, json!({"data": {"id": USER, "name": "user_2001", "username": "user_2001"}}));
    }
    reply.status
}

fn text(reply: &Reply, name: &str) -> String {
    reply.json()[name].as_str().unwrap_or_else(|| panic!("{name} in {reply:?}")).to_owned()
}

#[tokio::test]
async fn exchanges_a_code_for_tokens_that_are_valid_for_two_hours() {
    let world = World::new().await;
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)), CHALLENGE);
    let webhook = world.webhook(MockApi::V2).await;
    let reply = spend(&world, &code(&world, "").await).await;
    assert_eq!(
        (reply.status, &reply.json()["token_type"], &reply.json()["expires_in"]),
        (200, &json!("bearer"), &json!(7200))
    );
    assert_eq!(text(&reply, "scope"), "dm.read dm.write offline.access tweet.read users.read");
    let access = text(&reply, "access_token");
    let subscribe = format!("/2/account_activity/webhooks/{}/subscriptions/all", webhook.id);
    assert_eq!(world.call("POST", &subscribe, As::Bearer(&MockToken::new(&access)), "{}").await.status, 200);
    assert_eq!(world.x.subscriptions()[0].user_id, USER);
    world.advance(s(7199)).await;
    assert_eq!(me(&world, &access).await, 200);
    world.advance(s(1)).await;
    assert_eq!(me(&world, &access).await, 401);

    let (other, refresh) = (world.x.add_app("second").unwrap(), text(&reply, "refresh_token"));
    let theirs = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("client_id", &other.client_id)];
    assert_eq!(ask(&world, "", &theirs).await.status, 400, "another app's, which does not spend it");
    let second = renew(&world, &text(&reply, "refresh_token")).await;
    assert_eq!(second.status, 200);
    assert_eq!(me(&world, &text(&second, "access_token")).await, 200);
    let again = renew(&world, &text(&reply, "refresh_token")).await;
    let expected = json!({"error": "invalid_request", "error_description": "Value passed for the token was invalid."});
    assert_eq!((again.status, again.json()), (400, expected), "a refresh token works once");
    assert_eq!(renew(&world, &text(&second, "refresh_token")).await.status, 200);
}

#[tokio::test]
async fn a_code_is_valid_once_in_time_and_for_the_requesting_app() {
    let world = World::new().await;
    let second = world.x.add_app("second").unwrap();
    let spent = code(&world, "").await;
    assert_eq!(spend(&world, &spent).await.status, 200);
    assert_eq!(spend(&world, &spent).await.status, 400, "twice");

    let id = world.app().client_id.as_str();
    for (what, at, name, value) in [
        ("a wrong verifier", 4, "code_verifier", "wrong"),
        ("the challenge", 4, "code_verifier", CHALLENGE),
        ("no verifier", 4, "code_verifier", ""),
        ("another redirect", 3, "redirect_uri", "https://app.example/callback"),
        ("another app", 2, "client_id", second.client_id.as_str()),
        ("another grant", 0, "grant_type", "password"),
        ("no such code", 1, "code", "x"),
    ] {
        let code = code(&world, "").await;
        let mut parameters = of_code(&code, id);
        parameters[at] = (name, value);
        let reply = ask(&world, "", &parameters).await;
        assert_eq!((reply.status, text(&reply, "error").as_str()), (400, "invalid_request"), "{what}");
    }
    let late = code(&world, "").await;
    world.advance(s(30)).await;
    let later = code(&world, "").await;
    assert_eq!(spend(&world, &late).await.status, 200, "after 30 s");
    world.advance(s(31)).await;
    assert_eq!(spend(&world, &later).await.status, 400, "after 31 s");
}

#[tokio::test]
async fn a_confidential_client_must_send_its_secret() {
    let world = World::with(|settings| settings.client_secret = Some(MockToken::new("a:b+c"))).await;
    let id = world.app().client_id.clone();
    let basic = |id: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let code = code(&world, "").await;
    let wrong = [basic(&id, "wrong"), basic("x", "a%3Ab%2Bc"), basic(&id, ""), "Basic ?".to_owned(), String::new()];
    for header in wrong {
        let reply = ask(&world, &header, &of_code(&code, &id)).await;
        let expected =
            json!({"error": "unauthorized_client", "error_description": "Missing valid authorization header"});
        assert_eq!((reply.status, reply.json()), (401, expected), "{header}");
    }
    let reply = ask(&world, &basic(&id, "a%3Ab%2Bc"), &of_code(&code, &id)).await;
    assert_eq!(reply.status, 200);
    let refresh = text(&reply, "refresh_token");
    assert_eq!(renew(&world, &refresh).await.status, 401, "and for a refresh token too");
    let parameters = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    assert_eq!(ask(&world, &basic(&id, "a%3ab%2bc"), &parameters).await.status, 200);
}

#[tokio::test]
async fn a_token_is_limited_to_its_scopes() {
    let (world, webhook) = World::registered(MockApi::V2).await;
    let reply = spend(&world, &code(&world, "tweet.read users.read").await).await;
    assert!(reply.json().get("refresh_token").is_none(), "without offline.access: {reply:?}");
    let access = text(&reply, "access_token");
    assert_eq!(me(&world, &access).await, 200);
    let subscribe = format!("/2/account_activity/webhooks/{}/subscriptions/all", webhook.id);
    assert_eq!(world.call("POST", &subscribe, As::Bearer(&MockToken::new(access)), "{}").await.status, 403);
    let reply = spend(&world, &code(&world, "users.read").await).await;
    assert_eq!(me(&world, &text(&reply, "access_token")).await, 403);
    assert_eq!(world.call("GET", "/2/users/me", world.bearer(), "").await.status, 403, "the app is no user");
    let user = world.x.user(USER);
    assert_eq!(world.call("GET", "/2/users/me", As::User(world.app(), &user), "").await.status, 200);
    assert_eq!(world.call("GET", "/2/users/me", As::Nobody, "").await.status, 401);
}

#[tokio::test]
async fn reports_a_refusal_by_the_user_and_an_invalid_request() {
    let world = World::new().await;
    let denied = get(&world, &asking(&world, CALLBACK, "", "&denied=1")).await;
    assert_eq!((denied.sent("error").as_str(), denied.sent("state").as_str()), ("access_denied", "st&te"));
    let good = asking(&world, CALLBACK, "", "&user_id=1");
    for (part, other) in
        [("response_type=code&", "response_type=token&"), ("S256", "plain"), ("&state=st%26te", ""), (CHALLENGE, "")]
    {
        assert!(good.contains(part));
        assert_eq!(get(&world, &good.replace(part, other)).await.sent("error"), "invalid_request", "{part}");
    }
    let stranger = good.replace(&world.app().client_id, "x");
    assert_eq!(get(&world, &stranger).await.status, 400, "no such app");
    assert_eq!(get(&world, &good.replace("https%3A", "")).await.status, 400, "no URL");
}

#[tokio::test]
async fn the_login_page_asks_the_user() {
    let world = World::new().await;
    let reply = get(&world, &asking(&world, "https://app.example/\"><script>", "", "")).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("value=\"https://app.example/&quot;>&lt;script>\""), "{reply:?}");
    assert!(reply.body.contains("name=\"user_id\"") && reply.body.contains("name=\"denied\""));
    let (token, _) = begun(&world, world.app(), CALLBACK).await;
    let reply = get(&world, &format!("/oauth/authorize?oauth_token={token}")).await;
    assert!(reply.body.contains(&format!("name=\"oauth_token\" value=\"{token}\"")), "{reply:?}");
    assert_eq!(get(&world, "/oauth/authorize").await.status, 403);
    assert_eq!(get(&world, &format!("/oauth/authorize?oauth_token={token}&user_id=1")).await.status, 302);
}

#[tokio::test]
async fn expire_invalidates_a_token_early() {
    let world = World::new().await;
    let reply = spend(&world, &code(&world, "").await).await;
    let access = text(&reply, "access_token");
    world.x.expire(&MockToken::new(&access));
    assert_eq!(me(&world, &access).await, 401);
    let reply = renew(&world, &text(&reply, "refresh_token")).await;
    assert_eq!(me(&world, &text(&reply, "access_token")).await, 200);

    // The user revokes the app's access.
    let pending = code(&world, "").await;
    world.x.emit(MockEventKind::Revoke, USER);
    assert_eq!(me(&world, &text(&reply, "access_token")).await, 401);
    assert_eq!(renew(&world, &text(&reply, "refresh_token")).await.status, 400);
    assert_eq!(spend(&world, &pending).await.status, 400);
}

#[tokio::test]
async fn client_ids_have_the_format_of_x_and_differ_between_apps() {
    let world = World::new().await;
    let second = world.x.add_app("second").unwrap();
    assert_ne!(world.app().client_id, second.client_id);
    let within = String::from_utf8(URL_SAFE_NO_PAD.decode(&second.client_id).unwrap()).unwrap();
    assert!(within.ends_with(":1:ci") && within.len() == 25, "{within}");
    let shown = format!("{:?}", world.x);
    let reply = spend(&world, &code(&world, "").await).await;
    for secret in [text(&reply, "access_token"), text(&reply, "refresh_token")] {
        assert!(!shown.contains(&secret) && !format!("{:?}", world.x).contains(&secret));
    }
}

#[tokio::test]
async fn revoking_a_token_invalidates_no_other() {
    let world = World::new().await;
    let id = world.app().client_id.as_str();
    let revoke = async |parameters: &[(&str, &str)]| {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        send(&world, "POST", "/2/oauth2/revoke", "", &form).await
    };
    let reply = spend(&world, &code(&world, "").await).await;
    let (access, refresh) = (text(&reply, "access_token"), text(&reply, "refresh_token"));
    assert_eq!(revoke(&[("token", &access), ("client_id", "x")]).await.status, 401, "no such app");
    assert_eq!(revoke(&[("client_id", id)]).await.status, 400, "no token");
    let other = world.x.add_app("second").unwrap();
    assert_eq!(revoke(&[("token", &access), ("client_id", &other.client_id)]).await.status, 200);
    assert_eq!(me(&world, &access).await, 200, "another app cannot revoke it");
    for _ in 0..2 {
        let reply = revoke(&[("token", &access), ("client_id", id)]).await;
        assert_eq!((reply.status, reply.json()), (200, json!({"revoked": true})), "one that is gone, too");
    }
    assert_eq!(me(&world, &access).await, 401);
    let next = renew(&world, &refresh).await;
    assert_eq!(next.status, 200, "the refresh token goes on");
    assert_eq!(revoke(&[("token", &text(&next, "refresh_token")), ("client_id", id)]).await.status, 200);
    assert_eq!(renew(&world, &text(&next, "refresh_token")).await.status, 400);
    assert_eq!(me(&world, &text(&next, "access_token")).await, 200);
}
