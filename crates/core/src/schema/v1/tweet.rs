//! A post in the form of API v1.1, with its author, entities and media. These types contain each
//! other.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::place::{Derived, GeoPoint, Place};
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::json::wrapped::Wrapping;
use crate::schema::html::decode_entities;
use crate::schema::value::Color;

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

    /// A link to a post.
    pub struct Permalink<'a> {
        /// The short link in the text: `https://t.co/...`.
        pub url: Option<Text<'a>> = "url",
        /// The target of the link.
        pub expanded: Option<Text<'a>> = "expanded",
        /// The link as X displays it.
        pub display: Option<Text<'a>> = "display",
    }

    /// The versions of an edited post. Each edit is a post with its own id.
    pub struct EditHistory<'a> {
        /// The first version.
        pub initial_tweet_id: Option<Id<'a>> = "initial_tweet_id",
        /// All versions, oldest first.
        pub edit_tweet_ids: Vec<Id<'a>> = "edit_tweet_ids",
    }

    /// The remaining options to edit a post.
    pub struct EditControls<'a> {
        /// The end of the editing period.
        pub editable_until_ms: Option<Timestamp> = "editable_until_ms",
        /// The number of remaining edits, which X writes as a number or a string.
        pub edits_remaining: Option<Id<'a>> = "edits_remaining",
    }

    /// A reference to a post.
    pub struct TweetRef<'a> {
        /// The id as a number.
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
    }

    /// A user who helped to write a post.
    pub struct Contributor<'a> {
        /// The id as a number.
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The handle, without `@`.
        pub screen_name: Option<Text<'a>> = "screen_name",
    }

    /// The audience of a promoted post.
    pub struct Scopes<'a> {
        /// Whether the post is shown to followers.
        pub followers: Option<bool> = "followers",
        /// The places in which the post is shown.
        pub place_ids: Vec<Id<'a>> = "place_ids",
    }

    /// A rule that a post matched.
    pub struct MatchingRule<'a> {
        /// The rule's id as a number.
        pub id: Option<Id<'a>> = "id",
        /// The rule's id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The rule's tag.
        pub tag: Option<Text<'a>> = "tag",
    }

    /// Search metadata of a post.
    pub struct TweetMetadata<'a> {
        /// The language, as a two-letter code.
        pub iso_language_code: Option<Text<'a>> = "iso_language_code",
        /// `recent` or `popular`.
        pub result_type: Option<Text<'a>> = "result_type",
    }

    /// A user.
    ///
    /// Posts and likes contain the full form, with a numeric `id` next to `id_str`. Follows, blocks
    /// and mutes contain a form whose `id` is a string. Messages contain a third form, with
    /// `created_timestamp` instead of `created_at`.
    pub struct User<'a> {
        /// The id, as a string or a number; prefer [`User::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string, only in the full form.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The handle, without `@`.
        pub screen_name: Option<Text<'a>> = "screen_name" | "username",
        /// The profile location.
        pub location: Option<Text<'a>> = "location",
        /// The profile description.
        pub description: Option<Text<'a>> = "description",
        /// The profile link.
        pub url: Option<Text<'a>> = "url",
        /// The entities of link and description.
        pub entities: Option<Box<UserEntities<'a>>> = "entities",
        /// Whether only approved followers see the user's posts.
        pub protected: Option<bool> = "protected",
        /// Whether the account is verified.
        pub verified: Option<bool> = "verified",
        /// Time at which the account was created, from `created_at` or, in messages,
        /// `created_timestamp`.
        pub created_at: Option<Timestamp> = "created_at" | "created_timestamp",
        /// The number of followers.
        pub followers_count: Option<u64> = "followers_count",
        /// The number of users whom this user follows.
        pub friends_count: Option<u64> = "friends_count",
        /// The number of lists that contain the user.
        pub listed_count: Option<u64> = "listed_count",
        /// The number of posts that the user has liked.
        pub favourites_count: Option<u64> = "favourites_count",
        /// The number of posts by the user.
        pub statuses_count: Option<u64> = "statuses_count",
        /// The language, if X reports it.
        pub lang: Option<Text<'a>> = "lang",
        /// The time zone, if X reports it.
        pub time_zone: Option<Text<'a>> = "time_zone",
        /// The offset from UTC in seconds, if X reports it.
        pub utc_offset: Option<f64> = "utc_offset",
        /// Whether posts may carry a location.
        pub geo_enabled: Option<bool> = "geo_enabled",
        /// The place named in the profile.
        pub profile_location: Option<Box<Place<'a>>> = "profile_location",
        /// Data that X derives from the profile.
        pub derived: Option<Derived<'a>> = "derived",
        /// The latest post.
        pub status: Option<Box<Tweet<'a>>> = "status",
        /// Whether the user has kept the default theme.
        pub default_profile: Option<bool> = "default_profile",
        /// Whether the user has kept the default picture.
        pub default_profile_image: Option<bool> = "default_profile_image",
        /// Whether the profile has additional details, such as a birthday.
        pub has_extended_profile: Option<bool> = "has_extended_profile",
        /// The URL of the picture. X's own examples contain the string `"null"` here.
        pub profile_image_url: Option<Text<'a>> = "profile_image_url",
        /// The HTTPS URL of the picture.
        pub profile_image_url_https: Option<Text<'a>> = "profile_image_url_https",
        /// The URL of the banner.
        pub profile_banner_url: Option<Text<'a>> = "profile_banner_url",
        /// The background colour.
        pub profile_background_color: Option<Color> = "profile_background_color",
        /// The URL of the background picture.
        pub profile_background_image_url: Option<Text<'a>> = "profile_background_image_url",
        /// The HTTPS URL of the background picture.
        pub profile_background_image_url_https: Option<Text<'a>> = "profile_background_image_url_https",
        /// Whether the background picture is tiled.
        pub profile_background_tile: Option<bool> = "profile_background_tile",
        /// Whether the background picture is displayed.
        pub profile_use_background_image: Option<bool> = "profile_use_background_image",
        /// The colour of links in the profile.
        pub profile_link_color: Option<Color> = "profile_link_color",
        /// The border colour of the sidebar.
        pub profile_sidebar_border_color: Option<Color> = "profile_sidebar_border_color",
        /// The fill colour of the sidebar.
        pub profile_sidebar_fill_color: Option<Color> = "profile_sidebar_fill_color",
        /// The text colour of the profile.
        pub profile_text_color: Option<Color> = "profile_text_color",
        /// Whether the subscriber follows the user.
        pub following: Option<bool> = "following",
        /// Whether the subscriber has requested to follow the user.
        pub follow_request_sent: Option<bool> = "follow_request_sent",
        /// Whether the subscriber is notified of the user's posts.
        pub notifications: Option<bool> = "notifications",
        /// Whether the subscriber is notified of the user's broadcasts.
        pub live_following: Option<bool> = "live_following",
        /// Whether the subscriber has muted the user.
        pub muting: Option<bool> = "muting",
        /// Whether the subscriber has blocked the user.
        pub blocking: Option<bool> = "blocking",
        /// Whether the user has blocked the subscriber.
        pub blocked_by: Option<bool> = "blocked_by",
        /// Whether the account is suspended.
        pub suspended: Option<bool> = "suspended",
        /// Whether the account is locked until the user gives a phone number.
        pub needs_phone_verification: Option<bool> = "needs_phone_verification",
        /// Whether other users may post for the user.
        pub contributors_enabled: Option<bool> = "contributors_enabled",
        /// Whether the user takes part in X's translation programme.
        pub is_translator: Option<bool> = "is_translator",
        /// Whether X translates the profile.
        pub is_translation_enabled: Option<bool> = "is_translation_enabled",
        /// `none`, `regular`, `badged` and others.
        pub translator_type: Option<Text<'a>> = "translator_type",
        /// The countries in which the user is withheld, as two-letter codes.
        pub withheld_in_countries: Vec<Text<'a>> = "withheld_in_countries",
        /// The withheld content: `user`.
        pub withheld_scope: Option<Text<'a>> = "withheld_scope",
        /// The user, if the X Activity API wraps it.
        data: Option<Box<User<'a>>> = "data",
    }
}

