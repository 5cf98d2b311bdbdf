//! What a text mentions, links and shows.

use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// The entities of a post or a message.
    pub struct Entities<'a> {
        /// `#hashtags`.
        pub hashtags: Vec<Hashtag<'a>> = "hashtags",
        /// `$cashtags`.
        pub symbols: Vec<Hashtag<'a>> = "symbols",
        /// `@mentions`.
        pub user_mentions: Vec<Mention<'a>> = "user_mentions",
        /// Links.
        pub urls: Vec<Url<'a>> = "urls",
        /// Pictures and videos.
        pub media: Vec<Media<'a>> = "media",
    }
}

object! {
    /// A hashtag or a cashtag.
    pub struct Hashtag<'a> {
        /// The tag, without its sign.
        pub text: Option<Text<'a>> = "text",
        /// From and to, in Unicode code points of the text.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

object! {
    /// A mention.
    pub struct Mention<'a> {
        /// The id, as a string or a number; prefer [`Mention::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The handle, without `@`.
        pub screen_name: Option<Text<'a>> = "screen_name",
        /// From and to, in Unicode code points of the text.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

impl Mention<'_> {
    /// The mentioned user's id.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }
}

object! {
    /// A link.
    pub struct Url<'a> {
        /// As in the text: `https://t.co/...`.
        pub url: Option<Text<'a>> = "url",
        /// Where it leads.
        pub expanded_url: Option<Text<'a>> = "expanded_url",
        /// As X shows it.
        pub display_url: Option<Text<'a>> = "display_url",
        /// From and to, in Unicode code points of the text.
        pub indices: Option<[u64; 2]> = "indices",
    }
}

object! {
    /// A picture, video or animation.
    pub struct Media<'a> {
        /// The id, as a string or a number; prefer [`Media::id`].
        pub id: Option<Id<'a>> = "id",
        /// The id as a string.
        pub id_str: Option<Id<'a>> = "id_str",
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
        pub sizes: std::collections::BTreeMap<Id<'a>, MediaSize<'a>> = "sizes",
        /// A video's files.
        pub video_info: Option<VideoInfo<'a>> = "video_info",
        /// The text for those who cannot see it.
        pub ext_alt_text: Option<Text<'a>> = "ext_alt_text",
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
