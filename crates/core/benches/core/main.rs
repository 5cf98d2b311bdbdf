//! Measures the time that the core needs for a request, next to the minimum work of any receiver:
//! one HMAC over the body and one pass over its JSON.
//!
//! ```text
//! cargo bench -p birdhook-core --bench core -- 6k
//! ```
//!
//! `cargo xtask bench core` runs it in many short rounds, so that measurements that are compared
//! alternate.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a measurement that cannot go on")]

mod bodies;
mod derived;

use std::hint::black_box;

use birdhook_core::{
    App, AppSelector, Apps, BodyReader, Delivery, Endpoint, EndpointSettings, Event, HeadResult, RequestHead, Secret,
    signature,
};
use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use serde::de::IgnoredAny;
use sha2::Sha256;

const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";

/// Verifies a body, reads it and computes its keys.
fn received(endpoint: &Endpoint, body: &Bytes, signed: &str) -> Delivery {
    let mut reader = begun(endpoint, signed);
    reader.push(body.clone()).unwrap();
    reader.finish().unwrap()
}

fn begun(endpoint: &Endpoint, signed: &str) -> BodyReader {
    let headers =
        [("x-twitter-webhooks-signature", signed.as_bytes()), ("content-type", b"application/json".as_slice())];
    match endpoint.begin(&RequestHead::new("POST", "/webhooks/twitter", None).with_headers(headers)) {
        HeadResult::Body(reader) => reader,
        HeadResult::Reply(reply) => panic!("{reply:?}"),
    }
}

fn bodies(criterion: &mut Criterion) {
    let secret = Secret::new(SECRET).unwrap();
    let keyed = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let hmac = |body: &[u8]| keyed.clone().chain_update(body).finalize().into_bytes();
    for (name, text) in bodies::ALL {
        let (body, signed) = (Bytes::from_static(text.as_bytes()), signature::sign(&secret, text.as_bytes()));
        let endpoint = Endpoint::new(secret.clone(), EndpointSettings::default());
        let mut group = criterion.benchmark_group(*name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("hmac", |bencher| bencher.iter(|| hmac(black_box(text.as_bytes()))));
        group.bench_function("skip", |bencher| {
            bencher.iter(|| serde_json::from_str::<IgnoredAny>(black_box(text)).unwrap());
        });
        group.bench_function("floor", |bencher| {
            bencher.iter(|| (hmac(black_box(text.as_bytes())), serde_json::from_str::<IgnoredAny>(text).unwrap()));
        });
        group.bench_function("birdhook", |bencher| {
            bencher.iter(|| {
                let delivery = received(&endpoint, black_box(&body), &signed);
                delivery.events().iter().for_each(|event| _ = black_box(event.delivery_key()));
                delivery
            });
        });
        group.bench_function("restore", |bencher| {
            bencher.iter(|| Delivery::restore("default", black_box(body.clone()), 10_000).unwrap());
        });
        typed(&mut group, &received(&endpoint, &body, &signed));
        group.finish();
    }
}

/// Measures reading typed values of all events from a fresh delivery, and the same with serde
/// alone.
fn typed(group: &mut BenchmarkGroup<'_, WallTime>, delivery: &Delivery) {
    let fresh = || Delivery::restore("default", delivery.body().clone().into_bytes(), 10_000).unwrap();
    let few = BatchSize::NumIterations(16);
    group.bench_function("activity", |bencher| {
        let read = |delivery: Delivery| {
            delivery.events().iter().for_each(|event| _ = black_box(event.activity()));
            delivery
        };
        bencher.iter_batched(fresh, read, few);
    });
    if !delivery.events().iter().all(|event| derived::read(event, |id, text| tells(event, id, text)).is_some()) {
        return;
    }
    group.bench_function("derived", |bencher| {
        let read = |delivery: Delivery| {
            let events = delivery.events().iter();
            events.for_each(|event| _ = derived::read(event, |id, text| _ = black_box((id, text))));
            delivery
        };
        bencher.iter_batched(fresh, read, few);
    });
}

/// Checks that both read the same values.
fn tells(event: &Event, id: &str, text: &str) {
    let activity = event.activity();
    let (post, message) = (activity.post(), activity.message());
    let own = post.and_then(|post| post.id.as_deref()).or(message.and_then(|message| message.id.as_deref()));
    // The text in X's JSON is still HTML-escaped.
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    assert_eq!((own, activity.text()), (Some(id), Some(&*plain)));
}

fn challenge(criterion: &mut Criterion) {
    let query = Some("crc_token=M2RkODJkZmMtYjlkYi00NmQ4LTk0MGU%3D&nonce=bm9uY2U%3D");
    let mut answer = |name: &str, endpoint: &Endpoint, path: &str| {
        let head = RequestHead::new("GET", path, query);
        assert!(matches!(endpoint.begin(&head), HeadResult::Reply(reply) if reply.status() == 200));
        criterion.bench_function(name, |bencher| bencher.iter(|| endpoint.begin(black_box(&head))));
    };
    answer("challenge", &Endpoint::new(Secret::new(SECRET).unwrap(), EndpointSettings::default()), "/webhooks/twitter");
    // The last of several apps, selected by the path.
    let apps = (0..8).map(|number| App::new(format!("app{number}"), Secret::new(format!("{SECRET}{number}")).unwrap()));
    let mut settings = EndpointSettings::default();
    settings.app_selector = AppSelector::PathSegment;
    answer("challenge_of_8_apps", &Endpoint::new(Apps::new(apps).unwrap(), settings), "/webhooks/twitter/app7");
}

criterion_group! {
    name = core;
    config = Criterion::default().without_plots();
    targets = bodies, challenge
}
criterion_main!(core);
