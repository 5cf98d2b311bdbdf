//! The small parts of a post.

use super::Entities;
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// What `text` had no room for.
    pub struct ExtendedTweet<'a> {
        /// The whole text, HTML-escaped.
        pub full_text: Option<Text<'a>> = "full_text",
        /// From and to of the text that X shows, in Unicode code points.
        pub display_text_range: Option<[u64; 2]> = "display_text_range",
        /// What the whole text mentions, links and shows.
        pub entities: Option<Entities<'a>> = "entities",
        /// All media.
        pub extended_entities: Option<Entities<'a>> = "extended_entities",
    }
}

object! {
    /// A link to a post.
    pub struct Permalink<'a> {
        /// As in the text: `https://t.co/...`.
        pub url: Option<Text<'a>> = "url",
        /// Where it leads.
        pub expanded: Option<Text<'a>> = "expanded",
        /// As X shows it.
        pub display: Option<Text<'a>> = "display",
    }
}

object! {
    /// The versions of an edited post. Each edit is a post with an id of its own.
    pub struct EditHistory<'a> {
        /// The first version.
        pub initial_tweet_id: Option<Id<'a>> = "initial_tweet_id",
        /// Every version, oldest first.
        pub edit_tweet_ids: Vec<Id<'a>> = "edit_tweet_ids",
    }
}

object! {
    /// How a post may still be edited.
    pub struct EditControls<'a> {
        /// Until when.
        pub editable_until_ms: Option<Timestamp> = "editable_until_ms",
        /// How often; X writes it as a number or as a string.
        pub edits_remaining: Option<Id<'a>> = "edits_remaining",
    }
}

object! {
    /// Another post.
    pub struct TweetRef<'a> {
        /// The id as a number.
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
    }
}

object! {
    /// Who helped to write a post.
    pub struct Contributor<'a> {
        /// The id as a number.
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The handle, without `@`.
        pub screen_name: Option<Text<'a>> = "screen_name",
    }
}

object! {
    /// To whom a promoted post is shown.
    pub struct Scopes<'a> {
        /// Whether to followers.
        pub followers: Option<bool> = "followers",
        /// The places where.
        pub place_ids: Vec<Id<'a>> = "place_ids",
    }
}

object! {
    /// A rule that a post matched.
    pub struct MatchingRule<'a> {
        /// The rule's id, as a number.
        pub id: Option<Id<'a>> = "id",
        /// The rule's id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The rule's tag.
        pub tag: Option<Text<'a>> = "tag",
    }
}

object! {
    /// What a search says of a post.
    pub struct TweetMetadata<'a> {
        /// The language, as a two-letter code.
        pub iso_language_code: Option<Text<'a>> = "iso_language_code",
        /// `recent` or `popular`.
        pub result_type: Option<Text<'a>> = "result_type",
    }
}
