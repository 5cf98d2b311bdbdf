//! What a text mentions and links.

use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// What a text mentions and links.
    pub struct Entities<'a> {
        /// `#hashtags`.
        pub hashtags: Vec<Hashtag<'a>> = "hashtags",
        /// `$cashtags`.
        pub cashtags: Vec<Hashtag<'a>> = "cashtags",
        /// `@mentions`.
        pub mentions: Vec<Mention<'a>> = "mentions",
        /// Links.
        pub urls: Vec<Url<'a>> = "urls",
        /// Names that X found in the text.
        pub annotations: Vec<Annotation<'a>> = "annotations",
    }
}

object! {
    /// A hashtag or a cashtag.
    pub struct Hashtag<'a> {
        /// The tag, without its sign.
        pub tag: Option<Text<'a>> = "tag",
        /// From, in Unicode code points of the text.
        pub start: Option<u64> = "start" | "start_str",
        /// To.
        pub end: Option<u64> = "end" | "end_str",
    }
}

object! {
    /// A mention.
    pub struct Mention<'a> {
        /// The mentioned user's id.
        pub id: Option<Id<'a>> = "id",
        /// The handle, without `@`.
        pub username: Option<Text<'a>> = "username",
        /// From, in Unicode code points of the text.
        pub start: Option<u64> = "start" | "start_str",
        /// To.
        pub end: Option<u64> = "end" | "end_str",
    }
}

object! {
    /// A link.
    pub struct Url<'a> {
        /// As in the text: `https://t.co/...`.
        pub url: Option<Text<'a>> = "url",
        /// Where it leads.
        pub expanded_url: Option<Text<'a>> = "expanded_url",
        /// Where it leads in the end.
        pub unwound_url: Option<Text<'a>> = "unwound_url",
        /// As X shows it.
        pub display_url: Option<Text<'a>> = "display_url",
        /// The attached media that it stands for.
        pub media_key: Option<Id<'a>> = "media_key",
        /// The HTTP status with which the page answered X.
        pub status: Option<u64> = "status" | "status_str",
        /// The page's title.
        pub title: Option<Text<'a>> = "title",
        /// What the page says of itself.
        pub description: Option<Text<'a>> = "description",
        /// The page's pictures.
        pub images: Vec<UrlImage<'a>> = "images",
        /// From, in Unicode code points of the text.
        pub start: Option<u64> = "start" | "start_str",
        /// To.
        pub end: Option<u64> = "end" | "end_str",
    }
}

object! {
    /// A picture of a linked page.
    pub struct UrlImage<'a> {
        /// The file.
        pub url: Option<Text<'a>> = "url",
        /// Pixels.
        pub width: Option<u64> = "width" | "width_str",
        /// Pixels.
        pub height: Option<u64> = "height" | "height_str",
    }
}

object! {
    /// A name that X found in a text.
    pub struct Annotation<'a> {
        /// `Person`, `Place`, `Product`, `Organization` or `Other`.
        pub kind: Option<Text<'a>> = "type",
        /// The name.
        pub normalized_text: Option<Text<'a>> = "normalized_text",
        /// How sure X is, from 0 to 1.
        pub probability: Option<f64> = "probability",
        /// From, in Unicode code points of the text.
        pub start: Option<u64> = "start" | "start_str",
        /// To.
        pub end: Option<u64> = "end" | "end_str",
    }
}
