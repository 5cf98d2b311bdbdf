//! Undocumented responses, and errors in the shapes that X has been seen to use.

use birdhook_client::CredentialKind::{Bearer, Owner, User, User2};
use birdhook_client::ErrorCause;
use serde::Deserialize;
use serde_json::Value;

use crate::calls::every_call::call;
use crate::calls::expected::check_general;
use crate::calls::fixture::scripted;
use crate::support::transport::answer;
use crate::support::{USER, at};

/// A response to a call, and the expected error: `shows` is a part of its text, `fix` of its fix.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    call: String,
    /// The only kind of credentials that the client may use.
    only: Option<String>,
    status: u16,
    /// A string is sent as it is, any other value as JSON.
    #[serde(default)]
    body: Value,
    cause: String,
    credential: String,
    code: Option<i64>,
    reason: Option<String>,
    message: Option<String>,
    #[serde(default)]
    shows: String,
    #[serde(default)]
    fix: String,
}

#[tokio::test]
async fn errors_are_read_in_every_shape() {
    let table: Vec<Row> = serde_json::from_str(include_str!("errors.json")).unwrap();
    for row in table {
        let body = match &row.body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let (mut client, _) = scripted([answer(row.status, &body)]);
        if let Some(name) = &row.only {
            let kind = [Bearer, Owner, User, User2].into_iter().find(|kind| format!("{kind:?}") == *name);
            client = client.only(kind.unwrap());
        }
        let error = call(&client, &row.call).await.unwrap_err();
        let named = [format!("{:?}", error.cause()), format!("{:?}", error.credential().unwrap())];
        assert_eq!(named, [&*row.cause, &row.credential], "{row:?}: {error}");
        let reported = (error.status().unwrap().as_u16(), error.code(), error.reason(), error.message());
        let expected = (row.status, row.code, row.reason.as_deref(), row.message.as_deref());
        assert_eq!(reported, expected, "{row:?}: {error}");
        assert!(error.to_string().contains(&row.shows), "{row:?}: {error}");
        assert!(error.fix().contains(&row.fix), "{row:?}: {}", error.fix());
        check_general(&error);
    }
}

#[tokio::test]
async fn a_message_of_a_thousand_characters_is_kept() {
    let message = "ä\"\\ ".repeat(250);
    for body in [
        serde_json::json!({"errors": [{"code": 214, "message": message}]}),
        serde_json::json!({"code": 214, "message": message}),
        serde_json::json!({"title": "x", "detail": message, "code": 214}),
    ] {
        let (client, _) = scripted([answer(403, &body.to_string())]);
        let error = call(&client, "webhooks.register").await.unwrap_err();
        assert_eq!((error.message(), error.code()), (Some(message.as_str()), Some(214)));
        check_general(&error);
    }
    // A line of text at the maximum length, and one above it.
    for (line, is_kept) in [("x".repeat(1000), true), ("x".repeat(1001), false)] {
        let (client, _) = scripted([answer(400, &line)]);
        let error = call(&client, "webhooks.register").await.unwrap_err();
        assert_eq!(error.message(), is_kept.then_some(line.as_str()));
    }
}

#[tokio::test]
async fn an_invalid_response_is_unreadable() {
    let names = "enterprise.register enterprise.list enterprise.challenge enterprise.subscribe enterprise.subscribers \
                 enterprise.count premium.environments webhooks.register webhooks.list webhooks.delete aaa.subscribe \
                 aaa.is_subscribed aaa.subscribers aaa.unsubscribe activity.create activity.list activity.update \
                 links.create links.list";
    for name in names.split(' ') {
        for body in ["<html>log in to the café's network</html>", "{\"data\":", "\u{feff}{}", "nonsense"] {
            let (client, _) = scripted([answer(200, body)]);
            let error = call(&client, name).await.expect_err(&format!("{name}: {body}"));
            assert_eq!(*error.cause(), ErrorCause::Unreadable, "{name}: {body}");
            assert!(error.credential().is_some() && error.message().is_some(), "{error:?}");
            check_general(&error);
        }
    }
    for name in ["enterprise.list", "webhooks.list", "aaa.count", "activity.list"] {
        let (client, _) = scripted([answer(200, "")]);
        assert_eq!(*call(&client, name).await.unwrap_err().cause(), ErrorCause::Unreadable, "{name}");
    }
}

