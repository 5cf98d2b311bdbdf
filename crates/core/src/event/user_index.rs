//! The users and apps that come with a delivery, by id.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::json::cursor::Cursor;
use crate::json::lenient::{Lenient, object};
use crate::json::raw::RawJson;
use crate::json::repairable::RepairableJson;
use crate::json::value::Id;

/// The position of each user in the body, indexed once for all events of a delivery. Searching from
/// the start for each event takes a minute for a body with thousands of events and users.
#[derive(Default)]
pub(crate) struct UserIndex {
    message_users: OnceLock<HashMap<String, RepairableJson>>,
    apps: OnceLock<HashMap<String, RepairableJson>>,
    included_users: OnceLock<HashMap<String, RepairableJson>>,
}

object! {
    /// A user, plain or wrapped in `data`.
    struct IndexedUser<'a> {
        id: Option<Id<'a>> = "id" | "id_str",
        data: Option<Box<IndexedUser<'a>>> = "data",
    }
}

impl UserIndex {
    /// Returns a user of at most `longest` bytes from an object that maps ids to users.
    pub(crate) fn of_message(&self, users: &RawJson, longest: usize, id: &str) -> Option<&RepairableJson> {
        self.message_users.get_or_init(|| by_name(users, longest)).get(id)
    }

    /// Returns an app of at most `longest` bytes from an object that maps ids to apps.
    pub(crate) fn app(&self, apps: &RawJson, longest: usize, id: &str) -> Option<&RepairableJson> {
        self.apps.get_or_init(|| by_name(apps, longest)).get(id)
    }

    /// Returns a user of at most `longest` bytes from the `users` array of an object.
    pub(crate) fn included(&self, includes: &RawJson, longest: usize, id: &str) -> Option<&RepairableJson> {
        self.included_users.get_or_init(|| users_by_id(includes, longest)).get(id)
    }
}

/// Indexes the members of an object by name. Stops at unreadable JSON and keeps the members before
/// it.
fn by_name(object: &RawJson, longest: usize) -> HashMap<String, RepairableJson> {
    let mut found = HashMap::new();
    let _ = Cursor::new(object.as_str()).members(|name, cursor| {
        let text = cursor.skip()?;
        if text.len() <= longest {
            found.insert(name.to_owned(), RepairableJson::new(object.slice(text)));
        }
        Some(())
    });
    found
}

fn users_by_id(includes: &RawJson, longest: usize) -> HashMap<String, RepairableJson> {
    let mut found = HashMap::new();
    let _ = Cursor::new(includes.as_str()).members(|name, cursor| match name == "users" && cursor.peek()? == b'[' {
        true => cursor.elements(|cursor| {
            let (Lenient(entry), text) = cursor.value::<Lenient<IndexedUser<'_>>>()?;
            let id = entry.and_then(|entry| entry.id.or_else(|| entry.data?.id)).filter(|_| text.len() <= longest);
            found.extend(id.map(|id| (id.as_str().to_owned(), RepairableJson::new(includes.slice(text)))));
            Some(())
        }),
        false => cursor.skip().map(|_| ()),
    });
    found
}
