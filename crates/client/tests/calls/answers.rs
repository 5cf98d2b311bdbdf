//! Undocumented responses, and errors in the shapes that X has been seen to use.

use birdhook_client::{ChallengeFault, CredentialKind, ErrorCause, UrlFault};

use crate::calls::retries::call;
use crate::calls::stated::{Stated, check, sound};
use crate::calls::transport::answer;
use crate::calls::world::{USER, by_the_book};

use CredentialKind::{Bearer, Owner, User};

/// A call and its kind of credentials; status and body; cause, code, reason and message.
type Row = (
    &'static str,
    CredentialKind,
    u16,
    &'static str,
    ErrorCause,
    Option<i64>,
    Option<&'static str>,
    Option<&'static str>,
);

#[tokio::test]
async fn errors_are_read_in_every_shape() {
    let table: &[Row] = &[
        (
            "enterprise.register",
            Owner,
            403,
            r#"{"errors":[{"code":214,"message":"Webhook URL does not meet the requirements."}]}"#,
            ErrorCause::UrlRefused(UrlFault::Unknown),
            Some(214),
            None,
            Some("Webhook URL does not meet the requirements."),
        ),
        (
            "enterprise.count",
            Bearer,
            401,
            r#"{"errors":[{"code":89,"message":"Invalid or expired token."}]}"#,
            ErrorCause::Unauthenticated,
            Some(89),
            None,
            Some("Invalid or expired token."),
        ),
        (
            "enterprise.subscribe",
            User,
            401,
            r#"{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}"#,
            ErrorCause::Unauthenticated,
            Some(135),
            None,
            Some("Timestamp out of bounds."),
        ),
        (
            "enterprise.count",
            Bearer,
            400,
            r#"{"errors":[{"code":215,"message":"Bad Authentication data."}]}"#,
            ErrorCause::Unauthenticated,
            Some(215),
            None,
            Some("Bad Authentication data."),
        ),
        (
            "enterprise.replay",
            Bearer,
            401,
            r#"{"errors":[{"code":61,"message":"Client is not permitted to request this method."}]}"#,
            ErrorCause::NotAllowed,
            Some(61),
            None,
            Some("Client is not permitted to request this method."),
        ),
        (
            "enterprise.replay",
            Bearer,
            400,
            r#"{"errors":[{"code":357,"message":"from_date: queryParam is required."}]}"#,
            ErrorCause::ReplayDates,
            Some(357),
            None,
            Some("from_date: queryParam is required."),
        ),
        (
            "webhooks.register",
            Bearer,
            400,
            r#"{"errors":[{"parameters":{"url":["x"]},"message":"The `url` query parameter value [x] is not valid"}],"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","type":"https://api.twitter.com/2/problems/invalid-request"}"#,
            ErrorCause::Invalid,
            None,
            None,
            Some("The `url` query parameter value [x] is not valid"),
        ),
        (
            "webhooks.list",
            Bearer,
            403,
            r#"{"title":"Unsupported Authentication","detail":"Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.","type":"https://api.twitter.com/2/problems/unsupported-authentication","status":403}"#,
            ErrorCause::WrongCredential,
            None,
            None,
            Some("Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint."),
        ),
        (
            "webhooks.register",
            Bearer,
            403,
            r#"{"code":403,"message":"Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint."}"#,
            ErrorCause::WrongCredential,
            Some(403),
            None,
            Some("Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint."),
        ),
        (
            "aaa.subscribe",
            User,
            403,
            r#"{"title":"Forbidden","detail":"Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.","type":"https://api.twitter.com/2/problems/oauth1-permissions","status":403}"#,
            ErrorCause::Permission,
            None,
            None,
            Some("Your client app is not configured with the appropriate oauth1 app permissions for this endpoint."),
        ),
        (
            "webhooks.register",
            Bearer,
            402,
            r#"{"title":"CreditsDepleted","detail":"Your enrolled account does not have any credits.","type":"https://api.twitter.com/2/problems/credits"}"#,
            ErrorCause::NoCredits,
            None,
            Some("CreditsDepleted"),
            Some("Your enrolled account does not have any credits."),
        ),
        (
            "webhooks.list",
            Bearer,
            403,
            r#"{"client_id":"1","detail":"Appropriate Level of API Access required.","reason":"client-not-enrolled","title":"Client Forbidden","type":"https://api.twitter.com/2/problems/client-forbidden"}"#,
            ErrorCause::NotAllowed,
            None,
            Some("client-not-enrolled"),
            Some("Appropriate Level of API Access required."),
        ),
        (
            "webhooks.register",
            Bearer,
            409,
            r#"{"title":"Conflict"}"#,
            ErrorCause::DuplicateUrl,
            None,
            None,
            Some("Conflict"),
        ),
        (
            "webhooks.register",
            Bearer,
            400,
            r#"{"reason":"CrcValidationFailed","title":"Crc failed"}"#,
            ErrorCause::ChallengeFailed(ChallengeFault::Unknown),
            None,
            Some("CrcValidationFailed"),
            Some("Crc failed"),
        ),
        ("webhooks.list", Bearer, 404, "", ErrorCause::Other, None, None, None),
        ("enterprise.count", Bearer, 404, "{}", ErrorCause::Other, None, None, None),
        ("enterprise.subscribers", Bearer, 404, "{}", ErrorCause::NoSuchWebhook, None, None, None),
        ("enterprise.subscribe", User, 404, "{}", ErrorCause::NoSuchWebhook, None, None, None),
        ("enterprise.delete", Owner, 404, "{}", ErrorCause::NoSuchWebhook, None, None, None),
        ("enterprise.unsubscribe", Bearer, 404, "{}", ErrorCause::NotSubscribed, None, None, None),
        ("premium.unsubscribe", Bearer, 404, "{}", ErrorCause::NotSubscribed, None, None, None),
        ("activity.delete", Bearer, 404, "{}", ErrorCause::NotSubscribed, None, None, None),
        ("webhooks.list", Bearer, 429, "<html>", ErrorCause::RateLimited { until: None }, None, None, None),
        (
            "webhooks.list",
            Bearer,
            502,
            "<html><body>Bad gateway</body></html>",
            ErrorCause::Down,
            None,
            None,
            Some("Bad gateway"),
        ),
        (
            "webhooks.list",
            Bearer,
            503,
            "upstream connect error\n",
            ErrorCause::Down,
            None,
            None,
            Some("upstream connect error"),
        ),
        ("webhooks.list", Bearer, 500, "\u{0}\u{1}\u{2}", ErrorCause::Down, None, None, None),
        ("webhooks.list", Bearer, 401, "[]", ErrorCause::Unauthenticated, None, None, None),
        ("webhooks.list", Bearer, 403, "null", ErrorCause::NotAllowed, None, None, None),
        ("webhooks.list", Bearer, 400, r#"{"errors":"no list","title":7}"#, ErrorCause::Invalid, None, None, None),
        ("webhooks.list", Bearer, 418, r#"{"errors":[]}"#, ErrorCause::Other, None, None, None),
    ];
    for (name, credential, status, body, cause, code, reason, message) in table.iter().cloned() {
        let (client, _) = by_the_book([answer(status, body)]);
        let error = call(&client, name).await.unwrap_err();
        check(&error, &Stated { cause, credential, status, code, reason, message });
    }
}

#[tokio::test]
async fn a_message_of_a_thousand_characters_is_told_whole() {
    let message = "ä\"\\ ".repeat(250);
    for body in [
        serde_json::json!({"errors": [{"code": 214, "message": message}]}),
        serde_json::json!({"code": 214, "message": message}),
        serde_json::json!({"title": "x", "detail": message, "code": 214}),
    ] {
        let (client, _) = by_the_book([answer(403, &body.to_string())]);
        let error = call(&client, "webhooks.register").await.unwrap_err();
        assert_eq!((error.message(), error.code()), (Some(message.as_str()), Some(214)));
        sound(&error);
    }
    // A line of text at the maximum length, and one above it.
    for (line, is_told) in [("x".repeat(1000), true), ("x".repeat(1001), false)] {
        let (client, _) = by_the_book([answer(400, &line)]);
        let error = call(&client, "webhooks.register").await.unwrap_err();
        assert_eq!(error.message(), is_told.then_some(line.as_str()));
    }
}

#[tokio::test]
async fn garbage_for_an_answer_is_unreadable_and_nothing_worse() {
    let names = [
        "enterprise.register",
        "enterprise.list",
        "enterprise.challenge",
        "enterprise.subscribe",
        "enterprise.subscribers",
        "enterprise.count",
        "premium.environments",
        "webhooks.register",
        "webhooks.list",
        "webhooks.delete",
        "aaa.subscribe",
        "aaa.is_subscribed",
        "aaa.subscribers",
        "aaa.unsubscribe",
        "activity.create",
        "activity.list",
        "activity.update",
        "links.create",
        "links.list",
    ];
    for name in names {
        for body in ["<html>log in to the café's network</html>", "{\"data\":", "\u{feff}{}", "nonsense"] {
            let (client, _) = by_the_book([answer(200, body)]);
            let error = call(&client, name).await.expect_err(&format!("{name}: {body}"));
            assert_eq!(*error.cause(), ErrorCause::Unreadable, "{name}: {body}");
            assert!(error.credential().is_some() && error.message().is_some(), "{error:?}");
            sound(&error);
        }
    }
    for name in ["enterprise.list", "webhooks.list", "aaa.count", "activity.list"] {
        let (client, _) = by_the_book([answer(200, "")]);
        assert_eq!(*call(&client, name).await.unwrap_err().cause(), ErrorCause::Unreadable, "{name}");
    }
}

#[tokio::test]
async fn a_success_that_says_no_is_none() {
    for (name, no) in [
        ("webhooks.delete", r#"{"data":{"deleted":false}}"#),
        ("aaa.subscribe", r#"{"data":{"subscribed":false}}"#),
        ("aaa.unsubscribe", r#"{"data":{"subscribed":true}}"#),
        ("activity.delete", r#"{"data":{"deleted":false}}"#),
        ("links.create", r#"{"data":{"provisioned":false}}"#),
        ("links.delete", r#"{"data":{"deleted":false}}"#),
    ] {
        let (client, _) = by_the_book([answer(200, no)]);
        let error = call(&client, name).await.unwrap_err();
        assert_eq!((error.cause(), error.status().unwrap().as_u16()), (&ErrorCause::Other, 200), "{name}");
        assert_eq!(error.message(), Some("X answers that it was not done"));
        sound(&error);
        // A response that says neither counts as success.
        for maybe in ["{}", r#"{"data":{}}"#, ""] {
            let (client, _) = by_the_book([answer(200, maybe)]);
            call(&client, name).await.unwrap_or_else(|error| panic!("{name} {maybe}: {error}"));
        }
    }
}

#[tokio::test]
async fn a_success_with_nothing_but_errors_is_an_error() {
    let none = r#"{"errors":[{"title":"Not Found Error","detail":"Could not find subscription with id: [1].","type":"https://api.twitter.com/2/problems/resource-not-found"}]}"#;
    for name in ["aaa.subscribe", "aaa.is_subscribed", "webhooks.list", "activity.delete", "activity.update"] {
        let (client, _) = by_the_book([answer(200, none)]);
        let error = call(&client, name).await.expect_err(name);
        assert_eq!(error.message(), Some("Could not find subscription with id: [1]."), "{name}");
        sound(&error);
    }
    let (client, _) = by_the_book([answer(200, r#"{"errors":[{"message":"no"}]}"#)]);
    let error = call(&client, "activity.delete_many").await.unwrap_err();
    assert_eq!(error.message(), Some("no"), "nothing says that anything was deleted");
}

#[tokio::test]
async fn ids_and_numbers_are_read_as_text_and_as_numbers() {
    let (client, _) = by_the_book([answer(
        200,
        r#"[{"id":1234567890123456789,"url":"https://a.example","valid":true,"created_at":"2016-06-02 23:54:02 +0000"}]"#,
    )]);
    let all = client.enterprise().list().await.unwrap();
    assert_eq!(
        (all[0].id.as_str(), all[0].created_at.unwrap().to_string()),
        ("1234567890123456789", "2016-06-02T23:54:02Z".into())
    );
    let (client, _) = by_the_book([answer(200, r#"{"subscriptions":[{"user_id":3001969357},{"user_id":"7"}]}"#)]);
    assert_eq!(client.enterprise().subscribers("1").await.unwrap(), ["3001969357", "7"]);
    let counts = r#"{"account_name":"a","subscriptions_count_all":1,"subscriptions_count_direct_messages":"0","provisioned_count":"x"}"#;
    let (client, _) = by_the_book([answer(200, counts)]);
    let counts = client.enterprise().count().await.unwrap();
    assert_eq!((counts.subscriptions_count, counts.provisioned_count), (Some(1), None));
}

#[tokio::test]
async fn pages_that_name_each_other_end() {
    let page = |next: &str| answer(200, &format!(r#"{{"data":[],"meta":{{"next_token":"{next}"}}}}"#));
    let (client, sent) = by_the_book([page("a"), page("b"), page("a")]);
    assert_eq!(client.activity().list().await.unwrap(), []);
    assert_eq!(sent.count(), 3);
}

#[tokio::test]
async fn an_id_that_is_none_is_not_sent() {
    for id in ["", ".", ".."] {
        let (client, sent) = by_the_book([]);
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
            sound(&error);
        }
        assert_eq!(sent.count(), 0);
    }
    // An id that would change the path is encoded.
    let (client, sent) = by_the_book([answer(204, "")]);
    client.enterprise().delete("1/../2?x=y#z").await.unwrap();
    assert_eq!(sent.take(), ["DELETE /1.1/account_activity/webhooks/1%2F..%2F2%3Fx%3Dy%23z.json"]);
}
