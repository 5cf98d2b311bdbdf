//! The page of the mock X, as a person uses it.

use std::net::SocketAddr;

use axum::Router;
use birdhook_pipeline::{ChannelSink, Deliveries, Pipeline, Webhook};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{MockSettings, MockWebhook, MockX};
use birdhook_tower::Receiver;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::browser::Browser;
use crate::pages::{fits_and_is_readable, tab_to};

const USER: &str = "2001";
/// The rows of the ledger, without the bodies.
const LEDGER: &str = "[...document.querySelectorAll('#ledger tr:not(.body):not(.empty)')]";

/// A mock X, and an app that is registered there.
struct World {
    runtime: Runtime,
    x: MockX,
    webhook: MockWebhook,
    _app: (Pipeline<ChannelSink>, Deliveries),
}

impl World {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let (x, webhook, app) = runtime.block_on(async {
            let x = MockX::start(MockSettings::local()).await.unwrap();
            let (pipeline, deliveries) = Webhook::new(x.app().to_app()).channel(1024);
            let router = Router::new().route_service("/webhooks/twitter", Receiver::new(pipeline.clone()));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address: SocketAddr = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, router).await });
            let webhook = x.register(&format!("http://{address}/webhooks/twitter")).await.unwrap();
            x.subscribe(&webhook, USER).unwrap();
            (x, webhook, (pipeline, deliveries))
        });
        Self { runtime, x, webhook, _app: app }
    }

    fn open(&self) -> Browser {
        let mut browser = Browser::start();
        browser.open(&self.x.url());
        browser.wait_until(&format!("{LEDGER}.length > 0"));
        browser
    }

    fn settle(&self) {
        self.runtime.block_on(self.x.settle());
    }

    fn emit(&self, kind: MockEventKind, user: &str) {
        self.runtime.block_on(async { self.x.emit(kind, user) });
        self.settle();
    }
}

fn status_is(browser: &mut Browser, text: &str) {
    browser.wait_until(&format!("document.getElementById('status').textContent.includes({})", json!(text)));
}

#[test]
fn the_page_creates_holds_duplicates_invalidates_and_subscribes() {
    let world = World::start();
    let mut browser = world.open();
    browser.eval("document.querySelector('#create button').click()");
    status_is(&mut browser, "Created like.create of 2001: 1 delivery.");
    browser.wait_until(&format!("{LEDGER}[0].textContent.includes('like.create of 2001')"));
    assert_eq!(browser.eval(&format!("{LEDGER}[0].querySelector('.outcome').textContent")), "200");

    browser.eval("document.getElementById('copies').value = 2; document.querySelector('#duplicates button').click()");
    status_is(&mut browser, "Each later delivery is followed by 2 copies.");
    browser.eval("document.getElementById('order').value = 'reversed'; document.getElementById('hold-button').click()");
    browser.wait_until("document.getElementById('hold-button').getAttribute('aria-pressed') === 'true'");
    browser.eval("document.querySelector('#create button').click()");
    browser.wait_until("document.getElementById('waiting').textContent === '3'");
    assert_eq!(world.x.ledger().sent().len(), 1, "they are held");
    browser.eval("document.getElementById('hold-button').click()");
    browser.wait_until("document.getElementById('sent').textContent === '4'");
    assert_eq!(browser.eval("document.getElementById('order').value"), "reversed");
    browser.eval("document.getElementById('copies').value = 0; document.querySelector('#duplicates button').click()");
    status_is(&mut browser, "Deliveries are sent once.");

    browser.eval("document.querySelector('#webhooks button').click()");
    status_is(&mut browser, "X has invalidated");
    browser.wait_until("document.querySelector('#webhooks .outcome').textContent === 'invalid'");
    assert!(!world.x.webhooks()[0].valid);
    browser.eval("document.querySelector('#create button').click()");
    world.settle();
    assert_eq!(world.x.ledger().sent().len(), 4, "nothing is sent to an invalid webhook");
    browser.eval("document.querySelector('#webhooks button').click()");
    status_is(&mut browser, "has passed its challenge");
    assert!(world.x.webhooks()[0].valid);

    browser.eval(
        "document.getElementById('subscribe-user').value = '77'; \
         document.getElementById('subscribe-type').value = 'follow.follow'; \
         document.querySelector('#subscribe button').click()",
    );
    status_is(&mut browser, "Subscribed 77 to follow.follow.");
    assert_eq!(world.x.activity_subscriptions()[0].event_type, "follow.follow");
    browser.wait_until("document.getElementById('subscriptions').textContent.includes('follow.follow')");
    browser.eval("document.querySelector('#subscribe button').click()");
    status_is(&mut browser, "the subscription already exists");
    world.emit(MockEventKind::Follow, "77");
    browser.wait_until(&format!("{LEDGER}[0].textContent.includes('follow.follow of 77')"));
    let network = |text: &String| text.contains("409");
    assert!(browser.complaints.iter().all(network), "{:?}", browser.complaints);
}

