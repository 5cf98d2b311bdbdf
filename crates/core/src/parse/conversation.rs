//! Messages, reading and typing in an activity, whose payload is a body of the Account Activity
//! API.

use std::borrow::Cow;

use super::account_activity::AccountActivity;
use super::event_builder::EventBuilder;
use super::fields;
use crate::event::event_type;
use crate::event::kind::EventKind;
use crate::json::cursor::Cursor;

/// The content of such a payload.
pub(super) struct Conversation<'a> {
    /// The name of the array as which its events are read. X has not published payloads for reading
    /// and typing, so the event type determines it, not the array's own name.
    array: &'static str,
    content: AccountActivity<'a>,
}

impl<'a> Conversation<'a> {
    /// Reads the next object and at most `room` of its events. Also returns its text.
    pub(super) fn read(array: &'static str, room: usize, cursor: &mut Cursor<'a>) -> Option<(Self, &'a str)> {
        let mut content = AccountActivity::with_room(room);
        let text = cursor.text_of(|cursor| {
            cursor.members(|name, cursor| match name {
                _ if event_type::names_events(name) => content.read_events(array, name, cursor),
                // Skips nested activities, because their depth would be controlled by the sender
                // and could overflow the stack.
                "data" => cursor.skip().map(|_| ()),
                _ => content.read_member(name, cursor),
            })
        })?;
        Some((Self { array, content }, text))
    }

    /// Returns the content of a payload, from its arrays or from the payload itself. Reuses `read`
    /// if it was read as `array`.
    pub(super) fn of(
        read: Option<Box<Self>>,
        array: &'static str,
        payload: &'a str,
        room: usize,
    ) -> AccountActivity<'a> {
        let again = || Some(Self::read(array, room, &mut Cursor::new(payload))?.0);
        let read = read.map(|read| *read).filter(|read| read.array == array).or_else(again);
        let mut content = read.map_or_else(|| AccountActivity::with_room(room), |read| read.content);
        content.is_overfull |= content.events.len() > room;
        if content.events.is_empty()
            && let Some((Some(recognized), _)) = fields::read(array, &mut Cursor::new(payload))
        {
            content.events.push(EventBuilder::account_activity(Cow::Borrowed(""), payload, Some(recognized)));
        }
        content
    }
}

/// Returns the array name in the Account Activity API, for kinds whose payload is such a body.
pub(super) fn array_name(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::MessageSent | EventKind::MessageReceived => Some("direct_message_events"),
        EventKind::MessagesRead => Some("direct_message_mark_read_events"),
        EventKind::Typing => Some("direct_message_indicate_typing_events"),
        _ => None,
    }
}
