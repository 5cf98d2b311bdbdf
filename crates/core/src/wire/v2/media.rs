//! Pictures, videos and polls.

use super::MediaMetrics;
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// What is attached to a post, by key.
    pub struct Attachments<'a> {
        /// Pictures and videos.
        pub media_keys: Vec<Id<'a>> = "media_keys",
        /// The posts that the pictures and videos were first posted with.
        pub media_source_post_ids: Vec<Id<'a>> = "media_source_tweet_id" | "media_source_post_id",
        /// Polls.
        pub poll_ids: Vec<Id<'a>> = "poll_ids",
    }
}

object! {
    /// A picture, video or animation.
    pub struct Media<'a> {
        /// The key by which posts name it.
        pub media_key: Option<Id<'a>> = "media_key",
        /// `photo`, `video` or `animated_gif`.
        pub kind: Option<Text<'a>> = "type",
        /// The file of a picture.
        pub url: Option<Text<'a>> = "url",
        /// A still of a video.
        pub preview_image_url: Option<Text<'a>> = "preview_image_url",
        /// The text for those who cannot see it.
        pub alt_text: Option<Text<'a>> = "alt_text",
        /// Milliseconds.
        pub duration_ms: Option<u64> = "duration_ms" | "duration_ms_str",
        /// Pixels.
        pub width: Option<u64> = "width" | "width_str",
        /// Pixels.
        pub height: Option<u64> = "height" | "height_str",
        /// The files of a video.
        pub variants: Vec<Variant<'a>> = "variants",
        /// Counts.
        pub public_metrics: Option<MediaMetrics> = "public_metrics",
        /// Counts that only its owner is told.
        pub non_public_metrics: Option<MediaMetrics> = "non_public_metrics",
        /// What of them came by itself.
        pub organic_metrics: Option<MediaMetrics> = "organic_metrics",
        /// What of them was paid for.
        pub promoted_metrics: Option<MediaMetrics> = "promoted_metrics",
    }
}

object! {
    /// One file of a video.
    pub struct Variant<'a> {
        /// Bits a second.
        pub bit_rate: Option<u64> = "bit_rate" | "bit_rate_str",
        /// The media type.
        pub content_type: Option<Text<'a>> = "content_type",
        /// The file.
        pub url: Option<Text<'a>> = "url",
    }
}

object! {
    /// What its author says of a picture or video.
    pub struct MediaMetadata<'a> {
        /// The key of the picture or video.
        pub media_key: Option<Id<'a>> = "media_key",
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// What it shows.
        pub description: Option<Text<'a>> = "description",
        /// The text for those who cannot see it.
        pub alt_text: Option<Text<'a>> = "alt_text",
    }
}

object! {
    /// A poll.
    pub struct Poll<'a> {
        /// The id by which posts name it.
        pub id: Option<Id<'a>> = "id",
        /// The answers to choose from.
        pub options: Vec<PollOption<'a>> = "options",
        /// When it ends.
        pub end_datetime: Option<Timestamp> = "end_datetime",
        /// How long it runs, in minutes.
        pub duration_minutes: Option<u64> = "duration_minutes" | "duration_minutes_str",
        /// `open` or `closed`.
        pub voting_status: Option<Text<'a>> = "voting_status",
    }
}

object! {
    /// One answer of a poll.
    pub struct PollOption<'a> {
        /// Its place, from 1.
        pub position: Option<u64> = "position" | "position_str",
        /// What it says.
        pub label: Option<Text<'a>> = "label",
        /// How many chose it.
        pub votes: Option<u64> = "votes" | "votes_str",
    }
}
