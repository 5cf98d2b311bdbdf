//! Malformed members of a body neither lose an event nor cause a panic.

use std::collections::HashSet;

use crate::support::broken::{HUGE, set, write};
use crate::support::{Style, arbitrary, deliver, fixtures, pointers, value};
use birdhook_core::schema::v1::Payload;
use birdhook_core::{Delivery, EventKind};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Returns the events in a body by the simplest method: in order, as text.
fn expected(body: &Value) -> Vec<String> {
    let mut events = Vec::new();
    for (name, inner) in body.as_object().unwrap() {
        match inner {
            Value::Object(members) if name == "user_event" => events.extend(members.values().map(write)),
            Value::Array(elements) if name == "user_event" || name.ends_with("_events") => {
                events.extend(elements.iter().map(write));
            }
            Value::Null => {}
            other if name == "user_event" || name.ends_with("_events") => events.push(write(other)),
            _ => {}
        }
    }
    if events.is_empty() { vec![write(body)] } else { events }
}

/// Reads everything that can be read from a delivery.
fn check(delivery: &Delivery) {
    let body = delivery.body().as_str();
    for event in delivery.events() {
        let raw = event.raw().as_str();
        assert!(body.as_bytes().as_ptr_range().contains(&raw.as_ptr()), "{raw} is not a part of {body}");
        assert!(body.contains(raw));
        assert_eq!(serde_json::to_string(event).unwrap(), raw.trim());
        assert_eq!(event.body().as_str(), body);
        assert!(
            event.subscriber().is_none() || delivery.subscriber().is_some() || event.kind() == EventKind::AccessRevoked
        );
        let payload = event.v1();
        assert!(!format!("{payload:?} {event:?}").is_empty());
        assert!(event.kind() != EventKind::Unknown || matches!(payload, Payload::Unknown(_)));
        let _ = (event.user("3030"), event.source_app(), event.occurred_at(), event.delivery_key(), event.name());
    }
}

#[test]
fn a_member_of_another_type_does_not_lose_the_event() {
    replace_members(4);
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn no_type_in_any_member_loses_an_event() {
    replace_members(1);
}

/// Replaces each member of the fixtures with one in `every` of the replacements, in rotation.
fn replace_members(every: usize) {
    let replacements = [
        None,
        Some(Value::Null),
        Some(json!(true)),
        Some(json!(-5)),
        Some(json!(1.5)),
        Some(json!(u64::MAX)),
        Some(json!("oops")),
        Some(json!([])),
        Some(json!([null, 5, "x", [[]], {"id": {}}])),
        Some(json!({})),
        Some(json!({"id": [], "type": {"id": null}})),
        Some(json!(HUGE)),
    ];
    let mut seen = HashSet::new();
    for (name, body) in fixtures() {
        let body = value(body);
        for pointer in pointers(&body) {
            // Most fixtures share most of their members; each distinct member is tested once.
            if !seen.insert((pointer.clone(), std::mem::discriminant(body.pointer(&pointer).unwrap()))) {
                continue;
            }
            for to in replacements.iter().skip(seen.len() % every).step_by(every) {
                let mut body = body.clone();
                set(&mut body, &pointer, to.clone());
                let delivery = deliver(write(&body));
                let raw: Vec<_> = delivery.events().iter().map(|event| event.raw().as_str()).collect();
                assert_eq!(raw, expected(&body), "{name} {pointer} = {to:?}");
                check(&delivery);
                for event in delivery.events() {
                    let is_known = event.kind() != EventKind::Unknown;
                    let is_typed = !matches!(event.v1(), Payload::Unknown(_));
                    assert!(is_typed || !is_known, "{name} {pointer} = {to:?} breaks the payload");
                }
            }
        }
    }
    assert!(seen.len() > 500, "only {}", seen.len());
}

proptest! {
    #![proptest_config(birdhook_test_harness::seed::property())]

    #[test]
    fn any_object_is_delivered_with_all_its_bytes(body in arbitrary::object(), style in 0..3usize) {
        let written = body.to_string();
        let delivery = deliver(&written);
        let raw: Vec<_> = delivery.events().iter().map(|event| event.raw().as_str()).collect();
        prop_assert_eq!(raw, expected(&body));
        check(&delivery);

        let styled = Style::ALL[style].write(&body);
        let delivery = deliver(&styled);
        prop_assert_eq!(delivery.body().as_str(), &*styled);
        prop_assert_eq!(delivery.events().len(), expected(&body).len());
        check(&delivery);
    }

    /// A truncated body is never a JSON object.
    #[test]
    fn a_truncated_body_is_rejected((_, body) in proptest::sample::select(fixtures()), at in any::<proptest::sample::Index>()) {
        let body = body.trim_end();
        let part: String = body.chars().take(at.index(body.chars().count())).collect();
        prop_assert!(crate::support::try_deliver(&part).is_err(), "{}", part);
    }
}
