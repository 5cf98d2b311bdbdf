//! Every documented error: its status, its code or reason, and its message.

use birdhook_testkit::mock::{MockApi, Outage};
use http::header;
use serde_json::json;

use crate::mock::receiver::Crc;
use crate::mock::world::{As, USER, World, with_url};

const HOOKS: &str = "/1.1/account_activity/webhooks";
const URL: &str = "Webhook URL does not meet the requirements.";
const TOKEN: &str = "Webhook URL does not meet the requirements. Invalid CRC token or json response format.";
const STATUS: &str = "Non-200 response code during CRC GET request (i.e. 404, 500, etc).";
const LATENCY: &str = "High latency on CRC GET request. Your webhook should respond in less than 3 seconds.";

#[tokio::test]
async fn reports_the_cause_of_a_failed_challenge_at_registration() {
    let gzip = Some((header::CONTENT_ENCODING, "gzip"));
    let elsewhere = Some((header::LOCATION, "/elsewhere"));
    let table = [
        (Crc::OtherSecret, TOKEN, "Invalid `response_token`"),
        (Crc::Answer(200, ""), TOKEN, "Invalid `response_token`"),
        (Crc::Answer(200, "{}"), TOKEN, "Invalid `response_token`"),
        (Crc::Answer(202, "not JSON"), TOKEN, "Invalid `response_token`"),
        (Crc::RightWith(200, gzip), TOKEN, "the response does not match its Content-Encoding"),
        (Crc::Gzip, TOKEN, "the response does not match its Content-Encoding"),
        (Crc::RightWith(302, elsewhere), STATUS, "the response is a redirect (status 302 Found)"),
        (Crc::RightWith(404, None), STATUS, "the response has status 404 Not Found"),
        (Crc::RightWith(500, None), STATUS, "the response has status 500 Internal Server Error"),
        (Crc::Hang, LATENCY, "the request timed out"),
    ];
    for (crc, v1, v2) in table {
        let world = World::that_waits(matches!(crc, Crc::Hang)).await;
        world.receiver.crc(crc.clone());
        let reply = world.call("POST", &with_url(HOOKS, &world.receiver.url), world.owner(), "").await;
        assert_eq!(reply.error(), (403, 214, v1), "{crc:?}");
        let reply =
            world.call("POST", "/2/webhooks", world.bearer(), &json!({"url": world.receiver.url}).to_string()).await;
        assert_eq!(reply.reason(), (400, "CrcValidationFailed"), "{crc:?}");
        let detail = reply.body["errors"][0]["message"].as_str().unwrap();
        assert_eq!(detail, format!("CrcValidationFailed: URL returned bad response during CRC with error: {v2}"));
        assert_eq!(world.x.webhooks(), [], "{crc:?}");
    }
    // 201 with the right token is accepted like 200.
    let world = World::new().await;
    world.receiver.crc(Crc::RightWith(201, None));
    assert_eq!(world.call("POST", &with_url(HOOKS, &world.receiver.url), world.owner(), "").await.status, 200);
}

#[tokio::test]
async fn reports_a_refused_connection_at_registration() {
    let world = World::new().await;
    let nobody = "http://127.0.0.1:1/hooks";
    assert_eq!(world.call("POST", &with_url(HOOKS, nobody), world.owner(), "").await.error(), (403, 214, STATUS));
    let reply = world.call("POST", "/2/webhooks", world.bearer(), &json!({"url": nobody}).to_string()).await;
    assert_eq!(reply.reason(), (400, "CrcValidationFailed"));
}

