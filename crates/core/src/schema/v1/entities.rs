//! The entities of a text: hashtags, mentions, links, media and polls.

use super::media::Media;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

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
        /// Start and end in the text, in Unicode code points.
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
        /// Start and end in the text, in Unicode code points.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

impl Mention<'_> {
    /// Returns the id of the mentioned user.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }
}

object! {
    /// A link.
    pub struct Url<'a> {
        /// The short link in the text: `https://t.co/...`.
        pub url: Option<Text<'a>> = "url",
        /// The target of the link.
        pub expanded_url: Option<Text<'a>> = "expanded_url",
        /// The link as X displays it.
        pub display_url: Option<Text<'a>> = "display_url",
        /// The page after all redirects.
        pub unwound: Option<Box<Unwound<'a>>> = "unwound",
        /// Start and end in the text, in Unicode code points.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

object! {
    /// A linked page after all redirects.
    pub struct Unwound<'a> {
        /// The URL.
        pub url: Option<Text<'a>> = "url",
        /// The HTTP status that X received from it.
        pub status: Option<u64> = "status",
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// The description that the page provides.
        pub description: Option<Text<'a>> = "description",
    }
}

object! {
    /// A poll.
    pub struct Poll<'a> {
        /// The choices.
        pub options: Vec<PollOption<'a>> = "options",
        /// The end of the poll.
        pub end_datetime: Option<Timestamp> = "end_datetime",
        /// The duration, in minutes.
        pub duration_minutes: Option<u64> = "duration_minutes",
    }
}

object! {
    /// A choice in a poll.
    pub struct PollOption<'a> {
        /// The position, counted from 1.
        pub position: Option<u64> = "position",
        /// The text of the choice.
        pub text: Option<Text<'a>> = "text",
    }
}
