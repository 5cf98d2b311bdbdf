//! The payloads of the X Activity API and of filtered-stream webhooks, which have the form of API
//! v2.
//!
//! X renames fields over time (`referenced_tweets` and `referenced_posts`, `retweet_count` and
//! `repost_count`), writes counts twice (`like_count` and `like_count_str`), and sometimes wraps
//! users in `data`. All variants are read into the same field. The meaning of each event is
//! documented at <https://docs.x.com/x-api/activity/introduction>.
//!
//! [`Body`] reads the data around a payload: the subscription, the errors that X reports, and the
//! users of a message.
//!
//! ```
//! # mod birdhook { pub use birdhook_core::schema; }
//! use birdhook::schema::v2::Post;
//!
//! let json = r#"{"id":"20","text":"1 &lt; 2","referenced_posts":[{"type":"replied_to","id":"19"}]}"#;
//! let post: Post<'_> = serde_json::from_str(json).unwrap();
//! assert_eq!(post.full_text().as_deref(), Some("1 < 2"));
//! assert_eq!(post.references[0].id.as_deref(), Some("19"));
//! ```

mod body;
mod chat;
mod context;
mod entities;
mod includes;
mod live;
mod media;
mod message;
mod metrics;
mod news;
mod payload;
mod place;
mod post;
mod user;

pub use body::{Body, Data, Filter, Problem};
pub use chat::{Chat, ChatSignature};
pub use context::{
    Article, ArticleEntities, ArticleUrl, CodeBlock, ContextAnnotation, MediaNote, NoteSuggestion, Scopes, SourceLink,
    Topic, Withheld,
};
pub use entities::{Annotation, Entities, Hashtag, Mention, Url, UrlImage};
pub use includes::Includes;
pub use live::{Broadcast, BroadcastMessage, Space};
pub use media::{Attachments, Media, MediaMetadata, Poll, PollOption, Variant};
pub use message::DirectMessage;
pub use metrics::{MediaMetrics, PostMetrics, PrivateMetrics, UserMetrics};
pub use news::{News, NewsContexts, NewsEntities, NewsFinance, NewsSports};
pub use payload::{Like, MatchingRule, Payload, ProfileUpdate, Relation, ReplayStatus, Revocation};
pub use place::{GeoEntity, LatLong, Place, PlaceGeo, Point, PostGeo, PotentialLocation, ProfileGeo};
pub use post::{EditControls, NotePost, Post, PostRef, Reference};
pub use user::{Affiliation, User, UserEntities, UserSubscription};

pub(crate) use includes::Named;
