//! Counts.

use crate::wire::object::object;

object! {
    /// A post's counts.
    pub struct PostMetrics {
        /// How often it was repeated.
        pub repost_count: Option<u64> = "retweet_count" | "retweet_count_str" | "repost_count" | "repost_count_str",
        /// How often it was answered.
        pub reply_count: Option<u64> = "reply_count" | "reply_count_str",
        /// How often it was liked.
        pub like_count: Option<u64> = "like_count" | "like_count_str",
        /// How often it was quoted.
        pub quote_count: Option<u64> = "quote_count" | "quote_count_str",
        /// How often it was bookmarked.
        pub bookmark_count: Option<u64> = "bookmark_count" | "bookmark_count_str",
        /// How often it was seen.
        pub impression_count: Option<u64> = "impression_count" | "impression_count_str",
    }
}

object! {
    /// A post's counts that only its author is told.
    pub struct PrivateMetrics {
        /// How often it was seen.
        pub impression_count: Option<u64> = "impression_count" | "impression_count_str",
        /// How often somebody did something with it.
        pub engagements: Option<u64> = "engagements" | "engagements_str",
        /// How often a link in it was followed.
        pub url_link_clicks: Option<u64> = "url_link_clicks" | "url_link_clicks_str",
        /// How often its author's profile was opened from it.
        pub user_profile_clicks: Option<u64> = "user_profile_clicks" | "user_profile_clicks_str",
        /// How often it was repeated.
        pub repost_count: Option<u64> = "retweet_count" | "retweet_count_str" | "repost_count" | "repost_count_str",
        /// How often it was answered.
        pub reply_count: Option<u64> = "reply_count" | "reply_count_str",
        /// How often it was liked.
        pub like_count: Option<u64> = "like_count" | "like_count_str",
    }
}

object! {
    /// A video's counts. All but the views only its owner is told.
    pub struct MediaMetrics {
        /// How often it was viewed.
        pub view_count: Option<u64> = "view_count" | "view_count_str",
        /// How many began to watch it.
        pub playback_0_count: Option<u64> = "playback_0_count" | "playback_0_count_str",
        /// How many watched a quarter of it.
        pub playback_25_count: Option<u64> = "playback_25_count" | "playback_25_count_str",
        /// How many watched half of it.
        pub playback_50_count: Option<u64> = "playback_50_count" | "playback_50_count_str",
        /// How many watched three quarters of it.
        pub playback_75_count: Option<u64> = "playback_75_count" | "playback_75_count_str",
        /// How many watched all of it.
        pub playback_100_count: Option<u64> = "playback_100_count" | "playback_100_count_str",
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
