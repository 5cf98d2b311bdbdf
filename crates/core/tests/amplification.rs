//! Work and memory for a signed body of any shape are proportional to its length.
//!
//! The tests count allocated bytes instead of time, because this detects each copy and each reading
//! of shared parts, on any machine.

use std::hint::black_box;

use allocation_counter::measure;
use birdhook_core::codec::Format;
use birdhook_core::{Delivery, Event, EventKind};

use crate::support::hostile::{self, SIZE};

/// The maximum number of bytes that one use of all events may allocate per byte of the body: in
/// total, and at any one time.
const IN_ALL: u64 = 150;
const AT_ONCE: u64 = 50;

fn restored(body: &str) -> Delivery {
    Delivery::restore("app", body.to_owned(), 10_000).unwrap()
}

type Use = fn(&Event);

/// The uses of an event that read its activity: printing it, and writing it to a queue.
const USES: [(&str, Use); 3] = [
    ("report", |event| drop(black_box(serde_json::to_string(&event.report().with_raw()).unwrap()))),
    ("plain message", |event| drop(black_box(Format::Plain.write(event)))),
    ("cloud event", |event| drop(black_box(Format::CloudEvents.write(event)))),
];

#[test]
fn memory_is_proportional_to_the_body() {
    measure_bodies_of(SIZE / 4);
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn memory_is_proportional_to_a_body_of_the_maximum_size() {
    measure_bodies_of(SIZE);
}

fn measure_bodies_of(size: usize) {
    let mut over = Vec::new();
    for (shape, body) in hostile::bodies(size) {
        assert!((size / 3..=size + 1000).contains(&body.len()), "{shape}: {} bytes", body.len());
        let mut check = |used: &str, run: &dyn Fn()| {
            let cost = measure(run);
            let (all, most) = (cost.bytes_total / size as u64, cost.bytes_max / size as u64);
            if all > IN_ALL || most > AT_ONCE {
                over.push(format!("{shape}, {used}: {all} times its size in all, {most} at once"));
            }
        };
        let delivery = restored(&body);
        check("reading", &|| drop(black_box(restored(&body))));
        for (used, with) in USES {
            check(used, &|| delivery.events().iter().for_each(with));
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

/// The number of hashed bytes is bounded by the length of the parts of an event's identity, none of
/// which is long.
#[test]
fn keys_do_not_hash_a_long_part_for_each_event() {
    for (shape, body) in hostile::bodies(SIZE) {
        let delivery = restored(&body);
        let shared = |event: &Event| {
            [event.subscriber(), event.keyword()].into_iter().flatten().map(str::len).sum::<usize>()
                + event.name().len()
        };
        let hashed: usize = delivery.events().iter().map(shared).sum();
        assert!(hashed <= 16 * SIZE, "{shape}: {hashed} bytes");
        assert!(delivery.events().iter().all(|event| event.subscriber().is_none_or(|id| id.len() <= 128)), "{shape}");
    }
}

#[test]
fn an_id_of_more_than_128_bytes_is_ignored() {
    let body = |subscriber: usize, post: usize| {
        let (subscriber, post) = ("7".repeat(subscriber), "8".repeat(post));
        format!(r#"{{"for_user_id":"{subscriber}","tweet_create_events":[{{"id_str":"{post}"}},{{"id_str":"1"}}]}}"#)
    };
    let kinds = |body: &str| restored(body).events().iter().map(Event::kind).collect::<Vec<_>>();
    assert_eq!(kinds(&body(128, 128)), [EventKind::PostCreated, EventKind::PostCreated]);
    assert_eq!(kinds(&body(1, 129)), [EventKind::Unknown, EventKind::PostCreated]);
    let unknown = restored(&body(129, 1));
    assert_eq!(kinds(&body(129, 1)), [EventKind::Unknown]);
    assert_eq!(unknown.events()[0].raw().as_str(), body(129, 1));
    assert_eq!(unknown.subscriber(), None);
    let filter = |length| {
        let id = "7".repeat(length);
        format!(r#"{{"data":{{"event_type":"post.create","filter":{{"user_id":"{id}"}},"payload":{{"id":"1"}}}}}}"#)
    };
    assert_eq!(kinds(&filter(128)), [EventKind::PostCreated]);
    assert_eq!(kinds(&filter(129)), [EventKind::Unknown]);
}

#[test]
fn an_activity_of_more_than_16_events_is_unknown() {
    let body = |events: usize| {
        let events = vec![r#"{"id":"1","message_create":{"sender_id":"2"}}"#; events].join(",");
        format!(r#"{{"data":{{"event_type":"dm.sent","payload":{{"direct_message_events":[{events}]}}}}}}"#)
    };
    assert_eq!(restored(&body(16)).events().len(), 16);
    let unknown = restored(&body(17));
    assert_eq!((unknown.events().len(), unknown.events()[0].kind()), (1, EventKind::Unknown));
}
