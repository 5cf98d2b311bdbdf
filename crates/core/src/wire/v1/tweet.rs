//! A post, as v1.1 writes it.

use std::borrow::Cow;

use super::{
    Contributor, EditControls, EditHistory, Entities, ExtendedTweet, GeoPoint, MatchingRule, Permalink, Place, Scopes,
    TweetMetadata, TweetRef, User, decode_entities,
};
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// A post.
    pub struct Tweet<'a> {
        /// The id, a number above 2^53 in most; prefer [`Tweet::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The text, at most 140 characters and HTML-escaped; prefer [`Tweet::full_text`].
        pub text: Option<Text<'a>> = "text",
        /// The whole text, where the post is not wrapped in a shorter one.
        pub extended_text: Option<Text<'a>> = "full_text",
        /// When it was posted, from `created_at`.
        pub created_at: Option<Timestamp> = "created_at",
        /// When it was posted, to the millisecond.
        pub timestamp_ms: Option<Timestamp> = "timestamp_ms",
        /// The app it was posted with, as an HTML link.
        pub source: Option<Text<'a>> = "source",
        /// Whether `text` is cut, and the whole is in `extended_tweet`.
        pub truncated: Option<bool> = "truncated",
        /// Who posted it.
        pub user: Option<User<'a>> = "user",
        /// Who helped to write it.
        pub contributors: Vec<Contributor<'a>> = "contributors",
        /// The language, as a BCP 47 tag.
        pub lang: Option<Text<'a>> = "lang",
        /// A second language.
        pub supplemental_language: Option<Text<'a>> = "supplemental_language",
        /// The post it answers, as a number.
        pub in_reply_to_status_id: Option<Id<'a>> = "in_reply_to_status_id",
        /// The post it answers.
        pub in_reply_to_status_id_str: Option<Id<'a>> = "in_reply_to_status_id_str",
        /// The user it answers, as a number.
        pub in_reply_to_user_id: Option<Id<'a>> = "in_reply_to_user_id",
        /// The user it answers.
        pub in_reply_to_user_id_str: Option<Id<'a>> = "in_reply_to_user_id_str",
        /// The handle of the user it answers.
        pub in_reply_to_screen_name: Option<Text<'a>> = "in_reply_to_screen_name",
        /// The post it quotes, as a number.
        pub quoted_status_id: Option<Id<'a>> = "quoted_status_id",
        /// The post it quotes.
        pub quoted_status_id_str: Option<Id<'a>> = "quoted_status_id_str",
        /// The post it quotes, in full.
        pub quoted_status: Option<Box<Tweet<'a>>> = "quoted_status",
        /// The link to the post it quotes.
        pub quoted_status_permalink: Option<Permalink<'a>> = "quoted_status_permalink",
        /// Whether it quotes.
        pub is_quote_status: Option<bool> = "is_quote_status",
        /// The subscriber's post that repeats it.
        pub current_user_retweet: Option<TweetRef<'a>> = "current_user_retweet",
        /// The first post of the author's thread.
        pub self_thread: Option<TweetRef<'a>> = "self_thread",
        /// The post it repeats, in full.
        pub retweeted_status: Option<Box<Tweet<'a>>> = "retweeted_status",
        /// The whole text and its entities, where `text` is cut.
        pub extended_tweet: Option<ExtendedTweet<'a>> = "extended_tweet",
        /// What the text mentions, links and shows.
        pub entities: Option<Entities<'a>> = "entities",
        /// All media, where there is more than one.
        pub extended_entities: Option<Entities<'a>> = "extended_entities",
        /// From and to of the text that X shows, in Unicode code points.
        pub display_text_range: Option<[u64; 2]> = "display_text_range",
        /// How often it was quoted.
        pub quote_count: Option<u64> = "quote_count",
        /// How often it was answered.
        pub reply_count: Option<u64> = "reply_count",
        /// How often it was repeated.
        pub retweet_count: Option<u64> = "retweet_count",
        /// How often it was liked.
        pub favorite_count: Option<u64> = "favorite_count",
        /// Whether the subscriber has liked it.
        pub favorited: Option<bool> = "favorited",
        /// Whether the subscriber has repeated it.
        pub retweeted: Option<bool> = "retweeted",
        /// Whether its link may lead to something sensitive.
        pub possibly_sensitive: Option<bool> = "possibly_sensitive",
        /// Whether its author may say that it is not.
        pub possibly_sensitive_appealable: Option<bool> = "possibly_sensitive_appealable",
        /// Whether its author may say whether it is.
        pub possibly_sensitive_editable: Option<bool> = "possibly_sensitive_editable",
        /// `none`, `low` or `medium`.
        pub filter_level: Option<Text<'a>> = "filter_level",
        /// The rules that it matched.
        pub matching_rules: Vec<MatchingRule<'a>> = "matching_rules",
        /// What a search says of it.
        pub metadata: Option<TweetMetadata<'a>> = "metadata",
        /// The card that X shows under it.
        pub card_uri: Option<Text<'a>> = "card_uri",
        /// To whom it is shown, where somebody paid for it.
        pub scopes: Option<Scopes<'a>> = "scopes",
        /// Whether it is withheld because of a copyright.
        pub withheld_copyright: Option<bool> = "withheld_copyright",
        /// The countries where it is withheld, as two-letter codes; `XX` is all of them, `XY` a copyright.
        pub withheld_in_countries: Vec<Text<'a>> = "withheld_in_countries",
        /// What is withheld: `status` or `user`.
        pub withheld_scope: Option<Text<'a>> = "withheld_scope",
        /// The place it is tagged with.
        pub place: Option<Place<'a>> = "place",
        /// Where it was posted: longitude, latitude.
        pub coordinates: Option<GeoPoint<'a>> = "coordinates",
        /// Where it was posted, in the older order: latitude, longitude.
        pub geo: Option<GeoPoint<'a>> = "geo",
        /// The posts that are versions of this one.
        pub edit_history: Option<EditHistory<'a>> = "edit_history",
        /// How it may still be edited.
        pub edit_controls: Option<EditControls<'a>> = "edit_controls",
        /// Whether it may still be edited.
        pub editable: Option<bool> = "editable",
    }
}

impl Tweet<'_> {
    /// The post's id: `id_str`, which is never rounded, else `id`.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }

    /// The whole text, as its author wrote it: from `extended_tweet` where `text` is cut, HTML entities decoded.
    pub fn full_text(&self) -> Option<Cow<'_, str>> {
        let extended = self.extended_tweet.as_ref().and_then(|extended| extended.full_text.as_deref());
        extended.or(self.extended_text.as_deref()).or(self.text.as_deref()).map(decode_entities)
    }

    /// When it was posted, as precisely as X tells.
    pub fn posted_at(&self) -> Option<Timestamp> {
        self.timestamp_ms.or(self.created_at)
    }

    /// The post it answers.
    pub fn in_reply_to(&self) -> Option<&str> {
        self.in_reply_to_status_id_str.as_deref().or(self.in_reply_to_status_id.as_deref())
    }

    /// The entities of the whole text.
    pub fn full_entities(&self) -> Option<&Entities<'_>> {
        self.extended_tweet.as_ref().and_then(|extended| extended.entities.as_ref()).or(self.entities.as_ref())
    }
}