#[tokio::test]
async fn a_success_that_reports_failure_is_an_error() {
    for (name, no) in [
        ("webhooks.delete", r#"{"data":{"deleted":false}}"#),
        ("aaa.subscribe", r#"{"data":{"subscribed":false}}"#),
        ("aaa.unsubscribe", r#"{"data":{"subscribed":true}}"#),
        ("activity.delete", r#"{"data":{"deleted":false}}"#),
        ("links.create", r#"{"data":{"provisioned":false}}"#),
        ("links.delete", r#"{"data":{"deleted":false}}"#),
    ] {
        let (client, _) = scripted([answer(200, no)]);
        let error = call(&client, name).await.unwrap_err();
        assert_eq!((error.cause(), error.status().unwrap().as_u16()), (&ErrorCause::Other, 200), "{name}");
        assert_eq!(error.message(), Some("X reports that it was not done"));
        check_general(&error);
        // A response that says neither counts as success.
        for maybe in ["{}", r#"{"data":{}}"#, ""] {
            let (client, _) = scripted([answer(200, maybe)]);
            call(&client, name).await.unwrap_or_else(|error| panic!("{name} {maybe}: {error}"));
        }
    }
}

#[tokio::test]
async fn a_success_with_only_errors_is_an_error() {
    let none = r#"{"errors":[{"title":"Not Found Error","detail":"Could not find subscription with id: [1].","type":"https://api.twitter.com/2/problems/resource-not-found"}]}"#;
    for name in ["aaa.subscribe", "aaa.is_subscribed", "webhooks.list", "activity.delete", "activity.update"] {
        let (client, _) = scripted([answer(200, none)]);
        let error = call(&client, name).await.expect_err(name);
        assert_eq!(error.message(), Some("Could not find subscription with id: [1]."), "{name}");
        check_general(&error);
    }
    let (client, _) = scripted([answer(200, r#"{"errors":[{"message":"no"}]}"#)]);
    let error = call(&client, "activity.delete_many").await.unwrap_err();
    assert_eq!(error.message(), Some("no"), "nothing was reported as deleted");
}

#[tokio::test]
async fn ids_and_numbers_may_be_strings_or_numbers() {
    let listed = r#"[{"id":1234567890123456789,"url":"https://a.example","valid":true,"created_at":"2016-06-02 23:54:02 +0000"}]"#;
    let (client, _) = scripted([answer(200, listed)]);
    let one = client.enterprise().list().await.unwrap().remove(0);
    assert_eq!((&*one.id, one.created_at), ("1234567890123456789", Some(at("2016-06-02T23:54:02Z"))));
    let (client, _) = scripted([answer(200, r#"{"subscriptions":[{"user_id":3001969357},{"user_id":"7"}]}"#)]);
    assert_eq!(client.enterprise().subscribers("1").await.unwrap(), ["3001969357", "7"]);
    let counts = r#"{"account_name":"a","subscriptions_count_all":1,"subscriptions_count_direct_messages":"0","provisioned_count":"x"}"#;
    let (client, _) = scripted([answer(200, counts)]);
    let counts = client.enterprise().count().await.unwrap();
    assert_eq!((counts.subscriptions_count, counts.provisioned_count), (Some(1), None));
}

#[tokio::test]
async fn a_cycle_of_pages_ends() {
    let page = |next: &str| answer(200, &format!(r#"{{"data":[],"meta":{{"next_token":"{next}"}}}}"#));
    let (client, sent) = scripted([page("a"), page("b"), page("a")]);
    assert_eq!(client.activity().list().await.unwrap(), []);
    assert_eq!(sent.count(), 3);
}

#[tokio::test]
async fn an_empty_id_is_not_sent() {
    for id in ["", ".", ".."] {
        let (client, sent) = scripted([]);
        let errors = [
            client.enterprise().delete(id).await.unwrap_err(),
            client.enterprise().subscribe(id, USER).await.unwrap_err(),
            client.premium(id).subscribe(USER).await.unwrap_err(),
            client.webhooks().delete(id).await.unwrap_err(),
            client.account_activity().unsubscribe("1", id).await.unwrap_err(),
            client.activity().delete(id).await.unwrap_err(),
            client.stream_links().delete(id).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.cause(), error.message()), (&ErrorCause::Invalid, Some("an id or a name is empty")));
            assert_eq!(error.status(), None);
            check_general(&error);
        }
        assert_eq!(sent.count(), 0);
    }
    // An id that would change the path is encoded.
    let (client, sent) = scripted([answer(204, "")]);
    client.enterprise().delete("1/../2?x=y#z").await.unwrap();
    assert_eq!(sent.take(), ["DELETE /1.1/account_activity/webhooks/1%2F..%2F2%3Fx%3Dy%23z.json"]);
}
