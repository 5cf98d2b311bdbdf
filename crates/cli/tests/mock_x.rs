//! `birdhook mock-x`, with `birdhook listen` as the receiver.

use crate::support::{SECRET, Serving, birdhook, call, run};
use serde_json::{Value, json};

fn get(url: &str, path: &str) -> Value {
    let (head, body) = call(url, "GET", path, &[], "");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn what_its_button_fires_arrives_and_is_written_down() {
    let listening = Serving::start(&["listen", "--json"]);
    let x = Serving::start(&["mock-x", "--json", "--webhook", &listening.url, "--user", "77"]);
    let credentials = x.json();
    assert_eq!(credentials["url"].as_str(), Some(x.url.trim_end_matches('/')));
    assert_eq!(credentials.get("consumer_secret"), None, "what was given is not told again");
    assert!(x.note().contains("77 is subscribed to everything"));

    let state = get(&x.url, "/_mock/state");
    assert_eq!(state["webhooks"][0]["url"].as_str(), Some(listening.url.as_str()));
    assert_eq!(state["webhooks"][0]["valid"], true);
    assert_eq!(state["subscriptions"][0]["user_id"], "77");

    let is_json = ("content-type", "application/json");
    let fire = json!({"kind": "like.create", "user_id": "77"}).to_string();
    let (head, body) = call(&x.url, "POST", "/_mock/fire", &[is_json], &fire);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["deliveries"], 2, "told by both APIs");
    let [first, second] = [listening.json(), listening.json()];
    for heard in [&first, &second] {
        assert_eq!((&heard["kind"], &heard["subscriber"]), (&Value::from("liked"), &Value::from("77")));
    }
    assert_eq!(first["content_key"], second["content_key"]);
    let ledger = get(&x.url, "/_mock/ledger");
    let told: Vec<_> = ledger["entries"].as_array().unwrap().iter().map(|entry| &entry["entry"]).collect();
    assert!(told.ends_with(&[&Value::from("challenged")]), "the newest come first: {ledger}");

    // No other site's form can press the button, nor may another page show it.
    let (head, _) = call(&x.url, "POST", "/_mock/fire", &[("content-type", "text/plain")], &fire);
    assert!(head.starts_with("HTTP/1.1 415"), "{head}");
    let (head, page) = call(&x.url, "GET", "/", &[], "");
    assert!(head.contains("frame-ancestors 'none'"), "{head}");
    for part in ["id=\"webhooks\"", "id=\"subscriptions\"", "id=\"ledger\"", "<button>Fire</button>"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains(SECRET) && !ledger.to_string().contains(SECRET) && !state.to_string().contains(SECRET));
    drop(x.stop());
    drop(listening.stop());
}

#[test]
fn its_oauth2_client_id_is_printed_with_its_other_credentials() {
    let x = Serving::start(&["mock-x"]);
    let printed: Vec<String> = std::iter::repeat_with(|| x.line()).take(6).collect();
    let id = printed
        .iter()
        .find_map(|line| line.strip_prefix("OAuth 2.0 client id"))
        .expect("a client id")
        .trim()
        .to_owned();
    assert!(!id.is_empty());
    let again = Serving::start(&["mock-x", "--json"]);
    assert_eq!(again.json()["client_id"].as_str(), Some(id.as_str()), "of one seed");
}

#[test]
fn its_credentials_register_a_webhook() {
    let listening = Serving::start(&["listen"]);
    let x = Serving::start(&["mock-x", "--json"]);
    let bearer = format!("Bearer {}", x.json()["bearer_token"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({"url": listening.url}).to_string();
    let (head, body) = call(&x.url, "POST", "/2/webhooks", &headers, &body);
    assert!(head.starts_with("HTTP/1.1 200"), "{head} {body}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["data"]["valid"], true);
}

#[test]
fn a_secret_that_was_not_given_is_made_up_from_the_seed() {
    let credentials = |seed: &str| {
        let mut command = birdhook(&["mock-x", "--json", "--seed", seed]);
        let x = Serving::start_command(command.env_remove("BIRDHOOK_CONSUMER_SECRET"));
        x.json()
    };
    let [one, again, other] = [credentials("1"), credentials("1"), credentials("2")];
    assert_eq!(one["consumer_secret"].as_str().unwrap().len(), 50);
    assert_eq!(one["consumer_secret"], again["consumer_secret"]);
    assert_ne!(one["consumer_secret"], other["consumer_secret"]);
}

#[test]
fn a_receiver_that_x_would_refuse_is_said_to_be() {
    let listening = Serving::start(&["listen"]);
    for args in [
        &["mock-x", "--addr", "127.0.0.1:0", "--strict", "--webhook", &listening.url] as &[&str],
        &["mock-x", "--addr", "127.0.0.1:0", "--webhook", "http://127.0.0.1:1/"],
    ] {
        let ended = run(args);
        assert_eq!(ended.code, 2, "{}", ended.stdout);
        assert!(ended.stderr.contains("http://127.0.0.1:"), "{}", ended.stderr);
    }
}
