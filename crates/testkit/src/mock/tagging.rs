//! Sets the parts of an X Activity body that depend on the subscription.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::state::MockFilter;

/// Returns the body with the subscription's filter and tag. All other bytes stay the same.
pub(crate) fn with_filter_and_tag(body: &Bytes, filter: &MockFilter, tag: Option<&str>) -> Bytes {
    rewritten(body, filter, tag).map_or_else(|| body.clone(), Bytes::from)
}

/// Returns the direction that a body contains, if it does.
pub(crate) fn direction(body: &Bytes) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.pointer("/data/filter/direction")?.as_str().map(str::to_owned)
}

/// Returns whether a string in the payload contains `word`, ignoring case. Member names do not
/// count.
pub(crate) fn contains_text(body: &Bytes, word: &str) -> bool {
    fn occurs(value: &Value, word: &str) -> bool {
        match value {
            Value::String(text) => text.to_lowercase().contains(word),
            Value::Array(all) => all.iter().any(|one| occurs(one, word)),
            Value::Object(all) => all.values().any(|one| occurs(one, word)),
            _ => false,
        }
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.pointer("/data/payload").is_some_and(|payload| occurs(payload, &word.to_lowercase()))
}

fn rewritten(body: &[u8], filter: &MockFilter, tag: Option<&str>) -> Option<Vec<u8>> {
    let mut body: Members = serde_json::from_slice(body).ok()?;
    let mut data: Members = serde_json::from_str(body.get("data")?.get()).ok()?;
    // Keeps other members of the filter, such as a direction.
    let mut merged: Value = serde_json::from_str(data.get("filter").map_or("{}", |filter| filter.get())).ok()?;
    if let (Value::Object(members), Value::Object(subscribed)) = (&mut merged, serde_json::to_value(filter).ok()?) {
        members.extend(subscribed);
    }
    data.insert("filter".to_owned(), to_raw_value(&merged).ok()?);
    if let Some(tag) = tag {
        data.insert("tag".to_owned(), to_raw_value(tag).ok()?);
    }
    body.insert("data".to_owned(), to_raw_value(&data).ok()?);
    serde_json::to_vec(&body).ok()
}

/// The members of an object. Generated bodies have them in this order.
type Members = BTreeMap<String, Box<RawValue>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_only_the_filter_and_the_tag() {
        let body = Bytes::from_static(br#"{"data":{"event_uuid":"-1","filter":{"direction":"inbound","user_id":"1"},"payload":{"text":"a\/\u00e9","n":1e2}},"x":[ 1 ]}"#);
        let filter = MockFilter { user_id: Some("2".into()), ..MockFilter::default() };
        let changed = with_filter_and_tag(&body, &filter, Some("q\"q"));
        assert_eq!(
            str::from_utf8(&changed).unwrap(),
            r#"{"data":{"event_uuid":"-1","filter":{"direction":"inbound","user_id":"2"},"payload":{"text":"a\/\u00e9","n":1e2},"tag":"q\"q"},"x":[ 1 ]}"#
        );
        assert_eq!(direction(&changed).as_deref(), Some("inbound"));
        let other = Bytes::from_static(b"[1]");
        assert_eq!(with_filter_and_tag(&other, &filter, None), other);
    }
}