impl Wrapping for User<'_> {
    fn data(&mut self) -> Option<Box<Self>> {
        self.data.take()
    }
}

object! {
    /// The entities of a profile.
    pub struct UserEntities<'a> {
        /// The entities of the profile link.
        pub url: Option<Entities<'a>> = "url",
        /// The entities of the profile description.
        pub description: Option<Entities<'a>> = "description",
    }

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

    /// A hashtag or a cashtag.
    pub struct Hashtag<'a> {
        /// The tag, without its sign.
        pub text: Option<Text<'a>> = "text",
        /// Start and end in the text, in Unicode code points.
        pub indices: Option<[u64; 2]> = "indices",
    }

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

    /// A poll.
    pub struct Poll<'a> {
        /// The choices.
        pub options: Vec<PollOption<'a>> = "options",
        /// The end of the poll.
        pub end_datetime: Option<Timestamp> = "end_datetime",
        /// The duration, in minutes.
        pub duration_minutes: Option<u64> = "duration_minutes",
    }

    /// A choice in a poll.
    pub struct PollOption<'a> {
        /// The position, counted from 1.
        pub position: Option<u64> = "position",
        /// The text of the choice.
        pub text: Option<Text<'a>> = "text",
    }

    /// A picture, video or animation.
    pub struct Media<'a> {
        /// The id, as a string or a number; prefer [`Media::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The key that API v2 uses for it.
        pub media_key: Option<Id<'a>> = "media_key",
        /// `photo`, `video` or `animated_gif`.
        pub kind: Option<Text<'a>> = "type",
        /// The link in the text.
        pub url: Option<Text<'a>> = "url",
        /// The target of the link.
        pub expanded_url: Option<Text<'a>> = "expanded_url",
        /// The link as X displays it.
        pub display_url: Option<Text<'a>> = "display_url",
        /// The URL of the file.
        pub media_url: Option<Text<'a>> = "media_url",
        /// The HTTPS URL of the file. For a message, it needs a GET signed by the user.
        pub media_url_https: Option<Text<'a>> = "media_url_https",
        /// The sizes by name: `large`, `medium`, `small`, `thumb`.
        pub sizes: BTreeMap<Id<'a>, MediaSize<'a>> = "sizes",
        /// The original size.
        pub original_info: Option<OriginalInfo> = "original_info",
        /// Faces and tagged users in it, by the name of a size, or `all`.
        pub features: BTreeMap<Id<'a>, MediaFeatures<'a>> = "features",
        /// The files of a video.
        pub video_info: Option<VideoInfo<'a>> = "video_info",
        /// The details that the owner of a video provides.
        pub additional_media_info: Option<Box<AdditionalMediaInfo<'a>>> = "additional_media_info",
        /// The alternative text for people who cannot see the media.
        pub ext_alt_text: Option<Text<'a>> = "ext_alt_text",
        /// The post that first contained it, as a number.
        pub source_status_id: Option<Id<'a>> = "source_status_id",
        /// The post that first contained it.
        pub source_status_id_str: Option<Id<'a>> = "source_status_id_str",
        /// The user who first posted it, as a number.
        pub source_user_id: Option<Id<'a>> = "source_user_id",
        /// The user who first posted it.
        pub source_user_id_str: Option<Id<'a>> = "source_user_id_str",
        /// Start and end in the text, in Unicode code points.
        pub indices: Option<[u64; 2]> = "indices",
    }

    /// One size of a picture, in pixels.
    pub struct MediaSize<'a> {
        /// Width.
        pub w: Option<u64> = "w",
        /// Height.
        pub h: Option<u64> = "h",
        /// `fit` or `crop`.
        pub resize: Option<Text<'a>> = "resize",
    }

    /// The original size of a picture, in pixels.
    pub struct OriginalInfo {
        /// Width.
        pub width: Option<u64> = "width",
        /// Height.
        pub height: Option<u64> = "height",
        /// The areas that a preview should display.
        pub focus_rects: Vec<Rect> = "focus_rects",
    }

    /// An area of a picture, in pixels.
    pub struct Rect {
        /// Distance from the left edge.
        pub x: Option<u64> = "x",
        /// Distance from the top edge.
        pub y: Option<u64> = "y",
        /// Width.
        pub w: Option<u64> = "w",
        /// Height.
        pub h: Option<u64> = "h",
    }

    /// Faces and tagged users in a picture.
    pub struct MediaFeatures<'a> {
        /// The areas with faces.
        pub faces: Vec<Rect> = "faces",
        /// The tagged users.
        pub tags: Vec<MediaTag<'a>> = "tags",
    }

    /// A user who is tagged in a picture.
    pub struct MediaTag<'a> {
        /// The user's id.
        pub user_id: Option<Id<'a>> = "user_id",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The handle, without `@`.
        pub screen_name: Option<Text<'a>> = "screen_name",
        /// `user`.
        pub kind: Option<Text<'a>> = "type",
    }

    /// The details that the owner of a video provides.
    pub struct AdditionalMediaInfo<'a> {
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// The description.
        pub description: Option<Text<'a>> = "description",
        /// Whether other sites may embed it.
        pub embeddable: Option<bool> = "embeddable",
        /// Whether it may be monetized.
        pub monetizable: Option<bool> = "monetizable",
        /// Links next to the video, by name: `visit_site`, `watch_now`.
        pub call_to_actions: BTreeMap<Id<'a>, MediaLink<'a>> = "call_to_actions",
        /// The user who first posted it.
        pub source_user: Option<User<'a>> = "source_user",
    }

    /// A link next to a video.
    pub struct MediaLink<'a> {
        /// The target of the link.
        pub url: Option<Text<'a>> = "url",
    }

    /// The duration and files of a video.
    pub struct VideoInfo<'a> {
        /// Duration, in milliseconds.
        pub duration_millis: Option<u64> = "duration_millis",
        /// Width and height of the aspect ratio.
        pub aspect_ratio: Option<[u64; 2]> = "aspect_ratio",
        /// The files.
        pub variants: Vec<Variant<'a>> = "variants",
    }

    /// One file of a video.
    pub struct Variant<'a> {
        /// Bits per second.
        pub bitrate: Option<u64> = "bitrate",
        /// The media type.
        pub content_type: Option<Text<'a>> = "content_type",
        /// The URL of the file.
        pub url: Option<Text<'a>> = "url",
    }
}

macro_rules! ids {
    ($($type:ident),+) => {$(
        impl $type<'_> {
            /// Returns the id: `id_str`, which is never rounded, otherwise `id`.
            pub fn id(&self) -> Option<&str> {
                self.id_str.as_deref().or(self.id.as_deref())
            }
        }
    )+};
}

ids!(User, Mention, Media);
