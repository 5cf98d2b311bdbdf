//! A body is read the same, independent of its chunks and of the style of its JSON.

use crate::support::{SECRET, Style, all_fixtures, deliver, endpoint, fixture, fixtures, post, secret, value};
use birdhook_core::schema::v1::Payload;
use birdhook_core::{Delivery, Event, EventKind, HeadResult, Outcome, RequestHead, signature};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

fn sign(body: &[u8]) -> String {
    signature::sign(&secret(SECRET), body)
}

fn assert_same(one: &Delivery, other: &Delivery) {
    let seen = |delivery: &Delivery| {
        let events = delivery.events().iter();
        let events = events.map(|event| (event.delivery_key(), event.kind(), event.raw().as_str().to_owned()));
        (delivery.body().as_str().to_owned(), delivery.subscriber().map(str::to_owned), events.collect::<Vec<_>>())
    };
    assert_eq!(seen(one), seen(other));
}

proptest! {
    #![proptest_config(birdhook_test_harness::seed::property())]

    #[test]
    fn any_split_gives_the_same_events(
        (_, body) in proptest::sample::select(fixtures()),
        cuts in vec(any::<proptest::sample::Index>(), 0..12),
    ) {
        let body = body.as_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).chain([0, body.len()]).collect();
        cuts.sort_unstable();
        // Equal cuts, and cuts at the ends, produce empty chunks.
        let chunks = std::iter::once(&body[..0]).chain(cuts.windows(2).map(|ends| &body[ends[0]..ends[1]]));
        let delivery = post(&endpoint(), &[(signature::HEADER, &sign(body))], chunks).unwrap();
        assert_same(&delivery, &deliver(body));
    }

    #[test]
    fn a_changed_byte_is_detected_in_any_chunk(
        (_, body) in proptest::sample::select(fixtures()),
        at in any::<proptest::sample::Index>(),
        flip in 1..=255u8,
        size in 1..600usize,
    ) {
        let mut body = body.as_bytes().to_vec();
        let signed = sign(&body);
        let at = at.index(body.len());
        body[at] ^= flip;
        let reply = post(&endpoint(), &[(signature::HEADER, &signed)], body.chunks(size)).unwrap_err();
        prop_assert_eq!(reply.outcome(), Outcome::SignatureWrong);
    }
}

#[test]
fn one_byte_at_a_time_gives_the_same_events() {
    for (_, body) in fixtures() {
        let signed = sign(body.as_bytes());
        let delivery = post(&endpoint(), &[(signature::HEADER, &signed)], body.as_bytes().chunks(1)).unwrap();
        assert_same(&delivery, &deliver(body));
    }
}

#[test]
fn a_flipped_bit_is_detected() {
    let body = fixture("tweet_delete").as_bytes();
    let signed = sign(body);
    for bit in 0..body.len() * 8 {
        let mut flipped = body.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let reply = post(&endpoint(), &[(signature::HEADER, &signed)], [&*flipped]).unwrap_err();
        assert_eq!((reply.status(), reply.outcome()), (401, Outcome::SignatureWrong), "bit {bit}");
    }
}

#[test]
fn a_longer_or_shorter_body_is_detected() {
    let body = fixture("tweet_delete");
    let headers = [(signature::HEADER, &*sign(body.as_bytes()))];
    for other in [&body[..body.len() - 1], &body[1..], &format!("{body} "), &format!(" {body}"), ""] {
        assert_eq!(post(&endpoint(), &headers, [other.as_bytes()]).unwrap_err().outcome(), Outcome::SignatureWrong);
    }
}

#[test]
fn a_body_in_one_chunk_is_never_copied() {
    for (name, body) in fixtures() {
        let body = Bytes::from(body.as_bytes().to_vec());
        let signed = sign(&body);
        // Empty chunks around the body must not cause a copy.
        for chunks in [vec![body.clone()], vec![Bytes::new(), body.clone(), Bytes::new()]] {
            let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
            let HeadResult::Body(mut reader) = endpoint().begin(&head) else { panic!("refused") };
            chunks.into_iter().for_each(|chunk| reader.push(chunk).unwrap());
            let delivery = reader.finish().unwrap();
            let memory = body.as_ptr_range();
            assert_eq!(delivery.body().as_str().as_ptr(), memory.start, "{name}");
            for event in delivery {
                assert!(memory.contains(&event.raw().as_str().as_ptr()), "{name}");
                assert!(memory.contains(&event.raw().clone().into_bytes().as_ptr()), "{name}");
            }
        }
    }
}

#[test]
fn events_outlive_their_delivery() {
    let events = deliver(fixture("several")).into_events();
    let thread = std::thread::spawn(move || events.iter().map(|event| event.raw().as_str().len()).collect::<Vec<_>>());
    let expected: Vec<_> =
        deliver(fixture("several")).events().iter().map(|event| event.raw().as_str().len()).collect();
    assert_eq!(thread.join().unwrap(), expected);
}

#[test]
fn json_style_does_not_change_what_is_read() {
    let sorted = |body: &str| {
        let mut events = deliver(body).into_events();
        events.sort_unstable_by_key(Event::delivery_key);
        events
    };
    for (name, body) in all_fixtures() {
        let plain = sorted(body);
        assert_eq!(plain.iter().any(|event| event.kind() == EventKind::Unknown), *name == "xaa/unknown", "{name}");
        for style in Style::ALL {
            let styled = sorted(&style.write(&value(body)));
            assert_eq!(styled.len(), plain.len(), "{name} {style:?}");
            for (one, other) in styled.iter().zip(&plain) {
                let keys = [one, other].map(|event| (event.delivery_key(), event.content_key(), event.kind()));
                assert_eq!(keys[0], keys[1], "{name} {style:?}");
                let [activity, expected] = [one, other].map(|event| serde_json::to_value(event.activity()).unwrap());
                assert_eq!(activity, expected, "{name} {style:?}");
                let is_typed = !matches!(other.v1(), Payload::Unknown(_));
                assert!(!is_typed || one.v1() == other.v1(), "{name} {style:?}");
                assert_eq!((one.name(), one.occurred_at()), (other.name(), other.occurred_at()), "{name} {style:?}");
                assert_eq!((one.subscriber(), one.direction()), (other.subscriber(), other.direction()), "{name}");
                assert_eq!((one.user("3030"), one.source_app()), (other.user("3030"), other.source_app()), "{name}");
                assert_eq!(one.source_app_id(), other.source_app_id(), "{name} {style:?}");
            }
        }
    }
}
