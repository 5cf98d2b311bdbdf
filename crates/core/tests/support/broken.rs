//! Bodies that differ from X's documentation in one member.

use std::collections::HashSet;
use std::hash::Hash;

use birdhook_core::schema::v1::Payload;
use birdhook_core::{Delivery, EventKind};
use serde_json::{Value, json};

use super::{pointers, set, value};

/// Placeholder for a number out of range, which `serde_json` cannot write.
pub(crate) const HUGE: &str = "@HUGE@";

/// Returns the body as text.
pub(crate) fn write(value: &Value) -> String {
    value.to_string().replace(&format!("\"{HUGE}\""), "1e999")
}

/// Calls `check` with fixtures in which one member is missing or has a value of another type, and
/// with the name of the change. Tests one in `every` of the values for each member, in rotation.
///
/// Fixtures of the same `kind` share most of their members; each distinct member is tested once.
/// Returns the number of members.
pub(crate) fn replace_members<K: Copy + Eq + Hash>(
    fixtures: &[(&str, &str)],
    every: usize,
    further_values: impl IntoIterator<Item = Value>,
    kind: impl Fn(&Value) -> K,
    check: impl Fn(&str, &Value),
) -> usize {
    let list = json!([null, 5, "x", [[]], {"id": {}}]);
    let values = [json!(null), json!(true), json!(-5), json!("oops"), json!([]), list, json!({}), json!(HUGE)];
    let values: Vec<_> = [None].into_iter().chain(values.into_iter().chain(further_values).map(Some)).collect();
    let mut seen = HashSet::new();
    for (name, body) in fixtures {
        let body = value(body);
        let kind = kind(&body);
        for pointer in pointers(&body) {
            if !seen.insert((kind, pointer.clone(), std::mem::discriminant(body.pointer(&pointer).unwrap()))) {
                continue;
            }
            for to in values.iter().skip(seen.len() % every).step_by(every) {
                let mut body = body.clone();
                set(&mut body, &pointer, to.clone());
                check(&format!("{name} {pointer} = {to:?}"), &body);
            }
        }
    }
    seen.len()
}

/// Reads everything that can be read from a delivery.
pub(crate) fn check(what: &str, delivery: &Delivery) {
    let body = delivery.body().as_str();
    assert!(!delivery.events().is_empty(), "{what}");
    for event in delivery.events() {
        let raw = event.raw().as_str();
        assert!(body.as_bytes().as_ptr_range().contains(&raw.as_ptr()), "{what}: {raw} is not a part of {body}");
        assert!(body.contains(raw), "{what}");
        assert_eq!(serde_json::to_string(event).unwrap(), raw.trim(), "{what}");
        assert_eq!(event.body().as_str(), body, "{what}");
        let is_subscribed = delivery.subscriber().is_some() || event.kind() == EventKind::AccessRevoked;
        assert!(event.subscriber().is_none() || is_subscribed, "{what}");
        let (payload, activity) = (event.v1(), event.activity());
        let reported = serde_json::to_value(&activity).map_or(json!("unknown"), |json| json["kind"].clone());
        assert_eq!(reported, event.kind().as_str(), "{what}: the kind and the activity disagree");
        assert!(event.kind() != EventKind::Unknown || matches!(payload, Payload::Unknown(_)), "{what}");
        assert!(!format!("{activity:?}{payload:?}{:?}{event:?}", event.v2()).is_empty());
        let _ = (activity.actor(), activity.target(), activity.post(), activity.message());
        let _ = (event.delivery_key(), event.content_key(), event.lacks_unique_id(), event.occurred_at(), event.name());
        let _ = (event.user("3030"), event.source_app(), event.includes(), event.matching_rules(), event.tag());
        let _ = (event.event_uuid(), event.subscriber(), event.direction(), event.source_app_id());
    }
}
