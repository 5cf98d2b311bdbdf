//! Pictures, videos and polls.

use super::metrics::MediaMetrics;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// The attachments of a post, by key.
    pub struct Attachments<'a> {
        /// Pictures and videos.
        pub media_keys: Vec<Id<'a>> = "media_keys",
        /// The posts that first contained the pictures and videos.
        pub media_source_post_ids: Vec<Id<'a>> = "media_source_tweet_id" | "media_source_post_id",
        /// Polls.
        pub poll_ids: Vec<Id<'a>> = "poll_ids",
    }

    /// A picture, video or animation.
    pub struct Media<'a> {
        /// The key by which posts refer to it.
        pub media_key: Option<Id<'a>> = "media_key",
        /// `photo`, `video` or `animated_gif`.
        pub kind: Option<Text<'a>> = "type",
        /// The URL of a picture.
        pub url: Option<Text<'a>> = "url",
        /// The URL of a still of a video.
        pub preview_image_url: Option<Text<'a>> = "preview_image_url",
        /// The alternative text for people who cannot see the media.
        pub alt_text: Option<Text<'a>> = "alt_text",
        /// Duration, in milliseconds.
        pub duration_ms: Option<u64> = "duration_ms" | "duration_ms_str",
        /// Width, in pixels.
        pub width: Option<u64> = "width" | "width_str",
        /// Height, in pixels.
        pub height: Option<u64> = "height" | "height_str",
        /// The files of a video.
        pub variants: Vec<Variant<'a>> = "variants",
        /// Public metrics.
        pub public_metrics: Option<MediaMetrics> = "public_metrics",
        /// Metrics that only its owner receives.
        pub non_public_metrics: Option<MediaMetrics> = "non_public_metrics",
        /// The organic part of the metrics.
        pub organic_metrics: Option<MediaMetrics> = "organic_metrics",
        /// The promoted part of the metrics.
        pub promoted_metrics: Option<MediaMetrics> = "promoted_metrics",
    }

    /// One file of a video.
    pub struct Variant<'a> {
        /// Bits per second.
        pub bit_rate: Option<u64> = "bit_rate" | "bit_rate_str",
        /// The media type.
        pub content_type: Option<Text<'a>> = "content_type",
        /// The URL of the file.
        pub url: Option<Text<'a>> = "url",
    }

    /// The author's details about a picture or video.
    pub struct MediaMetadata<'a> {
        /// The key of the picture or video.
        pub media_key: Option<Id<'a>> = "media_key",
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// The description.
        pub description: Option<Text<'a>> = "description",
        /// The alternative text for people who cannot see the media.
        pub alt_text: Option<Text<'a>> = "alt_text",
    }

    /// A poll.
    pub struct Poll<'a> {
        /// The id by which posts refer to it.
        pub id: Option<Id<'a>> = "id",
        /// The choices.
        pub options: Vec<PollOption<'a>> = "options",
        /// The end of the poll.
        pub end_datetime: Option<Timestamp> = "end_datetime",
        /// The duration, in minutes.
        pub duration_minutes: Option<u64> = "duration_minutes" | "duration_minutes_str",
        /// `open` or `closed`.
        pub voting_status: Option<Text<'a>> = "voting_status",
    }

    /// A choice in a poll.
    pub struct PollOption<'a> {
        /// The position, counted from 1.
        pub position: Option<u64> = "position" | "position_str",
        /// The text of the choice.
        pub label: Option<Text<'a>> = "label",
        /// The number of votes.
        pub votes: Option<u64> = "votes" | "votes_str",
    }
}
