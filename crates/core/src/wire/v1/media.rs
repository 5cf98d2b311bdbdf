//! Pictures, videos and animations.

use std::collections::BTreeMap;

use super::User;
use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// A picture, video or animation.
    pub struct Media<'a> {
        /// The id, as a string or a number; prefer [`Media::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The key by which API v2 names it.
        pub media_key: Option<Id<'a>> = "media_key",
        /// `photo`, `video` or `animated_gif`.
        pub kind: Option<Text<'a>> = "type",
        /// The link in the text.
        pub url: Option<Text<'a>> = "url",
        /// Where the link leads.
        pub expanded_url: Option<Text<'a>> = "expanded_url",
        /// The link as X shows it.
        pub display_url: Option<Text<'a>> = "display_url",
        /// The file.
        pub media_url: Option<Text<'a>> = "media_url",
        /// The file, over https. A message's needs a GET signed by the user.
        pub media_url_https: Option<Text<'a>> = "media_url_https",
        /// By name: `large`, `medium`, `small`, `thumb`.
        pub sizes: BTreeMap<Id<'a>, MediaSize<'a>> = "sizes",
        /// The size in which it was posted.
        pub original_info: Option<OriginalInfo> = "original_info",
        /// What X sees in it, by the name of a size, or `all`.
        pub features: BTreeMap<Id<'a>, MediaFeatures<'a>> = "features",
        /// A video's files.
        pub video_info: Option<VideoInfo<'a>> = "video_info",
        /// What its owner says of a video.
        pub additional_media_info: Option<Box<AdditionalMediaInfo<'a>>> = "additional_media_info",
        /// The text for those who cannot see it.
        pub ext_alt_text: Option<Text<'a>> = "ext_alt_text",
        /// The post it was first posted with, as a number.
        pub source_status_id: Option<Id<'a>> = "source_status_id",
        /// The post it was first posted with.
        pub source_status_id_str: Option<Id<'a>> = "source_status_id_str",
        /// Who first posted it, as a number.
        pub source_user_id: Option<Id<'a>> = "source_user_id",
        /// Who first posted it.
        pub source_user_id_str: Option<Id<'a>> = "source_user_id_str",
        /// From and to, in Unicode code points of the text.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

impl Media<'_> {
    /// The media's id.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }
}

object! {
    /// One size of a picture, in pixels.
    pub struct MediaSize<'a> {
        /// Width.
        pub w: Option<u64> = "w",
        /// Height.
        pub h: Option<u64> = "h",
        /// `fit` or `crop`.
        pub resize: Option<Text<'a>> = "resize",
    }
}

object! {
    /// The size in which a picture was posted, in pixels.
    pub struct OriginalInfo {
        /// Width.
        pub width: Option<u64> = "width",
        /// Height.
        pub height: Option<u64> = "height",
        /// The parts that a preview should show.
        pub focus_rects: Vec<Rect> = "focus_rects",
    }
}

object! {
    /// A part of a picture, in pixels.
    pub struct Rect {
        /// From the left.
        pub x: Option<u64> = "x",
        /// From the top.
        pub y: Option<u64> = "y",
        /// Width.
        pub w: Option<u64> = "w",
        /// Height.
        pub h: Option<u64> = "h",
    }
}

object! {
    /// What X sees in a picture.
    pub struct MediaFeatures<'a> {
        /// Where faces are.
        pub faces: Vec<Rect> = "faces",
        /// Who is tagged.
        pub tags: Vec<MediaTag<'a>> = "tags",
    }
}

object! {
    /// A user who is tagged in a picture.
    pub struct MediaTag<'a> {
        /// The user's id.
        pub user_id: Option<Id<'a>> = "user_id",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The handle, without `@`.
        pub screen_name: Option<Text<'a>> = "screen_name",
        /// `user`.
        pub kind: Option<Text<'a>> = "type",
    }
}

object! {
    /// What its owner says of a video.
    pub struct AdditionalMediaInfo<'a> {
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// What it shows.
        pub description: Option<Text<'a>> = "description",
        /// Whether other sites may show it.
        pub embeddable: Option<bool> = "embeddable",
        /// Whether it may earn money.
        pub monetizable: Option<bool> = "monetizable",
        /// Links beside the video, by name: `visit_site`, `watch_now`.
        pub call_to_actions: BTreeMap<Id<'a>, MediaLink<'a>> = "call_to_actions",
        /// Who first posted it.
        pub source_user: Option<User<'a>> = "source_user",
    }
}

object! {
    /// A link beside a video.
    pub struct MediaLink<'a> {
        /// Where it leads.
        pub url: Option<Text<'a>> = "url",
    }
}

object! {
    /// A video's length and files.
    pub struct VideoInfo<'a> {
        /// Milliseconds.
        pub duration_millis: Option<u64> = "duration_millis",
        /// Width to height.
        pub aspect_ratio: Option<[u64; 2]> = "aspect_ratio",
        /// The files.
        pub variants: Vec<Variant<'a>> = "variants",
    }
}

object! {
    /// One file of a video.
    pub struct Variant<'a> {
        /// Bits a second.
        pub bitrate: Option<u64> = "bitrate",
        /// The media type.
        pub content_type: Option<Text<'a>> = "content_type",
        /// The file.
        pub url: Option<Text<'a>> = "url",
    }
}
