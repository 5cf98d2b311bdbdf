//! Pictures, videos and animations.

use std::collections::BTreeMap;

use super::user::User;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// A picture, video or animation.
    pub struct Media<'a> {
        /// The id, as a string or a number; prefer [`Media::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The key that API v2 uses for it.
        pub media_key: Option<Id<'a>> = "media_key",
        /// `photo`, `video` or `animated_gif`.
        pub kind: Option<Text<'a>> = "type",
        /// The link in the text.
        pub url: Option<Text<'a>> = "url",
        /// The target of the link.
        pub expanded_url: Option<Text<'a>> = "expanded_url",
        /// The link as X displays it.
        pub display_url: Option<Text<'a>> = "display_url",
        /// The URL of the file.
        pub media_url: Option<Text<'a>> = "media_url",
        /// The HTTPS URL of the file. For a message, it needs a GET signed by the user.
        pub media_url_https: Option<Text<'a>> = "media_url_https",
        /// The sizes by name: `large`, `medium`, `small`, `thumb`.
        pub sizes: BTreeMap<Id<'a>, MediaSize<'a>> = "sizes",
        /// The original size.
        pub original_info: Option<OriginalInfo> = "original_info",
        /// Faces and tagged users in it, by the name of a size, or `all`.
        pub features: BTreeMap<Id<'a>, MediaFeatures<'a>> = "features",
        /// The files of a video.
        pub video_info: Option<VideoInfo<'a>> = "video_info",
        /// The details that the owner of a video provides.
        pub additional_media_info: Option<Box<AdditionalMediaInfo<'a>>> = "additional_media_info",
        /// The alternative text for people who cannot see the media.
        pub ext_alt_text: Option<Text<'a>> = "ext_alt_text",
        /// The post that first contained it, as a number.
        pub source_status_id: Option<Id<'a>> = "source_status_id",
        /// The post that first contained it.
        pub source_status_id_str: Option<Id<'a>> = "source_status_id_str",
        /// The user who first posted it, as a number.
        pub source_user_id: Option<Id<'a>> = "source_user_id",
        /// The user who first posted it.
        pub source_user_id_str: Option<Id<'a>> = "source_user_id_str",
        /// Start and end in the text, in Unicode code points.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

impl Media<'_> {
    /// Returns the media's id.
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
    /// The original size of a picture, in pixels.
    pub struct OriginalInfo {
        /// Width.
        pub width: Option<u64> = "width",
        /// Height.
        pub height: Option<u64> = "height",
        /// The areas that a preview should display.
        pub focus_rects: Vec<Rect> = "focus_rects",
    }
}

object! {
    /// An area of a picture, in pixels.
    pub struct Rect {
        /// Distance from the left edge.
        pub x: Option<u64> = "x",
        /// Distance from the top edge.
        pub y: Option<u64> = "y",
        /// Width.
        pub w: Option<u64> = "w",
        /// Height.
        pub h: Option<u64> = "h",
    }
}

object! {
    /// Faces and tagged users in a picture.
    pub struct MediaFeatures<'a> {
        /// The areas with faces.
        pub faces: Vec<Rect> = "faces",
        /// The tagged users.
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
    /// The details that the owner of a video provides.
    pub struct AdditionalMediaInfo<'a> {
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// The description.
        pub description: Option<Text<'a>> = "description",
        /// Whether other sites may embed it.
        pub embeddable: Option<bool> = "embeddable",
        /// Whether it may be monetized.
        pub monetizable: Option<bool> = "monetizable",
        /// Links next to the video, by name: `visit_site`, `watch_now`.
        pub call_to_actions: BTreeMap<Id<'a>, MediaLink<'a>> = "call_to_actions",
        /// The user who first posted it.
        pub source_user: Option<User<'a>> = "source_user",
    }
}

object! {
    /// A link next to a video.
    pub struct MediaLink<'a> {
        /// The target of the link.
        pub url: Option<Text<'a>> = "url",
    }
}

object! {
    /// The duration and files of a video.
    pub struct VideoInfo<'a> {
        /// Duration, in milliseconds.
        pub duration_millis: Option<u64> = "duration_millis",
        /// Width and height of the aspect ratio.
        pub aspect_ratio: Option<[u64; 2]> = "aspect_ratio",
        /// The files.
        pub variants: Vec<Variant<'a>> = "variants",
    }
}

object! {
    /// One file of a video.
    pub struct Variant<'a> {
        /// Bits per second.
        pub bitrate: Option<u64> = "bitrate",
        /// The media type.
        pub content_type: Option<Text<'a>> = "content_type",
        /// The URL of the file.
        pub url: Option<Text<'a>> = "url",
    }
}
