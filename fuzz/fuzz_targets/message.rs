//! A message from an engine is an event that can be written and read back, or an error with the
//! reason.
//!
//! The input is lines of attributes, an empty line, and the payload.
#![no_main]

use birdhook_core::EventKey;
use birdhook_core::codec::{DecodeError, read};
use birdhook_fuzz::{assert_crosses, message, texts};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (lines, payload) = message(data);
    let attributes = texts(&lines);
    let attribute = |name: &str| attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);

    if let Some(key) = attribute("key") {
        let is_hex = key.len() == 64 && key.bytes().all(|digit| digit.is_ascii_hexdigit());
        let read = key.parse::<EventKey>().ok();
        assert_eq!(read.map(|key| key.to_string()), is_hex.then(|| key.to_lowercase()));
    }

    let is_cloud_event =
        attribute("content_type").is_some_and(|found| found.starts_with("application/cloudevents+json"));
    let event = match read(Bytes::copy_from_slice(payload), attribute) {
        Ok(event) => event,
        Err(DecodeError::Fact("key")) => {
            assert!(attribute("key").is_some_and(|key| key.parse::<EventKey>().is_err()));
            return;
        }
        Err(DecodeError::Fact(name)) => {
            assert!(!is_cloud_event && ["app", "position", "sent"].contains(&name));
            assert!(attribute(name).is_none_or(|value| value.parse::<usize>().is_err()), "{name} is there");
            return;
        }
        Err(_) => return,
    };
    let number = |name| attribute(name).map(|value| value.parse::<usize>().expect("a number"));
    if !is_cloud_event {
        assert_eq!(Some(event.app()), attribute("app"));
        assert_eq!(event.index(), number("position").unwrap_or(0));
    }
    let key = attribute("key").map_or_else(|| Ok(event.delivery_key()), str::parse);
    assert_eq!(key, Ok(event.dedupe_key()));
    assert_crosses(&event);
});
