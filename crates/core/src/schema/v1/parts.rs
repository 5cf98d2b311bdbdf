//! The small parts of a post.

use super::entities::Entities;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// The parts of a long post that did not fit into `text`.
    pub struct ExtendedTweet<'a> {
        /// The full text, HTML-escaped.
        pub full_text: Option<Text<'a>> = "full_text",
        /// Start and end of the displayed text, in Unicode code points.
        pub display_text_range: Option<[u64; 2]> = "display_text_range",
        /// The entities of the full text.
        pub entities: Option<Entities<'a>> = "entities",
        /// All media.
        pub extended_entities: Option<Entities<'a>> = "extended_entities",
    }
}

object! {
    /// A link to a post.
    pub struct Permalink<'a> {
        /// The short link in the text: `https://t.co/...`.
        pub url: Option<Text<'a>> = "url",
        /// The target of the link.
        pub expanded: Option<Text<'a>> = "expanded",
        /// The link as X displays it.
        pub display: Option<Text<'a>> = "display",
    }
}

object! {
    /// The versions of an edited post. Each edit is a post with its own id.
    pub struct EditHistory<'a> {
        /// The first version.
        pub initial_tweet_id: Option<Id<'a>> = "initial_tweet_id",
        /// All versions, oldest first.
        pub edit_tweet_ids: Vec<Id<'a>> = "edit_tweet_ids",
    }
}

object! {
    /// The remaining options to edit a post.
    pub struct EditControls<'a> {
        /// The end of the editing period.
        pub editable_until_ms: Option<Timestamp> = "editable_until_ms",
        /// The number of remaining edits, which X writes as a number or a string.
        pub edits_remaining: Option<Id<'a>> = "edits_remaining",
    }
}

object! {
    /// A reference to a post.
    pub struct TweetRef<'a> {
        /// The id as a number.
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
    }
}

object! {
    /// A user who helped to write a post.
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
    /// The audience of a promoted post.
    pub struct Scopes<'a> {
        /// Whether the post is shown to followers.
        pub followers: Option<bool> = "followers",
        /// The places in which the post is shown.
        pub place_ids: Vec<Id<'a>> = "place_ids",
    }
}

object! {
    /// A rule that a post matched.
    pub struct MatchingRule<'a> {
        /// The rule's id as a number.
        pub id: Option<Id<'a>> = "id",
        /// The rule's id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The rule's tag.
        pub tag: Option<Text<'a>> = "tag",
    }
}

object! {
    /// Search metadata of a post.
    pub struct TweetMetadata<'a> {
        /// The language, as a two-letter code.
        pub iso_language_code: Option<Text<'a>> = "iso_language_code",
        /// `recent` or `popular`.
        pub result_type: Option<Text<'a>> = "result_type",
    }
}
