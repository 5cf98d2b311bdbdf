//! A direct message in the form of API v2.

use super::entities::Entities;
use super::media::Attachments;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// A direct message in the form of `dm_events` of API v2, complete or partial.
    ///
    /// The documented payload of `dm.*` has the form of the Account Activity API; see
    /// [`v1::DirectMessage`](crate::schema::v1::DirectMessage).
    pub struct DirectMessage<'a> {
        /// The message's id.
        pub id: Option<Id<'a>> = "id" | "dm_event_id",
        /// The text.
        pub text: Option<Text<'a>> = "text",
        /// The sender.
        pub sender_id: Option<Id<'a>> = "sender_id",
        /// The recipient.
        pub recipient_id: Option<Id<'a>> = "recipient_id",
        /// The conversation: the ids of its two users joined by `-`, or a group's id.
        pub dm_conversation_id: Option<Id<'a>> = "dm_conversation_id" | "conversation_id",
        /// Time of sending.
        pub created_at: Option<Timestamp> = "created_at" | "created_timestamp" | "timestamp_ms",
        /// Attachments.
        pub attachments: Option<Attachments<'a>> = "attachments",
        /// The entities of the text.
        pub entities: Option<Entities<'a>> = "entities",
    }
}

impl DirectMessage<'_> {
    /// Returns the recipient: `recipient_id`, or the other one of the conversation's two users.
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
