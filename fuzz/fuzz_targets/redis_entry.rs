//! Replies of Redis in wire format: entries are read completely or not at all, and an event is the
//! one that was appended.
#![no_main]

use birdhook_core::codec::Format;
use birdhook_fuzz::assert_same;
use birdhook_redis::fuzzing::{self, Fields};
use libfuzzer_sys::fuzz_target;
use redis::Value;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        // Only two settings can cause a warning.
        assert!(fuzzing::weaknesses(text, text).len() <= 2);
    }
    let Ok(answer) = redis::parse_redis_value(data) else { return };
    let read = fuzzing::entries(answer.clone());
    let claimed = fuzzing::claimed(answer);
    let mut all: Vec<(String, u64, Fields)> = read.clone();
    all.extend(claimed.iter().flat_map(|(_, _, entries)| entries.clone()));
    for (_, _, fields) in &all {
        let Ok(event) = fuzzing::event(fields) else { continue };
        for format in [Format::Plain, Format::CloudEvents] {
            let again = fuzzing::event(&fuzzing::fields(&event, format)).expect("it can be read again");
            assert_same(&event, &again);
            assert_eq!(event.dedupe_key(), again.dedupe_key());
        }
    }

    // Both protocol versions of the reply contain the same entries.
    let stream = || Value::BulkString(b"stream".to_vec());
    let entries = Value::Array(read.iter().map(|(id, _, fields)| entry(id, None, fields)).collect());
    let array = Value::Array(vec![Value::Array(vec![stream(), entries.clone()])]);
    assert_eq!(fuzzing::entries(array), read);
    assert_eq!(fuzzing::entries(Value::Map(vec![(stream(), entries)])), read);
    if let Some((from, due, entries)) = claimed {
        let number = |number: u64| i64::try_from(number).map(Value::Int).expect("it came as one");
        let written = entries.iter().map(|(id, tries, fields)| entry(id, Some(number(*tries)), fields)).collect();
        let due_value = due.map_or(Value::Nil, number);
        let again = Value::Array(vec![Value::BulkString(from.clone().into()), due_value, Value::Array(written)]);
        assert_eq!(fuzzing::claimed(again), Some((from, due, entries)));
    }
});

fn entry(id: &str, tries: Option<Value>, fields: &Fields) -> Value {
    let bytes = |bytes: &[u8]| Value::BulkString(bytes.to_vec());
    let fields = fields.iter().flat_map(|(name, value)| [bytes(name), bytes(value)]).collect();
    Value::Array([bytes(id.as_bytes())].into_iter().chain(tries).chain([Value::Array(fields)]).collect())
}
