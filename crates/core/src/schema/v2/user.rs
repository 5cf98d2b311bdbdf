//! A user in the form of API v2.

use super::context::Withheld;
use super::entities::Entities;
use super::metrics::UserMetrics;
use super::place::ProfileGeo;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::json::wrapped::Wrapping;

object! {
    /// A user.
    pub struct User<'a> {
        /// The id.
        pub id: Option<Id<'a>> = "id" | "id_str",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The handle, without `@`.
        pub username: Option<Text<'a>> = "username" | "screen_name",
        /// Time at which the account was created.
        pub created_at: Option<Timestamp> = "created_at" | "created_timestamp",
        /// The profile description.
        pub description: Option<Text<'a>> = "description",
        /// The profile location.
        pub location: Option<Text<'a>> = "location",
        /// The profile link.
        pub url: Option<Text<'a>> = "url",
        /// The entities of link and description.
        pub entities: Option<UserEntities<'a>> = "entities",
        /// Data that X derives from the location.
        pub profile_geo_enrichment: Option<Box<ProfileGeo<'a>>> = "profile_geo_enrichment",
        /// The e-mail address, which X reports only to an app that the user authorised.
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
        /// The user's paid plan: `Basic`, `Premium`, `PremiumPlus` or `None`.
        pub subscription_type: Option<Text<'a>> = "subscription_type",
        /// The URL of the picture.
        pub profile_image_url: Option<Text<'a>> = "profile_image_url" | "profile_image_url_https",
        /// The URL of the banner.
        pub profile_banner_url: Option<Text<'a>> = "profile_banner_url",
        /// The pinned post.
        pub pinned_post_id: Option<Id<'a>> = "pinned_tweet_id" | "pinned_post_id",
        /// The latest post.
        pub most_recent_post_id: Option<Id<'a>> = "most_recent_tweet_id" | "most_recent_post_id",
        /// The organisation to which the user belongs.
        pub affiliation: Option<Affiliation<'a>> = "affiliation",
        /// Public metrics.
        pub public_metrics: Option<UserMetrics> = "public_metrics",
        /// The number of followers who are verified.
        pub verified_followers_count: Option<u64> = "verified_followers_count" | "verified_followers_count_str",
        /// The user's connections to the subscriber: `following`, `followed_by`, `blocking`,
        /// `muting`, `follow_request_sent`, `follow_request_received`.
        pub connection_status: Vec<Text<'a>> = "connection_status",
        /// Whether the subscriber may send messages to the user.
        pub receives_your_dm: Option<bool> = "receives_your_dm",
        /// Whether the user has a paid subscription to the subscriber.
        pub subscribes_to_you: Option<bool> = "subscribes_to_you",
        /// The same as an object.
        pub subscription: Option<UserSubscription> = "subscription",
        /// The countries in which the user is withheld, and the reason.
        pub withheld: Option<Withheld<'a>> = "withheld",
        /// The number of followers, in the form of the Account Activity API.
        pub(crate) followers_count: Option<u64> = "followers_count",
        /// The number of users whom this user follows, in the form of the Account Activity API.
        pub(crate) friends_count: Option<u64> = "friends_count",
        /// The user, if X wraps it.
        data: Option<Box<User<'a>>> = "data",
    }

    /// The entities of a profile.
    pub struct UserEntities<'a> {
        /// The entities of the profile link.
        pub url: Option<Entities<'a>> = "url",
        /// The entities of the profile description.
        pub description: Option<Entities<'a>> = "description",
    }

    /// A user's paid subscription to the subscriber.
    pub struct UserSubscription {
        /// Whether the user has a paid subscription to the subscriber.
        pub subscribes_to_you: Option<bool> = "subscribes_to_you",
    }

    /// The organisation to which a user belongs.
    pub struct Affiliation<'a> {
        /// The URL of its badge.
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
