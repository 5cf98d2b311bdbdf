//! Tests of `birdhook mock-x`, with `birdhook listen` as the receiver.

use std::io::{Read, Write};

use crate::support::{SECRET, Serving, call, run};
use serde_json::{Value, json};

fn get(url: &str, path: &str) -> Value {
    let (head, body) = call(url, "GET", path, &[], "");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn a_fired_event_is_delivered_by_both_apis_and_recorded() {
    let listening = Serving::start(&["listen", "--quiet", "--json"]);
    let mock = ["mock-x", "--json", "--secret", "BIRDHOOK_CONSUMER_SECRET", "--webhook", &listening.url];
    let x = Serving::start(&[&mock[..], &["--user", "77"]].concat());
    let credentials = x.json();
    assert_eq!(credentials["url"].as_str(), Some(x.url.trim_end_matches('/')));
    assert_eq!(credentials.get("consumer_secret"), None, "a supplied secret is not printed");
    assert!(x.note().contains("subscribed 1 user to everything: 77"));

    let state = get(&x.url, "/_mock/state");
    assert_eq!(state["webhooks"][0]["url"].as_str(), Some(listening.url.as_str()));
    assert_eq!(state["webhooks"][0]["valid"], true);
    assert_eq!(state["subscriptions"][0]["user_id"], "77");

    let is_json = ("content-type", "application/json");
    let fire = json!({"kind": "like.create", "user_id": "77"}).to_string();
    let (head, body) = call(&x.url, "POST", "/_mock/fire", &[is_json], &fire);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["deliveries"], 2, "reported by both APIs");
    let [first, second] = [listening.json(), listening.json()];
    for event in [&first, &second] {
        assert_eq!((&event["kind"], &event["subscriber"]), (&Value::from("liked"), &Value::from("77")));
    }
    assert_eq!(first["content_key"], second["content_key"]);
    let ledger = get(&x.url, "/_mock/ledger");
    let entries: Vec<_> = ledger["entries"].as_array().unwrap().iter().map(|entry| &entry["entry"]).collect();
    assert!(entries.ends_with(&[&Value::from("challenged")]), "the newest entries come first: {ledger}");

    // Other sites can neither submit a form to this endpoint nor embed the page.
    let (head, _) = call(&x.url, "POST", "/_mock/fire", &[("content-type", "text/plain")], &fire);
    assert!(head.starts_with("HTTP/1.1 415"), "{head}");
    let (head, page) = call(&x.url, "GET", "/", &[], "");
    assert!(head.contains("frame-ancestors 'none'"), "{head}");
    for part in ["id=\"webhooks\"", "id=\"subscriptions\"", "id=\"ledger\"", "<button>Create</button>"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains(SECRET) && !ledger.to_string().contains(SECRET) && !state.to_string().contains(SECRET));
    drop(x.stop());
    drop(listening.stop());
}

#[test]
fn mock_x_prints_its_oauth2_client_id() {
    let x = Serving::start(&["mock-x"]);
    let printed: Vec<String> = std::iter::repeat_with(|| x.line()).take(6).collect();
    let id = printed.iter().find_map(|line| line.strip_prefix("OAuth 2.0 client id")).expect("a client id");
    assert!(!id.trim().is_empty());
}

#[test]
fn the_printed_credentials_register_a_webhook() {
    let listening = Serving::start(&["listen"]);
    let x = Serving::start(&["mock-x", "--json", "--secret", "BIRDHOOK_CONSUMER_SECRET"]);
    let bearer = format!("Bearer {}", x.json()["bearer_token"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({"url": listening.url}).to_string();
    let (head, body) = call(&x.url, "POST", "/2/webhooks", &headers, &body);
    assert!(head.starts_with("HTTP/1.1 200"), "{head} {body}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["data"]["valid"], true);
}

/// With a guessed token, an attacker could have the mock sign deliveries for a receiver.
#[test]
fn secrets_and_tokens_do_not_depend_on_the_seed_or_the_environment() {
    let credentials = || Serving::start(&["mock-x", "--json", "--seed", "1"]).json();
    let (one, other) = (credentials(), credentials());
    let app = ["consumer_key", "consumer_secret", "bearer_token", "client_id"];
    for name in app.into_iter().chain(["owner_access_token", "owner_access_token_secret"]) {
        let text = |credentials: &Value| credentials[name].as_str().unwrap().to_owned();
        assert!(text(&one).len() >= 25 && text(&one) != text(&other), "{name}");
    }
    assert_ne!(one["consumer_secret"], SECRET, "--secret was not passed");
    assert_eq!(one["owner_id"], other["owner_id"], "ids depend on the seed");
}

/// A page of another site could resolve its name to this machine and read the mock's responses.
#[test]
fn other_hosts_are_answered_403() {
    let x = Serving::start(&["mock-x", "--allow-host", "mock.internal"]);
    let place = x.url.trim_start_matches("http://").trim_end_matches('/');
    let port = place.rsplit(':').next().unwrap();
    let status = |host: &str, path: &str| {
        let mut stream = std::net::TcpStream::connect(place).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\n{host}connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    for path in ["/", "/_mock/state", "/2/webhooks"] {
        let good = if path.starts_with("/2") { "401" } else { "200" };
        for name in ["127.0.0.1", "localhost", "[::1]", "mock.internal"] {
            assert_eq!(status(&format!("host: {name}:{port}\r\n"), path), good, "{name}{path}");
        }
        for header in ["host: evil.example\r\n", "host: localhost.evil.example\r\n", "host: 10.1.2.3\r\n", ""] {
            assert_eq!(status(header, path), "403", "{header}{path}");
        }
    }
}

#[test]
fn a_receiver_that_x_refuses_is_an_error() {
    let listening = Serving::start(&["listen"]);
    for args in [
        &["mock-x", "--addr", "127.0.0.1:0", "--strict", "--webhook", &listening.url] as &[&str],
        &["mock-x", "--addr", "127.0.0.1:0", "--webhook", "http://127.0.0.1:1/"],
    ] {
        run(args).refused("http://127.0.0.1:");
    }
}
