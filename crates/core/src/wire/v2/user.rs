//! A user, as API v2 writes them.

use serde::de::MapAccess;

use crate::Timestamp;
use crate::wire::object::{Value, object};
use crate::wire::{Id, Text};

object! {
    /// A user.
    pub struct User<'a> {
        /// The id.
        pub id: Option<Id<'a>> = "id",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The handle, without `@`.
        pub username: Option<Text<'a>> = "username",
        /// When the account was made.
        pub created_at: Option<Timestamp> = "created_at",
        /// What the user says of themself.
        pub description: Option<Text<'a>> = "description",
        /// Where the user says to be.
        pub location: Option<Text<'a>> = "location",
        /// The user's link.
        pub url: Option<Text<'a>> = "url",
        /// Whether only approved followers see the user's posts.
        pub protected: Option<bool> = "protected",
        /// Whether the account is verified.
        pub verified: Option<bool> = "verified",
        /// `blue`, `business`, `government` or `none`.
        pub verified_type: Option<Text<'a>> = "verified_type",
        /// Whether the identity is verified.
        pub is_identity_verified: Option<bool> = "is_identity_verified",
        /// The picture.
        pub profile_image_url: Option<Text<'a>> = "profile_image_url",
        /// The banner.
        pub profile_banner_url: Option<Text<'a>> = "profile_banner_url",
        /// The post at the top of the profile.
        pub pinned_post_id: Option<Id<'a>> = "pinned_tweet_id" | "pinned_post_id",
        /// The newest post.
        pub most_recent_post_id: Option<Id<'a>> = "most_recent_tweet_id" | "most_recent_post_id",
        /// The organisation that the user belongs to.
        pub affiliation: Option<Affiliation<'a>> = "affiliation",
        /// Counts.
        pub public_metrics: Option<UserMetrics> = "public_metrics",
        /// The user, where X wraps it.
        data: Option<Box<User<'a>>> = "data",
    }
}

object! {
    /// The organisation that a user belongs to.
    pub struct Affiliation<'a> {
        /// Its badge.
        pub badge_url: Option<Text<'a>> = "badge_url",
        /// Its name.
        pub description: Option<Text<'a>> = "description",
        /// Its link.
        pub url: Option<Text<'a>> = "url",
        /// Its accounts.
        pub user_id: Vec<Id<'a>> = "user_id",
    }
}

object! {
    /// A user's counts.
    pub struct UserMetrics {
        /// How many follow the user.
        pub followers_count: Option<u64> = "followers_count" | "followers_count_str",
        /// How many the user follows.
        pub following_count: Option<u64> = "following_count" | "following_count_str",
        /// How many posts the user has written.
        pub post_count: Option<u64> = "tweet_count" | "tweet_count_str" | "post_count" | "post_count_str",
        /// In how many lists the user is.
        pub listed_count: Option<u64> = "listed_count" | "listed_count_str",
        /// How many posts the user has liked.
        pub like_count: Option<u64> = "like_count" | "like_count_str",
        /// How many pictures and videos the user has posted.
        pub media_count: Option<u64> = "media_count" | "media_count_str",
    }
}

/// A user, plain or as the `data` of an object around it: X does both, and its schema differs from its samples.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wrapped<'a>(pub(crate) User<'a>);

impl<'de> Value<'de> for Wrapped<'de> {
    fn object<A: MapAccess<'de>>(members: A, depth: u8) -> Result<Option<Self>, A::Error> {
        let user = User::object(members, depth)?;
        Ok(user.map(|mut user| Self(user.data.take().map_or(user, |inner| *inner))))
    }
}
