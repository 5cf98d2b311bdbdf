//! An event with any content can be read in every form, and each form can be written.
//!
//! The bytes are the signed body itself, so that seeds can resemble bodies of the X Activity API,
//! filtered streams and replays.
#![no_main]

use birdhook_core::{ApiSource, DedupeScope, Event};
use birdhook_fuzz::deliver;
use libfuzzer_sys::{Corpus, fuzz_target};
use serde::de::IgnoredAny;
use serde_json::Value;

const SCOPES: [DedupeScope; 4] =
    [DedupeScope::Subscription, DedupeScope::Conversation, DedupeScope::AcrossApps, DedupeScope::Everywhere];

fuzz_target!(|body: &[u8]| -> Corpus {
    let Ok(delivery) = deliver(body) else { return Corpus::Reject };
    let again = deliver(body).expect("accepted twice");
    assert_eq!(delivery.events().len(), again.events().len());
    for (event, again) in delivery.events().iter().zip(again.events()) {
        check(event);
        assert_eq!(event.content_key(), again.content_key());
        assert_eq!(event.delivery_key(), again.delivery_key());
    }
    Corpus::Keep
});

fn check(event: &Event) {
    let raw = event.raw().as_str();
    assert_eq!(serde_json::to_string(event).expect("an event can be written"), raw);

    let activity = event.activity();
    let written = serde_json::to_string(&activity).expect("an activity can be written");
    serde_json::from_str::<IgnoredAny>(&written).expect("an activity is JSON");
    let kind = event.kind().as_str();
    // The content of `unknown` is X's own JSON. serde_json can parse less of it than it can skip:
    // not numbers beyond the machine types, and no lone surrogates.
    let read = serde_json::from_str::<Value>(&written);
    let written_kind = read.as_ref().ok().and_then(|value| value.get("kind")).and_then(Value::as_str);
    match written_kind {
        Some("unknown") => {}
        Some(written_kind) => assert_eq!(written_kind, kind, "{written}"),
        None => assert!(written.starts_with(r#"{"kind":"unknown""#), "no JSON: {written}"),
    }

    let _ = (format!("{activity:?} {event:?}"), activity.actor(), activity.target());
    let _ = (activity.post(), activity.message(), event.lacks_unique_id(), event.occurred_at());
    let _ = (format!("{:?} {:?}", event.v1(), event.v2()), event.includes(), event.matching_rules());
    let _ = (event.user("7"), event.source_app(), event.tag(), event.event_uuid(), event.user_has_blocked());
    for scope in SCOPES {
        let content = event.content_key_in(scope);
        let old = content.reported_by(ApiSource::AccountActivity);
        assert_ne!(old, content.reported_by(ApiSource::XActivity));
        let _ = event.delivery_key_in(scope);
    }
}
