//! Authentication: OAuth 1.0a as an independent implementation signs it, bearer tokens, and OAuth
//! 2.0 user tokens.

use birdhook_testkit::mock::{MockApi, MockToken, Permission, SCOPES};
use serde_json::json;

use crate::mock::signer::Keys;
use crate::mock::world::{As, START, USER, World, calls, keys, s, with_url};

const HOOKS: &str = "/1.1/account_activity/webhooks";

#[tokio::test]
async fn every_call_accepts_only_its_kind_of_credentials() {
    let world = World::new().await;
    let user = world.x.user(USER);
    let wrong = MockToken::new("no token of anybody");
    for [method, path, takes, _] in calls() {
        let name = format!("{method} {path}");
        let is_v1 = path.starts_with("/1.1/");
        // No credentials, a wrong token, and a wrong signature are answered 401 everywhere.
        let mut forged = user.clone();
        forged.token_secret = MockToken::new("forged");
        for nobody in
            [As::Nobody, As::Bearer(&wrong), As::User(world.app(), &forged), As::Header("Basic eDp5"), As::Header("?")]
        {
            let reply = world.call(method, path, nobody, "").await;
            if is_v1 {
                assert_eq!(reply.error(), (401, 32, "Could not authenticate you."), "{name} as {nobody:?}");
            } else {
                let expected =
                    json!({"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Unauthorized"});
                assert_eq!(reply.both(), (401, expected), "{name} as {nobody:?}");
            }
        }
        let callers = [
            (world.bearer(), "app", ["app", "anyone"].as_slice()),
            (As::User(world.app(), &user), "user", &["user", "any-user", "anyone"]),
            (world.owner(), "owner", &["owner", "user", "any-user", "anyone"]),
            (As::Bearer(&user.oauth2_token), "OAuth 2.0", &["any-user", "anyone"]),
        ];
        for (who, caller, allowed) in callers {
            let reply = world.call(method, path, who, "").await;
            // An accepted call may still fail, for example because the webhook does not exist.
            let is_let_in = reply.headers.contains_key("x-rate-limit-limit");
            assert_eq!(is_let_in, allowed.contains(&takes), "{name} as {caller}: {reply:?}");
            if is_let_in {
                continue;
            }
            if !is_v1 {
                assert_eq!(reply.status, 403, "{name} as {caller}");
                assert_eq!(reply.body["type"], "https://api.x.com/2/problems/unsupported-authentication");
                assert_eq!(reply.body["title"], "Unsupported Authentication");
                continue;
            }
            let expected = match (takes, caller, path) {
                ("owner", "user", _) => (403, 200, "Forbidden."),
                ("app", _, path) if path.contains("/replay/") => {
                    (401, 32, "Invalid authentication method. Please use application-only authentication.")
                }
                ("app", _, HOOKS_JSON) => (403, 99, "You don't have access to this resource."),
                ("app", ..) => (401, 32, "Could not authenticate you."),
                _ => (403, 261, "Application cannot perform write actions."),
            };
            assert_eq!(reply.error(), expected, "{name} as {caller}");
        }
    }
}

const HOOKS_JSON: &str = "/1.1/account_activity/webhooks.json";

#[tokio::test]
async fn a_signature_covers_every_part_of_the_request() {
    let world = World::new().await;
    let (app, owner) = (world.app(), &world.app().owner);
    let path = with_url(HOOKS_JSON, &format!("{}?tenant=7&name=a+b%20ü~*", world.receiver.url));
    let other = with_url(HOOKS_JSON, &world.receiver.url);
    let right = keys(app, owner);
    let user = world.x.user(USER);
    let second = world.x.add_app("second").unwrap();
    let sign = |method: &str, path: &str, keys: Keys<'_>, nonce: &str| {
        world.oauth_at(method, path, "", keys, (nonce, START / 1000))
    };
    let wrong = [
        ("another method", sign("PUT", &path, right, "n1")),
        ("another parameter", sign("POST", &other, right, "n2")),
        ("another path", sign("POST", &path.replace("webhooks.json", "webhooks"), right, "n3")),
        ("another consumer secret", sign("POST", &path, Keys { consumer_secret: "x", ..right }, "n4")),
        ("another token secret", sign("POST", &path, Keys { token_secret: "x", ..right }, "n5")),
        ("no such consumer key", sign("POST", &path, Keys { consumer_key: "x", ..right }, "n6")),
        ("no such token", sign("POST", &path, Keys { token: "x", ..right }, "n7")),
        ("another's token", sign("POST", &path, Keys { token: user.token.as_str(), ..right }, "n8")),
        ("another app's token", sign("POST", &path, keys(app, &second.owner), "n9")),
        ("an empty signature", {
            let header = sign("POST", &path, right, "n10");
            let (before, rest) = header.split_once("oauth_signature=\"").unwrap();
            format!("{before}oauth_signature=\"\"{}", rest.split_once('"').unwrap().1)
        }),
        ("a nonce that was not signed", sign("POST", &path, right, "n11").replace("n11", "n12")),
    ];
    for (what, header) in &wrong {
        let reply = world.call("POST", &path, As::Header(header), "").await;
        assert_eq!(reply.error(), (401, 32, "Could not authenticate you."), "{what}");
    }
    let reply = world.call("POST", &path, As::Header(&sign("POST", &path, right, "n1")), "").await;
    assert_eq!(reply.status, 200, "the right one, with a nonce that was only seen with a wrong signature: {reply:?}");
}

