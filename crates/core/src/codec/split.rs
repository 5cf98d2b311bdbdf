//! Separates an event from the other events of its body.

use bytes::Bytes;
use bytestring::ByteString;

use crate::activity::content::Activity;
use crate::event::delivery::Delivery;
use crate::event::event::Event;
use crate::event::event_type;
use crate::event::kind::{ApiSource, EventKind};
use crate::json::cursor::Cursor;
use crate::json::raw::RawJson;

/// A body from which an event can be read again.
pub(super) struct EventBody {
    pub(super) json: RawJson,
    /// The index of the event in this body.
    pub(super) position: usize,
    /// The number of events in this body.
    pub(super) sent: usize,
}

impl EventBody {
    /// Returns a body with only this event if possible, otherwise the whole body. Writing a large
    /// body with each of its events would multiply its size.
    pub(super) fn of(event: &Event, activity: &Activity<'_>) -> Self {
        match single_event_body(event, activity) {
            Some(json) => Self { json, position: 0, sent: 1 },
            None => Self { json: event.body().clone(), position: event.index(), sent: event.envelope().sent },
        }
    }
}

/// Reads the event at this position of a body with this number of events.
pub(super) fn restore(app: &str, body: Bytes, position: usize, sent: usize) -> Option<Event> {
    // With `sent` = 0 no index is valid.
    let all = (position < sent).then(|| Delivery::restore(app, body, sent))??;
    all.into_events().into_iter().nth(position)
}

/// Returns a body with this event only, which reads the same as in its original body. `None` if
/// leaving out the other events is not enough for that.
fn single_event_body(event: &Event, activity: &Activity<'_>) -> Option<RawJson> {
    if event.envelope().sent == 1 || event.api_source() != ApiSource::AccountActivity {
        return None;
    }
    let envelope = event.envelope();
    let all = envelope.around_events.get_or_init(|| members_around_events(event.body().as_str())).as_deref()?;
    let needed;
    let around = match all.len() <= envelope.longest_shared() {
        true => all,
        false => {
            needed = needed_members(event, activity)?;
            &needed
        }
    };
    let (name, raw) = (serde_json::to_string(event.name()).ok()?, event.raw().as_str());
    // A revocation is not an element of an array, and its member of the body has another name.
    let (before, behind) = match (event.name(), event.kind()) {
        ("user_event", EventKind::AccessRevoked) => (r#":{"revoke":"#, "}}"),
        _ => (":[", "]}"),
    };
    let body = ["{", around, &name, before, raw, behind].concat();
    Some(RawJson::new(ByteString::from(body)))
}

/// Returns the members next to the events, each followed by a comma. `None` if one of them changes
/// the meaning of events.
fn members_around_events(body: &str) -> Option<Box<str>> {
    let mut around = String::new();
    Cursor::new(body).members(|name, cursor| {
        let value = cursor.skip()?;
        match name {
            "data" | "matching_rules" | "replay_job_status" => return None,
            _ if name == "user_event" || event_type::names_events(name) => {}
            _ => around.extend([&serde_json::to_string(name).ok()?, ":", value, ","]),
        }
        Some(())
    })?;
    Some(around.into())
}

/// Returns the members without which this event cannot be read.
fn needed_members(event: &Event, activity: &Activity<'_>) -> Option<String> {
    let users = [activity.actor(), activity.target()];
    let ids: Vec<&str> = users.iter().filter_map(|user| user.as_ref()?.id.as_deref()).collect();
    let members = serde_json::to_string(&event.needed_members(&ids)).ok()?;
    let members = members.strip_prefix('{')?.strip_suffix('}')?;
    Some(if members.is_empty() { String::new() } else { [members, ","].concat() })
}
