//! A body with one event of several.

use bytestring::ByteString;

use crate::envelope::cursor::Cursor;
use crate::envelope::types;
use crate::{Activity, Event, EventKind, Generation, RawJson};

/// A body that tells of this event what its own body does, and of no other; `None` where that cannot be had by leaving out
/// events.
pub(super) fn cut_out(event: &Event, activity: &Activity<'_>) -> Option<RawJson> {
    if event.sent() == 1 || event.generation() != Generation::AccountActivity {
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
    // A revocation is no element of an array, and its name is another one than the body's member has.
    let (before, behind) = match (event.name(), event.kind()) {
        ("user_event", EventKind::AccessRevoked) => (r#":{"revoke":"#, "}}"),
        _ => (":[", "]}"),
    };
    let alone = ["{", around, &name, before, raw, behind].concat();
    Some(RawJson::new(ByteString::from(alone)))
}

/// What stands beside the events, each member with a comma behind it; `None` where that holds what is of meaning to events.
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

/// The part of that without which this event cannot be read.
fn needs(event: &Event, activity: &Activity<'_>) -> Option<String> {
    let people = [activity.actor(), activity.target()];
    let ids: Vec<&str> = people.iter().filter_map(|user| user.as_ref()?.id.as_deref()).collect();
    let members = serde_json::to_string(&event.needs(&ids)).ok()?;
    let members = members.strip_prefix('{')?.strip_suffix('}')?;
    Some(if members.is_empty() { String::new() } else { [members, ","].concat() })
}
