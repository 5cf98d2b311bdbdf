//! A receiver reads generated payloads correctly: every kind, from every source API, with many
//! seeds.

mod built;
mod generator;
mod read_back;
mod shapes;
mod wire;

use birdhook_core::ApiSource::{AccountActivity, XActivity};
use birdhook_core::{
    ApiSource, App, Delivery, Endpoint, EndpointSettings, Event, HeadResult, RequestHead, Secret, Timestamp,
};
use birdhook_testkit::{MockEvent, MockEventKind, PayloadGenerator, WebhookPost, sign};
use serde_json::Value;

const SEEDS: u64 = 50;
const SUBSCRIBER: &str = "2200440066008801";

/// Signs, verifies and parses a body like a receiver.
fn deliver(body: &[u8]) -> Delivery {
    let secret = Secret::new("kettle").unwrap();
    let post = WebhookPost::signed(&secret, body.to_vec());
    let endpoint = Endpoint::new(App::new("desk", secret), EndpointSettings::default());
    let headers = post.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    match endpoint.begin(&RequestHead::new("POST", "/", None).with_headers(headers)) {
        HeadResult::Body(mut reader) => {
            reader.push(post.body().clone()).unwrap();
            reader.finish().unwrap()
        }
        HeadResult::Reply(reply) => panic!("{:?}", reply.outcome()),
    }
}

fn event(mock_event: &MockEvent, generation: ApiSource) -> Event {
    let events = deliver(&mock_event.reported_by(generation).unwrap()).into_events();
    assert_eq!(events.len(), 1);
    events.into_iter().next().unwrap()
}

/// Runs a check for every kind and seed, and prints the kind and seed of a failure.
fn each(mut check: impl FnMut(MockEventKind, u64, MockEvent)) {
    for seed in 0..SEEDS {
        let mut scene = PayloadGenerator::new(seed);
        for kind in MockEventKind::ALL {
            let mock_event = scene.event(*kind, SUBSCRIBER);
            let reply = std::panic::AssertUnwindSafe(|| check(*kind, seed, mock_event));
            if let Err(why) = std::panic::catch_unwind(reply) {
                eprintln!("kind {kind}, seed {seed}");
                std::panic::resume_unwind(why);
            }
        }
    }
}

fn id(user: Option<&birdhook_core::activity::User<'_>>) -> Option<String> {
    Some(user?.id.as_deref()?.to_owned())
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis().div_euclid(1000) * 1000)
}

/// Visits every nested value, with its JSON pointer.
fn walk(value: &Value, at: &str, see: &mut impl FnMut(&str, &Value)) {
    see(at, value);
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| walk(value, &format!("{at}/{name}"), see)),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| walk(value, &format!("{at}/{index}"), see));
        }
        _ => {}
    }
}

fn each_body(generation: ApiSource, mut see: impl FnMut(MockEventKind, &Value)) {
    for seed in 0..SEEDS {
        let mut scene = PayloadGenerator::new(seed);
        for kind in MockEventKind::ALL {
            if let Some(body) = scene.event(*kind, SUBSCRIBER).reported_by(generation) {
                see(*kind, &serde_json::from_slice(&body).unwrap());
            }
        }
    }
}
