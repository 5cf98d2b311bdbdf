//! Every later version must read the messages that version 0.1 wrote to queues and logs, and must
//! still write their contents.

use crate::support::{deliver, fixture};
use birdhook_core::codec::{DecodeError, Format, read};
use birdhook_core::{Event, EventKey};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

/// One line for each format of each event of some fixtures.
const MESSAGES: &str = include_str!("golden/messages-0.1.jsonl");

#[derive(Deserialize)]
struct Golden {
    fixture: String,
    position: usize,
    content_type: String,
    facts: Vec<(String, String)>,
    payload: String,
}

impl Golden {
    fn all() -> impl Iterator<Item = Self> {
        MESSAGES.lines().map(|line| serde_json::from_str(line).unwrap())
    }

    fn of(fixture: &str, event: &Event, format: Format) -> Self {
        let message = format.write(event);
        Self {
            fixture: fixture.to_owned(),
            position: event.index(),
            content_type: format.content_type().to_owned(),
            facts: message.attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            payload: String::from_utf8(message.payload.to_vec()).unwrap(),
        }
    }

    fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn format(&self) -> Format {
        let formats = [Format::Plain, Format::CloudEvents];
        formats.into_iter().find(|format| format.content_type() == self.content_type).unwrap()
    }
}

/// Returns whether a value contains everything that an older one does. Members may be added.
fn holds(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            old.iter().all(|(name, old)| new.get(name).is_some_and(|new| holds(new, old)))
        }
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| holds(new, old))
        }
        (new, old) => new == old,
    }
}

#[test]
fn messages_of_earlier_versions_are_read() {
    for golden in Golden::all() {
        let event = read(Bytes::from(golden.payload.clone()), |name| golden.fact(name)).unwrap();
        assert_eq!(event.kind().as_str(), golden.fact("kind").unwrap(), "{}", golden.fixture);
        assert_eq!(golden.fact("key").unwrap().parse::<EventKey>(), Ok(event.delivery_key()), "{}", golden.fixture);
        assert_eq!(golden.fact("subscriber"), event.subscriber(), "{}", golden.fixture);
    }
}

#[test]
fn messages_of_later_versions_are_rejected() {
    for golden in Golden::all() {
        let fact = |name: &str| if name == "version" { Some("2") } else { golden.fact(name) };
        let refused = read(Bytes::from(golden.payload.clone()), fact).unwrap_err();
        assert_eq!(refused, DecodeError::Version);
    }
}

#[test]
fn the_written_messages_equal_those_of_earlier_versions() {
    for golden in Golden::all() {
        let delivery = deliver(fixture(golden.fixture.strip_suffix(".json").unwrap()));
        let made = Golden::of(&golden.fixture, &delivery.events()[golden.position], golden.format());
        for (name, old) in &golden.facts {
            assert_eq!(made.fact(name), Some(old.as_str()), "{} {name}", golden.fixture);
        }
        let (new, old) = (serde_json::from_str(&made.payload).unwrap(), serde_json::from_str(&golden.payload).unwrap());
        assert!(holds(&new, &old), "{}\n{}\n{}", golden.fixture, made.payload, golden.payload);
    }
}
