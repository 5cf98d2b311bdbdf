//! Malformed members of a body neither lose an event nor cause a panic.

use crate::support::broken::{self, check, write};
use crate::support::{Style, arbitrary, deliver, fixtures};
use birdhook_core::EventKind;
use birdhook_core::schema::v1::Payload;
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

#[test]
fn a_member_of_another_type_does_not_lose_the_event() {
    replace_members(4);
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn no_type_in_any_member_loses_an_event() {
    replace_members(1);
}

/// Replaces each member of the fixtures with one in `every` of the wrong values.
fn replace_members(every: usize) {
    let further = [json!(1.5), json!(u64::MAX), json!({"id": [], "type": {"id": null}})];
    let tested = broken::replace_members(
        fixtures(),
        every,
        further,
        |_| (),
        |what, body| {
            let delivery = deliver(write(body));
            let raw: Vec<_> = delivery.events().iter().map(|event| event.raw().as_str()).collect();
            assert_eq!(raw, expected(body), "{what}");
            check(what, &delivery);
            for event in delivery.events() {
                let is_known = event.kind() != EventKind::Unknown;
                let is_typed = !matches!(event.v1(), Payload::Unknown(_));
                assert!(is_typed || !is_known, "{what} breaks the payload");
            }
        },
    );
    assert!(tested > 500, "only {tested}");
}

proptest! {
    #![proptest_config(birdhook_test_harness::seed::property())]

    #[test]
    fn any_object_is_delivered_with_all_its_bytes(body in arbitrary::object(), style in 0..3usize) {
        let written = body.to_string();
        let delivery = deliver(&written);
        let raw: Vec<_> = delivery.events().iter().map(|event| event.raw().as_str()).collect();
        prop_assert_eq!(raw, expected(&body));
        check(&written, &delivery);

        let styled = Style::ALL[style].write(&body);
        let delivery = deliver(&styled);
        prop_assert_eq!(delivery.body().as_str(), &*styled);
        prop_assert_eq!(delivery.events().len(), expected(&body).len());
        check(&styled, &delivery);
    }

    /// A truncated body is never a JSON object.
    #[test]
    fn a_truncated_body_is_rejected((_, body) in proptest::sample::select(fixtures()), at in any::<proptest::sample::Index>()) {
        let body = body.trim_end();
        let part: String = body.chars().take(at.index(body.chars().count())).collect();
        prop_assert!(crate::support::try_deliver(&part).is_err(), "{}", part);
    }
}
