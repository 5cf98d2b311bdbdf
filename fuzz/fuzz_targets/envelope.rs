//! A signed body is accepted if and only if it is a JSON object or a list that contains one, and
//! then it is delivered complete.
//!
//! The reference is `serde_json` in the mode that skips all values. In this mode it accepts a lone
//! surrogate such as `\ud800` in names and strings alike (parsing into a `String` would reject it).
//! It does not check the UTF-8 of skipped text, so this target checks that separately.
#![no_main]

use birdhook_core::{ApiSource, Delivery, EventKind, Outcome};
use birdhook_fuzz::{assert_crosses, deliver};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

fuzz_target!(|body: &[u8]| {
    let has_object = std::str::from_utf8(body).is_ok_and(has_object);
    match deliver(body) {
        Ok(delivery) => {
            assert!(has_object, "no JSON object, but delivered");
            check(&delivery, body);
        }
        Err(reason) => {
            assert_eq!(reason, Outcome::NotAnObject);
            assert!(!has_object, "a JSON object, but refused");
        }
    }
});

fn has_object(text: &str) -> bool {
    let Ok(json) = serde_json::from_str::<&RawValue>(text) else { return false };
    match json.get().as_bytes().first() {
        Some(b'{') => true,
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(json.get()).expect("a list");
            elements.iter().any(|element| element.get().starts_with('{'))
        }
        _ => false,
    }
}

fn check(delivery: &Delivery, body: &[u8]) {
    let whole = delivery.body().as_str();
    assert_eq!(whole.as_bytes(), body);
    assert!(!delivery.events().is_empty(), "nothing is delivered");
    let mut end = whole.as_ptr();
    for event in delivery.events() {
        let raw = event.raw().as_str();
        let memory = raw.as_bytes().as_ptr_range();
        let all = whole.as_bytes().as_ptr_range();
        assert!(memory.start >= all.start && memory.end <= all.end, "{raw} is out of place");
        // Events of the other API in the same body are listed after those of the arrays, at any
        // position in the body.
        if event.api_source() == ApiSource::AccountActivity {
            assert!(memory.start >= end, "{raw} is out of order");
            end = memory.end;
        }
        serde_json::from_str::<IgnoredAny>(raw).expect("an event is JSON");
        serde_json::to_string(event).expect("an event can be written");
        let _ = (event.v1(), event.user("7"), event.source_app());
        // The X Activity API reports the time of unknown events too.
        let may_have_time = event.kind() != EventKind::Unknown || event.api_source() == ApiSource::XActivity;
        assert!(may_have_time || event.occurred_at().is_none());
        // In a body with many events, each message may contain all the others, so only some are
        // checked.
        if event.index() < 8 {
            assert_crosses(event);
        }
    }

    let again = deliver(body).expect("accepted twice");
    let keys = |delivery: &Delivery| delivery.events().iter().map(|event| event.delivery_key()).collect::<Vec<_>>();
    assert_eq!(keys(delivery), keys(&again));
}
