//! The page of the app at X, as a person uses it, with the mock X.

use std::net::SocketAddr;

use axum::Router;
use birdhook_client::{
    AccessToken, Client, ClientBuilder, ConsumerKeys, Credentials, RetryPolicy, Transport, TransportFuture,
};
use birdhook_console::{Access, Console, History};
use birdhook_pipeline::{ChannelSink, Deliveries, Pipeline, Webhook};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{MockSettings, MockWebhook, MockX};
use birdhook_tower::Receiver;
use http::{Request, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::browser::Browser;
use crate::pages::{fits_and_is_readable, tab_to};

/// A mock X, an app that is registered there, and the app's console.
struct World {
    runtime: Runtime,
    x: MockX,
    webhook: MockWebhook,
    address: SocketAddr,
    _app: (Pipeline<ChannelSink>, Deliveries),
}

impl World {
    fn start() -> Self {
        Self::with(None)
    }

    /// Starts a console that calls the mock X through another transport.
    fn with(transport: Option<Hostile>) -> Self {
        let runtime = Runtime::new().unwrap();
        let (x, webhook, address, app) = runtime.block_on(async {
            let x = MockX::start(MockSettings::local()).await.unwrap();
            let history = History::new();
            let (pipeline, deliveries) = Webhook::new(x.app().to_app()).observer(history.clone()).channel(1024);
            let app = x.app();
            let owner = AccessToken::new(app.owner.token.as_str(), app.owner.token_secret.as_str());
            let keys = ConsumerKeys::new(&app.consumer_key, app.consumer_secret.as_str());
            let credentials = Credentials::new(keys).bearer(app.bearer.as_str()).owner(owner);
            let client = Client::builder(credentials).base_url(x.url()).retries(RetryPolicy::never());
            let client = transport.into_iter().fold(client, ClientBuilder::transport);
            let console = Console::new(pipeline.handle(), history, Access::hook(|_| true));
            let console = console.at_x(client.build().unwrap());
            let router = Router::new()
                .route_service("/webhooks/twitter", Receiver::new(pipeline.clone()))
                .nest_service("/birdhook", console);
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, router).await });
            let webhook = x.register(&format!("http://{address}/webhooks/twitter")).await.unwrap();
            x.subscribe(&webhook, "2001").unwrap();
            x.subscribe_to(&webhook, "2001", MockEventKind::Like).unwrap();
            (x, webhook, address, (pipeline, deliveries))
        });
        Self { runtime, x, webhook, address, _app: app }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/birdhook{path}", self.address)
    }

    fn is_valid(&self) -> bool {
        self.x.webhooks().iter().any(|webhook| webhook.id == self.webhook.id && webhook.valid)
    }
}

/// Returns the minutes from the chosen start to the chosen end.
const LENGTH: &str = "(Date.parse(document.querySelector('[name=to]').value + 'Z') - \
                      Date.parse(document.querySelector('[name=from]').value + 'Z')) / 60000";

/// Returns the minutes from the chosen start until now.
const AGE: &str = "(Date.now() - Date.parse(document.querySelector('[name=from]').value + 'Z')) / 60000";

fn follow(browser: &mut Browser, script: &str, condition: &str) {
    browser.eval(script);
    browser.wait_for_page(condition);
}

