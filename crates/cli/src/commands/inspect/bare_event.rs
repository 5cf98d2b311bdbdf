//! Events without the object in which X delivers them.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The members by which events are recognised.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(rename = "type")]
    relation: Option<serde_json::Value>,
    #[serde(borrow)]
    event_type: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    message_create: Option<&'a RawValue>,
    #[serde(borrow)]
    favorited_status: Option<&'a RawValue>,
    #[serde(borrow)]
    last_read_event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    target: Option<&'a RawValue>,
    #[serde(borrow)]
    id_str: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    for_user_id: Option<&'a RawValue>,
}

/// Returns a delivery with this event, and a description of the event. `None` if the JSON is not a
/// single event.
pub(super) fn delivery(json: &Bytes) -> Option<(Bytes, &'static str)> {
    let members: Members<'_> = serde_json::from_slice(json).ok()?;
    if members.data.is_some() || members.for_user_id.is_some() {
        return None;
    }
    let wrapped = |before: &str, after: &str| Bytes::from([before.as_bytes(), json, after.as_bytes()].concat());
    if members.event_type.is_some() && members.payload.is_some() {
        return Some((wrapped("{\"data\":", "}"), "the `data` of an event of the X Activity API"));
    }
    let relation = members.relation.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let is_relation = members.source.is_some() && members.target.is_some();
    let name = match relation {
        _ if members.message_create.is_some() => "direct_message_events",
        _ if members.favorited_status.is_some() => "favorite_events",
        _ if members.last_read_event_id.is_some() => "direct_message_mark_read_events",
        _ if members.status.is_some_and(|status| status.get().contains("\"user_id\"")) => "tweet_delete_events",
        "follow" | "unfollow" if is_relation => "follow_events",
        "block" | "unblock" if is_relation => "block_events",
        "mute" | "unmute" if is_relation => "mute_events",
        _ if members.id_str.is_some() && members.text.is_some() && members.user.is_some() => "tweet_create_events",
        _ => return None,
    };
    Some((wrapped(&format!("{{\"{name}\":["), "]}"), "a single event of the Account Activity API"))
}
