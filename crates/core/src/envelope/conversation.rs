//! Messages, reading and typing in an activity, whose payload is a body of the Account Activity
//! API.

use std::borrow::Cow;

use super::Outline;
use super::cursor::Cursor;
use super::draft::Draft;
use super::{facts, types};
use crate::EventKind;

/// The content of such a payload.
pub(super) struct Conversation<'a> {
    /// The name of the array as which its events are read. X has not published payloads for reading
    /// and typing, so the event type determines it, not the array's own name.
    known_as: &'static str,
    outline: Outline<'a>,
}

impl<'a> Conversation<'a> {
    /// Reads the next object and at most `room` of its events. Also returns its text.
    pub(super) fn read(known_as: &'static str, room: usize, cursor: &mut Cursor<'a>) -> Option<(Self, &'a str)> {
        let mut outline = Outline::with_room(room);
        let text = cursor.text_of(|cursor| {
            cursor.members(|name, cursor| match name {
                _ if types::names_events(name) => outline.events(known_as, name, cursor),
                // Skips nested activities, because their depth would be controlled by the sender
                // and could overflow the stack.
                "data" => cursor.skip().map(|_| ()),
                _ => outline.member(name, cursor),
            })
        })?;
        Some((Self { known_as, outline }, text))
    }

    /// Returns the content of a payload, from its arrays or from the payload itself. Reuses `read`
    /// if it was read as `known_as`.
    pub(super) fn of(read: Option<Box<Self>>, known_as: &'static str, payload: &'a str, room: usize) -> Outline<'a> {
        let again = || Some(Self::read(known_as, room, &mut Cursor::new(payload))?.0);
        let read = read.map(|read| *read).filter(|read| read.known_as == known_as).or_else(again);
        let mut outline = read.map_or_else(|| Outline::with_room(room), |read| read.outline);
        outline.overfull |= outline.drafts.len() > room;
        if outline.drafts.is_empty()
            && let Some((Some(known), _)) = facts::read(known_as, &mut Cursor::new(payload))
        {
            outline.drafts.push(Draft::account_activity(Cow::Borrowed(""), payload, Some(known)));
        }
        outline
    }
}

/// Returns the array name in the Account Activity API, for kinds whose payload is such a body.
pub(super) fn known_as(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::MessageSent | EventKind::MessageReceived => Some("direct_message_events"),
        EventKind::MessagesRead => Some("direct_message_mark_read_events"),
        EventKind::Typing => Some("direct_message_indicate_typing_events"),
        _ => None,
    }
}