#[test]
fn the_page_works_with_the_keyboard_alone_and_keeps_the_focus() {
    let world = World::start();
    world.emit(MockEventKind::Like, USER);
    let mut browser = world.open();
    browser.wait_until("document.querySelector('#ledger button') !== null");
    tab_to(&mut browser, "document.activeElement.className === 'skip'");
    browser.press("Enter");
    tab_to(&mut browser, "document.activeElement.id === 'hold-button'");
    let outline = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
    assert!(browser.eval(outline).as_bool().unwrap(), "the focus is visible");
    browser.press(" ");
    status_is(&mut browser, "Deliveries are held");
    tab_to(&mut browser, "document.activeElement.closest('#webhooks') !== null");
    browser.press("Enter");
    status_is(&mut browser, "X has invalidated");
    browser.wait_until("document.querySelector('#webhooks .outcome').textContent === 'invalid'");
    // The row was replaced.
    assert!(browser.eval("document.activeElement.textContent === 'Validate'").as_bool().unwrap());
    tab_to(&mut browser, "document.activeElement.closest('#ledger') !== null");
    browser.press("Enter");
    browser.wait_until("document.activeElement.getAttribute('aria-expanded') === 'true'");
    let is_shown = "!document.getElementById(document.activeElement.getAttribute('aria-controls')).hidden";
    assert!(browser.eval(is_shown).as_bool().unwrap());
}

#[test]
fn the_page_fits_into_400_pixels_and_stays_readable_in_both_colours() {
    let world = World::start();
    let webhook = &world.webhook;
    world.x.subscribe_tagged(webhook, USER, MockEventKind::Like, Some("a tag")).unwrap();
    world.emit(MockEventKind::Like, USER);
    let mut browser = world.open();
    world.x.invalidate(webhook).unwrap();
    world.emit(MockEventKind::Follow, USER);
    let selectors = [".note", "label", ".bad", ".good", "button", "td", "th"];
    fits_and_is_readable(&mut browser, "mock", &[400, 720, 1000, 1280], &selectors, |browser| {
        browser.open(&world.x.url());
        browser.wait_until("document.querySelector('#ledger button') !== null");
        browser.eval("document.querySelector('#ledger button').click()");
    });
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn the_page_runs_no_script_of_hostile_texts() {
    const HOSTILE: &str = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    let world = World::start();
    world.x.subscribe_tagged(&world.webhook, USER, MockEventKind::Like, Some(HOSTILE)).unwrap();
    world.emit(MockEventKind::Like, USER);
    let mut browser = world.open();
    browser.wait_until("document.getElementById('subscriptions').textContent.includes('onerror=alert(1)')");
    browser.wait_until("document.getElementById('ledger').textContent.includes('onerror=alert(1)')");
    assert_eq!(browser.eval("document.querySelectorAll('main img, main script').length"), 0);
    assert_eq!(browser.complaints, Vec::<String>::new());
}
