//! A post in the form of API v2.

use std::borrow::Cow;

use super::context::{Article, ContextAnnotation, MediaNote, NoteSuggestion, Scopes, SourceLink, Withheld};
use super::entities::Entities;
use super::media::{Attachments, MediaMetadata};
use super::metrics::{PostMetrics, PrivateMetrics};
use super::place::PostGeo;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::schema::html::decode_entities;

object! {
    /// A post.
    pub struct Post<'a> {
        /// The id.
        pub id: Option<Id<'a>> = "id",
        /// The author.
        pub author_id: Option<Id<'a>> = "author_id",
        /// The author's handle, without `@`.
        pub username: Option<Text<'a>> = "username",
        /// The text, HTML-escaped, and truncated if there is a note; prefer [`Post::full_text`].
        pub text: Option<Text<'a>> = "text",
        /// Time of posting.
        pub created_at: Option<Timestamp> = "created_at",
        /// The language, as a BCP 47 tag.
        pub lang: Option<Text<'a>> = "lang",
        /// The first post of the conversation.
        pub conversation_id: Option<Id<'a>> = "conversation_id",
        /// The user to whom it replies.
        pub in_reply_to_user_id: Option<Id<'a>> = "in_reply_to_user_id",
        /// The post to which it replies, if X does not list it in the
        /// [`references`](Self::references).
        pub in_reply_to_post_id: Option<Id<'a>> = "in_reply_to_tweet_id" | "in_reply_to_post_id",
        /// The posts to which it replies, or which it quotes or reposts.
        pub references: Vec<Reference<'a>> = "referenced_tweets" | "referenced_posts",
        /// Its versions, oldest first. Each edit is a post with its own id.
        pub edit_history: Vec<Id<'a>> = "edit_history_tweet_ids" | "edit_history_post_ids",
        /// The remaining options to edit it.
        pub edit_controls: Option<EditControls> = "edit_controls",
        /// The entities of the text.
        pub entities: Option<Entities<'a>> = "entities",
        /// The full version of a long text.
        pub note: Option<NotePost<'a>> = "note_tweet" | "note_post",
        /// The title and text of an article.
        pub article: Option<Box<Article<'a>>> = "article",
        /// The title of an article.
        pub article_title: Option<Box<Article<'a>>> = "article_title",
        /// Attachments, by key. The media and polls themselves are in the
        /// [`Includes`](super::Includes).
        pub attachments: Option<Attachments<'a>> = "attachments",
        /// The author's details about pictures and videos.
        pub media_metadata: Vec<MediaMetadata<'a>> = "media_metadata",
        /// The card that X displays under it.
        pub card_uri: Option<Text<'a>> = "card_uri",
        /// The location of posting.
        pub geo: Option<PostGeo<'a>> = "geo",
        /// The subjects that X detected.
        pub context_annotations: Vec<ContextAnnotation<'a>> = "context_annotations",
        /// Public metrics.
        pub public_metrics: Option<PostMetrics> = "public_metrics",
        /// Metrics that only its author receives.
        pub non_public_metrics: Option<PrivateMetrics> = "non_public_metrics",
        /// The organic part of the metrics.
        pub organic_metrics: Option<PrivateMetrics> = "organic_metrics",
        /// The promoted part of the metrics.
        pub promoted_metrics: Option<PrivateMetrics> = "promoted_metrics",
        /// Start and end of the displayed text, in Unicode code points.
        pub display_text_range: Option<[u64; 2]> = "display_text_range",
        /// Whether the content may be sensitive.
        pub possibly_sensitive: Option<bool> = "possibly_sensitive",
        /// Whether it is a paid partnership.
        pub paid_partnership: Option<bool> = "paid_partnership",
        /// The users who may reply: `everyone`, `mentionedUsers`, `following` and others.
        pub reply_settings: Option<Text<'a>> = "reply_settings",
        /// The audience.
        pub scopes: Option<Scopes> = "scopes",
        /// The countries in which it is withheld, and the reason.
        pub withheld: Option<Withheld<'a>> = "withheld",
        /// The app that created the post.
        pub source: Option<Text<'a>> = "source",
        /// The community in which it was posted.
        pub community_id: Option<Id<'a>> = "community_id",
        /// The Community Notes on its pictures.
        pub matched_media_notes: Vec<MediaNote<'a>> = "matched_media_notes",
        /// Suggestions from users who requested a Community Note.
        pub note_request_suggestions: Vec<NoteSuggestion<'a>> = "note_request_suggestions",
        /// The sources in these suggestions.
        pub suggested_source_links: Vec<Text<'a>> = "suggested_source_links",
        /// The sources, with the number of suggestions for each.
        pub suggested_source_links_with_counts: Vec<SourceLink<'a>> = "suggested_source_links_with_counts",
    }
}

impl Post<'_> {
    /// Returns the full text, as its author wrote it. Uses the note if there is one, and decodes
    /// HTML entities.
    pub fn full_text(&self) -> Option<Cow<'_, str>> {
        let note = self.note.as_ref().and_then(|note| note.text.as_deref());
        note.or(self.text.as_deref()).map(decode_entities)
    }

    /// Returns the entities of the full text.
    pub fn full_entities(&self) -> Option<&Entities<'_>> {
        self.note.as_ref().and_then(|note| note.entities.as_ref()).or(self.entities.as_ref())
    }
}

object! {
    /// A post to which another post replies, or which it quotes or reposts.
    pub struct Reference<'a> {
        /// `replied_to`, `quoted` or `retweeted`.
        pub kind: Option<Text<'a>> = "type",
        /// The post's id.
        pub id: Option<Id<'a>> = "id",
    }

    /// The remaining options to edit a post.
    pub struct EditControls {
        /// The number of remaining edits.
        pub edits_remaining: Option<u64> = "edits_remaining" | "edits_remaining_str",
        /// Whether the post can be edited.
        pub is_edit_eligible: Option<bool> = "is_edit_eligible",
        /// The end of the editing period.
        pub editable_until: Option<Timestamp> = "editable_until",
    }

    /// The full version of a long text.
    pub struct NotePost<'a> {
        /// The text, HTML-escaped.
        pub text: Option<Text<'a>> = "text",
        /// The entities of the text.
        pub entities: Option<Entities<'a>> = "entities",
    }

    /// A reference to a deleted post, or to a post of a news story.
    pub struct PostRef<'a> {
        /// The post's id.
        pub id: Option<Id<'a>> = "id" | "post_id",
        /// The author's id.
        pub author_id: Option<Id<'a>> = "author_id",
    }
}
