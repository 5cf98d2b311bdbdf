//! A post, as API v2 writes it.

use std::borrow::Cow;

use super::{
    Article, Attachments, ContextAnnotation, Entities, MediaMetadata, MediaNote, NoteSuggestion, PostGeo, PostMetrics,
    PrivateMetrics, Scopes, SourceLink, Withheld,
};
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
        /// The author's handle, without `@`.
        pub username: Option<Text<'a>> = "username",
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
        /// The post it answers, where X does not tell it among the [`references`](Self::references).
        pub in_reply_to_post_id: Option<Id<'a>> = "in_reply_to_tweet_id" | "in_reply_to_post_id",
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
        /// The title and text of an article.
        pub article: Option<Box<Article<'a>>> = "article",
        /// The title of an article.
        pub article_title: Option<Box<Article<'a>>> = "article_title",
        /// What is attached, by key; the media and polls are among the [`Includes`](super::Includes).
        pub attachments: Option<Attachments<'a>> = "attachments",
        /// What its author says of the pictures and videos.
        pub media_metadata: Vec<MediaMetadata<'a>> = "media_metadata",
        /// The card that X shows under it.
        pub card_uri: Option<Text<'a>> = "card_uri",
        /// Where it was written.
        pub geo: Option<PostGeo<'a>> = "geo",
        /// What X takes it to be about.
        pub context_annotations: Vec<ContextAnnotation<'a>> = "context_annotations",
        /// Counts.
        pub public_metrics: Option<PostMetrics> = "public_metrics",
        /// Counts that only its author is told.
        pub non_public_metrics: Option<PrivateMetrics> = "non_public_metrics",
        /// What of them came by itself.
        pub organic_metrics: Option<PrivateMetrics> = "organic_metrics",
        /// What of them was paid for.
        pub promoted_metrics: Option<PrivateMetrics> = "promoted_metrics",
        /// From and to of the text that X shows, in Unicode code points.
        pub display_text_range: Option<[u64; 2]> = "display_text_range",
        /// Whether it may be sensitive.
        pub possibly_sensitive: Option<bool> = "possibly_sensitive",
        /// Whether somebody paid for it.
        pub paid_partnership: Option<bool> = "paid_partnership",
        /// Who may answer: `everyone`, `mentionedUsers`, `following` and others.
        pub reply_settings: Option<Text<'a>> = "reply_settings",
        /// To whom it is shown.
        pub scopes: Option<Scopes> = "scopes",
        /// Where it is withheld.
        pub withheld: Option<Withheld<'a>> = "withheld",
        /// The app it was posted with.
        pub source: Option<Text<'a>> = "source",
        /// The community it was posted to.
        pub community_id: Option<Id<'a>> = "community_id",
        /// The notes of Community Notes on its pictures.
        pub matched_media_notes: Vec<MediaNote<'a>> = "matched_media_notes",
        /// What those suggest who asked for a note.
        pub note_request_suggestions: Vec<NoteSuggestion<'a>> = "note_request_suggestions",
        /// The sources that they suggest.
        pub suggested_source_links: Vec<Text<'a>> = "suggested_source_links",
        /// The sources, with how many suggest each.
        pub suggested_source_links_with_counts: Vec<SourceLink<'a>> = "suggested_source_links_with_counts",
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
