//! Sets the parts of an X Activity body that depend on the subscription.

use bytes::Bytes;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
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
pub(crate) fn says(body: &Bytes, word: &str) -> bool {
    fn occurs(told: &Value, word: &str) -> bool {
        match told {
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
    let mut told: Value = serde_json::from_str(data.get("filter").map_or("{}", RawValue::get)).ok()?;
    let (told_members, asked) = (told.as_object_mut()?, serde_json::to_value(filter).ok()?);
    for (name, value) in asked.as_object()? {
        told_members.insert(name.clone(), value.clone());
    }
    data.set("filter", to_raw_value(&told).ok()?);
    if let Some(tag) = tag {
        data.set("tag", to_raw_value(tag).ok()?);
    }
    body.set("data", to_raw_value(&data).ok()?);
    serde_json::to_vec(&body).ok()
}

/// The members of an object in their original order.
struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    fn get(&self, wanted: &str) -> Option<&RawValue> {
        self.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| &**value)
    }

    fn set(&mut self, wanted: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(name, _)| name == wanted) {
            Some((_, old)) => *old = value,
            None => self.0.push((wanted.to_owned(), value)),
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_filter_and_the_tag_change() {
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