#[tokio::test]
async fn enterprise_errors_have_the_documented_codes() {
    let world = World::with(|settings| (settings.limits.webhooks, settings.limits.users) = (2, 1)).await;
    let webhook = world.subscribe(MockApi::Enterprise).await;
    let second = world.x.add_app("second").unwrap();
    let (user, other) = (world.x.user(USER), world.x.user("3003"));
    let (as_user, as_other) = (As::User(world.app(), &user), As::User(world.app(), &other));
    let none = "Webhook does not exist or is associated with a different twitter application.";
    let page = "Sorry, that page does not exist.";
    let id = &webhook.id;
    let by_second = As::User(&second, &second.owner);
    let table = [
        ("POST", with_url(HOOKS, &webhook.url), world.owner(), (403, 214, "Too many resources already created.")),
        ("POST", HOOKS.to_owned(), world.owner(), (400, 38, "url parameter is missing.")),
        ("POST", with_url(HOOKS, "nonsense"), world.owner(), (403, 214, URL)),
        ("PUT", format!("{HOOKS}/1.json"), world.owner(), (404, 34, none)),
        ("PUT", format!("{HOOKS}/{id}.json"), by_second, (404, 34, none)),
        ("DELETE", format!("{HOOKS}/1.json"), world.owner(), (404, 34, none)),
        ("DELETE", format!("{HOOKS}/{id}.json"), by_second, (404, 34, none)),
        ("POST", format!("{HOOKS}/1/subscriptions/all.json"), as_user, (404, 34, none)),
        ("POST", format!("{HOOKS}/{id}/subscriptions/all.json"), as_user, (409, 355, "Subscription already exists.")),
        (
            "POST",
            format!("{HOOKS}/{id}/subscriptions/all.json"),
            as_other,
            (403, 214, "Too many resources already created."),
        ),
        ("GET", format!("{HOOKS}/1/subscriptions/all.json"), as_user, (404, 34, none)),
        ("GET", format!("{HOOKS}/{id}/subscriptions/all.json"), as_other, (404, 34, page)),
        ("GET", format!("{HOOKS}/1/subscriptions/all/list.json"), world.bearer(), (404, 34, none)),
        ("GET", format!("{HOOKS}/{id}/subscriptions/all/list.json"), As::Bearer(&second.bearer), (404, 34, none)),
        ("DELETE", format!("{HOOKS}/{id}/subscriptions/3003/all.json"), world.bearer(), (404, 34, page)),
        ("DELETE", format!("{HOOKS}/{id}/subscriptions/all.json"), as_other, (404, 34, page)),
        ("PATCH", HOOKS.to_owned(), world.owner(), (404, 34, page)),
        ("GET", "/1.1/account_activity/nothing.json".to_owned(), world.bearer(), (404, 34, page)),
        ("GET", "/1.1/account_activity/webhooks//subscriptions/all.json".to_owned(), as_user, (404, 34, page)),
    ];
    for (method, path, who, expected) in table {
        let reply = world.call(method, &path, who, "").await;
        assert_eq!(reply.error(), expected, "{method} {path}");
    }
    // One more webhook is allowed, and the account's apps share the limit.
    let more = with_url(HOOKS, &world.receiver.url);
    world.receiver.knows("second", second.secret());
    let reply = world.call("POST", &with_url(HOOKS, &format!("{}/2", webhook.url)), world.owner(), "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        world.call("POST", &more, by_second, "").await.error(),
        (403, 214, "Too many resources already created.")
    );
}

