//! Messages from JetStream, and the subjects and headers of published events.
//!
//! The input is header lines, an empty line, and the payload. The header `Subjects` is a template,
//! `App` the name of an app.
#![no_main]

use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use birdhook_core::codec::Format;
use birdhook_core::{Delivery, Event};
use birdhook_fuzz::{assert_same, message, texts};
use birdhook_nats::{Subjects, fuzzing};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

const PLAIN: &str = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#;

fuzz_target!(|data: &[u8]| {
    let (lines, payload) = message(data);
    let lines = texts(&lines);
    let find = |name: &str| lines.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);

    let headers: HeaderMap = lines
        .iter()
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?)))
        .collect();
    if let Ok(event) = fuzzing::read(&headers, Bytes::copy_from_slice(payload)) {
        for format in [Format::Plain, Format::CloudEvents] {
            let (_, headers, payload) = fuzzing::written(&event, format, &Subjects::default());
            let again = fuzzing::read(&headers, payload).expect("it can be read again");
            assert_same(&event, &again);
            assert_eq!(event.dedupe_key(), again.dedupe_key());
        }
        check(&event, find("Subjects"));
    }

    // An app may have any name.
    let app = find("App").unwrap_or_default();
    let body =
        if payload.starts_with(b"{") && std::str::from_utf8(payload).is_ok() { payload } else { PLAIN.as_bytes() };
    let events = Delivery::restore(app, Bytes::copy_from_slice(body), 100).into_iter().flat_map(Delivery::into_events);
    for mut event in events.take(3) {
        event.set_dedupe_key(event.content_key());
        let (_, headers, payload) = fuzzing::written(&event, Format::Plain, &Subjects::default());
        for (_, values) in headers.iter() {
            let graphic = |value: &HeaderValue| value.as_str().bytes().all(|byte| byte.is_ascii_graphic());
            assert!(values.iter().all(graphic), "{values:?}");
        }
        let again = fuzzing::read(&headers, payload).expect("it can be read again");
        assert_same(&event, &again);
        assert_eq!(again.dedupe_key(), event.content_key());
        check(&event, find("Subjects"));
    }
});

/// Checks that a subject is legal, and that it matches the documented filters.
fn check(event: &Event, template: Option<&str>) {
    let Ok(subjects) = Subjects::new(template.unwrap_or("birdhook.{app}.{name}{kind}.{subscriber}")) else { return };
    let (subject, _, _) = fuzzing::written(event, Format::Plain, &subjects);
    let is_legal = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '*' | '>');
    assert!(subject.split('.').all(|token| !token.is_empty()) && subject.chars().all(is_legal), "{subject}");
    assert!(!subject.starts_with('$') && subject.len() < 4096, "{subject}");
    let values = [
        ("app", event.app()),
        ("kind", event.kind().as_str()),
        ("name", event.name()),
        ("generation", event.api_source().as_str()),
        ("subscriber", event.subscriber().unwrap_or_default()),
    ];
    assert_eq!(subjects.matching(&values).as_deref(), Ok(&*subject));
    for some in 0..values.len() {
        let filter = subjects.matching(&values[..some]).expect("they are placeholders");
        assert_eq!(filter.split('.').count(), subject.split('.').count(), "{filter} {subject}");
        let fits = |(filter, token): (&str, &str)| filter == "*" || filter == token;
        assert!(filter.split('.').zip(subject.split('.')).all(fits), "{filter} {subject}");
    }
}
