//! A user, in the three shapes of v1.1.

use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text};

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
        pub screen_name: Option<Text<'a>> = "screen_name",
        /// Where the user says to be.
        pub location: Option<Text<'a>> = "location",
        /// What the user says of themself.
        pub description: Option<Text<'a>> = "description",
        /// The user's link.
        pub url: Option<Text<'a>> = "url",
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
        /// Whether the user has not changed the default theme.
        pub default_profile: Option<bool> = "default_profile",
        /// Whether the user has not set a picture.
        pub default_profile_image: Option<bool> = "default_profile_image",
        /// The picture; X's own examples hold the string `"null"` here.
        pub profile_image_url: Option<Text<'a>> = "profile_image_url",
        /// The picture, over https.
        pub profile_image_url_https: Option<Text<'a>> = "profile_image_url_https",
        /// The banner.
        pub profile_banner_url: Option<Text<'a>> = "profile_banner_url",
        /// The countries where the user is withheld, as two-letter codes.
        pub withheld_in_countries: Vec<Text<'a>> = "withheld_in_countries",
    }
}

impl User<'_> {
    /// The user's id: `id_str`, which is never rounded, else `id`.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }
}
