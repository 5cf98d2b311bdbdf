//! Deliveries that a person sends again from the page.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Response};
use birdhook_console::Resend;
use birdhook_testkit::{SendError, Sender};
use tokio::runtime::Runtime;

use crate::browser::Browser;
use crate::pages::{fits_and_is_readable, tab_to};
use crate::site::{Site, message};

const HOSTILE: &str = "<img src=x onerror=alert(1)></textarea></pre><script>alert(2)</script><svg onload=alert(3)>";

/// Elements that a hostile text would make.
const ELEMENTS: &str = "document.querySelectorAll('main img, main script, main svg').length";

/// A program that answers each request with a hostile text and the body of the request.
struct Target {
    _runtime: Runtime,
    url: String,
    requests: Receiver<(HeaderMap, String)>,
}

impl Target {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let (sender, requests) = channel();
        let app = Router::new().fallback(move |headers: HeaderMap, body: String| {
            sender.send((headers, body.clone())).unwrap();
            async move { ([("x-hostile", HOSTILE)], format!("{HOSTILE}{body}")) }
        });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { _runtime: runtime, url, requests }
    }

    fn site(&self) -> Site {
        let sender = Sender::new(Duration::from_secs(20)).unwrap();
        let resend = Resend::new(move |request| {
            let sender = sender.clone();
            async move {
                let answer = sender.send(request).await?;
                let mut response = Response::new(answer.body);
                (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
                Ok::<_, SendError>(response)
            }
        });
        let resend = resend.target("shop", &self.url).unwrap();
        Site::start_with(|console| console.resend(resend))
    }
}

/// Opens the page of the only delivery.
fn open_delivery(site: &Site, browser: &mut Browser) -> String {
    browser.open(&site.url("/"));
    let link = browser.eval("document.querySelector('#requests tbody a').href").as_str().unwrap().to_owned();
    browser.open(&format!("{link}?reveal=1"));
    link
}

#[test]
fn a_delivery_is_edited_and_sent_and_the_response_is_shown() {
    let target = Target::start();
    let (site, mut browser) = (target.site(), Browser::start());
    site.deliver(&message("1", HOSTILE));
    open_delivery(&site, &mut browser);
    browser.eval("document.querySelector('.actions a').click()");
    browser.wait_for_page("location.pathname.endsWith('/send')");
    let shown = browser.eval("document.querySelector('textarea').value");
    assert!(shown.as_str().unwrap().starts_with('{') && shown.as_str().unwrap().contains(HOSTILE), "{shown}");
    assert_eq!(browser.eval(ELEMENTS), 0);

    browser.eval("document.querySelector('textarea').value = '\\n{\"a\": '");
    browser.eval("document.querySelector('button[value=edited]').click()");
    browser.wait_for_page("document.querySelector('[role=alert]') !== null");
    assert!(target.requests.try_recv().is_err(), "nothing is sent yet");
    assert_eq!(browser.eval("document.querySelector('textarea').value"), "\n{\"a\": ");
    // The browser reports the status of this page.
    browser.complaints.retain(|complaint| !complaint.contains("422"));
    let edited = serde_json::json!({"edited": HOSTILE}).to_string();
    browser.eval(&format!("document.querySelector('textarea').value = {}", serde_json::Value::from(edited.as_str())));
    browser.eval("document.querySelector('button[value=edited]').click()");
    browser.wait_for_page("document.getElementById('answer') !== null");
    let (headers, body) = target.requests.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!((headers["birdhook-replayed"].to_str().unwrap(), body), ("console", edited.clone()));
    assert_eq!(browser.eval("document.getElementById('status').textContent"), "200");
    assert_eq!(browser.eval("document.getElementById('answer').textContent"), format!("{HOSTILE}{edited}"));
    assert!(
        browser.eval("document.querySelector('.headers').textContent.includes('onerror=alert(1)')").as_bool().unwrap()
    );
    assert_eq!(browser.eval(ELEMENTS), 0);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn a_delivery_is_sent_as_it_was_with_the_keyboard_alone() {
    let target = Target::start();
    let (site, mut browser) = (target.site(), Browser::start());
    let body = message("1", "See you at noon");
    site.deliver(&body);
    let link = open_delivery(&site, &mut browser);
    browser.open(&link);
    tab_to(&mut browser, "document.activeElement.textContent === 'Send again'");
    browser.press("Enter");
    browser.wait_for_page("location.pathname.endsWith('/send')");
    assert!(!browser.eval("document.documentElement.innerHTML.includes('See you')").as_bool().unwrap());
    tab_to(&mut browser, "document.activeElement.value === 'kept'");
    browser.press("Enter");
    browser.wait_for_page("document.getElementById('answer') !== null");
    assert_eq!(target.requests.recv_timeout(Duration::from_secs(20)).unwrap().1, body);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn the_pages_fit_into_400_pixels_and_stay_readable_in_both_colours() {
    let target = Target::start();
    let (site, mut browser) = (target.site(), Browser::start());
    site.deliver(&message("1", "See you at noon"));
    let link = open_delivery(&site, &mut browser);
    let form = format!("{link}/send?reveal=1");
    let selectors = [".note", ".bad", ".good", "a", "button", "label", "textarea", "select"];
    fits_and_is_readable(&mut browser, "send", &[400, 1280], &selectors, |browser| browser.open(&form));
    fits_and_is_readable(&mut browser, "send-invalid", &[400, 1280], &selectors, |browser| {
        browser.open(&form);
        browser.eval("document.querySelector('textarea').value = '{'");
        browser.eval("document.querySelector('button[value=edited]').click()");
        browser.wait_for_page("document.querySelector('[role=alert]') !== null");
    });
    fits_and_is_readable(&mut browser, "sent", &[400, 1280], &selectors, |browser| {
        browser.open(&form);
        browser.eval("document.querySelector('button[value=kept]').click()");
        browser.wait_for_page("document.getElementById('answer') !== null");
    });
}
