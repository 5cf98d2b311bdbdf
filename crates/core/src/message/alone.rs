//! A body with one event of several.

use bytestring::ByteString;

use crate::envelope::cursor::Cursor;
use crate::envelope::types;
use crate::{Event, Generation, RawJson};

/// A body that tells of this event what its own body does, and of no other; `None` where that cannot be had by leaving out
/// elements of arrays.
pub(super) fn cut_out(event: &Event) -> Option<RawJson> {
    if event.sent() == 1 || event.generation() != Generation::AccountActivity {
        return None;
    }
    let around = event.around_events(|| around(event.body().as_str()))?;
    let (name, raw) = (serde_json::to_string(event.name()).ok()?, event.raw().as_str());
    let alone = ["{", around, &name, ":[", raw, "]}"].concat();
    Some(RawJson::new(ByteString::from(alone)))
}

/// What stands beside the arrays of events, each member with a comma behind it; `None` where there are events outside of arrays, or
/// what is of meaning to events.
fn around(body: &str) -> Option<Box<str>> {
    let mut around = String::new();
    Cursor::new(body).members(|name, cursor| {
        let is_array = cursor.peek()? == b'[';
        let value = cursor.skip()?;
        match name {
            "data" | "matching_rules" | "replay_job_status" => return None,
            _ if name == "user_event" || types::names_events(name) => {
                return (is_array || value == "null").then_some(());
            }
            _ => around.extend([&serde_json::to_string(name).ok()?, ":", value, ","]),
        }
        Some(())
    })?;
    Some(around.into())
}
