//! The rules for webhook URLs.

use birdhook_testkit::mock::MockSettings;
use serde_json::json;

use crate::mock::world::{World, with_url};

#[tokio::test]
async fn rejects_urls_that_x_rejects_unless_local() {
    let world = World::with(|settings| {
        let clock = settings.clock.clone();
        *settings = MockSettings::default();
        settings.clock = clock;
        settings.limits.webhooks = 0;
    })
    .await;
    let long = format!("https://app.example/{}", "x".repeat(181));
    let bad = "https://app.example:443/hooks https://app.example:8443/hooks https://app.example:/hooks \
               http://app.example/hooks https://localhost/hooks https://127.0.0.1/hooks https://10.1.2.3/hooks \
               https://[::1]/hooks https://me:secret@app.example/hooks ftp://app.example/hooks /hooks";
    for url in bad.split(' ').chain(["", world.receiver.url.as_str(), &long]) {
        let reply = world.call("POST", "/2/webhooks", world.bearer(), &json!({"url": url}).to_string()).await;
        assert_eq!(reply.reason(), (400, "UrlValidationFailed"), "{url}");
        let reply = world.call("POST", &with_url("/1.1/account_activity/webhooks.json", url), world.owner(), "").await;
        assert_eq!(reply.error(), (403, 214, "Webhook URL does not meet the requirements."), "{url}");
        assert!(world.receiver.challenges().is_empty(), "{url} was challenged");
    }
    // These URLs are valid; they are rejected only because the limit has been reached.
    for url in ["https://app.example/hooks", "https://app.example/hooks?tenant=7", &long[..200]] {
        let reply = world.call("POST", "/2/webhooks", world.bearer(), &json!({"url": url}).to_string()).await;
        assert_eq!(reply.reason(), (400, "WebhookLimitExceeded"), "{url}");
    }
}
