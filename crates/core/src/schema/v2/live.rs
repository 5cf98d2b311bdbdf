//! Spaces and broadcasts.

use super::user::User;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::json::wrapped::Wrapped;

object! {
    /// A space.
    pub struct Space<'a> {
        user: Option<Wrapped<User<'a>>> = "user",
        /// The space's id.
        pub broadcast_id: Option<Id<'a>> = "broadcast_id",
        /// `start`, `end`, `spaces_start` or `spaces_end`.
        pub event_type: Option<Text<'a>> = "event_type",
    }
}

impl<'a> Space<'a> {
    /// Returns the host.
    pub fn user(&self) -> Option<&User<'a>> {
        self.user.as_ref().map(|wrapped| &wrapped.0)
    }
}

object! {
    /// A broadcast.
    pub struct Broadcast<'a> {
        user: Option<Wrapped<User<'a>>> = "user",
        /// The broadcast's id.
        pub broadcast_id: Option<Id<'a>> = "broadcast_id",
        /// `Running`, `Ended` and others.
        pub broadcast_state: Option<Text<'a>> = "broadcast_state",
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// The language.
        pub language: Option<Text<'a>> = "language",
        /// The URL of a thumbnail.
        pub thumbnail_url: Option<Text<'a>> = "thumbnail_url",
        /// Whether the broadcast can be watched after its end.
        pub available_for_replay: Option<bool> = "available_for_replay",
        /// Time of the event.
        pub event_timestamp_ms: Option<Timestamp> = "event_timestamp_ms" | "event_timestamp_ms_str",
        /// Time at which the broadcast was created.
        pub created_timestamp_ms: Option<Timestamp> = "created_timestamp_ms" | "created_timestamp_ms_str",
        /// Time of the last change.
        pub updated_timestamp_ms: Option<Timestamp> = "updated_timestamp_ms" | "updated_timestamp_ms_str",
    }
}

impl<'a> Broadcast<'a> {
    /// Returns the host.
    pub fn user(&self) -> Option<&User<'a>> {
        self.user.as_ref().map(|wrapped| &wrapped.0)
    }
}

object! {
    /// A message in the chat of a broadcast.
    pub struct BroadcastMessage<'a> {
        author: Option<Wrapped<User<'a>>> = "author",
        /// The broadcast's id.
        pub broadcast_id: Option<Id<'a>> = "broadcast_id",
        /// The message's id.
        pub message_id: Option<Id<'a>> = "message_id",
        /// The text.
        pub message: Option<Text<'a>> = "message",
    }
}

impl<'a> BroadcastMessage<'a> {
    /// Returns the author.
    pub fn author(&self) -> Option<&User<'a>> {
        self.author.as_ref().map(|wrapped| &wrapped.0)
    }
}
