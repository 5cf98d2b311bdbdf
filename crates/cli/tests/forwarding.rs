//! Tests of `birdhook listen --forward`, with real sockets and killed processes.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook::{Delivery, Secret, signature};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::support::target_app::{Forwarded, TargetApp, answer};
use crate::support::{Folder, SECRET, Serving, call, like, run};

const PATH: &str = "/webhooks/twitter";

/// Returns a body with these deleted posts.
pub(crate) fn deletions(ids: &[u32]) -> String {
    let events: Vec<_> = ids.iter().map(|id| format!(r#"{{"status":{{"id":"{id}","user_id":"1"}}}}"#)).collect();
    format!(r#"{{"for_user_id":"1","tweet_delete_events":[{}]}}"#, events.join(","))
}

/// Posts a body, signed as X does. Returns the head of the answer.
pub(crate) fn post(url: &str, body: &str, headers: &[(&str, &str)]) -> String {
    let signed = signature::sign(&Secret::new(SECRET).unwrap(), body.as_bytes());
    let address = url.trim_start_matches("http://").trim_end_matches(PATH);
    call(address, "POST", PATH, &[&[(signature::HEADER, &*signed)], headers].concat(), body).0
}

#[track_caller]
pub(crate) fn accepted(head: &str) {
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

/// Returns the delivery keys of the events in a body.
pub(crate) fn keys(body: &str, count: usize) -> Vec<String> {
    let delivery = Delivery::restore("default", body.to_owned(), count).unwrap();
    delivery.events().iter().map(|event| event.delivery_key().to_string()).collect()
}

/// Returns a signing secret for these bytes.
pub(crate) fn whsec(key: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(key))
}

/// Checks that the request was sent just now and is signed with each of the keys, in their order.
#[track_caller]
fn is_signed(request: &Forwarded, keys: &[&[u8]]) {
    let (id, sent) = (request.has("webhook-id"), request.has("webhook-timestamp"));
    let expected = keys.iter().map(|key| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("{id}.{sent}.{}", request.body).as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    });
    let expected: Vec<_> = expected.collect();
    assert_eq!(request.has("webhook-signature"), expected.join(" "));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(sent.parse().unwrap()) < 60, "{sent}, now {now}");
}

fn ok(_: &Forwarded) -> String {
    answer("204 No Content", "")
}

#[test]
fn each_event_is_a_signed_request_with_its_key_as_id() {
    let folder = Folder::new("forward-signed");
    let (new, old) = ([1; 32], [2; 24]);
    let (first, second) = (folder.file("new", &whsec(&new)), folder.file("old", &format!("{}\n", whsec(&old))));
    let app = TargetApp::start(ok);
    let args = ["listen", "--quiet", "--json", "--forward", &app.url, "--forward-secret", &first];
    let front = Serving::start(&[&args[..], &["--forward-secret", &second]].concat());
    assert!(front.note_of("target forward").ends_with(&format!("events as JSON to {}, signed", app.url)));
    let body = deletions(&[1, 2]);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    accepted(&post(&front.url, &body, &[("traceparent", trace), ("tracestate", "a=1")]));
    let requests = [app.next(), app.next()];
    let mut ids: Vec<_> = requests.iter().map(|request| request.has("webhook-id").to_owned()).collect();
    ids.sort();
    let mut expected = keys(&body, 2);
    expected.sort();
    assert_eq!(ids, expected);
    for request in &requests {
        is_signed(request, &[&new, &old]);
        let event: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(
            (&event["kind"], &event["delivery_key"]),
            (&"post_deleted".into(), &request.has("webhook-id").into())
        );
        for (name, value) in [
            ("content-type", "application/json"),
            ("idempotency-key", request.has("webhook-id")),
            ("birdhook-key", request.has("webhook-id")),
            ("birdhook-kind", "post_deleted"),
            ("birdhook-attempt", "1"),
            ("traceparent", trace),
            ("tracestate", "a=1"),
        ] {
            assert_eq!(request.has(name), value, "{name}");
        }
        assert_eq!(request.header(signature::HEADER), None, "the mode event has no signature of X");
    }
    assert!(app.rest().is_empty());
}

#[test]
fn a_cloud_event_is_forwarded_in_structured_json() {
    let app = TargetApp::start(ok);
    let front = Serving::start(&["listen", "--forward", &app.url, "--forward-as", "cloud-event"]);
    let body = deletions(&[1]);
    accepted(&post(&front.url, &body, &[]));
    let request = app.next();
    let event: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((request.has("content-type"), &event["specversion"]), ("application/cloudevents+json", &"1.0".into()));
    assert_eq!((&event["id"], request.has("webhook-id")), (&keys(&body, 1)[0].as_str().into(), &*keys(&body, 1)[0]));
    assert_eq!(request.header("webhook-signature"), None);
}

#[test]
fn a_raw_delivery_is_forwarded_once_with_its_bytes_and_the_signature_of_x() {
    let folder = Folder::new("forward-raw");
    let body = format!(" {}", deletions(&[1, 2, 3]));
    let signed = signature::sign(&Secret::new(SECRET).unwrap(), body.as_bytes());
    let inbox = folder.path("inbox");
    let mut ids = Vec::new();
    for stored in [&[] as &[&str], &["--inbox", &inbox]] {
        let app = TargetApp::start(ok);
        let args = ["listen", "--quiet", "--json", "--forward", &app.url, "--forward-as", "raw"];
        let front = Serving::start(&[&args[..], stored].concat());
        accepted(&post(&front.url, &body, &[]));
        let request = app.next();
        assert_eq!((&request.body, request.has(signature::HEADER)), (&body, &*signed));
        assert_eq!((request.header("birdhook-kind"), request.header("webhook-signature")), (None, None));
        ids.push(request.has("webhook-id").to_owned());
        for _ in 0..3 {
            assert_eq!(front.json()["kind"], "post_deleted");
        }
        // Everything that was stored is forwarded before the inbox of the target closes.
        drop(front.stop());
        assert!(app.rest().is_empty());
    }
    assert_eq!((ids[0].len(), &ids[0]), (64, &ids[1]));
}

#[test]
fn only_2xx_acknowledges_and_each_attempt_is_signed_again() {
    let folder = Folder::new("forward-retry");
    let key = [3; 32];
    let secret = folder.file("secret", &whsec(&key));
    let elsewhere = TargetApp::start(ok);
    let location = format!("location: {}\r\n", elsewhere.url);
    let app = TargetApp::start(move |request| match request.has("birdhook-attempt") {
        "1" => answer("307 Temporary Redirect", &location),
        "2" => answer("200 OK", ""),
        other => panic!("attempt {other}"),
    });
    let inbox = folder.path("inbox");
    let args = ["listen", "--quiet", "--json", "--inbox", &inbox, "--forward", &app.url, "--forward-secret", &secret];
    let front = Serving::start(&args);
    accepted(&post(&front.url, &deletions(&[1]), &[]));
    let attempts = [app.next(), app.next()];
    front.note_of(" for forward, attempt 1 of 10, will be retried: not forwarded: ");
    assert_eq!(front.json()["kind"], "post_deleted");
    let (_, notes) = front.stop();
    assert_eq!(notes.last().unwrap(), "left in the inbox: 0 pending events, 0 dead letters");
    attempts.iter().for_each(|attempt| is_signed(attempt, &[&key]));
    let of = |name| attempts.each_ref().map(|attempt| attempt.has(name));
    assert_eq!(of("webhook-id")[0], of("webhook-id")[1]);
    assert_eq!(of("birdhook-attempt"), ["1", "2"]);
    // The inbox waits for a second.
    assert!(of("webhook-timestamp")[0] < of("webhook-timestamp")[1], "{attempts:?}");
    assert_ne!(of("webhook-signature")[0], of("webhook-signature")[1]);
    assert!(elsewhere.rest().is_empty(), "a redirect was followed");
}

#[test]
fn an_event_without_an_inbox_is_answered_200_only_after_2xx() {
    let redirect = TargetApp::start(|_| answer("302 Found", "location: http://127.0.0.1:1/\r\n"));
    // Acknowledges one of two events.
    let half = TargetApp::start(|request| match request.body.contains(r#""post":"1""#) {
        true => answer("200 OK", ""),
        false => answer("500 Internal Server Error", ""),
    });
    // Answers after the deadline of X, if at all.
    let silent = TargetApp::start(|_| String::new());
    for app in [&redirect, &half, &silent] {
        let front = Serving::start(&["listen", "--quiet", "--json", "--forward", &app.url]);
        let head = post(&front.url, &deletions(&[1, 2]), &[]);
        assert!(head.starts_with("HTTP/1.1 503"), "{head}");
        assert_eq!([app.next(), app.next()].len(), 2);
        assert!(front.stop().0.is_empty());
    }
}

#[test]
fn a_target_that_asks_for_a_delay_gets_no_event_before_its_end() {
    let folder = Folder::new("forward-delay");
    let asked = AtomicUsize::new(0);
    let app = TargetApp::start(move |_| match asked.fetch_add(1, SeqCst) {
        0 => answer("503 Service Unavailable", "retry-after: 3\r\n"),
        _ => answer("200 OK", ""),
    });
    let inbox = folder.path("inbox");
    let front = Serving::start(&["listen", "--quiet", "--json", "--inbox", &inbox, "--forward", &app.url]);
    accepted(&post(&front.url, &deletions(&[1]), &[]));
    let first = app.next();
    front.note_of("will be retried");
    accepted(&post(&front.url, &deletions(&[2]), &[]));
    for _ in 0..2 {
        let waited = app.next().arrived.duration_since(first.arrived);
        assert!(waited >= Duration::from_secs(3), "{waited:?}");
    }
}

#[test]
fn events_of_an_unreachable_target_wait_without_using_up_their_attempts() {
    let folder = Folder::new("forward-down");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (inbox, url) = (folder.path("inbox"), format!("http://{address}/"));
    let args = ["listen", "--quiet", "--json", "--inbox", &inbox, "--max-attempts", "1", "--forward", &url];
    let front = Serving::start(&args);
    accepted(&post(&front.url, &deletions(&[1, 2, 3]), &[]));
    front.note_of("the target forward is not reachable, and its events wait: ");
    let app = TargetApp::start_on(TcpListener::bind(address).unwrap(), ok);
    for _ in 0..3 {
        assert_eq!(app.next().has("birdhook-attempt"), "1");
        assert_eq!(front.json()["kind"], "post_deleted");
    }
    front.note_of("the target forward is reachable again");
    assert_eq!(front.stop().1.last().unwrap(), "left in the inbox: 0 pending events, 0 dead letters");
}

#[test]
fn invalid_targets_are_wrong_usage() {
    let folder = Folder::new("forward-usage");
    let (good, short) = (folder.file("good", &whsec(&[1; 32])), folder.file("short", &whsec(&[1; 16])));
    let plain = folder.file("plain", "sesame");
    let local = "http://127.0.0.1:1/";
    for (args, problem) in [
        (&["--forward", "https://shop.example/"] as &[&str], "it is on another machine and has no secret"),
        (&["--forward", local, "--forward-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "visible to every user"),
        (&["--forward", local, "--forward-secret", "none"], "neither an environment variable nor a file"),
        (&["--forward", local, "--forward-secret", &short], "the key has 16 bytes"),
        (&["--forward", local, "--forward-secret", &plain], "it does not begin with whsec_"),
        (
            &["--forward", local, "--forward-secret", &good, "--forward-secret", &good, "--forward-secret", &good],
            "more than two secrets",
        ),
        (&["--forward-secret", &good], "--forward"),
        (&["--forward", local, "--forward-as", "json"], "invalid value 'json'"),
        (&["--forward", local, "--forward-timeout", "0"], "invalid timeout 0"),
        (&["--forward", local, "--forward-concurrency", "0"], "invalid concurrency 0"),
        (&["--forward", local, "--in-order"], "--inbox"),
        (&["--forward", local, "--exec", "true"], "several targets need an inbox"),
        (&["--inbox", &folder.path("inbox"), "--in-order"], "--in-order needs --forward, --exec or an engine"),
        (&["--nats", "nats://127.0.0.1:1", "--exec", "true"], "cannot be used with an engine"),
    ] {
        let ended = run(&[&["listen", "--addr", "127.0.0.1:0"], args].concat()).refused(problem);
        ended.hides(&["sesame", "MfKQ9r8", "AQEB"]);
    }
    assert!(!std::fs::exists(folder.path("inbox")).unwrap());
}

/// The standard-webhooks libraries of two other languages verify the requests of the tool.
#[test]
#[ignore = "installs packages of npm and PyPI"]
fn the_libraries_of_other_languages_verify_forwarded_events() {
    let folder = Folder::new("forward-libraries");
    let (new, old) = (whsec(&[1; 32]), whsec(&[2; 32]));
    let secrets = folder.file("secrets", &format!("{new}\n{old}\n"));
    let app = TargetApp::start(ok);
    let front = Serving::start(&["listen", "--forward", &app.url, "--forward-secret", &secrets]);
    like(&front.url, &[]).exits(0);
    let request = app.next();
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers = names.map(|name| (name.to_owned(), Value::from(request.has(name))));
    let headers = serde_json::Map::from_iter(headers);
    let input = serde_json::json!({ "headers": headers, "body": request.body });
    let forged = serde_json::json!({ "headers": headers, "body": request.body.replace("liked", "fiked") });
    for library in crate::support::libraries::install() {
        for secret in [&new, &old] {
            library.run(secret, &input).exits(0).prints_only("liked\n");
        }
        library.run(&whsec(&[3; 32]), &input).exits(3);
        library.run(&new, &forged).exits(3);
    }
}
