//! Posts.

use serde::Serialize;

use super::User;
use crate::Timestamp;
use crate::wire::{Id, Text};

/// A post that was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NewPost<'a> {
    /// What it is to the subscriber; `None` when X sent it for another reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<PostRelation>,
    /// Whether the subscriber has blocked the author, where X tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_blocked: Option<bool>,
    /// The post.
    pub post: Post<'a>,
}

/// What a post is to the subscriber. Of several the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PostRelation {
    /// The subscriber wrote it.
    Own,
    /// It repeats a post of the subscriber.
    Repost,
    /// It quotes a post of the subscriber.
    Quote,
    /// It answers the subscriber.
    Reply,
    /// It mentions the subscriber.
    Mention,
}

/// A post.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Post<'a> {
    /// The id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// Who wrote it.
    pub author: User<'a>,
    /// The whole text, as its author wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// The language, as a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Text<'a>>,
    /// When it was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The first post of the conversation. The Account Activity API has it only for posts that begin a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<Id<'a>>,
    /// The user it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reply_to_user_id: Option<Id<'a>>,
    /// The posts it answers, quotes or repeats.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<PostReference<'a>>,
    /// Whom it mentions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention<'a>>,
    /// What it links.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link<'a>>,
    /// Its hashtags, without `#`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashtags: Vec<Text<'a>>,
    /// Its pictures and videos.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media<'a>>,
    /// The ids of its versions, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edit_history: Vec<Id<'a>>,
}

/// A post that another one refers to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PostReference<'a> {
    /// How.
    pub kind: ReferenceKind,
    /// The post's id.
    pub id: Id<'a>,
}

/// How a post refers to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReferenceKind {
    /// It answers it.
    Reply,
    /// It quotes it.
    Quote,
    /// It repeats it.
    Repost,
}

/// A user who is mentioned.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Mention<'a> {
    /// The user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// The handle, without `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<Text<'a>>,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Link<'a> {
    /// As in the text: `https://t.co/...`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Text<'a>>,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expanded_url: Option<Text<'a>>,
}

/// A picture, video or animation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Media<'a> {
    /// The id, the same whichever API tells it: the X Activity API's media key without the number of its kind, which
    /// [`v2::Media`](crate::wire::v2::Media) keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// `photo`, `video` or `animated_gif`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text<'a>>,
    /// The file of a picture, or a still of a video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Text<'a>>,
    /// The text for those who cannot see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<Text<'a>>,
}

/// A post that is gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DeletedPost<'a> {
    /// The post's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_id: Option<Id<'a>>,
    /// Who wrote it.
    pub author: User<'a>,
}

/// A post that matched rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MatchedPost<'a> {
    /// The rules.
    pub rules: Vec<MatchingRule<'a>>,
    /// The post.
    pub post: Post<'a>,
}

/// A rule of a filtered stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MatchingRule<'a> {
    /// The rule's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// The rule's tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Text<'a>>,
}

/// A like.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Like<'a> {
    /// The like's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// Who liked. The X Activity API does not tell who liked the subscriber's posts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<User<'a>>,
    /// What was liked.
    pub post: Post<'a>,
}