#[test]
fn an_invalid_webhook_is_validated_from_the_page() {
    let (world, mut browser) = (World::start(), Browser::start());
    world.runtime.block_on(async { world.x.invalidate(&world.webhook) }).unwrap();
    browser.open(&world.url("/at-x"));
    let shown = browser.eval("document.querySelector('main').textContent").as_str().unwrap().to_owned();
    for text in ["invalid", world.webhook.id.as_str(), "like.create", "/webhooks/twitter"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    follow(
        &mut browser,
        "document.querySelector('#webhooks a.button').click()",
        "location.pathname.endsWith('/at-x/confirm')",
    );
    assert!(!world.is_valid(), "it asks first");
    follow(&mut browser, "document.querySelector('form[method=post] button').click()", "location.search === '?done=1'");
    assert_eq!(
        browser.eval("document.querySelector('[role=status]').textContent"),
        "X challenged the webhook: it is valid"
    );
    assert!(world.is_valid());
    assert!(browser.eval("document.querySelector('#webhooks .good') !== null").as_bool().unwrap());
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn a_span_is_chosen_on_the_chart_and_replayed_with_the_keyboard_alone() {
    let (world, mut browser) = (World::start(), Browser::start());
    browser.open(&world.url("/"));
    tab_to(&mut browser, "document.activeElement.textContent === 'At X'");
    browser.press("Enter");
    browser.wait_for_page("location.pathname === '/birdhook/at-x'");
    let before = browser.eval(AGE).as_f64().unwrap();
    tab_to(&mut browser, "document.activeElement.dataset.field === 'from'");
    for _ in 0..20 {
        browser.press("ArrowLeft");
    }
    let age = browser.eval(AGE).as_f64().unwrap();
    assert!(age > before + 240.0 && age < 24.0 * 60.0, "{before} {age}");
    assert!(browser.eval(LENGTH).as_f64().unwrap() <= 120.0, "X's longest job");
    let spoken = "document.activeElement.getAttribute('aria-valuetext').endsWith(' UTC')";
    assert!(browser.eval(spoken).as_bool().unwrap());
    for _ in 0..120 {
        browser.press("ArrowLeft");
    }
    assert!(browser.eval(AGE).as_f64().unwrap() <= 24.0 * 60.0, "X's window");
    tab_to(&mut browser, "document.activeElement.textContent === 'Replay'");
    browser.eval(
        "document.querySelector('[name=from]').value = new Date(Date.now() - 7200000).toISOString().slice(0, 16)",
    );
    browser
        .eval("document.querySelector('[name=to]').value = new Date(Date.now() - 3600000).toISOString().slice(0, 16)");
    browser.press("Enter");
    browser.wait_for_page("location.pathname.endsWith('/at-x/confirm')");
    tab_to(&mut browser, "document.activeElement.matches('button.safe')");
    browser.press("Enter");
    browser.wait_for_page("location.search === '?done=1'");
    let said = browser.eval("document.querySelector('[role=status]').textContent");
    assert!(said.as_str().unwrap().starts_with("X accepted the replay job "), "{said}");
    world.runtime.block_on(world.x.settle());
    for _ in 0..200 {
        browser.open(&world.url("/at-x"));
        if browser.eval("document.querySelector('main').textContent.includes(': complete')").as_bool().unwrap() {
            assert_eq!(browser.complaints, Vec::<String>::new());
            return;
        }
    }
    panic!("the page never shows the end of the job");
}

#[test]
fn a_span_is_chosen_with_the_pointer_within_the_limits_of_x() {
    let (world, mut browser) = (World::start(), Browser::start());
    browser.look(1280, "light");
    browser.open(&world.url("/at-x"));
    let bounds = browser.eval(
        "(() => { const box = document.querySelector('#span-chart svg').getBoundingClientRect(); \
         return [box.left, box.width, box.top + box.height / 2]; })()",
    );
    let [left, width, y] = [0, 1, 2].map(|number| bounds[number].as_f64().unwrap());
    let drag = |browser: &mut Browser, from: f64, to: f64| {
        for (kind, share) in
            [("mousePressed", from), ("mouseMoved", (from + to) / 2.0), ("mouseMoved", to), ("mouseReleased", to)]
        {
            let button = json!({"type": kind, "x": left + width * share, "y": y, "button": "left", "buttons": 1, "clickCount": 1});
            browser.call("Input.dispatchMouseEvent", &button);
        }
        (browser.eval(AGE).as_f64().unwrap(), browser.eval(LENGTH).as_f64().unwrap())
    };
    let (age, length) = drag(&mut browser, 0.5, 0.54);
    assert!((660.0..760.0).contains(&age) && (50.0..65.0).contains(&length), "{age} {length}");
    let (_, length) = drag(&mut browser, 0.3, 0.9);
    assert!((119.0..=120.0).contains(&length), "at most X's longest job: {length}");
    let (age, length) = drag(&mut browser, 0.97, 1.0);
    assert!(age >= 31.0 && age - length >= 10.0, "{age} {length}");
    assert!(browser.eval("Number(document.querySelector('.chosen').getAttribute('width')) > 0").as_bool().unwrap());
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn the_page_of_the_app_at_x_fits_into_400_pixels_and_stays_readable_in_both_colours() {
    let (world, mut browser) = (World::start(), Browser::start());
    let confirm = format!("/at-x/confirm?action=validate&webhook={}", world.webhook.id);
    for (name, path) in [("at-x", "/at-x?reveal=1"), ("at-x-confirm", &confirm)] {
        let selectors = [".note", ".good", "a", "button", "code"];
        fits_and_is_readable(&mut browser, name, &[400, 1280], &selectors, |browser| browser.open(&world.url(path)));
    }
}

/// An X whose every text is hostile.
struct Hostile;

const HOSTILE: &str = "\"><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>";

impl Transport for Hostile {
    fn send(&self, request: Request<axum::body::Bytes>) -> TransportFuture<'_> {
        let body = match request.uri().path() {
            "/2/webhooks" => json!({"data": [{"id": HOSTILE, "url": HOSTILE, "valid": false}]}),
            "/2/activity/subscriptions" => json!({"data": [{"subscription_id": HOSTILE, "event_type": HOSTILE,
                "filter": {HOSTILE: HOSTILE, "keyword": HOSTILE}, "webhook_id": HOSTILE, "tag": HOSTILE}]}),
            _ => json!({"title": HOSTILE, "detail": HOSTILE}),
        };
        Box::pin(async move { Ok(Response::new(body.to_string().into())) })
    }
}

#[test]
fn hostile_texts_of_x_run_no_script() {
    let (world, mut browser) = (World::with(Some(Hostile)), Browser::start());
    browser.open(&world.url("/at-x?reveal=1"));
    let shown = browser.eval("document.querySelector('#webhooks').textContent");
    assert!(shown.as_str().unwrap().contains("onerror=alert(1)"), "{shown}");
    const INJECTED: &str = "document.querySelectorAll('main img, main script:not([src]), main svg[onload]').length";
    assert_eq!(browser.eval(INJECTED), 0);
    follow(
        &mut browser,
        "document.querySelector('#webhooks a.button').click()",
        "location.pathname.endsWith('/at-x/confirm')",
    );
    assert!(browser.eval("document.querySelector('h1').textContent.includes('alert(2)')").as_bool().unwrap());
    assert_eq!(browser.eval(INJECTED), 0);
    assert_eq!(browser.complaints, Vec::<String>::new());
}