#[tokio::test]
async fn the_signature_covers_a_form() {
    let world = World::new().await;
    let form = with_url("", &world.receiver.url).trim_start_matches('?').to_owned();
    let header = world.oauth("POST", HOOKS, "url=http%3A%2F%2F127.0.0.1%3A1", world.app(), &world.app().owner);
    let form_type = "application/x-www-form-urlencoded";
    let reply = world.call_with("POST", HOOKS, As::Header(&header), form_type, &form).await;
    assert_eq!(reply.error().0, 401, "it signs another form");
    assert_eq!(world.call_with("POST", HOOKS, world.owner(), form_type, &form).await.status, 200);
}

#[tokio::test]
async fn a_nonce_is_valid_once_and_a_timestamp_for_five_minutes() {
    // Far from the system clock, which would be accepted too.
    let world = World::with(|settings| {
        settings.clock =
            birdhook_testkit::Clock::manual(birdhook_core::Timestamp::from_millis(START + 1_000_000_000_000));
    })
    .await;
    let webhook = world.webhook(MockApi::Enterprise).await;
    let path = format!("{HOOKS}/{}.json", webhook.id);
    let now = (START + 1_000_000_000_000) / 1000;
    let right = keys(world.app(), &world.app().owner);
    let put = async |nonce: &str, time: i64| {
        let header = world.oauth_at("PUT", &path, "", right, (nonce, time));
        world.call("PUT", &path, As::Header(&header), "").await.status
    };
    assert_eq!(put("a", now).await, 204);
    assert_eq!(put("a", now).await, 401, "a nonce that was used");
    assert_eq!(put("b", now).await, 204);
    assert_eq!(put("a", now + 1).await, 204, "the nonce of another second");
    for (off, status) in [(-301, 401), (-300, 204), (300, 204), (301, 401), (-86_400, 401)] {
        assert_eq!(put("c", now + off).await, status, "{off} s off");
    }
    world.advance(s(301)).await;
    assert_eq!(put("d", now).await, 401, "it has become stale");
    assert_eq!(put("a", now).await, 401, "and the nonce does not come back");
    assert_eq!(put("d", now + 301).await, 204);
}

#[tokio::test]
async fn permissions_apply_to_users_who_authorize_the_app_afterwards() {
    let (world, webhook) = World::registered(MockApi::Enterprise).await;
    let subscribe = format!("{HOOKS}/{}/subscriptions/all.json", webhook.id);
    let v2 = format!("/2/account_activity/webhooks/{}/subscriptions/all", webhook.id);
    let before = world.x.user("1");
    for permission in [Permission::Read, Permission::ReadWrite] {
        world.x.set_permission(permission);
        let user = world.x.user(&format!("1{}", permission as u8));
        let reply = world.call("POST", &subscribe, As::User(world.app(), &user), "").await;
        let text = "Client application is not permitted to access this user's webhook subscriptions.";
        assert_eq!(reply.error(), (403, 348, text), "{permission:?}");
        let reply = world.call("POST", &v2, As::User(world.app(), &user), "").await;
        assert_eq!((reply.status, &reply.body["title"]), (403, &json!("Forbidden")), "{permission:?}");
    }
    assert_eq!(world.call("POST", &subscribe, As::User(world.app(), &before), "").await.status, 204);

    world.x.set_permission(Permission::Read);
    let reader = world.x.add_app("reader").unwrap();
    let reply = world.call("POST", &with_url(HOOKS, &world.receiver.url), As::User(&reader, &reader.owner), "").await;
    assert_eq!(reply.error(), (403, 261, "Application cannot perform write actions."));
}

#[tokio::test]
async fn oauth2_calls_require_every_scope() {
    let (world, webhook) = World::registered(MockApi::V2).await;
    let all = format!("/2/account_activity/webhooks/{}/subscriptions/all", webhook.id);
    let needed = ["dm.read", "dm.write", "tweet.read", "users.read"];
    let user = world.x.user(USER);
    for missing in needed {
        let granted: Vec<&str> = SCOPES.iter().copied().filter(|scope| *scope != missing).collect();
        world.x.restrict(&user, &granted);
        assert_eq!(world.call("POST", &all, As::Bearer(&user.oauth2_token), "{}").await.status, 403, "{missing}");
    }
    world.x.restrict(&user, &needed);
    assert_eq!(world.call("POST", &all, As::Bearer(&user.oauth2_token), "{}").await.status, 200);
}

#[tokio::test]
async fn debug_output_does_not_contain_tokens() {
    let world = World::new().await;
    let user = world.x.user(USER);
    let shown = format!("{:?} {:?} {:?}", world.x, world.app(), user);
    for secret in [&world.app().consumer_secret, &world.app().bearer, &user.token_secret, &user.oauth2_token] {
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }
}
