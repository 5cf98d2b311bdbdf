//! Additional data about a post: topics, articles, Community Notes and withholding.

use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// A subject that X detected in a post.
    pub struct ContextAnnotation<'a> {
        /// The domain, such as `Sports`.
        pub domain: Option<Topic<'a>> = "domain",
        /// The person or thing within that domain.
        pub entity: Option<Topic<'a>> = "entity",
    }

    /// A subject in X's terms.
    pub struct Topic<'a> {
        /// The id.
        pub id: Option<Id<'a>> = "id",
        /// The name.
        pub name: Option<Text<'a>> = "name",
        /// The description.
        pub description: Option<Text<'a>> = "description",
    }

    /// An article: a post with a title and unlimited length.
    pub struct Article<'a> {
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// The beginning of the text.
        pub preview_text: Option<Text<'a>> = "preview_text",
        /// The full text.
        pub plain_text: Option<Text<'a>> = "plain_text",
        /// The key of the cover picture.
        pub cover_media: Option<Id<'a>> = "cover_media",
        /// The keys of its pictures and videos.
        pub media_keys: Vec<Id<'a>> = "media_entities",
        /// The links and code blocks.
        pub entities: Option<ArticleEntities<'a>> = "entities",
    }

    /// The links and code blocks of an article.
    pub struct ArticleEntities<'a> {
        /// Links.
        pub urls: Vec<ArticleUrl<'a>> = "urls",
        /// Code blocks.
        pub code: Vec<CodeBlock<'a>> = "code",
    }

    /// A link in an article.
    pub struct ArticleUrl<'a> {
        /// The target of the link.
        pub text: Option<Text<'a>> = "text",
    }

    /// A code block in an article.
    pub struct CodeBlock<'a> {
        /// The programming language.
        pub language: Option<Text<'a>> = "language",
        /// The code.
        pub code: Option<Text<'a>> = "code",
        /// The code with its surrounding markup.
        pub content: Option<Text<'a>> = "content",
    }

    /// A Community Note about a picture, which also appears on this post.
    pub struct MediaNote<'a> {
        /// The status of the match between note and picture.
        pub note_id: Option<Id<'a>> = "note_id",
        /// How the picture matches.
        pub match_status: Option<Text<'a>> = "match_status",
    }

    /// A suggestion from a user who requested a Community Note.
    pub struct NoteSuggestion<'a> {
        /// The suggestion's id.
        pub suggestion_id: Option<Id<'a>> = "suggestion_id",
        /// The suggestion.
        pub suggestion: Option<Text<'a>> = "suggestion",
        /// The source of the suggestion.
        pub source_link: Option<Text<'a>> = "source_link",
    }

    /// A suggested source for a Community Note.
    pub struct SourceLink<'a> {
        /// The target of the link.
        pub url: Option<Text<'a>> = "url",
        /// The number of suggestions.
        pub count: Option<u64> = "count" | "count_str",
    }

    /// The withholding of a post or user.
    pub struct Withheld<'a> {
        /// Whether the reason is a copyright claim.
        pub copyright: Option<bool> = "copyright",
        /// The countries, as two-letter codes.
        pub country_codes: Vec<Text<'a>> = "country_codes",
        /// The withheld content: `post` or `user`.
        pub scope: Option<Text<'a>> = "scope",
    }

    /// The audience of a post.
    pub struct Scopes {
        /// Whether only followers see the post.
        pub followers: Option<bool> = "followers",
    }
}