#[tokio::test]
async fn v2_errors_have_the_documented_problems() {
    let world = World::with(|settings| settings.limits.users = 1).await;
    let webhook = world.subscribe(MockApi::V2).await;
    let second = world.x.add_app("second").unwrap();
    let (user, other) = (world.x.user(USER), world.x.user("3003"));
    let (as_user, as_other) = (As::User(world.app(), &user), As::User(world.app(), &other));
    let url = json!({"url": webhook.url}).to_string();
    let aaa = |id: &str, rest: &str| format!("/2/account_activity/webhooks/{id}/subscriptions{rest}");
    let id = webhook.id.as_str();
    let table = [
        ("POST", "/2/webhooks".to_owned(), world.bearer(), url.as_str(), "DuplicateUrlFailed"),
        ("POST", "/2/webhooks".to_owned(), world.bearer(), "", "InvalidParameter"),
        ("POST", "/2/webhooks".to_owned(), world.bearer(), r#"{"uri":"x"}"#, "InvalidParameter"),
        ("GET", "/2/webhooks?webhook_config.fields=colour".to_owned(), world.bearer(), "", "InvalidParameter"),
        ("PUT", "/2/webhooks/1".to_owned(), world.bearer(), "", "WebhookIdInvalid"),
        ("PUT", format!("/2/webhooks/{id}"), As::Bearer(&second.bearer), "", "WebhookIdInvalid"),
        ("PUT", "/2/webhooks/abc".to_owned(), world.bearer(), "", "WebhookIdInvalid"),
        ("DELETE", "/2/webhooks/1".to_owned(), world.bearer(), "", "WebhookIdInvalid"),
        ("POST", aaa("1", "/all"), as_user, "{}", "WebhookIdInvalid"),
        ("POST", aaa(id, "/all"), as_user, "{}", "DuplicateSubscriptionFailed"),
        ("POST", aaa(id, "/all"), as_user, "[]", "InvalidParameter"),
        ("POST", aaa(id, "/all"), as_other, "{}", "SubscriptionLimitExceeded"),
        ("GET", aaa("1", "/all"), as_user, "", "WebhookIdInvalid"),
        ("GET", aaa("1", "/all/list"), world.bearer(), "", "WebhookIdInvalid"),
        ("DELETE", aaa(id, "/3003/all"), world.bearer(), "", "SubscriptionNotFound"),
        ("DELETE", aaa("1", "/3003/all"), world.bearer(), "", "WebhookIdInvalid"),
        ("POST", "/2/tweets/search/webhooks/1".to_owned(), world.bearer(), "", "WebhookIdInvalid"),
        ("DELETE", "/2/tweets/search/webhooks/1".to_owned(), world.bearer(), "", "WebhookIdInvalid"),
    ];
    for (method, path, who, body, reason) in table {
        let reply = world.call(method, &path, who, body).await;
        assert_eq!(reply.reason(), (400, reason), "{method} {path} {body}");
        assert_eq!(reply.body["type"], "https://api.x.com/2/problems/invalid-request");
        assert_eq!(reply.body["title"], "Invalid Request");
        let message = reply.body["errors"][0]["message"].as_str().unwrap();
        let detail = format!("One or more parameters to your request was invalid. {message}");
        assert_eq!(reply.body["detail"], detail, "{method} {path}");
    }
    // X removed this replay path on 2026-03-25.
    for (method, path, status, title) in [
        ("POST", "/2/account_activity/replay/webhooks/1/subscriptions/all", 404, "Not Found"),
        ("PATCH", "/2/webhooks", 405, "Method Not Allowed"),
        ("GET", "/2/nothing", 404, "Not Found"),
    ] {
        let reply = world.call(method, path, world.bearer(), "").await;
        let expected = json!({"type": "about:blank", "title": title, "status": status, "detail": title});
        assert_eq!(reply.both(), (status, expected), "{method} {path}");
    }
}

#[tokio::test]
async fn an_outage_fails_every_call() {
    let (world, webhook) = World::registered(MockApi::V2).await;
    let again = "Twitter server error. Retry using an exponential backoff pattern.";
    let outages = [
        (Outage::Internal, (500, 0, "Internal server error."), "Internal Server Error"),
        (Outage::Unavailable, (503, 67, again), "Service Unavailable"),
    ];
    for (outage, v1, v2) in outages {
        world.x.set_outage(Some(outage));
        assert_eq!(world.call("GET", HOOKS, world.bearer(), "").await.error(), v1);
        let reply = world.call("DELETE", &format!("/2/webhooks/{}", webhook.id), world.bearer(), "").await;
        assert_eq!((reply.status, reply.body["title"].as_str()), (v1.0, Some(v2)));
    }
    world.x.set_outage(None);
    assert_eq!(world.call("GET", HOOKS, world.bearer(), "").await.status, 200);
    assert_eq!(world.x.webhooks(), [webhook]);
}
