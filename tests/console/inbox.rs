//! The pages of the inbox, as a person uses them.

use birdhook_console::{Access, Console, History};
use birdhook_inbox::{Inbox, InboxSettings};
use birdhook_pipeline::{Delivery, EventSink, Secret, Webhook};

use crate::browser::Browser;
use crate::pages::{fits_and_is_readable, tab_to};
use crate::site::{activity, message};

const ROWS: &str = "document.querySelectorAll('#inbox tbody tr:not(.empty)').length";

/// A console of a webhook with an inbox of dead letters.
struct Stocked {
    runtime: tokio::runtime::Runtime,
    address: std::net::SocketAddr,
    inbox: Inbox,
    _folder: tempfile::TempDir,
}

impl Stocked {
    fn start(text: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let inbox = runtime.block_on(async {
            let inbox = InboxSettings::new().free_space(0).open(folder.path()).await.unwrap();
            for body in [message("1", text), activity("2", "like.create"), activity("3", "like.create")] {
                inbox.deliver(Delivery::restore("bees", body, 10).unwrap()).await.unwrap();
                inbox.recv().await.unwrap().reject().await.unwrap();
            }
            inbox
        });
        let history = History::new();
        let webhook = Webhook::new(Secret::new("consumer-secret-of-the-tests").unwrap());
        let pipeline = webhook.observer(history.clone()).sink(inbox.clone());
        let console = Console::new(pipeline.handle(), history, Access::hook(|_| true)).inbox(inbox.clone());
        let app = axum::Router::new().nest_service("/birdhook", console);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { runtime, address, inbox, _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/birdhook{path}", self.address)
    }

    fn dead(&self) -> usize {
        self.inbox.stats().dead
    }
}

#[test]
fn a_dead_letter_is_requeued_from_the_page_and_consumed() {
    let (it, mut browser) = (Stocked::start("See you at noon"), Browser::start());
    browser.open(&it.url("/"));
    assert!(
        browser.eval("document.getElementById('health').textContent.includes('3 dead letters')").as_bool().unwrap()
    );
    browser.open(&it.url("/inbox"));
    assert_eq!(browser.eval(ROWS), 3);
    let link = browser.eval("document.querySelector('#inbox tbody a').href");
    browser.open(link.as_str().unwrap());
    follow(&mut browser, "document.querySelector('.actions a').click()", "location.pathname.endsWith('/confirm')");
    assert_eq!(it.dead(), 3, "it asks first");
    follow(
        &mut browser,
        "document.querySelector('form[method=post] button').click()",
        "location.search.includes('done=')",
    );
    let said = browser.eval("document.querySelector('[role=status]').textContent");
    assert_eq!(said, "Requeued 1 event.");
    assert_eq!(it.dead(), 2);
    let lease = it.runtime.block_on(it.inbox.recv()).unwrap();
    assert!(link.as_str().unwrap().ends_with(&lease.id().to_string()));
    it.runtime.block_on(lease.ack()).unwrap();

    browser.open(&it.url("/inbox?status=dead&kind=liked"));
    follow(
        &mut browser,
        "document.querySelectorAll('.actions a')[1].click()",
        "location.pathname.endsWith('/confirm')",
    );
    assert_eq!(browser.eval("document.querySelector('h1').textContent"), "Discard 2 events?");
    follow(
        &mut browser,
        "document.querySelector('form[method=post] button').click()",
        "location.search.includes('done=')",
    );
    assert_eq!(it.dead(), 0);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

/// Runs a script that leads to another page, and waits for that page.
fn follow(browser: &mut Browser, script: &str, condition: &str) {
    browser.eval(script);
    browser.wait_for_page(condition);
}

#[test]
fn every_action_is_reached_and_confirmed_with_the_keyboard_alone() {
    let (it, mut browser) = (Stocked::start("See you at noon"), Browser::start());
    browser.open(&it.url("/"));
    tab_to(&mut browser, "document.activeElement.textContent === 'Inbox'");
    browser.press("Enter");
    browser.wait_for_page("location.pathname === '/birdhook/inbox'");
    tab_to(&mut browser, "document.activeElement.textContent === 'Discard'");
    browser.press("Enter");
    browser.wait_for_page("location.pathname.endsWith('/confirm')");
    tab_to(&mut browser, "document.activeElement.matches('button.danger')");
    let outline = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
    assert!(browser.eval(outline).as_bool().unwrap(), "the focus is visible");
    browser.press("Enter");
    browser.wait_for_page("location.search.includes('done=discard&count=3')");
    assert_eq!(it.dead(), 0);

    browser.open(&it.url("/inbox"));
    tab_to(
        &mut browser,
        "document.activeElement.closest('[aria-label=Purge]') !== null && document.activeElement.name === 'subscriber'",
    );
    browser.call("Input.insertText", &serde_json::json!({"text": "2244994945"}));
    browser.press("Enter");
    browser.wait_for_page("location.pathname.endsWith('/confirm')");
    tab_to(&mut browser, "document.activeElement.textContent === 'Cancel'");
    browser.press("Enter");
    browser.wait_for_page("location.pathname === '/birdhook/inbox'");
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn hostile_texts_in_the_inbox_run_no_script() {
    const HOSTILE: &str = "<img src=x onerror=alert(1)><script>alert(2)</script></pre><svg onload=alert(3)>";
    let (it, mut browser) = (Stocked::start(HOSTILE), Browser::start());
    browser.open(&it.url("/inbox?reveal=1"));
    let link = browser.eval("document.querySelector('#inbox tbody a').href");
    browser.open(link.as_str().unwrap());
    assert!(browser.eval("document.querySelector('pre').textContent.includes('onerror=alert(1)')").as_bool().unwrap());
    assert_eq!(browser.eval("document.querySelectorAll('main img, main script, svg').length"), 0);
    browser.open(&it.url("/inbox/confirm?action=purge&subscriber=%3Cscript%3Ealert(4)%3C/script%3E"));
    assert_eq!(browser.eval("document.querySelectorAll('main script').length"), 0);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn another_site_cannot_act_on_the_inbox() {
    let (it, mut browser) = (Stocked::start("See you at noon"), Browser::start());
    let token = "document.querySelector('form[method=post]').action";
    browser.open(&it.url("/inbox/confirm?action=discard&all=1"));
    let action = browser.eval(token).as_str().unwrap().to_owned();
    browser.open("data:text/html,<h1>evil</h1>");
    let form = format!(
        "(() => {{ const form = document.createElement('form'); form.method = 'post'; form.action = {}; \
         document.body.append(form); form.submit(); }})()",
        serde_json::Value::from(action)
    );
    browser.eval(&form);
    browser.wait_for_page(
        "document.body.textContent.includes('not allowed') || document.body.textContent.includes('Not done')",
    );
    assert_eq!(it.dead(), 3);
}

#[test]
fn the_pages_of_the_inbox_fit_into_400_pixels_and_stay_readable_in_both_colours() {
    let (it, mut browser) = (Stocked::start("See you at noon"), Browser::start());
    browser.open(&it.url("/inbox"));
    let event = browser.eval("document.querySelector('#inbox tbody a').href").as_str().unwrap().to_owned();
    for (name, url) in [
        ("inbox", it.url("/inbox")),
        ("event", format!("{event}?reveal=1")),
        ("confirm", it.url("/inbox/confirm?action=discard&all=1")),
    ] {
        let selectors = [".note", ".bad", ".good", "a", "button"];
        fits_and_is_readable(&mut browser, name, &[400, 1280], &selectors, |browser| browser.open(&url));
    }
}
