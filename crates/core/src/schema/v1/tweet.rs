//! A post in the form of API v1.1.

use std::borrow::Cow;

use super::entities::Entities;
use super::parts::{
    Contributor, EditControls, EditHistory, ExtendedTweet, MatchingRule, Permalink, Scopes, TweetMetadata, TweetRef,
};
use super::place::{GeoPoint, Place};
use super::user::User;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::schema::html::decode_entities;

object! {
    /// A post.
    pub struct Tweet<'a> {
        /// The id as a number, usually above 2^53; prefer [`Tweet::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The text, at most 140 characters and HTML-escaped; prefer [`Tweet::full_text`].
        pub text: Option<Text<'a>> = "text",
        /// The full text, in extended mode.
        pub extended_text: Option<Text<'a>> = "full_text",
        /// Time of posting, from `created_at`.
        pub created_at: Option<Timestamp> = "created_at",
        /// Time of posting, with milliseconds.
        pub timestamp_ms: Option<Timestamp> = "timestamp_ms",
        /// The app that created the post, as an HTML link.
        pub source: Option<Text<'a>> = "source",
        /// Whether `text` is truncated and the full text is in `extended_tweet`.
        pub truncated: Option<bool> = "truncated",
        /// The author.
        pub user: Option<User<'a>> = "user",
        /// The users who helped to write it.
        pub contributors: Vec<Contributor<'a>> = "contributors",
        /// The language, as a BCP 47 tag.
        pub lang: Option<Text<'a>> = "lang",
        /// A second language.
        pub supplemental_language: Option<Text<'a>> = "supplemental_language",
        /// The post to which it replies, as a number.
        pub in_reply_to_status_id: Option<Id<'a>> = "in_reply_to_status_id",
        /// The post to which it replies.
        pub in_reply_to_status_id_str: Option<Id<'a>> = "in_reply_to_status_id_str",
        /// The user to whom it replies, as a number.
        pub in_reply_to_user_id: Option<Id<'a>> = "in_reply_to_user_id",
        /// The user to whom it replies.
        pub in_reply_to_user_id_str: Option<Id<'a>> = "in_reply_to_user_id_str",
        /// The handle of the user to whom it replies.
        pub in_reply_to_screen_name: Option<Text<'a>> = "in_reply_to_screen_name",
        /// The quoted post, as a number.
        pub quoted_status_id: Option<Id<'a>> = "quoted_status_id",
        /// The quoted post.
        pub quoted_status_id_str: Option<Id<'a>> = "quoted_status_id_str",
        /// The quoted post, in full.
        pub quoted_status: Option<Box<Tweet<'a>>> = "quoted_status",
        /// The link to the quoted post.
        pub quoted_status_permalink: Option<Permalink<'a>> = "quoted_status_permalink",
        /// Whether it quotes a post.
        pub is_quote_status: Option<bool> = "is_quote_status",
        /// The subscriber's repost of it.
        pub current_user_retweet: Option<TweetRef<'a>> = "current_user_retweet",
        /// The first post of the author's thread.
        pub self_thread: Option<TweetRef<'a>> = "self_thread",
        /// The reposted post, in full.
        pub retweeted_status: Option<Box<Tweet<'a>>> = "retweeted_status",
        /// The full text and its entities, if `text` is truncated.
        pub extended_tweet: Option<ExtendedTweet<'a>> = "extended_tweet",
        /// The entities of the text: hashtags, mentions, links and media.
        pub entities: Option<Entities<'a>> = "entities",
        /// All media, if there are several.
        pub extended_entities: Option<Entities<'a>> = "extended_entities",
        /// Start and end of the displayed text, in Unicode code points.
        pub display_text_range: Option<[u64; 2]> = "display_text_range",
        /// The number of quotes.
        pub quote_count: Option<u64> = "quote_count",
        /// The number of replies.
        pub reply_count: Option<u64> = "reply_count",
        /// The number of reposts.
        pub retweet_count: Option<u64> = "retweet_count",
        /// The number of likes.
        pub favorite_count: Option<u64> = "favorite_count",
        /// Whether the subscriber has liked it.
        pub favorited: Option<bool> = "favorited",
        /// Whether the subscriber has reposted it.
        pub retweeted: Option<bool> = "retweeted",
        /// Whether its link may lead to sensitive content.
        pub possibly_sensitive: Option<bool> = "possibly_sensitive",
        /// Whether its author may object to that classification.
        pub possibly_sensitive_appealable: Option<bool> = "possibly_sensitive_appealable",
        /// Whether its author may change that classification.
        pub possibly_sensitive_editable: Option<bool> = "possibly_sensitive_editable",
        /// `none`, `low` or `medium`.
        pub filter_level: Option<Text<'a>> = "filter_level",
        /// The rules that it matched.
        pub matching_rules: Vec<MatchingRule<'a>> = "matching_rules",
        /// Search metadata.
        pub metadata: Option<TweetMetadata<'a>> = "metadata",
        /// The card that X displays under it.
        pub card_uri: Option<Text<'a>> = "card_uri",
        /// The audience, if the post is promoted.
        pub scopes: Option<Scopes<'a>> = "scopes",
        /// Whether it is withheld because of a copyright claim.
        pub withheld_copyright: Option<bool> = "withheld_copyright",
        /// The countries in which it is withheld, as two-letter codes. `XX` means all countries,
        /// `XY` a copyright claim.
        pub withheld_in_countries: Vec<Text<'a>> = "withheld_in_countries",
        /// The withheld content: `status` or `user`.
        pub withheld_scope: Option<Text<'a>> = "withheld_scope",
        /// The tagged place.
        pub place: Option<Place<'a>> = "place",
        /// The location of posting: longitude, latitude.
        pub coordinates: Option<GeoPoint<'a>> = "coordinates",
        /// The location of posting, in the older order: latitude, longitude.
        pub geo: Option<GeoPoint<'a>> = "geo",
        /// The versions of this post.
        pub edit_history: Option<EditHistory<'a>> = "edit_history",
        /// The remaining options to edit it.
        pub edit_controls: Option<EditControls<'a>> = "edit_controls",
        /// Whether it can still be edited.
        pub editable: Option<bool> = "editable",
    }
}

impl Tweet<'_> {
    /// Returns the post's id: `id_str`, which is never rounded, otherwise `id`.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }

    /// Returns the full text, as its author wrote it. Uses `extended_tweet` if `text` is truncated,
    /// and decodes HTML entities.
    pub fn full_text(&self) -> Option<Cow<'_, str>> {
        let extended = self.extended_tweet.as_ref().and_then(|extended| extended.full_text.as_deref());
        extended.or(self.extended_text.as_deref()).or(self.text.as_deref()).map(decode_entities)
    }

    /// Returns the time of posting, as precisely as X reports it.
    pub fn posted_at(&self) -> Option<Timestamp> {
        self.timestamp_ms.or(self.created_at)
    }

    /// Returns the id of the post to which it replies.
    pub fn in_reply_to(&self) -> Option<&str> {
        self.in_reply_to_status_id_str.as_deref().or(self.in_reply_to_status_id.as_deref())
    }

    /// Returns the entities of the full text.
    pub fn full_entities(&self) -> Option<&Entities<'_>> {
        self.extended_tweet.as_ref().and_then(|extended| extended.entities.as_ref()).or(self.entities.as_ref())
    }
}
