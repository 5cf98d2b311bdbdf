//! A body with one event of several.

use bytestring::ByteString;

use crate::envelope::cursor::Cursor;
use crate::{Event, Generation, RawJson};

/// A body that tells of this event what its own body does, and of no other; `None` where that cannot be had by leaving out
/// elements of arrays.
pub(super) fn cut_out(event: &Event) -> Option<RawJson> {
    if event.sent() == 1 || event.generation() != Generation::AccountActivity {
        return None;
    }
    let (body, raw) = (event.body().as_str(), event.raw().as_str());
    let mut alone = String::with_capacity(raw.len() + 256);
    Cursor::new(body).members(|name, cursor| {
        let is_array = cursor.peek()? == b'[';
        let is_of_events = name.ends_with("_events") || name == "user_event";
        let value = cursor.skip()?;
        match name {
            // Events, or of meaning to events, without being in an array.
            "data" | "matching_rules" | "replay_job_status" => return None,
            _ if is_of_events && !is_array => return None,
            _ => {}
        }
        let holds_it = is_of_events && value.as_bytes().as_ptr_range().contains(&raw.as_ptr());
        if !is_of_events || holds_it {
            alone.push(if alone.is_empty() { '{' } else { ',' });
            alone += &serde_json::to_string(name).ok()?;
            alone.push(':');
            match holds_it {
                true => alone.extend(["[", raw, "]"]),
                false => alone += value,
            }
        }
        Some(())
    })?;
    alone.push('}');
    Some(RawJson::new(ByteString::from(alone)))
}
