//! A user, in the three shapes of v1.1.

use super::{Derived, Entities, Place, Tweet};
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Color, Id, Text, Wrapping};

object! {
    /// A user. Posts and likes carry the full v1.1 user, with a numeric `id` beside `id_str`; follows, blocks and mutes a
    /// variant whose `id` is a string; messages a third one, with `created_timestamp` in place of `created_at`.
    pub struct User<'a> {
        /// The id, as a string or a number; prefer [`User::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string, only in the full shape.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The handle, without `@`.
        pub screen_name: Option<Text<'a>> = "screen_name" | "username",
        /// Where the user says to be.
        pub location: Option<Text<'a>> = "location",
        /// What the user says of themself.
        pub description: Option<Text<'a>> = "description",
        /// The user's link.
        pub url: Option<Text<'a>> = "url",
        /// What the link and the description hold.
        pub entities: Option<Box<UserEntities<'a>>> = "entities",
        /// Whether only approved followers see the user's posts.
        pub protected: Option<bool> = "protected",
        /// Whether the account is verified.
        pub verified: Option<bool> = "verified",
        /// When the account was made, from `created_at` or, in messages, `created_timestamp`.
        pub created_at: Option<Timestamp> = "created_at" | "created_timestamp",
        /// How many follow the user.
        pub followers_count: Option<u64> = "followers_count",
        /// How many the user follows.
        pub friends_count: Option<u64> = "friends_count",
        /// In how many lists the user is.
        pub listed_count: Option<u64> = "listed_count",
        /// How many posts the user has liked.
        pub favourites_count: Option<u64> = "favourites_count",
        /// How many posts the user has written.
        pub statuses_count: Option<u64> = "statuses_count",
        /// The language, where X tells it.
        pub lang: Option<Text<'a>> = "lang",
        /// The time zone, where X tells it.
        pub time_zone: Option<Text<'a>> = "time_zone",
        /// Seconds ahead of UTC, where X tells it.
        pub utc_offset: Option<f64> = "utc_offset",
        /// Whether posts may carry a place.
        pub geo_enabled: Option<bool> = "geo_enabled",
        /// The place that the profile names.
        pub profile_location: Option<Box<Place<'a>>> = "profile_location",
        /// What X makes of the profile.
        pub derived: Option<Derived<'a>> = "derived",
        /// The newest post.
        pub status: Option<Box<Tweet<'a>>> = "status",
        /// Whether the user has not changed the default theme.
        pub default_profile: Option<bool> = "default_profile",
        /// Whether the user has not set a picture.
        pub default_profile_image: Option<bool> = "default_profile_image",
        /// Whether the profile tells more than the usual, such as a birthday.
        pub has_extended_profile: Option<bool> = "has_extended_profile",
        /// The picture; X's own examples hold the string `"null"` here.
        pub profile_image_url: Option<Text<'a>> = "profile_image_url",
        /// The picture, over https.
        pub profile_image_url_https: Option<Text<'a>> = "profile_image_url_https",
        /// The banner.
        pub profile_banner_url: Option<Text<'a>> = "profile_banner_url",
        /// The background's colour.
        pub profile_background_color: Option<Color> = "profile_background_color",
        /// The background's picture.
        pub profile_background_image_url: Option<Text<'a>> = "profile_background_image_url",
        /// The background's picture, over https.
        pub profile_background_image_url_https: Option<Text<'a>> = "profile_background_image_url_https",
        /// Whether that picture repeats.
        pub profile_background_tile: Option<bool> = "profile_background_tile",
        /// Whether that picture is shown.
        pub profile_use_background_image: Option<bool> = "profile_use_background_image",
        /// The colour of the profile's links.
        pub profile_link_color: Option<Color> = "profile_link_color",
        /// The colour of the sidebar's border.
        pub profile_sidebar_border_color: Option<Color> = "profile_sidebar_border_color",
        /// The sidebar's colour.
        pub profile_sidebar_fill_color: Option<Color> = "profile_sidebar_fill_color",
        /// The colour of the profile's text.
        pub profile_text_color: Option<Color> = "profile_text_color",
        /// Whether the subscriber follows the user.
        pub following: Option<bool> = "following",
        /// Whether the subscriber has asked to follow the user.
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
        /// Whether the account is locked until a phone number is given.
        pub needs_phone_verification: Option<bool> = "needs_phone_verification",
        /// Whether others may post for the user.
        pub contributors_enabled: Option<bool> = "contributors_enabled",
        /// Whether the user takes part in X's translation.
        pub is_translator: Option<bool> = "is_translator",
        /// Whether X translates the profile.
        pub is_translation_enabled: Option<bool> = "is_translation_enabled",
        /// `none`, `regular`, `badged` and others.
        pub translator_type: Option<Text<'a>> = "translator_type",
        /// The countries where the user is withheld, as two-letter codes.
        pub withheld_in_countries: Vec<Text<'a>> = "withheld_in_countries",
        /// What is withheld: `user`.
        pub withheld_scope: Option<Text<'a>> = "withheld_scope",
        /// The user, where the X Activity API wraps it.
        data: Option<Box<User<'a>>> = "data",
    }
}

impl User<'_> {
    /// The user's id: `id_str`, which is never rounded, else `id`.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }
}

impl Wrapping for User<'_> {
    fn data(&mut self) -> Option<Box<Self>> {
        self.data.take()
    }
}

object! {
    /// What a profile holds.
    pub struct UserEntities<'a> {
        /// The user's link.
        pub url: Option<Entities<'a>> = "url",
        /// What the user says of themself.
        pub description: Option<Entities<'a>> = "description",
    }
}
