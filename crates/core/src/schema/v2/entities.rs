//! The entities of a text: hashtags, mentions, links and names.

use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// The entities of a text.
    pub struct Entities<'a> {
        /// `#hashtags`.
        pub hashtags: Vec<Hashtag<'a>> = "hashtags",
        /// `$cashtags`.
        pub cashtags: Vec<Hashtag<'a>> = "cashtags",
        /// `@mentions`.
        pub mentions: Vec<Mention<'a>> = "mentions",
        /// Links.
        pub urls: Vec<Url<'a>> = "urls",
        /// Names that X detected in the text.
        pub annotations: Vec<Annotation<'a>> = "annotations",
    }

    /// A hashtag or a cashtag.
    pub struct Hashtag<'a> {
        /// The tag, without its sign.
        pub tag: Option<Text<'a>> = "tag",
        /// Start in the text, in Unicode code points.
        pub start: Option<u64> = "start" | "start_str",
        /// End in the text.
        pub end: Option<u64> = "end" | "end_str",
    }

    /// A mention.
    pub struct Mention<'a> {
        /// The id of the mentioned user.
        pub id: Option<Id<'a>> = "id",
        /// The handle, without `@`.
        pub username: Option<Text<'a>> = "username",
        /// Start in the text, in Unicode code points.
        pub start: Option<u64> = "start" | "start_str",
        /// End in the text.
        pub end: Option<u64> = "end" | "end_str",
    }

    /// A link.
    pub struct Url<'a> {
        /// The short link in the text: `https://t.co/...`.
        pub url: Option<Text<'a>> = "url",
        /// The target of the link.
        pub expanded_url: Option<Text<'a>> = "expanded_url",
        /// The final target, after all redirects.
        pub unwound_url: Option<Text<'a>> = "unwound_url",
        /// The link as X displays it.
        pub display_url: Option<Text<'a>> = "display_url",
        /// The key of the attached media that the link represents.
        pub media_key: Option<Id<'a>> = "media_key",
        /// The HTTP status that X received from the page.
        pub status: Option<u64> = "status" | "status_str",
        /// The title of the page.
        pub title: Option<Text<'a>> = "title",
        /// The description that the page provides.
        pub description: Option<Text<'a>> = "description",
        /// The pictures of the page.
        pub images: Vec<UrlImage<'a>> = "images",
        /// Start in the text, in Unicode code points.
        pub start: Option<u64> = "start" | "start_str",
        /// End in the text.
        pub end: Option<u64> = "end" | "end_str",
    }

    /// A picture of a linked page.
    pub struct UrlImage<'a> {
        /// The URL of the file.
        pub url: Option<Text<'a>> = "url",
        /// Width, in pixels.
        pub width: Option<u64> = "width" | "width_str",
        /// Height, in pixels.
        pub height: Option<u64> = "height" | "height_str",
    }

    /// A name that X detected in a text.
    pub struct Annotation<'a> {
        /// `Person`, `Place`, `Product`, `Organization` or `Other`.
        pub kind: Option<Text<'a>> = "type",
        /// The name.
        pub normalized_text: Option<Text<'a>> = "normalized_text",
        /// X's confidence, from 0 to 1.
        pub probability: Option<f64> = "probability",
        /// Start in the text, in Unicode code points.
        pub start: Option<u64> = "start" | "start_str",
        /// End in the text.
        pub end: Option<u64> = "end" | "end_str",
    }
}
