//! Deliveries that are sent again: to where, signed with what, and who may.

use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use birdhook_console::{Access, Console, History, Resend};
use birdhook_pipeline::{App, Secret, SecretKind, signature};
use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use tokio::sync::Notify;

use crate::support::{Page, SECRET, Site, message, signed};

const TEST_SECRET: &str = "birdhook-test-secret";
const TEXT: &str = "the words of a private message";
const SCRIPT: &str = "</textarea></pre><script>alert(1)</script><img src=x onerror=alert(2)>";

/// Time limit for something that must happen.
const LIMIT: Duration = Duration::from_secs(20);

type Sent = Arc<Mutex<Vec<Request<Bytes>>>>;

/// A console with a kept delivery, and the requests that it sends.
struct Stage {
    site: Site,
    id: String,
    body: String,
    sent: Sent,
}

impl Stage {
    async fn new() -> Self {
        Self::with(|| ok("fine"), |console| console).await
    }

    async fn with(response: fn() -> Response<Bytes>, change: impl FnOnce(Console) -> Console) -> Self {
        // Without a global subscriber, a test in another thread could register the event of the log
        // as one that nobody wants, just as the log's test sets its own subscriber.
        static LOG_ALL: Once = Once::new();
        LOG_ALL.call_once(|| _ = tracing::subscriber::set_global_default(tracing_subscriber::registry()));
        let sent = Sent::default();
        let requests = Arc::clone(&sent);
        let resend = Resend::new(move |request| {
            requests.lock().unwrap().push(request);
            async move { Ok::<_, String>(response()) }
        });
        let mut it = Self::sending(resend, TEXT, change).await;
        it.sent = sent;
        it
    }

    async fn sending(resend: Resend, text: &str, change: impl FnOnce(Console) -> Console) -> Self {
        let mut site = Site::new(History::new().keep(8, 1 << 16));
        let resend = resend.target("shop", "http://127.0.0.1:3000/webhook?key=1").unwrap();
        let resend = resend.target("staging", "https://user:pass@staging.example/x").unwrap();
        site.console = change(site.console.resend(resend));
        let body = message("1", text);
        assert_eq!(site.deliver(&body).await, StatusCode::OK);
        let id = site.newest().await;
        Self { site, id, body, sent: Sent::default() }
    }

    async fn token(&self) -> String {
        self.site.get("/api/send").await.json()["csrf"].as_str().unwrap().to_owned()
    }

    fn path(&self) -> String {
        format!("/deliveries/{}/send", self.id)
    }

    /// Sends the form, with the token of the console.
    async fn form(&self, form: &str) -> Page {
        let path = format!("{}?csrf={}", self.path(), self.token().await);
        self.site.page_with(Request::post(path).header(HOST, "localhost:8080"), form).await
    }

    async fn call(&self, query: &str, body: &str) -> Page {
        let request = Request::post(format!("/api{}?{query}", self.path())).header(HOST, "localhost:8080");
        self.site.page_with(request.header("x-birdhook-csrf", self.token().await), body).await
    }

    fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

fn ok(body: impl Into<Bytes>) -> Response<Bytes> {
    Response::new(body.into())
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn a_delivery_is_sent_as_it_was_signed_with_the_test_secret_and_marked() {
    let it = Stage::new().await;
    let page = it.site.get(&format!("/deliveries/{}", it.id)).await;
    assert!(page.text.contains(&format!("href=\"/birdhook/deliveries/{}/send\"", it.id)), "{}", page.text);
    let asked = it.site.get(&format!("/birdhook{}", it.path())).await;
    assert!(asked.text.contains("Send this delivery again?") && asked.text.contains("method=\"post\""));
    assert_eq!(it.sent(), 0, "asking sends nothing");
    let page = it.form("target=shop&as=kept&body=ignored").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains(">200<") && page.text.contains("fine") && page.text.contains(" ms"), "{}", page.text);
    let sent = it.sent.lock().unwrap();
    let request = &sent[0];
    assert_eq!((sent.len(), request.method().as_str()), (1, "POST"));
    assert_eq!(request.uri(), "http://127.0.0.1:3000/webhook?key=1");
    assert_eq!(request.headers()["birdhook-replayed"], "console");
    assert_eq!(request.body(), it.body.as_bytes(), "every byte is X's");
    let header = &request.headers()[SecretKind::Consumer.header()];
    let verify = |secret: &str| signature::verify(&Secret::new(secret).unwrap(), it.body.as_bytes(), header.as_bytes());
    assert!(verify(TEST_SECRET).is_ok());
    assert!(verify(SECRET).is_err(), "never X's signature");
    assert!(!request.headers().contains_key(SecretKind::Client.header()));
}

#[tokio::test]
async fn an_edited_body_is_sent_and_signed_anew() {
    let it = Stage::new().await;
    let page = it.form(&format!("target=shop&as=edited&body={}", encoded("{\r\n\"a\": 1}"))).await;
    assert!(page.text.contains("an edited body"), "{}", page.text);
    let answer = it.call("target=staging", "{\"b\":2}").await.json();
    assert_eq!((answer["target"].as_str(), answer["edited"].as_bool()), (Some("staging"), Some(true)), "{answer}");
    assert_eq!((answer["response"]["status"].as_u64(), answer["response"]["body"].as_str()), (Some(200), Some("fine")));
    let plain = it.call("target=shop", "").await.json();
    assert_eq!(plain["edited"], false);
    let sent = it.sent.lock().unwrap();
    let bodies: Vec<_> = sent.iter().map(|request| request.body().to_vec()).collect();
    assert_eq!(bodies, [b"{\n\"a\": 1}".to_vec(), b"{\"b\":2}".to_vec(), it.body.clone().into_bytes()]);
    for request in sent.iter() {
        let header = request.headers()[SecretKind::Consumer.header()].as_bytes();
        signature::verify(&Secret::new(TEST_SECRET).unwrap(), request.body(), header).unwrap();
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_sent_only_if_it_is_confirmed() {
    let it = Stage::new().await;
    let form = format!("target=staging&as=edited&body={}", encoded("{\"a\": }"));
    let asked = it.form(&form).await;
    assert_eq!((asked.status, it.sent()), (StatusCode::UNPROCESSABLE_ENTITY, 0));
    assert!(asked.text.contains("not valid JSON: expected value at line 1 column 7"), "{}", asked.text);
    assert!(asked.text.contains("{&quot;a&quot;: }"), "the text is kept: {}", asked.text);
    assert!(asked.text.contains("value=\"staging\" selected"), "the target is kept: {}", asked.text);
    assert_eq!((it.form(&format!("{form}&anyway=1")).await.status, it.sent()), (StatusCode::OK, 1));
    let asked = it.call("target=shop", "{").await;
    assert_eq!((asked.status, it.sent()), (StatusCode::UNPROCESSABLE_ENTITY, 1));
    assert!(asked.text.contains("anyway=1"), "{}", asked.text);
    assert_eq!((it.call("target=shop&anyway=1", "{").await.status, it.sent()), (StatusCode::OK, 2));
}

#[tokio::test]
async fn a_target_is_a_configured_name_and_never_a_url() {
    let it = Stage::new().await;
    for target in
        ["", "other", "Shop", "http://127.0.0.1:3000/webhook?key=1", "http://evil.example/", "//evil.example/"]
    {
        let (form, query) = (format!("target={}&as=kept", encoded(target)), format!("target={}", encoded(target)));
        for refused in [it.form(&form).await, it.call(&query, "").await] {
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{target}");
            assert!(refused.text.contains("shop, staging"), "{}", refused.text);
        }
    }
    assert_eq!(it.call("", "").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(it.call("url=http://evil.example/", "").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(it.sent(), 0);
    let more = "target=shop&url=http://evil.example/&host=evil.example";
    assert_eq!(it.form(&format!("{more}&as=kept")).await.status, StatusCode::OK);
    assert_eq!(it.call(more, "").await.status, StatusCode::OK);
    for request in it.sent.lock().unwrap().iter() {
        assert_eq!(request.uri().host(), Some("127.0.0.1"));
        assert!(!request.headers().contains_key(HOST));
    }
}

#[tokio::test]
async fn a_redirect_is_shown_and_not_followed() {
    fn moved() -> Response<Bytes> {
        let moved = Response::builder().status(307).header("location", "http://169.254.169.254/latest");
        moved.header("set-cookie", "session=1").body(Bytes::new()).unwrap()
    }
    let it = Stage::with(moved, |console| console).await;
    let page = it.form("target=shop&as=kept").await;
    assert!(page.text.contains(">307<") && page.text.contains("Redirects are not followed"), "{}", page.text);
    assert!(page.text.contains("169.254.169.254") && !page.text.contains("session=1"), "{}", page.text);
    assert!(!page.text.contains("href=\"http://169"), "no link leads there");
    assert_eq!((page.status, it.sent()), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_response_is_cut_off_and_escaped() {
    fn long() -> Response<Bytes> {
        let text = format!("{SCRIPT}{}END{}", "x".repeat((16 << 10) - SCRIPT.len() - 3), "y".repeat(9));
        Response::builder().header("x-hostile", SCRIPT).body(text.into()).unwrap()
    }
    let it = Stage::with(long, |console| console).await;
    let page = it.form("target=shop&as=kept").await;
    assert!(page.text.contains("xEND</pre>") && page.text.contains("first 16 KiB"), "{}", page.text);
    assert_eq!(page.text.matches("<script").count(), 1, "{}", page.text);
    assert!(!page.text.contains("<img") && page.text.contains("&lt;script&gt;"), "{}", page.text);
    let answer = it.call("target=shop", "").await.json();
    assert_eq!(answer["response"]["body"].as_str().unwrap().len(), 16 << 10);
    assert_eq!(answer["response"]["is_cut_off"], true);
}

#[tokio::test]
async fn a_hostile_body_stays_within_the_form() {
    let it = Stage::sending(Resend::new(|_| async { Ok::<_, String>(ok("")) }), SCRIPT, |console| console).await;
    let page = it.site.get(&format!("{}?reveal=1", it.path())).await;
    assert_eq!(page.text.matches("<script").count(), 1, "{}", page.text);
    assert!(page.text.matches("</textarea>").count() == 1 && page.text.contains("&lt;/textarea&gt;"), "{}", page.text);
    let asked = it.form(&format!("target=shop&as=edited&body={}", encoded(SCRIPT))).await;
    assert_eq!(asked.text.matches("<script").count(), 1, "{}", asked.text);
    assert_eq!(asked.text.matches("</textarea>").count(), 1, "{}", asked.text);
    assert!(!page.text.contains(" style=") && !page.text.contains("onclick"));
}

#[tokio::test]
async fn a_secret_of_the_app_signs_for_this_machine_only() {
    let real = |console: Console| console.test_secret(Secret::new(SECRET).unwrap());
    let it = Stage::with(|| ok(""), real).await;
    for refused in [it.form("target=staging&as=kept").await, it.call("target=staging", "{}").await] {
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.text.contains("secret of the app"), "{}", refused.text);
    }
    assert_eq!(it.sent(), 0);
    assert_eq!(it.form("target=shop&as=kept").await.status, StatusCode::OK);
    // The apps are read at each request, because an app can replace its secrets.
    it.site.pipeline.replace_apps(App::with_client_secret("bees", Secret::new("another").unwrap()));
    assert_eq!(it.form("target=staging&as=kept").await.status, StatusCode::OK);
    it.site.pipeline.replace_apps(
        App::new("bees", Secret::new("another").unwrap()).add_consumer_secret(Secret::new(SECRET).unwrap()),
    );
    assert_eq!(it.form("target=staging&as=kept").await.status, StatusCode::FORBIDDEN, "an old secret counts too");
}

#[tokio::test]
async fn a_request_without_the_token_or_of_another_site_sends_nothing() {
    let it = Stage::new().await;
    let token = it.token().await;
    let send = |query: String| Request::post(format!("{}?{query}", it.path())).header(HOST, "localhost:8080");
    let form = "target=shop&as=kept";
    for wrong in ["", "csrf=", "csrf=0", &format!("csrf={}", "0".repeat(32)), &format!("csrf={token}0")] {
        let refused = it.site.page_with(send(wrong.to_owned()), form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{wrong}");
        let api = Request::post(format!("/api{}?target=shop&{wrong}", it.path())).header(HOST, "localhost:8080");
        assert_eq!(it.site.page_with(api, "").await.status, StatusCode::FORBIDDEN, "{wrong}");
    }
    let in_form = it.site.page_with(send(String::new()), &format!("{form}&csrf={token}")).await;
    assert_eq!(in_form.status, StatusCode::FORBIDDEN, "the token is in the query, so no body is read without it");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://localhost:9999"),
    ] {
        let refused = it.site.page_with(send(format!("csrf={token}")).header(name, value), form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    for path in [it.path(), "/api/send".to_owned()] {
        let framed = Request::get(&path).header(HOST, "localhost").header("sec-fetch-site", "cross-site");
        assert_eq!(it.site.page(framed).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let rebound = Request::post(format!("{}?csrf={token}", it.path())).header(HOST, "evil.example");
    assert_eq!(it.site.page_with(rebound, form).await.status, StatusCode::FORBIDDEN);
    let link = it.site.get(&format!("/api{}?target=shop&csrf={token}", it.path())).await;
    assert_eq!(link.status, StatusCode::METHOD_NOT_ALLOWED, "a link sends nothing");
    assert_eq!(it.sent(), 0);
    let own = send(format!("csrf={token}")).header("origin", "null").header("sec-fetch-site", "same-origin");
    assert_eq!((it.site.page_with(own, form).await.status, it.sent()), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_request_without_access_sends_nothing() {
    let token = "an-unguessable-token";
    let mut site = Site::with(History::new().keep(8, 1 << 16), Access::bearer(token).unwrap());
    let resend = Resend::new(|_| async { Err::<Response<Bytes>, _>("must not be called") });
    site.console = site.console.resend(resend.target("shop", "http://127.0.0.1:1/").unwrap());
    site.deliver(&message("1", TEXT)).await;
    for path in ["/api/send", "/deliveries/1-1/send", "/api/deliveries/1-1/send"] {
        for request in [Request::get(path), Request::post(path)] {
            assert_eq!(site.page(request.header(HOST, "localhost")).await.status, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
}

#[tokio::test]
async fn a_read_only_console_sends_nothing_and_has_no_button() {
    let it = Stage::with(|| ok(""), Console::read_only).await;
    let targets = it.site.get("/api/send").await.json();
    assert_eq!((&targets["csrf"], targets["read_only"].as_bool()), (&Value::Null, Some(true)), "{targets}");
    assert!(!it.site.get(&format!("/deliveries/{}?reveal=1", it.id)).await.text.contains("/send"));
    for path in [it.path(), format!("/api{}?target=shop", it.path())] {
        let request = Request::post(&path).header(HOST, "localhost:8080");
        let refused = it.site.page_with(request, "target=shop&as=kept").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.text.contains("only reads"), "{}", refused.text);
    }
    assert_eq!(it.site.get(&it.path()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(it.sent(), 0);
}

#[tokio::test]
async fn one_delivery_is_sent_at_a_time() {
    let (begun, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, answers) = (Arc::clone(&begun), Arc::clone(&answer));
    let resend = Resend::new(move |_| {
        let (begun, answer) = (Arc::clone(&begins), Arc::clone(&answers));
        async move {
            begun.notify_one();
            answer.notified().await;
            Ok::<_, String>(ok("late"))
        }
    });
    let it = Stage::sending(resend, TEXT, |console| console).await;
    let second = async {
        begun.notified().await;
        let second = it.call("target=staging", "").await;
        answer.notify_one();
        second
    };
    let both = async { tokio::join!(it.call("target=shop", ""), second) };
    let (first, second) = tokio::time::timeout(LIMIT, both).await.expect("the second is refused");
    assert_eq!((first.status, second.status), (StatusCode::OK, StatusCode::CONFLICT), "{}", second.text);
    answer.notify_one();
    assert_eq!(it.call("target=shop", "").await.status, StatusCode::OK, "the slot is free again");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_does_not_answer_in_time_or_at_all_is_reported() {
    let silent = Resend::new(|_| std::future::pending::<Result<Response<Bytes>, String>>());
    let it = Stage::sending(silent.time_limit(Duration::from_secs(3)), TEXT, |console| console).await;
    let late = tokio::time::timeout(LIMIT, it.form("target=shop&as=kept")).await.expect("a time limit");
    assert_eq!(late.status, StatusCode::GATEWAY_TIMEOUT);
    assert!(late.text.contains("shop: no response within 3 s"), "{}", late.text);
    let refusing = Resend::new(|_| async { Err::<Response<Bytes>, _>(format!("refused {SCRIPT}")) });
    let it = Stage::sending(refusing, TEXT, |console| console).await;
    let refused = it.form("target=shop&as=kept").await;
    assert_eq!(refused.status, StatusCode::BAD_GATEWAY);
    assert!(refused.text.contains("no response: refused") && !refused.text.contains("<img"), "{}", refused.text);
}

#[tokio::test]
async fn the_body_is_hidden_until_it_is_revealed_and_no_secret_is_shown() {
    let it = Stage::new().await;
    let hidden = it.site.get(&it.path()).await.text;
    assert!(!hidden.contains(TEXT) && !hidden.contains("2244994945") && !hidden.contains("<textarea"), "{hidden}");
    assert!(hidden.contains("Send as it was") && !hidden.contains("Send the edited body"));
    let shown = it.site.get(&format!("{}?reveal=1", it.path())).await.text;
    assert!(shown.contains(TEXT) && shown.contains("Send the edited body"), "{shown}");
    for text in [hidden, shown, it.site.get("/api/send").await.text] {
        assert!(text.contains("https://staging.example/x"), "{text}");
        for secret in ["user:pass", "key=1", SECRET] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test]
async fn only_a_kept_delivery_is_sent_by_a_console_with_targets() {
    let it = Stage::new().await;
    let forged = signed("/webhooks/twitter", "{}").body(http_body_util::Full::from("{\"a\":1}")).unwrap();
    it.site.send(forged).await;
    let refused = it.site.newest().await;
    assert!(!it.site.get(&format!("/deliveries/{refused}")).await.text.contains("/send"));
    for id in [&*refused, "0-1", "x", "../x"] {
        let request =
            Request::post(format!("/deliveries/{id}/send?csrf={}", it.token().await)).header(HOST, "localhost");
        let absent = it.site.page_with(request, "target=shop&as=kept").await;
        assert_eq!(absent.status, StatusCode::NOT_FOUND, "{id}");
        assert_eq!(it.site.get(&format!("/deliveries/{id}/send")).await.status, StatusCode::NOT_FOUND, "{id}");
    }
    assert_eq!(it.sent(), 0);
    let without = Site::new(History::new().keep(8, 1 << 16));
    without.deliver(&message("1", TEXT)).await;
    let id = without.newest().await;
    assert_eq!(without.get("/api/send").await.status, StatusCode::NOT_FOUND);
    assert!(!without.get(&format!("/deliveries/{id}")).await.text.contains("Send again"));
    let request = Request::post(format!("/deliveries/{id}/send")).header(HOST, "localhost");
    assert_eq!(without.page(request).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_body_of_more_than_one_mebibyte_is_refused() {
    let it = Stage::new().await;
    let refused = it.call("target=shop&anyway=1", &"x".repeat((1 << 20) + 1)).await;
    assert_eq!((refused.status, it.sent()), (StatusCode::PAYLOAD_TOO_LARGE, 0), "{}", refused.text);
    assert_eq!(it.call("target=shop&anyway=1", &"x".repeat(1 << 20)).await.status, StatusCode::OK);
}

/// Collects the text of a log.
#[cfg(feature = "tracing")]
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

#[cfg(feature = "tracing")]
impl std::io::Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "tracing")]
#[tokio::test]
async fn a_log_has_the_delivery_the_target_and_the_access_and_no_text() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _default = tracing::subscriber::set_default(subscriber);
    let it = Stage::new().await;
    it.form("target=staging&as=kept").await;
    it.call("target=shop", "{\"edited\":\"words\"}").await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("a delivery was sent again")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains(&it.id) && lines[0].contains("to=\"staging\"") && lines[0].contains("is_edited=false"));
    assert!(
        lines[1].contains("access=\"hook\"") && lines[1].contains("is_edited=true") && lines[1].contains("status=200")
    );
    for private in [TEXT, "2244994945", "words", "user:pass", "key=1", "fine"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
}
