//! A user in the three forms of API v1.1.

use super::entities::Entities;
use super::place::{Derived, Place};
use super::tweet::Tweet;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::json::wrapped::Wrapping;
use crate::schema::value::Color;

object! {
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

impl User<'_> {
    /// Returns the user's id: `id_str`, which is never rounded, otherwise `id`.
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
    /// The entities of a profile.
    pub struct UserEntities<'a> {
        /// The entities of the profile link.
        pub url: Option<Entities<'a>> = "url",
        /// The entities of the profile description.
        pub description: Option<Entities<'a>> = "description",
    }
}
