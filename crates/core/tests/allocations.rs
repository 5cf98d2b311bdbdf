//! Counts the allocations of a request, to detect additional copies on any machine.
//!
//! `cargo test -p birdhook-core --test integration allocations -- --nocapture` prints a line for
//! each body.

#[path = "../benches/bodies/mod.rs"]
mod bodies;

use std::hint::black_box;

use allocation_counter::measure;
use birdhook_core::{Delivery, Endpoint, EndpointSettings, Event, HeadResult, RequestHead, Secret, signature};
use bytes::Bytes;

/// The maximum number of allocations for a verified body and its keys. These are the current
/// values; the goal for a plain body is 4.
const OF_BODIES: [(&str, u64); 4] = [
    ("aaa_6k", 2),
    ("xaa_6k", 2),
    ("aaa_6k_escaped", 2),
    // The tag of its subscription is one of the escaped texts.
    ("xaa_6k_escaped", 6),
];
const OF_A_CHALLENGE: u64 = 8;

fn endpoint() -> (Endpoint, Secret) {
    let secret = Secret::new("z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu").unwrap();
    (Endpoint::new(secret.clone(), EndpointSettings::default()), secret)
}

fn received(endpoint: &Endpoint, body: &'static str, signed: &str) -> Delivery {
    let headers = [("host", "bees.example"), ("content-type", "application/json"), (signature::HEADER, signed)];
    let head = RequestHead::new("POST", "/webhooks/twitter", None)
        .with_headers(headers.map(|(name, value)| (name, value.as_bytes())));
    let HeadResult::Body(mut reader) = endpoint.begin(&head) else { panic!("refused") };
    reader.push(Bytes::from_static(body.as_bytes())).unwrap();
    reader.finish().unwrap()
}

/// Measures the second run, because the first one includes one-time initialization.
fn allocations<T>(mut run: impl FnMut() -> T) -> u64 {
    black_box(run());
    measure(|| drop(black_box(run()))).count_total
}

#[test]
fn a_verified_body_is_not_copied() {
    let (endpoint, secret) = endpoint();
    let counts = bodies::ALL.iter().map(|(name, body)| {
        let signed = signature::sign(&secret, body.as_bytes());
        let delivery = || {
            let delivery = received(&endpoint, body, &signed);
            delivery.events().iter().for_each(|event| _ = black_box(event.delivery_key()));
            delivery
        };
        (*name, allocations(delivery))
    });
    let counts: Vec<_> = counts.collect();
    counts.iter().for_each(|(name, count)| println!("allocations {name} {count}"));
    for (name, most) in OF_BODIES {
        let (_, count) = counts.iter().find(|(other, _)| *other == name).unwrap();
        assert!(*count <= most, "{name}: {count} allocations, and not {most} at the most");
    }
}

#[test]
fn a_challenge_needs_few_allocations() {
    let (endpoint, _) = endpoint();
    let query = Some("crc_token=M2RkODJkZmMtYjlkYi00NmQ4LTk0MGU%3D&nonce=bm9uY2U%3D");
    let count = allocations(|| endpoint.begin(&RequestHead::new("GET", "/webhooks/twitter", query)));
    println!("allocations challenge {count}");
    assert!(count <= OF_A_CHALLENGE, "{count} allocations, and not {OF_A_CHALLENGE} at the most");
}

/// Otherwise each payload of a body would split its event type into words again.
#[test]
fn an_event_type_is_looked_up_once_per_body() {
    let (endpoint, secret) = endpoint();
    let body =
        format!(r#"{{"data":{{"event_type":"{}",{}"tag":0}}}}"#, "a.".repeat(1000), r#""payload":{},"#.repeat(1000));
    let signed = signature::sign(&secret, body.as_bytes());
    let body: &'static str = body.leak();
    let count = allocations(|| received(&endpoint, body, &signed));
    println!("allocations payloads {count}");
    assert!(count < 10_000, "{count}");
}

/// Surplus events must not be kept until the limit is exceeded, because their facts take a hundred
/// times as many bytes as their JSON.
#[test]
fn keeps_no_more_events_than_the_limit() {
    let many = vec!["{}"; 300_000].join(",");
    for event_type in ["follow.follow", "dm.received"] {
        let body = format!(r#"{{"data":{{"event_type":"{event_type}","payload":{{"x_events":[{many}]}}}}}}"#);
        let most = measure(|| assert_eq!(Delivery::restore("app", body, 10_000).unwrap().events().len(), 1)).bytes_max;
        println!("memory {event_type} {most}");
        assert!(most < 32 << 20, "{event_type}: {most} bytes");
    }
}

/// With thousands of follows and users, reading all users of a body for each follow takes minutes.
#[test]
fn events_that_contain_their_users_do_not_read_the_includes() {
    let users = vec![r#"{"id":"3","name":"ada"}"#; 1000].join(",");
    let cost = |includes: &str| {
        let payload = r#"{"source":{"data":{"id":"1"}},"target":{"data":{"id":"2"}}}"#;
        let body = format!(r#"{{"data":{{"event_type":"follow.follow","payload":{payload}{includes}}}}}"#);
        let delivery = Delivery::restore("app", body, 1).unwrap();
        measure(|| drop(black_box(delivery.events().first().map(Event::activity)))).bytes_total
    };
    assert_eq!(cost(&format!(r#","includes":{{"users":[{users}]}}"#)), cost(""));
}

#[test]
fn a_long_name_is_not_copied_for_each_event() {
    let (events, letters) = (vec!["0"; 1000].join(","), "a".repeat(100_000));
    for body in [
        format!(r#"{{"{letters}_events":[{events}]}}"#),
        format!(r#"{{"data":{{"event_type":"dm{}sent","payload":{{"x_events":[{events}]}}}}}}"#, ".".repeat(100_000)),
        format!(r#"{{"data":{{"event_type":"dm.sent","payload":{{"{letters}_events":[{events}]}}}}}}"#),
    ] {
        let most = measure(|| assert_eq!(Delivery::restore("app", body, 1000).unwrap().events().len(), 1)).bytes_max;
        println!("memory names {most}");
        assert!(most < 8 << 20, "{most} bytes");
    }
}
