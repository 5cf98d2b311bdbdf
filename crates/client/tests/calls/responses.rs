//! Undocumented responses, and errors in the shapes that X has been seen to use.

use birdhook_client::{ChallengeFault, CredentialKind, ErrorCause, UrlFault};

use crate::calls::every_call::call;
use crate::calls::expected::{Expected, check, check_general};
use crate::calls::fixture::scripted;
use crate::support::USER;
use crate::support::transport::answer;

use CredentialKind::{Bearer, Owner, User};

/// A response to a call, and the expected error.
struct Row {
    call: &'static str,
    body: String,
    expected: Expected<'static>,
}

fn row(call: &'static str, credential: CredentialKind, status: u16, body: &str, cause: ErrorCause) -> Row {
    let expected = Expected { cause, credential, status, code: None, reason: None, message: None };
    Row { call, body: body.to_owned(), expected }
}

/// Creates a row whose body has the shape of 1.1.
fn v1(
    call: &'static str,
    credential: CredentialKind,
    status: u16,
    error: (i64, &'static str),
    cause: ErrorCause,
) -> Row {
    let (code, message) = error;
    let body = serde_json::json!({"errors": [{"code": code, "message": message}]});
    row(call, credential, status, &body.to_string(), cause).code(code).message(message)
}

impl Row {
    fn code(mut self, code: i64) -> Self {
        self.expected.code = Some(code);
        self
    }

    fn reason(mut self, reason: &'static str) -> Self {
        self.expected.reason = Some(reason);
        self
    }

    fn message(mut self, message: &'static str) -> Self {
        self.expected.message = Some(message);
        self
    }
}

#[tokio::test]
async fn errors_are_read_in_every_shape() {
    const APP_ONLY: &str = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.";
    let problem = r#"{"title":"Unsupported Authentication","detail":"Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.","type":"https://api.twitter.com/2/problems/unsupported-authentication","status":403}"#;
    let short = format!(r#"{{"code":403,"message":"{APP_ONLY}"}}"#);
    let parameter = r#"{"errors":[{"parameters":{"url":["x"]},"message":"The `url` query parameter value [x] is not valid"}],"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","type":"https://api.twitter.com/2/problems/invalid-request"}"#;
    let permissions = r#"{"title":"Forbidden","detail":"Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.","type":"https://api.twitter.com/2/problems/oauth1-permissions","status":403}"#;
    let credits = r#"{"title":"CreditsDepleted","detail":"Your enrolled account does not have any credits.","type":"https://api.twitter.com/2/problems/credits"}"#;
    let not_enrolled = r#"{"client_id":"1","detail":"Appropriate Level of API Access required.","reason":"client-not-enrolled","title":"Client Forbidden","type":"https://api.twitter.com/2/problems/client-forbidden"}"#;
    let challenge = r#"{"reason":"CrcValidationFailed","title":"Crc failed"}"#;
    let url_refused = ErrorCause::UrlRefused(UrlFault::Unknown);
    let challenge_failed = ErrorCause::ChallengeFailed(ChallengeFault::Unknown);
    let limited = ErrorCause::RateLimited { until: None };
    let requirements = (214, "Webhook URL does not meet the requirements.");
    let not_permitted = (61, "Client is not permitted to request this method.");
    let table = [
        v1("enterprise.register", Owner, 403, requirements, url_refused),
        v1("enterprise.count", Bearer, 401, (89, "Invalid or expired token."), ErrorCause::Unauthenticated),
        v1("enterprise.subscribe", User, 401, (135, "Timestamp out of bounds."), ErrorCause::Unauthenticated),
        v1("enterprise.count", Bearer, 400, (215, "Bad Authentication data."), ErrorCause::Unauthenticated),
        v1("enterprise.replay", Bearer, 401, not_permitted, ErrorCause::NotAllowed),
        v1("enterprise.replay", Bearer, 400, (357, "from_date: queryParam is required."), ErrorCause::ReplayDates),
        row("webhooks.register", Bearer, 400, parameter, ErrorCause::Invalid)
            .message("The `url` query parameter value [x] is not valid"),
        row("webhooks.list", Bearer, 403, problem, ErrorCause::WrongCredential).message(APP_ONLY),
        row("webhooks.register", Bearer, 403, &short, ErrorCause::WrongCredential).code(403).message(APP_ONLY),
        row("aaa.subscribe", User, 403, permissions, ErrorCause::Permission).message(
            "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.",
        ),
        row("webhooks.register", Bearer, 402, credits, ErrorCause::NoCredits)
            .reason("CreditsDepleted")
            .message("Your enrolled account does not have any credits."),
        row("webhooks.list", Bearer, 403, not_enrolled, ErrorCause::NotAllowed)
            .reason("client-not-enrolled")
            .message("Appropriate Level of API Access required."),
        row("webhooks.register", Bearer, 409, r#"{"title":"Conflict"}"#, ErrorCause::DuplicateUrl).message("Conflict"),
        row("webhooks.register", Bearer, 400, challenge, challenge_failed)
            .reason("CrcValidationFailed")
            .message("Crc failed"),
        row("webhooks.list", Bearer, 404, "", ErrorCause::Other),
        row("enterprise.count", Bearer, 404, "{}", ErrorCause::Other),
        row("enterprise.subscribers", Bearer, 404, "{}", ErrorCause::NoSuchWebhook),
        row("enterprise.subscribe", User, 404, "{}", ErrorCause::NoSuchWebhook),
        row("enterprise.delete", Owner, 404, "{}", ErrorCause::NoSuchWebhook),
        row("enterprise.unsubscribe", Bearer, 404, "{}", ErrorCause::NotSubscribed),
        row("premium.unsubscribe", Bearer, 404, "{}", ErrorCause::NotSubscribed),
        row("activity.delete", Bearer, 404, "{}", ErrorCause::NotSubscribed),
        row("webhooks.list", Bearer, 429, "<html>", limited),
        row("webhooks.list", Bearer, 502, "<html><body>Bad gateway</body></html>", ErrorCause::Down)
            .message("Bad gateway"),
        row("webhooks.list", Bearer, 503, "upstream connect error\n", ErrorCause::Down)
            .message("upstream connect error"),
        row("webhooks.list", Bearer, 500, "\u{0}\u{1}\u{2}", ErrorCause::Down),
        row("webhooks.list", Bearer, 401, "[]", ErrorCause::Unauthenticated),
        row("webhooks.list", Bearer, 403, "null", ErrorCause::NotAllowed),
        row("webhooks.list", Bearer, 400, r#"{"errors":"no list","title":7}"#, ErrorCause::Invalid),
        row("webhooks.list", Bearer, 418, r#"{"errors":[]}"#, ErrorCause::Other),
    ];
    for Row { call: name, body, expected } in table {
        let (client, _) = scripted([answer(expected.status, &body)]);
        check(&call(&client, name).await.unwrap_err(), &expected);
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
    let (client, _) = scripted([answer(
        200,
        r#"[{"id":1234567890123456789,"url":"https://a.example","valid":true,"created_at":"2016-06-02 23:54:02 +0000"}]"#,
    )]);
    let all = client.enterprise().list().await.unwrap();
    assert_eq!(
        (all[0].id.as_str(), all[0].created_at.unwrap().to_string()),
        ("1234567890123456789", "2016-06-02T23:54:02Z".into())
    );
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
