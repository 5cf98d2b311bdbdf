//! Posts.

use serde::{Deserialize, Serialize};

use super::user::User;
use crate::event::time::Timestamp;
use crate::json::owned::{into_owned_with_method, owned};
use crate::json::sparse::content;
use crate::json::value::{Id, Text};

content! {
    /// A new post.
    pub struct NewPost<'a> {
        /// The relation of the post to the subscriber. `None` if X sent it for another reason.
        pub relation: Option<PostRelation>,
        /// Whether the subscriber has blocked the author, if X reports it.
        pub author_blocked: Option<bool>,
        /// The post.
        pub post: Post<'a>,
    }
}

/// The relation of a post to the subscriber. If several apply, the first listed is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PostRelation {
    /// The subscriber wrote it.
    Own,
    /// It reposts a post of the subscriber.
    Repost,
    /// It quotes a post of the subscriber.
    Quote,
    /// It replies to the subscriber.
    Reply,
    /// It mentions the subscriber.
    Mention,
}

content! {
    /// A post.
    pub struct Post<'a> {
        /// The id.
        pub id: Option<Id<'a>>,
        /// The author.
        pub author: User<'a>,
        /// The full text, as its author wrote it.
        pub text: Option<Text<'a>>,
        /// The language, as a BCP 47 tag.
        pub language: Option<Text<'a>>,
        /// Time of posting.
        pub created_at: Option<Timestamp>,
        /// The first post of the conversation. The Account Activity API reports it only for posts
        /// that start a conversation.
        pub conversation_id: Option<Id<'a>>,
        /// The user to whom the post replies.
        pub in_reply_to_user_id: Option<Id<'a>>,
        /// The posts to which it replies, or which it quotes or reposts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub references: Vec<PostReference<'a>>,
        /// The users whom it mentions.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub mentions: Vec<Mention<'a>>,
        /// The links in its text.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub links: Vec<Link<'a>>,
        /// The hashtags in its text, without `#`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub hashtags: Vec<Text<'a>>,
        /// Its pictures and videos.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub media: Vec<Media<'a>>,
        /// The ids of its versions, oldest first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub edit_history: Vec<Id<'a>>,
    }
}

/// A post that another post refers to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PostReference<'a> {
    /// The kind of reference.
    pub kind: ReferenceKind,
    /// The post's id.
    pub id: Id<'a>,
}

impl PostReference<'_> {
    /// Returns the same value, detached from the event.
    pub fn into_owned(self) -> PostReference<'static> {
        PostReference { kind: self.kind, id: self.id.into_owned() }
    }
}

into_owned_with_method! { PostReference }
owned! { PostRelation ReferenceKind }

/// The kind of a reference from one post to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReferenceKind {
    /// A reply to the post.
    Reply,
    /// A quote of the post.
    Quote,
    /// A repost of the post.
    Repost,
}

content! {
    /// A mentioned user.
    pub struct Mention<'a> {
        /// The user's id.
        pub id: Option<Id<'a>>,
        /// The handle, without `@`.
        pub handle: Option<Text<'a>>,
    }

    /// A link.
    pub struct Link<'a> {
        /// The short link in the text: `https://t.co/...`.
        pub url: Option<Text<'a>>,
        /// The target of the link.
        pub expanded_url: Option<Text<'a>>,
    }

    /// A picture, video or animation.
    pub struct Media<'a> {
        /// The id, which is the same for both APIs. It is the X Activity API's media key without
        /// the number of its kind, which [`v2::Media`](crate::schema::v2::Media) keeps.
        pub id: Option<Id<'a>>,
        /// `photo`, `video` or `animated_gif`.
        #[serde(rename = "type")]
        pub kind: Option<Text<'a>>,
        /// The file of a picture, or a still of a video.
        pub url: Option<Text<'a>>,
        /// The alternative text for people who cannot see the media.
        pub alt_text: Option<Text<'a>>,
    }

    /// A deleted post.
    pub struct DeletedPost<'a> {
        /// The post's id.
        pub post_id: Option<Id<'a>>,
        /// The author.
        pub author: User<'a>,
    }

    /// A post that matched rules of a filtered stream.
    pub struct MatchedPost<'a> {
        /// The matched rules.
        pub rules: Vec<MatchingRule<'a>>,
        /// The post.
        pub post: Post<'a>,
    }

    /// A rule of a filtered stream.
    pub struct MatchingRule<'a> {
        /// The rule's id.
        pub id: Option<Id<'a>>,
        /// The rule's tag.
        pub tag: Option<Text<'a>>,
    }

    /// A like.
    pub struct Like<'a> {
        /// The id of the like itself.
        pub id: Option<Id<'a>>,
        /// The user who liked the post. The X Activity API does not report who liked the
        /// subscriber's posts.
        pub by: Option<User<'a>>,
        /// The liked post.
        pub post: Post<'a>,
    }
}
