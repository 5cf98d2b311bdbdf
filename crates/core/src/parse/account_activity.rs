//! Bodies of the Account Activity API, and payloads that have their form.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::event_builder::EventBuilder;
use super::fields;
use crate::event::event_type;
use crate::json::cursor::Cursor;
use crate::json::lenient::Lenient;
use crate::json::value::Id;

/// The events of such a body, and the members that they share.
pub(super) struct AccountActivity<'a> {
    /// Whether the body has a member that only the Account Activity API sends.
    pub(super) is_present: bool,
    pub(super) subscriber: Option<Id<'a>>,
    pub(super) users: Option<&'a str>,
    pub(super) apps: Option<&'a str>,
    pub(super) user_has_blocked: Option<bool>,
    pub(super) events: SmallVec<[EventBuilder<'a>; 1]>,
    /// The number of further events that may be read. `is_overfull` is set if there are more.
    pub(super) room: usize,
    pub(super) is_overfull: bool,
}

impl<'a> AccountActivity<'a> {
    pub(super) fn with_room(room: usize) -> Self {
        Self {
            is_present: false,
            subscriber: None,
            users: None,
            apps: None,
            user_has_blocked: None,
            events: SmallVec::new(),
            room,
            is_overfull: false,
        }
    }

    /// Reads the value of a member. Skips members that this API does not send.
    pub(super) fn read_member(&mut self, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        self.is_present |= matches!(name, "for_user_id" | "user_event") || event_type::names_events(name);
        match name {
            "for_user_id" => self.subscriber = cursor.value::<Lenient<_>>()?.0.0,
            "users" => self.users = Some(cursor.skip()?),
            "apps" => self.apps = Some(cursor.skip()?),
            // The second name appears in one table of X's documentation, the first in its examples
            // and in captured requests.
            "user_has_blocked" | "is_blocked_by" => {
                self.user_has_blocked = cursor.value::<Lenient<_>>()?.0.0.or(self.user_has_blocked);
            }
            "user_event" if cursor.peek()? == b'{' => {
                return cursor.members(|what, cursor| {
                    let array = if what == "revoke" { what } else { name };
                    self.read_event(array, name, cursor)
                });
            }
            _ if name == "user_event" || event_type::names_events(name) => {
                return self.read_events(name, name, cursor);
            }
            _ => _ = cursor.skip()?,
        }
        Some(())
    }

    /// Reads an array of events, or a single event without an array.
    pub(super) fn read_events(&mut self, array: &str, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        match cursor.peek()? {
            b'[' => cursor.elements(|cursor| self.read_event(array, name, cursor)),
            b'n' => cursor.skip().map(|_| ()),
            _ => self.read_event(array, name, cursor),
        }
    }

    /// Reads one event. `array` is the array name for `fields::read`, `name` the member of the
    /// body.
    fn read_event(&mut self, array: &str, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        let Some(room) = self.room.checked_sub(1) else {
            self.is_overfull = true;
            return cursor.skip().map(|_| ());
        };
        self.room = room;
        let (recognized, raw) = fields::read(array, cursor)?;
        self.events.push(EventBuilder::account_activity(static_name(name), raw, recognized));
        Some(())
    }
}

/// Returns the member name without an allocation if X documents it.
fn static_name(name: &str) -> Cow<'static, str> {
    const DOCUMENTED: [&str; 10] = [
        "tweet_create_events",
        "direct_message_events",
        "favorite_events",
        "follow_events",
        "tweet_delete_events",
        "block_events",
        "mute_events",
        "direct_message_mark_read_events",
        "direct_message_indicate_typing_events",
        "user_event",
    ];
    match DOCUMENTED.into_iter().find(|documented| *documented == name) {
        Some(documented) => Cow::Borrowed(documented),
        None => Cow::Owned(name.to_owned()),
    }
}
