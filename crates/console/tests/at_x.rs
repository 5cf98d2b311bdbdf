//! The page of the app at X: when it asks X, what it shows, and who may act.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use birdhook_client::{Client, ConsumerKeys, Credentials, RetryPolicy, Transport, TransportFuture};
use birdhook_console::{Console, History};
use birdhook_core::Timestamp;
use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Page, Site};

/// Responses by the path of the request.
type Responses = Vec<(&'static str, Response<Bytes>)>;

/// An X with fixed responses, by method and path.
#[derive(Clone)]
struct FakeX {
    calls: Arc<Mutex<Vec<String>>>,
    responses: Arc<Mutex<Responses>>,
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap()
}

impl FakeX {
    fn new() -> Self {
        let responses = vec![
            (
                "GET /2/webhooks",
                answer(
                    200,
                    &json!({"data": [
                        {"id": "11", "url": "https://me:pass@app.example/hook?key=abc", "valid": true, "created_at": "2026-11-01T00:00:00Z"},
                        {"id": "12", "url": "https://old.example/hook", "valid": false}]}),
                ),
            ),
            (
                "GET /2/activity/subscriptions",
                answer(
                    200,
                    &json!({"data": [
                        {"subscription_id": "s1", "event_type": "like.create", "filter": {"user_id": "2244994945"}, "webhook_id": "11"},
                        {"subscription_id": "s2", "event_type": "post.create", "filter": {"keyword": "our secret plan"}, "expires_at": "2027-02-01T00:00:00Z"},
                        {"subscription_id": "s3", "event_type": "like.create", "filter": {}, "expires_at": "2027-01-01T00:00:00Z"}]}),
                ),
            ),
            (
                "GET /2/account_activity/subscriptions/count",
                answer(200, &json!({"data": {"subscriptions_count": 3, "provisioned_count": 15}})),
            ),
            ("PUT /2/webhooks/11", answer(200, &json!({"data": {"valid": true}}))),
            ("PUT /2/webhooks/12", answer(200, &json!({"data": {"valid": false}}))),
            ("POST /2/webhooks/replay", answer(200, &json!({"data": {"job_id": "77"}}))),
        ];
        Self { calls: Arc::default(), responses: Arc::new(Mutex::new(responses)) }
    }

    fn set(&self, call: &'static str, response: Response<Bytes>) {
        let mut responses = self.responses.lock().unwrap();
        responses.retain(|(other, _)| *other != call);
        responses.push((call, response));
    }

    /// Returns the number of calls since the last time.
    fn calls(&self) -> usize {
        self.taken().len()
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn site(&self, change: impl FnOnce(Console) -> Console) -> Site {
        let credentials = Credentials::new(ConsumerKeys::new("key", "secret")).bearer("bearer");
        let client = Client::builder(credentials).transport(self.clone()).retries(RetryPolicy::never());
        let mut site = Site::new(History::new());
        site.console = change(site.console.at_x(client.build().unwrap()));
        site
    }
}

impl Transport for FakeX {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        let call = format!("{} {}", request.method(), request.uri().path());
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        self.calls.lock().unwrap().push(format!("{call} {body}").trim_end().to_owned());
        let responses = self.responses.lock().unwrap();
        let response = responses.iter().find(|(other, _)| *other == call).map(|(_, response)| response.clone());
        Box::pin(async move { Ok(response.unwrap_or_else(|| answer(404, &json!({})))) })
    }
}

async fn post(site: &Site, path: &str, headers: &[(&str, &str)]) -> Page {
    let request = Request::post(path).header(HOST, "localhost:8080");
    site.page(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn token(site: &Site) -> String {
    site.get("/api/at-x").await.json()["csrf"].as_str().unwrap().to_owned()
}

fn minutes_ago(minutes: u64) -> String {
    let elapsed = SystemTime::UNIX_EPOCH.elapsed().unwrap() - Duration::from_secs(minutes * 60);
    Timestamp::from_millis(elapsed.as_millis() as i64).to_string().chars().take(16).collect()
}

#[tokio::test(start_paused = true)]
async fn x_is_asked_only_for_the_open_page_and_at_most_once_in_30_seconds() {
    let x = FakeX::new();
    let site = x.site(|console| console);
    for path in ["/", "/api/health", "/assets/at_x.js", "/api/deliveries"] {
        assert_eq!(site.get(path).await.status, StatusCode::OK, "{path}");
    }
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(x.calls(), 0, "nothing is asked while the page is not open");
    tokio::join!(site.get("/at-x"), site.get("/at-x"), site.get("/api/at-x"));
    assert_eq!(x.calls(), 3, "one call for each list");
    tokio::time::advance(Duration::from_secs(29)).await;
    site.get("/at-x").await;
    assert_eq!(x.calls(), 0);
    tokio::time::advance(Duration::from_secs(2)).await;
    site.get("/at-x").await;
    assert_eq!(x.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_shown_with_its_end_and_not_tested_before() {
    let x = FakeX::new();
    let reset = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() + 600;
    let limited = Response::builder().status(429).header("x-rate-limit-reset", reset).body(Bytes::new()).unwrap();
    x.set("GET /2/webhooks", limited);
    let site = x.site(|console| console);
    let shown = site.get("/api/at-x").await.json();
    let until = Timestamp::from_millis(reset as i64 * 1000).to_string();
    assert_eq!(shown["at_x"]["webhooks"]["problem"]["until"], until);
    assert_eq!(shown["at_x"]["x_activity"]["data"]["total"], 3, "the other parts are shown");
    let page = site.get("/at-x").await.text;
    assert!(page.contains("rate limit reached") && page.contains("X allows the next call at"), "{page}");
    x.taken();
    tokio::time::advance(Duration::from_secs(500)).await;
    site.get("/at-x").await;
    assert!(!x.taken().contains(&"GET /2/webhooks".to_owned()));
    tokio::time::advance(Duration::from_secs(101)).await;
    site.get("/at-x").await;
    assert!(x.taken().contains(&"GET /2/webhooks".to_owned()));
}

#[tokio::test]
async fn an_error_of_x_is_shown_in_the_words_of_the_client_with_its_fix() {
    let x = FakeX::new();
    x.set("GET /2/webhooks", answer(401, &json!({"title": "Unauthorized", "status": 401})));
    x.set("PUT /2/webhooks/11", answer(401, &json!({"title": "Unauthorized", "status": 401})));
    let site = x.site(|console| console);
    let problem = site.get("/api/at-x").await.json()["at_x"]["webhooks"]["problem"].clone();
    assert!(problem["error"].as_str().unwrap().starts_with("GET /2/webhooks: "), "{problem}");
    let fix = problem["fix"].as_str().unwrap();
    let page = site.get("/at-x").await.text;
    assert!(page.contains("Fix: ") && page.contains(fix.split('`').next().unwrap()), "{page}");
    let refused = post(&site, &format!("/at-x/validate?webhook=11&csrf={}", token(&site).await), &[]).await;
    assert_eq!(refused.status, StatusCode::BAD_GATEWAY);
    assert!(refused.text.contains("PUT /2/webhooks/11: ") && refused.text.contains("Fix: "), "{}", refused.text);
    let actions = site.get("/api/at-x").await.json()["at_x"]["actions"].clone();
    assert_eq!((&actions[0]["action"], &actions[0]["ok"]), (&json!("validate"), &json!(false)), "{actions}");
}

#[tokio::test]
async fn webhooks_and_subscriptions_are_listed_with_counts_and_the_soonest_expiry_first() {
    let site = FakeX::new().site(|console| console);
    let at_x = site.get("/api/at-x").await.json()["at_x"].clone();
    let webhooks = &at_x["webhooks"]["data"];
    assert_eq!(webhooks[0]["created_at"], "2026-11-01T00:00:00Z");
    assert_eq!((&webhooks[0]["valid"], &webhooks[1]["valid"]), (&json!(true), &json!(false)));
    let subscriptions = &at_x["x_activity"]["data"];
    assert_eq!(subscriptions["by_type"], json!({"like.create": 2, "post.create": 1}));
    let ids: Vec<_> =
        subscriptions["first"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["s3", "s2", "s1"], "never expiring ones are last");
    assert_eq!(at_x["account_activity"]["data"]["subscriptions_count"], 3);
    let page = site.get("/at-x").await.text;
    for shown in
        ["invalid", "https://old.example/hook", "like.create", "subscribed users, of 15 allowed", "2027-01-01 00:00:00"]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
}

#[tokio::test]
async fn ids_keywords_and_secrets_in_urls_are_hidden_until_revealed() {
    let site = FakeX::new().site(|console| console);
    for path in ["/at-x", "/api/at-x"] {
        let hidden = site.get(path).await.text;
        for private in ["2244994945", "our secret plan", "me:pass", "key=abc"] {
            assert!(!hidden.contains(private), "{path}: {private}");
            let revealed = site.get(&format!("{path}?reveal=1")).await.text;
            assert!(revealed.contains(private), "{path}: {private}");
        }
    }
}

#[tokio::test]
async fn a_webhook_is_validated_after_one_question() {
    let x = FakeX::new();
    let site = x.site(|console| console);
    let confirm = site.get("/at-x/confirm?action=validate&webhook=11").await;
    assert!(confirm.text.contains("Validate the webhook 11?"), "{}", confirm.text);
    assert_eq!(x.calls(), 0, "asking changes nothing");
    let form = confirm.text.split("action=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let done = post(&site, &form, &[("origin", "null"), ("sec-fetch-site", "same-origin")]).await;
    assert_eq!(
        (done.status, &done.headers["location"]),
        (StatusCode::SEE_OTHER, &"/birdhook/at-x?done=1".parse().unwrap())
    );
    assert_eq!(x.taken(), ["PUT /2/webhooks/11", "GET /2/webhooks"]);
    assert!(site.get("/at-x?done=1").await.text.contains("X challenged the webhook: it is valid"));
    let token = token(&site).await;
    let invalid = post(&site, "/api/at-x/validate?webhook=12", &[("x-birdhook-csrf", &token)]).await.json();
    assert_eq!((&invalid["ok"], &invalid["webhook"]), (&json!(false), &json!("12")), "{invalid}");
}

#[tokio::test]
async fn a_replay_is_requested_within_the_limits_of_x_and_its_end_is_shown() {
    let x = FakeX::new();
    let site = x.site(|console| console);
    let token = token(&site).await;
    x.taken();
    for (from, to, expected) in [(120, 5, "at least 10"), (1500, 1400, "last 24 hours"), (400, 200, "at most 2 hours")]
    {
        let query = format!("webhook=11&from={}&to={}", minutes_ago(from), minutes_ago(to));
        let refused = site.get(&format!("/at-x/confirm?action=replay&{query}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(refused.text.contains(expected), "{}", refused.text);
        let refused = post(&site, &format!("/api/at-x/replay?{query}&csrf={token}"), &[]).await;
        assert_eq!((refused.status, x.calls()), (StatusCode::BAD_REQUEST, 0));
    }
    let (from, to) = (minutes_ago(120), minutes_ago(60));
    let query = format!("webhook=11&from={from}&to={to}");
    assert!(site.get(&format!("/at-x/confirm?action=replay&{query}")).await.text.contains("Replay to the webhook 11?"));
    let done = post(&site, &format!("/api/at-x/replay?{query}"), &[("x-birdhook-csrf", &token)]).await;
    assert_eq!(done.json()["ok"], true, "{}", done.text);
    let digits = |time: &str| time.chars().filter(char::is_ascii_digit).collect::<String>();
    let sent: Value = serde_json::from_str(x.taken()[0].strip_prefix("POST /2/webhooks/replay ").unwrap()).unwrap();
    assert_eq!(sent, json!({"webhook_id": "11", "from_date": digits(&from), "to_date": digits(&to)}));
    let state = async || site.get("/api/at-x").await.json()["at_x"]["jobs"][0].clone();
    assert_eq!((&state().await["state"], &state().await["id"]), (&json!("requested"), &json!("77")));
    for (job, job_state) in [("78", "Complete"), ("77", "Incomplete")] {
        let end = json!({"replay_job_status": {"webhook_id": "11", "job_id": job, "job_state": job_state,
            "job_state_description": "<b>some are lost</b>"}});
        assert_eq!(site.deliver(&end.to_string()).await, StatusCode::OK);
    }
    let end = state().await;
    assert_eq!((&end["state"], &end["description"]), (&json!("incomplete"), &json!("<b>some are lost</b>")), "{end}");
    assert!(site.get("/at-x").await.text.contains("&lt;b&gt;some are lost"));
}

#[tokio::test]
async fn a_request_of_another_site_or_without_the_token_reaches_x_never() {
    let x = FakeX::new();
    let site = x.site(|console| console);
    let token = token(&site).await;
    x.taken();
    let path = format!("/at-x/validate?webhook=11&csrf={token}");
    for headers in [
        [("sec-fetch-site", "cross-site")].as_slice(),
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
    ] {
        assert_eq!(post(&site, &path, headers).await.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    for wrong in ["", "&csrf=0", &format!("&csrf={token}0")] {
        let refused = post(&site, &format!("/at-x/validate?webhook=11{wrong}"), &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{wrong}");
    }
    assert_eq!(site.get(&path).await.status, StatusCode::METHOD_NOT_ALLOWED, "a link changes nothing");
    for path in ["/at-x", "/api/at-x", "/at-x/confirm?action=validate&webhook=11"] {
        let framed = Request::get(path).header(HOST, "localhost").header("sec-fetch-site", "cross-site");
        assert_eq!(site.page(framed).await.status, StatusCode::FORBIDDEN, "{path}");
        let rebound = Request::get(path).header(HOST, "evil.example");
        assert_eq!(site.page(rebound).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(
        post(&site, &format!("/at-x/replay?webhook=11&csrf={token}"), &[]).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(x.calls(), 0);
}

#[tokio::test]
async fn a_read_only_console_shows_the_state_and_refuses_every_action() {
    let x = FakeX::new();
    let site = x.site(Console::read_only);
    assert_eq!(site.get("/api/at-x").await.json()["csrf"], Value::Null);
    let page = site.get("/at-x").await.text;
    assert!(page.contains("https://old.example/hook") && !page.contains("/confirm"), "{page}");
    x.taken();
    for path in ["/at-x/validate?webhook=11", "/api/at-x/validate?webhook=11", "/api/at-x/replay?webhook=11"] {
        let refused = post(&site, path, &[]).await;
        assert!(refused.status == StatusCode::FORBIDDEN && refused.text.contains("only reads"), "{}", refused.text);
    }
    assert_eq!(site.get("/at-x/confirm?action=validate&webhook=11").await.status, StatusCode::FORBIDDEN);
    assert_eq!(x.calls(), 0);
}

#[tokio::test]
async fn a_console_without_a_client_has_no_such_page() {
    let site = Site::new(History::new());
    for path in ["/at-x", "/api/at-x", "/assets/at_x.js"] {
        assert_eq!(site.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(!site.get("/").await.text.contains("/at-x"));
    let site = FakeX::new().site(|console| console);
    assert!(site.get("/").await.text.contains("href=\"/birdhook/at-x\""));
    assert_eq!(site.get("/at-xx").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hostile_texts_of_x_are_escaped_and_the_page_has_no_inline_script() {
    const HOSTILE: &str = "\"><img src=x onerror=alert(1)><script>alert(2)</script>";
    let x = FakeX::new();
    let webhook = json!({"id": HOSTILE, "url": format!("https://app.example/{HOSTILE}"), "valid": false});
    x.set("GET /2/webhooks", answer(200, &json!({"data": [webhook]})));
    let subscription = json!({"subscription_id": HOSTILE, "event_type": HOSTILE, "filter": {HOSTILE: HOSTILE},
        "webhook_id": HOSTILE, "tag": HOSTILE});
    x.set("GET /2/activity/subscriptions", answer(200, &json!({"data": [subscription]})));
    let error = json!({"title": HOSTILE, "detail": HOSTILE, "status": 400});
    x.set("GET /2/account_activity/subscriptions/count", answer(400, &error));
    let site = x.site(|console| console);
    let confirm = form_urlencoded(HOSTILE);
    for path in ["/at-x?reveal=1", "/at-x", &format!("/at-x/confirm?action=validate&webhook={confirm}")] {
        let page = site.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let scripts = page.text.matches("<script src=\"/birdhook/assets/").count();
        assert_eq!(page.text.matches("<script").count(), scripts, "{path}: {}", page.text);
        assert!(page.text.contains("&lt;script&gt;alert(2)"), "{path}: {}", page.text);
        let hostile = page.text.contains("<img") || page.text.contains("<style") || page.text.contains(" style=");
        assert!(!hostile, "{path}: {}", page.text);
    }
}

fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
