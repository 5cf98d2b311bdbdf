//! Messages and posts that apps write.

use birdhook_testkit::mock::{Permission, SCOPES};
use birdhook_testkit::{MockEventKind, mock::MockApi};
use serde_json::json;

use crate::mock::world::{As, USER, World};

const MESSAGE: &str = "/2/dm_conversations/with/3003/messages";

#[tokio::test]
async fn records_what_apps_write_and_reports_no_event() {
    let (world, webhook) = World::registered(MockApi::V2).await;
    for user in [USER, "3003"] {
        world.x.subscribe(&webhook, user).unwrap();
        for kind in [MockEventKind::MessageSent, MockEventKind::MessageReceived, MockEventKind::Post] {
            world.x.subscribe_to(&webhook, user, kind).unwrap();
        }
    }
    let user = world.x.user(USER);
    let reply = world.call("POST", MESSAGE, As::User(world.app(), &user), r#"{"text":"Good morning"}"#).await;
    assert_eq!((reply.status, &reply.body["data"]["dm_conversation_id"]), (201, &json!("2001-3003")), "{reply:?}");
    let post = world.call("POST", "/2/tweets", As::Bearer(&user.oauth2_token), r#"{"text":"Tea"}"#).await;
    assert_eq!((post.status, &post.body["data"]["text"]), (201, &json!("Tea")), "{post:?}");

    let written = world.x.written();
    let [first, second] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!(
        (first.user_id.as_str(), first.to.as_deref(), first.text.as_deref()),
        (USER, Some("3003"), Some("Good morning"))
    );
    assert_eq!((second.user_id.as_str(), second.to.as_deref(), second.text.as_deref()), (USER, None, Some("Tea")));
    assert_eq!((&reply.body["data"]["dm_event_id"], &post.body["data"]["id"]), (&json!(first.id), &json!(second.id)));
    assert_eq!((first.app.as_str(), &first.body), ("default", &json!({"text": "Good morning"})));
    let listed = world.call("GET", "/_mock/written", As::Nobody, "").await;
    assert_eq!(listed.body["written"], serde_json::to_value(&written).unwrap());
    world.x.settle().await;
    assert_eq!(world.delivered(), []);
}

#[tokio::test]
async fn refuses_what_x_refuses_and_records_none_of_it() {
    let world = World::new().await;
    let user = world.x.user(USER);
    world.play("messages and posts: invalid ones are rejected").await;
    for (path, scope) in [(MESSAGE, "dm.write"), ("/2/tweets", "tweet.write")] {
        let granted: Vec<&str> = SCOPES.iter().copied().filter(|granted| *granted != scope).collect();
        world.x.restrict(&user, &granted);
        assert_eq!(
            world.call("POST", path, As::Bearer(&user.oauth2_token), r#"{"text":"a"}"#).await.status,
            403,
            "{scope}"
        );
    }
    for (permission, message, post) in [(Permission::Read, 403, 403), (Permission::ReadWrite, 403, 201)] {
        world.x.set_permission(permission);
        let user = world.x.user(&format!("1{}", permission as u8));
        let me = As::User(world.app(), &user);
        assert_eq!(world.call("POST", MESSAGE, me, r#"{"text":"a"}"#).await.status, message, "{permission:?}");
        assert_eq!(world.call("POST", "/2/tweets", me, r#"{"text":"a"}"#).await.status, post, "{permission:?}");
    }
    let texts: Vec<_> = world.x.written().into_iter().map(|one| one.user_id).collect();
    assert_eq!(texts, ["11"], "the post of the user who let the app write");
}

#[tokio::test]
async fn sends_a_withheld_response_when_it_is_released() {
    let world = World::new().await;
    let user = world.x.user(USER);
    world.x.withhold_answers(true);
    let post = world.call("POST", "/2/tweets", As::User(world.app(), &user), r#"{"text":"a"}"#);
    let release = async {
        world.until(|world| !world.x.written().is_empty()).await;
        world.x.withhold_answers(false);
    };
    let (reply, ()) = tokio::join!(post, release);
    assert_eq!(reply.status, 201);
}
