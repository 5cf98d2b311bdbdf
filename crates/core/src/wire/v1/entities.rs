//! What a text mentions, links and shows.

use super::Media;
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// The entities of a post, a message or a profile.
    pub struct Entities<'a> {
        /// `#hashtags`.
        pub hashtags: Vec<Hashtag<'a>> = "hashtags",
        /// `$cashtags`.
        pub symbols: Vec<Hashtag<'a>> = "symbols",
        /// `@mentions`.
        pub user_mentions: Vec<Mention<'a>> = "user_mentions",
        /// Links.
        pub urls: Vec<Url<'a>> = "urls",
        /// Pictures and videos.
        pub media: Vec<Media<'a>> = "media",
        /// Polls.
        pub polls: Vec<Poll<'a>> = "polls",
    }
}

object! {
    /// A hashtag or a cashtag.
    pub struct Hashtag<'a> {
        /// The tag, without its sign.
        pub text: Option<Text<'a>> = "text",
        /// From and to, in Unicode code points of the text.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

object! {
    /// A mention.
    pub struct Mention<'a> {
        /// The id, as a string or a number; prefer [`Mention::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The handle, without `@`.
        pub screen_name: Option<Text<'a>> = "screen_name",
        /// From and to, in Unicode code points of the text.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

impl Mention<'_> {
    /// The mentioned user's id.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }
}

object! {
    /// A link.
    pub struct Url<'a> {
        /// As in the text: `https://t.co/...`.
        pub url: Option<Text<'a>> = "url",
        /// Where it leads.
        pub expanded_url: Option<Text<'a>> = "expanded_url",
        /// As X shows it.
        pub display_url: Option<Text<'a>> = "display_url",
        /// The page that it leads to in the end.
        pub unwound: Option<Box<Unwound<'a>>> = "unwound",
        /// From and to, in Unicode code points of the text.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

object! {
    /// The page that a link leads to in the end.
    pub struct Unwound<'a> {
        /// Its address.
        pub url: Option<Text<'a>> = "url",
        /// The HTTP status with which it answered X.
        pub status: Option<u64> = "status",
        /// Its title.
        pub title: Option<Text<'a>> = "title",
        /// What it says of itself.
        pub description: Option<Text<'a>> = "description",
    }
}

object! {
    /// A poll.
    pub struct Poll<'a> {
        /// The answers to choose from.
        pub options: Vec<PollOption<'a>> = "options",
        /// When it ends.
        pub end_datetime: Option<Timestamp> = "end_datetime",
        /// How long it runs, in minutes.
        pub duration_minutes: Option<u64> = "duration_minutes",
    }
}

object! {
    /// One answer of a poll.
    pub struct PollOption<'a> {
        /// Its place, from 1.
        pub position: Option<u64> = "position",
        /// What it says.
        pub text: Option<Text<'a>> = "text",
    }
}
