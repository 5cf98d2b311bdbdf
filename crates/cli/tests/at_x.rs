//! The page of the app at X on the consoles of the tool.

use serde_json::Value;

use crate::support::fake_x::{FakeX, rule};
use crate::support::{Folder, Serving, birdhook, call};

const WEBHOOK: &str = r#"{"data":[{"id":"11","url":"https://app.example/hook","valid":true}]}"#;

fn x() -> FakeX {
    FakeX::start([
        rule("GET /2/webhooks", 200, WEBHOOK),
        rule("PUT /2/webhooks/11", 200, r#"{"data":{"valid":true}}"#),
        rule("GET /2/activity/subscriptions", 200, r#"{"data":[]}"#),
        rule("GET /2/account_activity/subscriptions/count", 200, r#"{"data":{"subscriptions_count":3}}"#),
    ])
}

/// Returns a credentials file for the fake X.
fn keys(folder: &Folder, x: &FakeX) -> String {
    let keys = format!(
        "api_url = \"{}\"\nconsumer_key = \"key\"\nconsumer_secret = \"secret\"\nbearer_token = \"bearer\"\n",
        x.url
    );
    folder.file("keys.toml", &keys)
}

fn at_x(address: &str) -> Value {
    let (head, body) = call(address, "GET", "/api/at-x", &[], "");
    assert!(head.starts_with("HTTP/1.1 200"), "{head} {body}");
    serde_json::from_str(&body).unwrap()
}

fn console_of(listening: &Serving) -> String {
    let note = listening.note_of("console at http://");
    note.split_once("http://").unwrap().1.trim_end_matches('/').to_owned()
}

#[test]
fn listen_shows_the_app_at_x_on_its_console_if_it_finds_the_keys() {
    let (folder, x) = (Folder::new("at-x-listen"), x());
    let keys = keys(&folder, &x);
    let args = ["listen", "--console", "127.0.0.1:0"];
    let listening = Serving::start_command(birdhook(&args).env("BIRDHOOK_CREDENTIALS", &keys));
    let address = console_of(&listening);
    assert_eq!(x.requests(), Vec::<String>::new(), "nothing is asked before the page is open");
    let shown = at_x(&address);
    assert_eq!(shown["at_x"]["webhooks"]["data"][0]["url"], "https://app.example/hook", "{shown}");
    assert_eq!(shown["at_x"]["account_activity"]["data"]["subscriptions_count"], 3);
    listening.stop();

    let absent = folder.path("absent.toml");
    let listening = Serving::start_command(birdhook(&args).env("BIRDHOOK_CREDENTIALS", &absent));
    let (head, _) = call(&console_of(&listening), "GET", "/at-x", &[], "");
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    listening.stop();
}

#[test]
fn a_receiver_starts_without_the_page_if_the_keys_cannot_be_read() {
    let folder = Folder::new("at-x-broken");
    let broken = folder.file("keys.toml", "consumer_key = \n");
    let args = ["listen", "--console", "127.0.0.1:0"];
    let listening = Serving::start_command(birdhook(&args).env("BIRDHOOK_CREDENTIALS", &broken));
    let (head, _) = call(&console_of(&listening), "GET", "/at-x", &[], "");
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    listening.stop();
}

#[test]
fn the_console_of_an_inbox_validates_a_webhook_and_read_only_refuses() {
    let (folder, x) = (Folder::new("at-x-console"), x());
    let (keys, inbox) = (keys(&folder, &x), folder.path("inbox"));
    let args = ["console", "--inbox", &inbox, "--credentials", &keys];
    Serving::start(&["listen", "--inbox", &inbox]).stop();
    let console = Serving::start(&args);
    let csrf = at_x(&console.url)["csrf"].as_str().unwrap().to_owned();
    let validate = "/api/at-x/validate?webhook=11";
    let (head, _) = call(&console.url, "POST", validate, &[], "");
    assert!(head.starts_with("HTTP/1.1 403"), "without a token: {head}");
    let (head, body) = call(&console.url, "POST", validate, &[("x-birdhook-csrf", &csrf)], "");
    assert!(head.starts_with("HTTP/1.1 200") && body.contains("\"ok\":true"), "{head} {body}");
    console.stop();
    let console = Serving::start(&[&args[..], &["--read-only"]].concat());
    let (head, body) = call(&console.url, "POST", validate, &[], "");
    assert!(head.starts_with("HTTP/1.1 403") && body.contains("only reads"), "{head} {body}");
    console.stop();
    assert_eq!(x.requests().iter().filter(|request| request.starts_with("PUT")).count(), 1);
}
