//! A post, as API v2 writes it.

use std::borrow::Cow;

use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::v1::decode_entities;
use crate::wire::{Id, Text};

object! {
    /// A post.
    pub struct Post<'a> {
        /// The id.
        pub id: Option<Id<'a>> = "id",
        /// Who posted it.
        pub author_id: Option<Id<'a>> = "author_id",
        /// The text, HTML-escaped, and cut where there is a note; prefer [`Post::full_text`].
        pub text: Option<Text<'a>> = "text",
        /// When it was posted.
        pub created_at: Option<Timestamp> = "created_at",
        /// The language, as a BCP 47 tag.
        pub lang: Option<Text<'a>> = "lang",
        /// The first post of the conversation.
        pub conversation_id: Option<Id<'a>> = "conversation_id",
        /// The user it answers.
        pub in_reply_to_user_id: Option<Id<'a>> = "in_reply_to_user_id",
        /// The posts it answers, quotes or repeats.
        pub references: Vec<Reference<'a>> = "referenced_tweets" | "referenced_posts",
        /// Its versions, oldest first; each edit is a post with an id of its own.
        pub edit_history: Vec<Id<'a>> = "edit_history_tweet_ids" | "edit_history_post_ids",
        /// How it may still be edited.
        pub edit_controls: Option<EditControls> = "edit_controls",
        /// What the text mentions and links.
        pub entities: Option<Entities<'a>> = "entities",
        /// The whole of a long text.
        pub note: Option<NotePost<'a>> = "note_tweet" | "note_post",
        /// What is attached, by key; the media are among the [`Includes`](super::Includes).
        pub attachments: Option<Attachments<'a>> = "attachments",
        /// Counts.
        pub public_metrics: Option<PostMetrics> = "public_metrics",
        /// From and to of the text that X shows, in Unicode code points.
        pub display_text_range: Option<[u64; 2]> = "display_text_range",
        /// Whether it may be sensitive.
        pub possibly_sensitive: Option<bool> = "possibly_sensitive",
        /// Whether somebody paid for it.
        pub paid_partnership: Option<bool> = "paid_partnership",
        /// Who may answer: `everyone`, `mentionedUsers`, `following` and others.
        pub reply_settings: Option<Text<'a>> = "reply_settings",
        /// The app it was posted with.
        pub source: Option<Text<'a>> = "source",
        /// The community it was posted to.
        pub community_id: Option<Id<'a>> = "community_id",
    }
}

impl Post<'_> {
    /// The whole text, as its author wrote it: from the note where there is one, HTML entities decoded.
    pub fn full_text(&self) -> Option<Cow<'_, str>> {
        let note = self.note.as_ref().and_then(|note| note.text.as_deref());
        note.or(self.text.as_deref()).map(decode_entities)
    }

    /// The entities of the whole text.
    pub fn full_entities(&self) -> Option<&Entities<'_>> {
        self.note.as_ref().and_then(|note| note.entities.as_ref()).or(self.entities.as_ref())
    }
}

object! {
    /// A post that another one answers, quotes or repeats.
    pub struct Reference<'a> {
        /// `replied_to`, `quoted` or `retweeted`.
        pub kind: Option<Text<'a>> = "type",
        /// The post's id.
        pub id: Option<Id<'a>> = "id",
    }
}

object! {
    /// How a post may still be edited.
    pub struct EditControls {
        /// How often.
        pub edits_remaining: Option<u64> = "edits_remaining" | "edits_remaining_str",
        /// Whether at all.
        pub is_edit_eligible: Option<bool> = "is_edit_eligible",
        /// Until when.
        pub editable_until: Option<Timestamp> = "editable_until",
    }
}

object! {
    /// The whole of a long text.
    pub struct NotePost<'a> {
        /// The text, HTML-escaped.
        pub text: Option<Text<'a>> = "text",
        /// What it mentions and links.
        pub entities: Option<Entities<'a>> = "entities",
    }
}

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
        /// As X shows it.
        pub display_url: Option<Text<'a>> = "display_url",
        /// The attached media that it stands for.
        pub media_key: Option<Id<'a>> = "media_key",
        /// From, in Unicode code points of the text.
        pub start: Option<u64> = "start" | "start_str",
        /// To.
        pub end: Option<u64> = "end" | "end_str",
    }
}

object! {
    /// What is attached to a post, by key.
    pub struct Attachments<'a> {
        /// Pictures and videos.
        pub media_keys: Vec<Id<'a>> = "media_keys",
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
