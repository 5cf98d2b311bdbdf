//! A body reduced to one of its events.

use bytestring::ByteString;

use crate::envelope::cursor::Cursor;
use crate::envelope::types;
use crate::{Activity, ApiSource, Event, EventKind, RawJson};

/// Returns a body with this event only, which reads the same as in its original body. `None` if
/// leaving out the other events is not enough for that.
pub(super) fn cut_out(event: &Event, activity: &Activity<'_>) -> Option<RawJson> {
    if event.original_len() == 1 || event.api_source() != ApiSource::AccountActivity {
        return None;
    }
    let all = event.around_events(|| around(event.body().as_str()))?;
    let needed;
    let around = match event.may_have(all.len()) {
        true => all,
        false => {
            needed = needs(event, activity)?;
            &needed
        }
    };
    let (name, raw) = (serde_json::to_string(event.name()).ok()?, event.raw().as_str());
    // A revocation is not an element of an array, and its member of the body has another name.
    let (before, behind) = match (event.name(), event.kind()) {
        ("user_event", EventKind::AccessRevoked) => (r#":{"revoke":"#, "}}"),
        _ => (":[", "]}"),
    };
    let alone = ["{", around, &name, before, raw, behind].concat();
    Some(RawJson::new(ByteString::from(alone)))
}

/// Returns the members next to the events, each followed by a comma. `None` if one of them changes
/// the meaning of events.
fn around(body: &str) -> Option<Box<str>> {
    let mut around = String::new();
    Cursor::new(body).members(|name, cursor| {
        let value = cursor.skip()?;
        match name {
            "data" | "matching_rules" | "replay_job_status" => return None,
            _ if name == "user_event" || types::names_events(name) => {}
            _ => around.extend([&serde_json::to_string(name).ok()?, ":", value, ","]),
        }
        Some(())
    })?;
    Some(around.into())
}

/// Returns the members without which this event cannot be read.
fn needs(event: &Event, activity: &Activity<'_>) -> Option<String> {
    let people = [activity.actor(), activity.target()];
    let ids: Vec<&str> = people.iter().filter_map(|user| user.as_ref()?.id.as_deref()).collect();
    let members = serde_json::to_string(&event.needs(&ids)).ok()?;
    let members = members.strip_prefix('{')?.strip_suffix('}')?;
    Some(if members.is_empty() { String::new() } else { [members, ","].concat() })
}
