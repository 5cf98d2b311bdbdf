//! Readers for the several shapes in which X documents its responses.

use birdhook_core::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads one object: the response itself, its `data`, the first entry of a list there, or the
/// member.
pub(super) fn one<T: DeserializeOwned>(response: &Value, member: &str) -> Option<T> {
    let data = response.get("data").unwrap_or(response);
    let data = data.as_array().map_or(Some(data), |list| list.first())?;
    serde_json::from_value(data.get(member).unwrap_or(data).clone()).ok()
}

/// Reads a list: the response itself, its `data`, or the member of either. Skips entries that
/// cannot be read.
pub(super) fn many<T: DeserializeOwned>(response: &Value, member: &str) -> Option<Vec<T>> {
    let data = response.get("data").unwrap_or(response);
    let list = data.as_array().or_else(|| data.get(member)?.as_array());
    match list {
        Some(list) => Some(list.iter().filter_map(|one| serde_json::from_value(one.clone()).ok()).collect()),
        // X omits an empty list.
        None => response.get("meta").map(|_| Vec::new()),
    }
}

/// Reads a boolean member of `data`. `None` if it is absent.
pub(super) fn flag(response: &Value, member: &str) -> Option<bool> {
    response.get("data").unwrap_or(response).get(member)?.as_bool()
}

/// Reads an id, which X writes as a string or a number.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(id) => Ok(id),
        Value::Number(id) => Ok(id.to_string()),
        _ => Err(serde::de::Error::custom("an id is neither a string nor a number")),
    }
}

/// Reads optional text or an id. Ignores a value of another type, so that its entry is not skipped.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

/// Reads a number, which X may write as a string.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    })
}

pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Value::String(text) = Value::deserialize(deserializer)? else { return Ok(None) };
    // 1.1 writes `2016-06-02 23:54:02 +0000`.
    let as_v2 = || text.strip_suffix(" +0000").map(|time| format!("{}Z", time.replacen(' ', "T", 1)));
    Ok(Timestamp::parse(&text).or_else(|| Timestamp::parse(&as_v2()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_object_is_found_in_every_documented_place() {
        for response in [
            json!({"id": 5}),
            json!({"data": {"id": 5}}),
            json!({"data": [{"id": 5}, {"id": 6}]}),
            json!({"data": {"subscription": {"id": 5}}}),
        ] {
            #[derive(Deserialize)]
            struct Thing {
                #[serde(deserialize_with = "id")]
                id: String,
            }
            let thing: Thing = one(&response, "subscription").unwrap();
            assert_eq!(thing.id, "5", "{response}");
        }
        assert!(one::<u64>(&json!({"data": []}), "x").is_none());
    }

    #[test]
    fn a_list_is_found_in_every_documented_place() {
        let nested = json!({"data": {"links": [1, 2]}});
        for response in [json!([1, "x", 2]), json!({"data": [1, 2]}), nested, json!({"links": [1, 2]})] {
            assert_eq!(many::<u64>(&response, "links"), Some(vec![1, 2]), "{response}");
        }
        let subscriptions = json!({"data": [
            {"subscription_id": 1, "event_type": "oauth.revoke", "filter": null, "webhook_id": 5},
            {"subscription_id": "2", "event_type": "like.create", "filter": {"user_id": 7, "direction": null}, "webhook_id": null},
        ]});
        let read: Vec<crate::api::ActivitySubscription> = many(&subscriptions, "subscriptions").unwrap();
        let read: Vec<_> =
            read.iter().map(|one| (&*one.id, one.filter.user_id.as_deref(), one.webhook_id.as_deref())).collect();
        assert_eq!(read, [("1", None, Some("5")), ("2", Some("7"), None)], "who is not found is subscribed again");
        assert_eq!(many::<u64>(&json!({"meta": {"result_count": 0}}), "links"), Some(vec![]));
        assert_eq!(many::<u64>(&json!({"data": 7}), "links"), None);
    }
}
