//! Converts an event's attributes to message headers and back.

use async_nats::header::{HeaderMap, HeaderName, HeaderValue, NATS_MESSAGE_ID};
use birdhook_core::Event;
use birdhook_core::codec::{DecodeError, EncodedEvent, read};
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Escaped in addition to non-ASCII. Spaces would be trimmed at the ends, and a line break would
/// begin another header.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// The attributes required to read an event.
const REQUIRED: [&str; 5] = ["app", "content_type", "position", "sent", "version"];

/// Returns the attributes as headers. The event's key is also the message id, by which JetStream
/// deduplicates.
pub(crate) fn headers(message: &EncodedEvent) -> HeaderMap {
    let key = message.attributes.iter().find(|(attribute, _)| *attribute == "key");
    let id = key.map(|(_, key)| (NATS_MESSAGE_ID, HeaderValue::from(&**key)));
    let attributes = message.attributes.iter().filter_map(|(attribute, value)| {
        let value = utf8_percent_encode(value, ESCAPED).to_string();
        Some((name(attribute)?, value.parse().ok()?))
    });
    attributes.chain(id).collect()
}

/// Returns the event with its deduplication key, which either of two headers contains.
pub(crate) fn event(headers: &HeaderMap, payload: Bytes) -> Result<Event, DecodeError> {
    let mut attributes = Vec::with_capacity(REQUIRED.len());
    for attribute in REQUIRED {
        if let Some(value) = name(attribute).and_then(|name| headers.get(name)) {
            let value = percent_decode_str(value.as_str()).decode_utf8().map_err(|_| DecodeError::Fact(attribute))?;
            attributes.push((attribute, value));
        }
    }
    let key = name("key").and_then(|name| headers.get(name)).or_else(|| headers.get(NATS_MESSAGE_ID));
    let attribute = |name: &str| match name {
        "key" => key.map(HeaderValue::as_str),
        _ => attributes.iter().find(|(attribute, _)| *attribute == name).map(|(_, value)| &**value),
    };
    let event = read(payload, attribute)?;
    key.map(|_| event).ok_or(DecodeError::Fact("key"))
}

/// Returns the header of a attribute: `Birdhook-Occurred-At` for `occurred_at`.
fn name(attribute: &str) -> Option<HeaderName> {
    if attribute == "content_type" {
        return Some(HeaderName::from_static("Content-Type"));
    }
    let mut name = "Birdhook".to_owned();
    for word in attribute.split('_') {
        let (first, rest) = word.split_at_checked(1)?;
        name.extend(["-", &first.to_ascii_uppercase(), rest]);
    }
    name.parse().ok()
}

#[cfg(test)]
mod tests {
    use birdhook_core::Delivery;
    use birdhook_core::codec::Format;

    use super::*;

    fn written(app: &str, format: Format) -> (Event, HeaderMap, Bytes) {
        let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2","user_id":"3"},"timestamp_ms":"1432228155593"}]}"#;
        let event = Delivery::restore(app, body, 1).unwrap().into_events().remove(0);
        let message = format.write(&event);
        let headers = headers(&message);
        (event, headers, message.payload)
    }

    fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        headers.get(name.parse::<HeaderName>().unwrap()).map(HeaderValue::as_str)
    }

    #[test]
    fn writes_each_fact_as_a_header() {
        let (event, headers, _) = written("shop", Format::Plain);
        let key = event.delivery_key().to_string();
        for (name, expected) in [
            ("Nats-Msg-Id", &*key),
            ("Birdhook-Key", &key),
            ("Birdhook-App", "shop"),
            ("Birdhook-Kind", "post_deleted"),
            ("Birdhook-Generation", "account_activity"),
            ("Birdhook-Name", "tweet_delete_events"),
            ("Birdhook-Subscriber", "1"),
            ("Birdhook-Occurred-At", "2015-05-21T17:09:15.593Z"),
            ("Content-Type", "application/json"),
        ] {
            assert_eq!(value(&headers, name), Some(expected), "{name}");
        }
    }

    #[test]
    fn reads_back_any_app_name() {
        let names = ["a b", " a ", "a\r\nb: c", "%41", "", "日本", "\u{7f}", "a\tb", "\0"];
        for (format, app) in [Format::Plain, Format::CloudEvents].into_iter().flat_map(|f| names.map(|name| (f, name)))
        {
            let (sent, headers, payload) = written(app, format);
            assert!(value(&headers, "Birdhook-App").unwrap().bytes().all(|b| b.is_ascii_graphic()), "{app:?}");
            let event = event(&headers, payload).unwrap();
            assert_eq!((event.app(), event.dedupe_key()), (app, sent.delivery_key()));
            let sent = serde_json::to_value(sent.report()).unwrap();
            assert_eq!(serde_json::to_value(event.report()).unwrap(), sent);
        }
    }

    #[test]
    fn reads_the_key_from_either_header() {
        let (sent, all, payload) = written("shop", Format::Plain);
        let kept = |keeps: &dyn Fn(&str) -> bool| -> HeaderMap {
            let kept = all.iter().filter(|(name, _)| keeps(name.as_ref()));
            kept.map(|(name, values)| (name.clone(), values[0].clone())).collect()
        };
        for (removed, other) in [("Nats-Msg-Id", "Birdhook-Key"), ("Birdhook-Key", "Nats-Msg-Id")] {
            let mut headers = kept(&|name| name != removed);
            assert_eq!(headers.len(), all.len() - 1);
            assert_eq!(event(&headers, payload.clone()).unwrap().dedupe_key(), sent.delivery_key());
            headers.insert(other, "7".repeat(64).as_str());
            assert_eq!(event(&headers, payload.clone()).unwrap().dedupe_key(), [0x77; 32].into(), "{other}");
            // An event that another program published again needs no other headers.
            let few = kept(&|name| ["Birdhook-App", other].contains(&name));
            let again = event(&few, payload.clone()).unwrap();
            assert_eq!((few.len(), again.dedupe_key(), again.raw()), (2, sent.delivery_key(), sent.raw()));
        }
        let neither = kept(&|name| !["Nats-Msg-Id", "Birdhook-Key"].contains(&name));
        assert_eq!(event(&neither, payload).unwrap_err(), DecodeError::Fact("key"));
    }

    macro_rules! golden {
        ($app:literal, $position:literal, $body:literal, $message:literal) => {
            (
                $app,
                $position,
                include_str!(concat!("../tests/golden/", $body, ".json")),
                include_str!(concat!("../tests/golden/", $message, "-0.1.txt")),
            )
        };
    }

    /// Messages that version 0.1 published: the name of the app, the index of the event, the body, and
    /// the message with its subject, its headers and its payload.
    const GOLDEN: [(&str, usize, &str, &str); 3] = [
        golden!("shop", 0, "deletion", "deletion-plain"),
        golden!("my shop, Grüße", 0, "like", "like-cloudevents"),
        golden!("shop", 1, "messages", "second-message-plain"),
    ];

    /// Returns a golden message's subject, its headers and its payload.
    fn parts(golden: &'static str) -> (&'static str, Vec<(&'static str, &'static str)>, &'static str) {
        let (head, payload) = golden.trim_end().split_once("\n\n").unwrap();
        let (subject, headers) = head.split_once('\n').unwrap();
        (subject, headers.lines().map(|line| line.split_once(": ").unwrap()).collect(), payload)
    }

    fn golden_event(app: &str, position: usize, body: &'static str) -> Event {
        Delivery::restore(app, body.trim_end(), 10).unwrap().into_events().remove(position)
    }

    #[test]
    fn reads_the_messages_of_version_0_1() {
        for (app, position, body, golden) in GOLDEN {
            let (_, headers, payload) = parts(golden);
            let headers = headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let read = event(&headers.collect(), payload.into()).unwrap();
            let sent = golden_event(app, position, body);
            assert_eq!((read.app(), read.kind(), read.raw()), (app, sent.kind(), sent.raw()));
            assert_eq!((read.dedupe_key(), read.delivery_key()), (sent.delivery_key(), sent.delivery_key()));
        }
    }

    #[test]
    fn publishes_messages_as_version_0_1_did() {
        for (app, position, body, golden) in GOLDEN {
            let (subject, old, payload) = parts(golden);
            let event = golden_event(app, position, body);
            let is_plain = old.contains(&("Content-Type", "application/json"));
            let format = if is_plain { Format::Plain } else { Format::CloudEvents };
            let message = format.write(&event);
            let written = headers(&message);
            for (name, old) in old {
                assert_eq!(value(&written, name), Some(old), "{app} {name}");
            }
            assert_eq!(crate::Subjects::default().subject(&event), subject);
            // The core's tests compare CloudEvents, which may have more members later.
            assert!(!is_plain || message.payload == payload, "{app}");
        }
    }

    #[test]
    fn rejects_a_message_that_is_not_from_birdhook() {
        let (_, mut headers, payload) = written("shop", Format::Plain);
        assert_eq!(event(&HeaderMap::new(), payload.clone()).unwrap_err(), DecodeError::Fact("app"));
        assert_eq!(event(&headers, "[]".into()).unwrap_err(), DecodeError::Payload);
        let mut later = headers.clone();
        later.insert("Birdhook-Version", "2");
        assert_eq!(event(&later, payload.clone()).unwrap_err(), DecodeError::Version);
        headers.insert("Birdhook-Position", "%ff");
        assert_eq!(event(&headers, payload).unwrap_err(), DecodeError::Fact("position"));
    }
}
