//! A direct message, as API v2 writes it.

use super::{Attachments, Entities};
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// A direct message as one of the `dm_events` of API v2, or with a part of their members. The documented payload of
    /// `dm.*` is that of the Account Activity API, see [`v1::DirectMessage`](crate::wire::v1::DirectMessage).
    pub struct DirectMessage<'a> {
        /// The message's id.
        pub id: Option<Id<'a>> = "id" | "dm_event_id",
        /// The text.
        pub text: Option<Text<'a>> = "text",
        /// Who sent it.
        pub sender_id: Option<Id<'a>> = "sender_id",
        /// To whom it was sent.
        pub recipient_id: Option<Id<'a>> = "recipient_id",
        /// The conversation: the ids of its two users with `-` between them, or a group's id.
        pub dm_conversation_id: Option<Id<'a>> = "dm_conversation_id" | "conversation_id",
        /// When it was sent.
        pub created_at: Option<Timestamp> = "created_at" | "created_timestamp" | "timestamp_ms",
        /// What comes with it.
        pub attachments: Option<Attachments<'a>> = "attachments",
        /// What the text links.
        pub entities: Option<Entities<'a>> = "entities",
    }
}

impl DirectMessage<'_> {
    /// To whom it was sent: `recipient_id`, or the other one of the two users of the conversation.
    pub fn recipient(&self) -> Option<&str> {
        let other = || {
            let (sender, users) = (self.sender_id.as_deref()?, self.dm_conversation_id.as_deref()?);
            let (one, other) = users.split_once('-')?;
            match sender {
                _ if sender == one => Some(other),
                _ if sender == other => Some(one),
                _ => None,
            }
        };
        self.recipient_id.as_deref().or_else(other)
    }
}
