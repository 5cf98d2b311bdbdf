//! A user, as API v2 writes them.

use super::{Entities, ProfileGeo, UserMetrics, Withheld};
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text, Wrapping};

object! {
    /// A user.
    pub struct User<'a> {
        /// The id.
        pub id: Option<Id<'a>> = "id" | "id_str",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The handle, without `@`.
        pub username: Option<Text<'a>> = "username" | "screen_name",
        /// When the account was made.
        pub created_at: Option<Timestamp> = "created_at" | "created_timestamp",
        /// What the user says of themself.
        pub description: Option<Text<'a>> = "description",
        /// Where the user says to be.
        pub location: Option<Text<'a>> = "location",
        /// The user's link.
        pub url: Option<Text<'a>> = "url",
        /// What the link and the description hold.
        pub entities: Option<UserEntities<'a>> = "entities",
        /// What X makes of the location.
        pub profile_geo_enrichment: Option<Box<ProfileGeo<'a>>> = "profile_geo_enrichment",
        /// The e-mail address, which X tells the user's own app alone.
        pub confirmed_email: Option<Text<'a>> = "confirmed_email",
        /// Whether only approved followers see the user's posts.
        pub protected: Option<bool> = "protected",
        /// Whether the account is verified.
        pub verified: Option<bool> = "verified",
        /// `blue`, `business`, `government` or `none`.
        pub verified_type: Option<Text<'a>> = "verified_type",
        /// Whether the identity is verified.
        pub is_identity_verified: Option<bool> = "is_identity_verified",
        /// Whether the account is a parody.
        pub parody: Option<bool> = "parody",
        /// What the user pays X for: `Basic`, `Premium`, `PremiumPlus` or `None`.
        pub subscription_type: Option<Text<'a>> = "subscription_type",
        /// The picture.
        pub profile_image_url: Option<Text<'a>> = "profile_image_url" | "profile_image_url_https",
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
        /// How many of those who follow are verified.
        pub verified_followers_count: Option<u64> = "verified_followers_count" | "verified_followers_count_str",
        /// What the user is to the subscriber: `following`, `followed_by`, `blocking`, `muting`, `follow_request_sent`,
        /// `follow_request_received`.
        pub connection_status: Vec<Text<'a>> = "connection_status",
        /// Whether the subscriber may write messages to the user.
        pub receives_your_dm: Option<bool> = "receives_your_dm",
        /// Whether the user pays the subscriber.
        pub subscribes_to_you: Option<bool> = "subscribes_to_you",
        /// The same, as an object.
        pub subscription: Option<UserSubscription> = "subscription",
        /// Where the user is withheld.
        pub withheld: Option<Withheld<'a>> = "withheld",
        /// How many follow the user, as the Account Activity API writes it.
        pub(crate) followers_count: Option<u64> = "followers_count",
        /// How many the user follows, as the Account Activity API writes it.
        pub(crate) friends_count: Option<u64> = "friends_count",
        /// The user, where X wraps it.
        data: Option<Box<User<'a>>> = "data",
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

object! {
    /// Whether a user pays the subscriber.
    pub struct UserSubscription {
        /// Whether.
        pub subscribes_to_you: Option<bool> = "subscribes_to_you",
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

impl Wrapping for User<'_> {
    fn data(&mut self) -> Option<Box<Self>> {
        self.data.take()
    }
}
