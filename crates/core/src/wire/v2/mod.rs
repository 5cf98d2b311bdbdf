//! The payloads of the X Activity API and of filtered-stream webhooks, which are those of API v2.
//!
//! X renames fields as it goes (`referenced_tweets` and `referenced_posts`, `retweet_count` and `repost_count`), writes counts twice
//! (`like_count` and `like_count_str`), and wraps users in `data` in some places; each reads as one. See
//! <https://docs.x.com/x-api/activity/introduction> for what each event means.
//!
//! ```
//! use birdhook_core::wire::v2::Post;
//!
//! let json = r#"{"id":"20","text":"1 &lt; 2","referenced_posts":[{"type":"replied_to","id":"19"}]}"#;
//! let post: Post<'_> = serde_json::from_str(json).unwrap();
//! assert_eq!(post.full_text().as_deref(), Some("1 < 2"));
//! assert_eq!(post.references[0].id.as_deref(), Some("19"));
//! ```

mod payload;
mod post;
mod user;

pub use payload::{
    Broadcast, BroadcastMessage, Chat, ChatSignature, Filter, Includes, Like, MatchingRule, News, Payload, PostRef,
    ProfileUpdate, Relation, ReplayStatus, Revocation, Space,
};
pub use post::{
    Attachments, EditControls, Entities, Hashtag, Media, Mention, NotePost, Post, PostMetrics, Reference, Url, Variant,
};
pub use user::{Affiliation, User, UserMetrics};

pub(crate) use user::Wrapped;
