//! The shapes of answers, which X's documents draw in several ways.

use birdhook_core::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The thing that an answer is about: the answer itself, its `data`, the first of a list there, or a member of it.
pub(super) fn one<T: DeserializeOwned>(answer: &Value, member: &str) -> Option<T> {
    let data = answer.get("data").unwrap_or(answer);
    let data = data.as_array().map_or(Some(data), |list| list.first())?;
    serde_json::from_value(data.get(member).unwrap_or(data).clone()).ok()
}

/// The things of a list: the answer itself, its `data`, or a member of one of them. What cannot be read is left out.
pub(super) fn many<T: DeserializeOwned>(answer: &Value, member: &str) -> Option<Vec<T>> {
    let data = answer.get("data").unwrap_or(answer);
    let list = data.as_array().or_else(|| data.get(member)?.as_array());
    match list {
        Some(list) => Some(list.iter().filter_map(|one| serde_json::from_value(one.clone()).ok()).collect()),
        // X leaves an empty list out.
        None => answer.get("meta").map(|_| Vec::new()),
    }
}

/// Whether a member of `data` says so; `None` when it does not say.
pub(super) fn flag(answer: &Value, member: &str) -> Option<bool> {
    answer.get("data").unwrap_or(answer).get(member)?.as_bool()
}

/// An id, which X writes as a string or as a number.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(id) => Ok(id),
        Value::Number(id) => Ok(id.to_string()),
        _ => Err(serde::de::Error::custom("an id is neither a string nor a number")),
    }
}

/// Text or an id where there may be none. A value of another kind counts as none, so that it makes no list shorter.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

/// A number, which X also writes as a string.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    })
}

/// A time in any of the ways that X writes one.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Value::String(text) = Value::deserialize(deserializer)? else { return Ok(None) };
    // `2016-06-02 23:54:02 +0000` in 1.1.
    let as_v2 = || text.strip_suffix(" +0000").map(|time| format!("{}Z", time.replacen(' ', "T", 1)));
    Ok(Timestamp::parse(&text).or_else(|| Timestamp::parse(&as_v2()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_is_found_wherever_x_puts_it() {
        for answer in [
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
            let thing: Thing = one(&answer, "subscription").unwrap();
            assert_eq!(thing.id, "5", "{answer}");
        }
        assert!(one::<u64>(&json!({"data": []}), "x").is_none());
    }

    #[test]
    fn many_are_found_wherever_x_puts_them() {
        for answer in
            [json!([1, "x", 2]), json!({"data": [1, 2]}), json!({"data": {"links": [1, 2]}}), json!({"links": [1, 2]})]
        {
            assert_eq!(many::<u64>(&answer, "links"), Some(vec![1, 2]), "{answer}");
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
