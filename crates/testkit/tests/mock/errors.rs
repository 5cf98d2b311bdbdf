//! Every documented error: its status, its code or reason, and its message.

use birdhook_testkit::mock::{MockApi, Outage};
use http::header;
use serde_json::json;

use crate::mock::receiver::Crc;
use crate::mock::world::{World, with_url};

const HOOKS: &str = "/1.1/account_activity/webhooks";
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
        world.receiver.set().crc = crc.clone();
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
    world.receiver.set().crc = Crc::RightWith(201, None);
    assert_eq!(world.call("POST", &with_url(HOOKS, &world.receiver.url), world.owner(), "").await.status, 200);
}

#[tokio::test]
async fn reports_a_refused_connection_at_registration() {
    World::new().await.play("a refused connection").await;
}

#[tokio::test]
async fn enterprise_errors_have_the_documented_codes() {
    let world = World::with(|settings| (settings.limits.webhooks, settings.limits.users) = (2, 1)).await;
    world.subscribe(MockApi::Enterprise).await;
    world.receiver.set().secrets.push(("second".to_owned(), world.x.add_app("second").unwrap().secret().clone()));
    world.play("1.1: errors have the documented codes").await;
}

#[tokio::test]
async fn v2_errors_have_the_documented_problems() {
    let world = World::with(|settings| settings.limits.users = 1).await;
    world.subscribe(MockApi::V2).await;
    world.play("v2: errors have the documented problems").await;
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

#[tokio::test]
async fn rejects_urls_that_x_rejects_unless_local() {
    for (local, section) in [(false, "URLs that X rejects"), (true, "URLs of local receivers")] {
        let world = World::with(|settings| {
            (settings.local, settings.rate_limits, settings.limits.webhooks) = (local, false, 0);
        })
        .await;
        world.play(section).await;
        assert!(world.receiver.challenges().is_empty(), "{section}");
    }
}
