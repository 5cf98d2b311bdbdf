//! What X and its users say of a post: subjects, articles, notes, withholding.

use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// What X takes a post to be about.
    pub struct ContextAnnotation<'a> {
        /// The field: `Sports`.
        pub domain: Option<Topic<'a>> = "domain",
        /// Who or what in that field.
        pub entity: Option<Topic<'a>> = "entity",
    }
}

object! {
    /// A subject, as X names it.
    pub struct Topic<'a> {
        /// The id.
        pub id: Option<Id<'a>> = "id",
        /// The name.
        pub name: Option<Text<'a>> = "name",
        /// What it is.
        pub description: Option<Text<'a>> = "description",
    }
}

object! {
    /// An article: a post with a title and any length.
    pub struct Article<'a> {
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// Its first words.
        pub preview_text: Option<Text<'a>> = "preview_text",
        /// All of its words.
        pub plain_text: Option<Text<'a>> = "plain_text",
        /// The key of the picture above it.
        pub cover_media: Option<Id<'a>> = "cover_media",
        /// The keys of the pictures and videos in it.
        pub media_keys: Vec<Id<'a>> = "media_entities",
        /// What it links and quotes.
        pub entities: Option<ArticleEntities<'a>> = "entities",
    }
}

object! {
    /// What an article links and quotes.
    pub struct ArticleEntities<'a> {
        /// Links.
        pub urls: Vec<ArticleUrl<'a>> = "urls",
        /// Code.
        pub code: Vec<CodeBlock<'a>> = "code",
    }
}

object! {
    /// A link of an article.
    pub struct ArticleUrl<'a> {
        /// Where it leads.
        pub text: Option<Text<'a>> = "text",
    }
}

object! {
    /// Code in an article.
    pub struct CodeBlock<'a> {
        /// The language that it is written in.
        pub language: Option<Text<'a>> = "language",
        /// The code.
        pub code: Option<Text<'a>> = "code",
        /// The code with what is around it.
        pub content: Option<Text<'a>> = "content",
    }
}

object! {
    /// A note of Community Notes about a picture, which the post shows too.
    pub struct MediaNote<'a> {
        /// The note's id.
        pub note_id: Option<Id<'a>> = "note_id",
        /// How the picture matches.
        pub match_status: Option<Text<'a>> = "match_status",
    }
}

object! {
    /// What somebody who asked for a note of Community Notes suggests.
    pub struct NoteSuggestion<'a> {
        /// The suggestion's id.
        pub suggestion_id: Option<Id<'a>> = "suggestion_id",
        /// The suggestion.
        pub suggestion: Option<Text<'a>> = "suggestion",
        /// What it refers to.
        pub source_link: Option<Text<'a>> = "source_link",
    }
}

object! {
    /// A source that somebody suggests for a note of Community Notes.
    pub struct SourceLink<'a> {
        /// Where it leads.
        pub url: Option<Text<'a>> = "url",
        /// How many suggest it.
        pub count: Option<u64> = "count" | "count_str",
    }
}

object! {
    /// Where a post or a user is withheld.
    pub struct Withheld<'a> {
        /// Whether because of a copyright.
        pub copyright: Option<bool> = "copyright",
        /// The countries, as two-letter codes.
        pub country_codes: Vec<Text<'a>> = "country_codes",
        /// What is withheld: `post` or `user`.
        pub scope: Option<Text<'a>> = "scope",
    }
}

object! {
    /// To whom a post is shown.
    pub struct Scopes {
        /// Whether to followers only.
        pub followers: Option<bool> = "followers",
    }
}
