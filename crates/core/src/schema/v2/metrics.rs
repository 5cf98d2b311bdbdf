//! Metrics of posts, media and users.

use crate::json::lenient::object;

object! {
    /// The public metrics of a post.
    pub struct PostMetrics {
        /// The number of reposts.
        pub repost_count: Option<u64> = "retweet_count" | "retweet_count_str" | "repost_count" | "repost_count_str",
        /// The number of replies.
        pub reply_count: Option<u64> = "reply_count" | "reply_count_str",
        /// The number of likes.
        pub like_count: Option<u64> = "like_count" | "like_count_str",
        /// The number of quotes.
        pub quote_count: Option<u64> = "quote_count" | "quote_count_str",
        /// The number of bookmarks.
        pub bookmark_count: Option<u64> = "bookmark_count" | "bookmark_count_str",
        /// The number of views.
        pub impression_count: Option<u64> = "impression_count" | "impression_count_str",
    }

    /// Metrics of a post that only its author receives.
    pub struct PrivateMetrics {
        /// The number of views.
        pub impression_count: Option<u64> = "impression_count" | "impression_count_str",
        /// The number of interactions.
        pub engagements: Option<u64> = "engagements" | "engagements_str",
        /// The number of clicks on links in it.
        pub url_link_clicks: Option<u64> = "url_link_clicks" | "url_link_clicks_str",
        /// The number of clicks from it on the author's profile.
        pub user_profile_clicks: Option<u64> = "user_profile_clicks" | "user_profile_clicks_str",
        /// The number of reposts.
        pub repost_count: Option<u64> = "retweet_count" | "retweet_count_str" | "repost_count" | "repost_count_str",
        /// The number of replies.
        pub reply_count: Option<u64> = "reply_count" | "reply_count_str",
        /// The number of likes.
        pub like_count: Option<u64> = "like_count" | "like_count_str",
    }

    /// The metrics of a video. All except the number of views are visible to its owner only.
    pub struct MediaMetrics {
        /// The number of views.
        pub view_count: Option<u64> = "view_count" | "view_count_str",
        /// The number of users who started to watch it.
        pub playback_0_count: Option<u64> = "playback_0_count" | "playback_0_count_str",
        /// The number of users who watched a quarter of it.
        pub playback_25_count: Option<u64> = "playback_25_count" | "playback_25_count_str",
        /// The number of users who watched half of it.
        pub playback_50_count: Option<u64> = "playback_50_count" | "playback_50_count_str",
        /// The number of users who watched three quarters of it.
        pub playback_75_count: Option<u64> = "playback_75_count" | "playback_75_count_str",
        /// The number of users who watched all of it.
        pub playback_100_count: Option<u64> = "playback_100_count" | "playback_100_count_str",
    }

    /// The metrics of a user.
    pub struct UserMetrics {
        /// The number of followers.
        pub followers_count: Option<u64> = "followers_count" | "followers_count_str",
        /// The number of users whom this user follows.
        pub following_count: Option<u64> = "following_count" | "following_count_str",
        /// The number of posts.
        pub post_count: Option<u64> = "tweet_count" | "tweet_count_str" | "post_count" | "post_count_str",
        /// The number of lists that contain the user.
        pub listed_count: Option<u64> = "listed_count" | "listed_count_str",
        /// The number of posts that the user has liked.
        pub like_count: Option<u64> = "like_count" | "like_count_str",
        /// The number of pictures and videos that the user has posted.
        pub media_count: Option<u64> = "media_count" | "media_count_str",
    }
}
